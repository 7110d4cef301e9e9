// What an apply does when things are not as the plan expects.
#include "pgrant/applier.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "pgrant/plan_text.hpp"
#include "support/main_job.hpp"

namespace {

constexpr const char* acl_state_sql =
    "SELECT string_agg(x, E'\\n' ORDER BY x COLLATE \"C\") FROM ("
    " SELECT 'n' || nspname || coalesce(nspacl::text, '-') FROM pg_namespace"
    " WHERE nspname !~ '^pg_(toast|temp)'"
    " UNION ALL SELECT 'c' || oid::regclass || coalesce(relacl::text, '-') FROM pg_class"
    " WHERE relnamespace::regnamespace::text !~ '^pg_'"
    " UNION ALL SELECT 'd' || defaclrole || defaclacl::text FROM pg_default_acl) s(x)";

std::string acl_state_of(const test::server& where, const std::string& database) {
  return test::psql_value(where, database, acl_state_sql);
}

bool has_insert(const test::server& where, const char* database, const char* table) {
  return test::psql_value(where, database,
                          "SELECT has_table_privilege(r.oid, '" + std::string(table) +
                              "', 'INSERT') FROM pg_roles r WHERE rolname = "
                              "'pgrant_orders_write'") == "t";
}

// A bundle on what the administrator owns, so that the connector grants as azure_pg_admin alone.
pgrant::policy inventory_policy() {
  pgrant::bundle stock;
  stock.name = "stock";
  pgrant::grant_rule rule;
  rule.objects.database = "shop";
  rule.objects.schema = "inventory";
  rule.objects.name = "products";
  rule.privileges = pgrant::privilege::select;
  stock.grants = {rule};
  pgrant::policy desired;
  desired.bundles = {stock};
  return desired;
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE(
      "a database whose part fails stays as it was, the others go on, and it can be repeated") {
    for (int major : test::versions()) {
      const auto where = test::own_server(major);
      INFO(where->label());
      test::main_job job(*where);
      job.bootstrap();
      const auto plan = test::value_of(job.run(job.connector().async_plan(test::shop_policy())));
      // Somebody changes one table of one database after the plan was made.
      test::psql(*where, "billing", "GRANT SELECT ON invoices.payments TO analysts");
      const std::string billing = acl_state_of(*where, "billing");

      std::vector<pgrant::database_report> reports;
      pgrant::apply_options options;
      options.on_database([&](const pgrant::database_report& one) { reports.push_back(one); });
      const auto applied = job.run(job.connector().async_apply(plan, options));
      REQUIRE(!applied);
      CHECK(applied.error().code() == pgrant::errc::stale);
      CHECK(applied.error().object() == "table invoices.payments in database billing");
      CHECK(applied.error().detail().find("database shop: ") != std::string::npos);
      const auto ended = [&](const std::string& name, pgrant::apply_outcome how) {
        return std::ranges::any_of(
            reports, [&](const auto& one) { return one.database == name && one.outcome() == how; });
      };
      CHECK(ended("billing", pgrant::apply_outcome::failed));
      CHECK(ended("shop", pgrant::apply_outcome::applied));
      CHECK(acl_state_of(*where, "billing") == billing);
      CHECK(has_insert(*where, "shop", "sales.orders"));
      CHECK(!has_insert(*where, "billing", "invoices.invoices"));

      job.apply(test::shop_policy());
      CHECK(has_insert(*where, "billing", "invoices.invoices"));
      const auto rest = test::value_of(job.run(job.connector().async_plan(test::shop_policy())));
      CHECK_MESSAGE(rest.empty(), pgrant::render(rest));
    }
  }

  TEST_CASE(
      "a GRANT that the server answers with a warning alone is a failure that names the table") {
    for (int major : test::versions()) {
      const auto where = test::own_server(major);
      INFO(where->label());
      test::main_job job(*where);
      job.bootstrap();
      // With a privilege of its own, but no grant option, the connector gets WARNING 01007.
      test::psql(*where, "shop",
                 "GRANT SELECT ON inventory.products TO PUBLIC;"
                 "GRANT USAGE ON SCHEMA inventory TO PUBLIC");
      const auto plan = test::value_of(job.run(job.connector().async_plan(inventory_policy())));
      REQUIRE(!plan.empty());
      // The ACLs stay as they are; what changes is who the connector is.
      auto lone = plan;
      std::erase_if(lone.steps, [](const pgrant::step& s) {
        return s.action == pgrant::step_action::grant && s.on != pgrant::object_class::table;
      });
      const std::string before = acl_state_of(*where, "shop");
      test::psql(*where, "postgres", where->admin(), "REVOKE azure_pg_admin FROM apono_connector");
      const auto applied = job.run(job.connector().async_apply(lone));
      REQUIRE(!applied);
      CHECK(applied.error().code() == pgrant::errc::not_granted);
      CHECK(applied.error().state().str() == "01007");
      CHECK_MESSAGE(applied.error().object().find("inventory.products") != std::string::npos,
                    applied.error().describe());
      CHECK(acl_state_of(*where, "shop") == before);
    }
  }

  TEST_CASE("two applies of one database take turns, and who waits is told for whom") {
    const auto where = test::own_server(test::versions().back());
    test::main_job job(*where);
    job.bootstrap();
    const auto plan = test::value_of(job.run(job.connector().async_plan(test::shop_policy())));
    test::session other(*where, "shop", where->admin());
    other.run("SET application_name = 'another apply'");
    other.run("SELECT pg_advisory_lock(1885827438, 1)");
    const auto applied = job.run(job.connector().async_apply(
        plan, pgrant::apply_options().turn_timeout(std::chrono::milliseconds(300))));
    REQUIRE(!applied);
    CHECK(applied.error().code() == pgrant::errc::conflict);
    CHECK(applied.error().detail().find("another apply") != std::string::npos);
    CHECK(applied.error().detail().find(std::to_string(other.backend_pid())) != std::string::npos);
  }

  TEST_CASE("a plan is for one role, one cluster and one version") {
    auto& where = test::shared_server();
    test::main_job job(where);
    auto plan = test::value_of(job.run(job.admin().async_plan_bootstrap(job.bootstrap_options())));
    const auto refused = [&](pgrant::plan changed) {
      const auto applied = job.run(job.admin().async_apply(changed, job.with_connector_password()));
      REQUIRE(!applied);
      CHECK(applied.error().code() == pgrant::errc::stale);
    };
    auto changed = plan;
    changed.executor = "somebody";
    refused(changed);
    changed = plan;
    changed.system_identifier = "1";
    refused(changed);
    changed = plan;
    changed.server_version -= 10000;
    refused(changed);
    CHECK(test::psql_value(where, "postgres",
                           "SELECT count(*) FROM pg_roles WHERE rolname = 'apono_connector'") ==
          "0");
  }

  TEST_CASE("what is neither a password nor a verifier is refused before anything is sent") {
    auto& where = test::shared_server();
    test::main_job job(where);
    const auto plan =
        test::value_of(job.run(job.admin().async_plan_bootstrap(job.bootstrap_options())));
    for (const char* bad : {"SCRAM-SHA-256$4096:short$a:b", "md5abcdef", ""}) {
      const auto applied = job.run(job.admin().async_apply(
          plan, pgrant::apply_options().secret_value(std::string(pgrant::connector_secret),
                                                     pgrant::secret::copy_of(bad))));
      REQUIRE(!applied);
      CHECK(applied.error().code() == pgrant::errc::secret);
      CHECK(applied.error().field() == "secrets.connector");
    }
    CHECK(test::psql_value(where, "postgres",
                           "SELECT count(*) FROM pg_roles WHERE rolname = 'apono_connector'") ==
          "0");
  }

  TEST_CASE("the server's log holds no password") {
    for (int major : test::versions()) {
      const auto where =
          test::own_server(major, test::server_options().setting("log_statement", "all"));
      INFO(where->label());
      test::main_job job(*where);
      job.bootstrap();
      job.apply(test::shop_policy());
      const auto granted =
          test::value_of(job.run(job.connector().async_grant(pgrant::grant_request("sales-read")
                                                                 .to("ada")
                                                                 .lasting(std::chrono::hours(1))
                                                                 .because("t"))));
      test::value_of(job.run(job.connector().async_revoke(granted.lease.id)));
      const std::string log = where->log();
      CHECK(log.find("CREATE ROLE") != std::string::npos);
      CHECK(log.find(job.connector_password()) == std::string::npos);
      CHECK(log.find(granted.credentials->password.reveal()) == std::string::npos);
      CHECK(log.find(where->admin_password()) == std::string::npos);
    }
  }
}
