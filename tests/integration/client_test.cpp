// The whole job with the facade, on every version, as a superuser and as Azure's administrator.
#include "pgrant/client.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "pgrant/plan_text.hpp"
#include "support/main_job.hpp"

namespace {

// What a lease must leave as it was: attributes, memberships with grantor and options, ACLs.
std::string roles_and_memberships(const test::server& where) {
  std::string all;
  for (const char* sql :
       {"SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolconnlimit, rolvaliduntil"
        " FROM pg_roles ORDER BY rolname COLLATE \"C\"",
        "SELECT m::text FROM pg_auth_members m ORDER BY roleid, member, grantor"}) {
    for (const auto& row : test::psql(where, "postgres", sql))
      for (const std::string& cell : row) all += cell + "|";
  }
  return all;
}

void the_main_job(test::server& where) {
  test::main_job job(where);
  job.bootstrap();

  // A second bootstrap plans nothing.
  const auto again =
      test::value_of(job.run(job.admin().async_plan_bootstrap(job.bootstrap_options())));
  CHECK_MESSAGE(again.empty(), pgrant::render(again));

  // Two bundles; the second plan is empty.
  const pgrant::policy desired = test::shop_policy();
  CHECK(!job.apply(desired).empty());
  const auto second = test::value_of(job.run(job.connector().async_plan(desired)));
  CHECK_MESSAGE(second.empty(), pgrant::render(second));

  const auto check = test::value_of(job.run(job.connector().async_check()));
  CHECK(check.role == job.connector_name());
  CHECK(check.tls.has_value());
  CHECK(check.ledger_exists);
  CHECK(check.ledger_reachable);

  // Tables that come later are covered by the default privileges.
  test::psql(where, "shop", "SET ROLE app_owner; CREATE TABLE sales.later (id int)");
  CHECK(test::psql_value(where, "shop",
                         "SELECT has_table_privilege('pgrant_orders_write', 'sales.later', "
                         "'INSERT')") == "t");
  test::psql(where, "shop", "DROP TABLE sales.later");

  const std::string before = roles_and_memberships(where);

  // An ephemeral login reads, and does not write.
  auto granted = test::value_of(job.run(job.connector().async_grant(
      pgrant::grant_request("sales-read").to("Ada").lasting(std::chrono::hours(1)).because("t"))));
  REQUIRE(granted.credentials.has_value());
  const std::string user = granted.credentials->user;
  const std::string password(granted.credentials->password.reveal());
  {
    test::session open(where, "shop", user, password);
    CHECK(open.state("SELECT count(*) FROM sales.customers") == "00000");
    CHECK(open.state("INSERT INTO sales.customers (name) VALUES ('x')") == "42501");

    // An existing role gets another bundle.
    auto to_grace =
        test::value_of(job.run(job.connector().async_grant(pgrant::grant_request("orders-write")
                                                               .to_role("grace")
                                                               .lasting(std::chrono::hours(1))
                                                               .because("t"))));
    CHECK(!to_grace.credentials);
    CHECK(test::psql_state(where, "billing", "grace",
                           "UPDATE invoices.invoices SET due_on = due_on") == "00000");
    CHECK(test::value_of(job.run(job.connector().async_leases())).size() == 2);

    // The end: the open session is gone, a new login refused, the role dropped.
    const auto end = test::value_of(job.run(job.connector().async_revoke(granted.lease.id)));
    CHECK(end.lease.state == pgrant::lease_state::ended);
    CHECK(end.login_dropped);
    const std::string ended = open.state("SELECT 1");
    CHECK_MESSAGE((ended == "57P01" || ended == "08006"), ended);
    CHECK(test::login_state(where, "shop", user, password) == "28P01");
    CHECK(test::value_of(job.run(job.connector().async_revoke(to_grace.lease.id))).lease.state ==
          pgrant::lease_state::ended);
  }
  CHECK(roles_and_memberships(where) == before);
  CHECK(test::value_of(job.run(job.connector().async_leases())).empty());
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("the main job, from a bare server to the end of a lease") {
    for (int major : test::versions()) {
      for (test::shape shape : {test::shape::azure, test::shape::superuser}) {
        const std::string name = std::to_string(major) + " " + std::string(test::to_string(shape));
        SUBCASE(name.c_str()) {
          const auto where = test::own_server(major, test::server_options().shape(shape));
          INFO(where->label());
          the_main_job(*where);
        }
      }
    }
  }

  TEST_CASE("a table that the connector may not grant on is an error that names it") {
    const auto where = test::own_server(test::versions().back());
    test::main_job job(*where);
    job.bootstrap();
    pgrant::policy desired = test::shop_policy();
    pgrant::grant_rule legacy = desired.bundles[0].grants[0];
    legacy.objects.schema = "legacy";
    desired.bundles[0].grants.push_back(legacy);

    const auto plan = test::value_of(job.run(job.connector().async_plan(desired)));
    REQUIRE(!plan.not_granted.empty());
    const auto applied = job.run(job.connector().async_apply(plan));
    REQUIRE(!applied);
    CHECK(applied.error().code() == pgrant::errc::denied);
    CHECK_MESSAGE(applied.error().object().find("legacy.") != std::string::npos,
                  applied.error().describe());
    CHECK(applied.error().detail().find("legacy_owner") != std::string::npos);
    // Nothing was done, not even what could have been.
    CHECK(test::psql_value(*where, "postgres",
                           "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pgrant%'") == "0");
  }

  TEST_CASE("a server that is down is said at once, and so is a wrong password") {
    auto& where = test::shared_server();
    test::main_job job(where);
    auto wrong = job.as(where.admin(), "not the password");
    const auto refused = job.run(wrong.async_check());
    REQUIRE(!refused);
    CHECK(refused.error().code() == pgrant::errc::authentication);
    CHECK(refused.error().state().str() == "28P01");
    CHECK(refused.error().describe().find("not the password") == std::string::npos);

    auto missing = job.as(where.admin(), where.admin_password(), "no_such_database");
    const auto absent = job.run(missing.async_check());
    REQUIRE(!absent);
    CHECK(absent.error().state().str() == "3D000");
  }

  TEST_CASE("a source of passwords is asked before each new connection") {
    auto& where = test::shared_server();
    const auto spec =
        test::value_of(pgrant::connection_spec::parse(where.conninfo("postgres", where.admin())));
    for (const bool keep : {false, true}) {
      boost::asio::io_context context;
      int asked = 0;
      std::string password = where.admin_password();
      pgrant::client client(context.get_executor(), spec,
                            pgrant::client_options().keep_connections(keep).password(
                                [&](std::function<void(pgrant::result<pgrant::secret>)> done) {
                                  ++asked;
                                  if (password.empty())
                                    return done(pgrant::error(pgrant::errc::secret, "no token"));
                                  done(pgrant::secret::copy_of(password));
                                }));
      CHECK(test::value_of(pgrant::wait(context, client.async_check())).role == where.admin());
      CHECK(test::value_of(pgrant::wait(context, client.async_check())).role == where.admin());
      CHECK(asked >= (keep ? 1 : 2));
      if (keep) continue;
      password.clear();
      const auto refused = pgrant::wait(context, client.async_check());
      REQUIRE(!refused);
      CHECK(refused.error().message() == "no token");
    }
  }
}
