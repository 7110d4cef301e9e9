// Leases through issuers and granters: a connector that may create no role and
// holds ADMIN on none.
#include <doctest/doctest.h>

#include "integration/issuer_world.hpp"
#include "pgrant/plan_text.hpp"

namespace test {
namespace {

using pgrant::lease_state;

// Whose the role is: the issuer that the registry names.
std::string issuer_of(const issuer_world& world, const std::string& login) {
  return world.value("SELECT issuer FROM pgrant_issue.login WHERE name = '" + login + "'");
}

void check_that_the_connector_is_weak(const issuer_world& world) {
  CHECK(world.value("SELECT rolcreaterole OR rolsuper OR rolcreatedb FROM "
                    "pg_roles WHERE rolname = '" +
                    world.connector() + "'") == "f");
  CHECK(world.value("SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON "
                    "r.oid = m.roleid "
                    "WHERE m.member = '" +
                    world.connector() +
                    "'::regrole AND "
                    "(m.admin_option OR r.rolname <> 'pg_signal_backend')") == "0");
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE(
      "a connector without CREATEROLE and without ADMIN grants and ends "
      "leases") {
    for (const int major : versions()) {
      CAPTURE(major);
      issuer_world world(major);
      server& where = world.where();
      check_that_the_connector_is_weak(world);

      // A second bootstrap, and a second apply, have nothing to do.
      const auto again = world.plan_bootstrap(pgrant::bootstrap_options(world.connector())
                                                  .profile(pgrant::bootstrap_profile::least)
                                                  .issuers(12));
      INFO(render(again));
      CHECK(again.empty());
      CHECK(again.not_granted.empty());
      CHECK(world.plan_policy(issuer_world::bundles()).empty());

      psql(where, "postgres", "CREATE ROLE ada LOGIN");
      const std::string before = access_state(where, world.database());
      const auto first = world.grant(read_for("ada"));
      const auto second = world.grant(
          pgrant::grant_request("world-write").to("grace").lasting(std::chrono::hours(1)));
      const auto third = world.grant(read_for_role("ada"));
      CHECK(issuer_of(world, first.lease.grantee) != issuer_of(world, second.lease.grantee));
      if (major >= 16) {
        CHECK(world
                  .value("SELECT string_agg(DISTINCT grantor::regrole::text, ' "
                         "') FROM "
                         "pg_auth_members WHERE roleid = "
                         "'pgrant_world_read'::regrole AND NOT "
                         "admin_option AND inherit_option AND NOT set_option")
                  .starts_with("pgrant_granter_"));
      }
      // The login is what the ledger says, to the microsecond, and can log in.
      CHECK(world.value("SELECT r.rolvaliduntil = l.expires_at AND "
                        "r.rolconnlimit = 5 FROM "
                        "pg_roles r JOIN pgrant.lease l ON l.grantee = "
                        "r.rolname WHERE l.id = '" +
                        first.lease.id + "'") == "t");
      const std::string password(second.credentials->password.reveal());
      CHECK(login_state(where, world.database(), second.lease.grantee, password) == "00000");

      session open(where, world.database(), second.lease.grantee);
      CHECK(open.state("INSERT INTO world.t VALUES (3)") == "00000");
      session of_ada(where, world.database(), "ada");
      CHECK(of_ada.state("SELECT FROM world.t") == "00000");
      for (const std::string& id : {first.lease.id, second.lease.id, third.lease.id}) {
        const auto end = world.revoke(id);
        INFO(end.lease.held_why);
        CHECK(end.lease.state == lease_state::ended);
      }
      CHECK(open.state("SELECT 1") != "00000");
      CHECK(psql_state(where, world.database(), "ada", "SELECT FROM world.t") == "42501");
      CHECK(access_state(where, world.database()) == before);

      // Granters give bundles flat, and take one from everybody at once.
      auto settings = world.settings().cohort_size(1);
      bool reads = false;
      settings.on_step([&](const pgrant::lease_step& now) {
        if (now.step == "revoke" && major >= 16)
          reads = reads ||
                  world.value("SELECT pg_has_role('ada', 'pgrant_world_read', 'USAGE')") == "t";
      });
      pgrant::leases crowd(world.open(world.connector()), settings);
      must(world.run(crowd.async_grant(read_for_role("ada"))));
      for (int i = 0; i < 2; ++i) must(world.run(crowd.async_grant(read_for("ada"))));
      CHECK(world.value("SELECT count(*) FROM pgrant.cohort") == "0");
      const auto glass = must(world.run(crowd.async_revoke_bundle("world-read")));
      CHECK(glass.failures.empty());
      CHECK(glass.ends.size() == 3);
      CHECK(!reads);
      CHECK(access_state(where, world.database()) == before);
      CHECK(world.value("SELECT count(*) FROM pgrant_issue.login") == "0");
      check_that_the_connector_is_weak(world);
    }
  }

  TEST_CASE(
      "residue, hidden sessions and prepared transactions end through "
      "issuers, too") {
    for (const int major : versions()) {
      CAPTURE(major);
      issuer_world world(major, server_options().setting("max_prepared_transactions", "5"));
      server& where = world.where();
      const auto granted = world.grant(read_for("ada"));
      const std::string user = granted.lease.grantee;
      psql(where, world.database(), user,
           "BEGIN; ALTER ROLE " + user + " PASSWORD 'x'; PREPARE TRANSACTION 'mine'");
      psql(where, world.database(), user, "SELECT lo_create(0)");
      psql(where, "postgres", user, "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC");
      session open(where, world.database(), user);
      const auto held = world.revoke(granted.lease.id);
      CHECK(held.lease.state == lease_state::held);
      CHECK(held.lease.held_why.find("large object") != std::string::npos);
      CHECK(open.state("SELECT 1") != "00000");
      CHECK(psql_value(where, "postgres", "SELECT count(*) FROM pg_prepared_xacts") == "0");
      // Nobody acts as it any more, and it cannot log in.
      CHECK(world.value("SELECT count(*) FROM pg_auth_members WHERE roleid = '" + user +
                        "'::regrole AND member = '" + world.connector() + "'::regrole") == "0");
      CHECK(world.value("SELECT rolcanlogin FROM pg_roles WHERE rolname = '" + user + "'") == "f");
      psql(where, world.database(), "DROP OWNED BY " + user);
      psql(where, "pgrant", world.connector(), "UPDATE pgrant.lease SET next_try_at = now()");
      const auto report = must(world.run(world.leases().async_sweep()));
      REQUIRE(report.ends.size() == 1);
      CHECK(report.ends[0].lease.state == lease_state::ended);
    }
  }

  TEST_CASE("what the connector gave before there were issuers, it ends itself") {
    for (const int major : {versions().front(), versions().back()}) {
      CAPTURE(major);
      const auto where = own_server(major);
      lease_world world(*where);
      psql(*where, "postgres", "CREATE ROLE ada LOGIN");
      const std::string before = access_state(*where, world.database());
      const auto login = world.grant(read_for("grace"));
      const auto role = world.grant(read_for_role("ada"));
      const auto options = pgrant::bootstrap_options(world.connector())
                               .ledger_database(world.ledger_database())
                               .issuers(2);
      const auto plan_now = [&] {
        const pgrant::snapshot state = take_snapshot(*where, where->admin());
        return must(make_plan(state, must(bootstrap_policy(state, options))));
      };
      must(world.run(
          async_apply(socket_connector(world.context().get_executor(), *where, where->admin()),
                      plan_now(), pgrant::apply_options())));
      CHECK(plan_now().empty());
      const auto fresh = world.grant(read_for("alan"));
      CHECK(psql_value(*where, world.ledger_database(),
                       "SELECT count(*) FROM pgrant_issue.login") == "1");
      for (const std::string& id : {login.lease.id, role.lease.id, fresh.lease.id})
        CHECK(world.revoke(id).lease.state == lease_state::ended);
      CHECK(psql_value(*where, world.ledger_database(),
                       "SELECT count(*) FROM pg_auth_members m WHERE m.roleid = "
                       "'world_read'::regrole AND m.member <> '" +
                           world.connector() + "'::regrole AND NOT m.admin_option") == "0");
    }
  }

  TEST_CASE(
      "more issuers, and a new version of their functions, are one more "
      "bootstrap") {
    issuer_world world(versions().back());
    const auto options =
        pgrant::bootstrap_options(world.connector()).profile(pgrant::bootstrap_profile::least);
    auto more = options;
    more.issuers(14);
    auto plan = world.plan_bootstrap(more);
    CHECK(plan.steps.size() == 7);  // two roles, the rules, two functions and their versions
    world.apply(std::move(plan));
    CHECK(world.plan_bootstrap(more).empty());
    // Fewer are not asked for: each may have logins.
    CHECK(world.plan_bootstrap(options).empty());
    psql(world.where(), "postgres",
         "COMMENT ON ROLE pgrant_issuer_1 IS 'pgrant issuer 1, version 0, for "
         "lease_keeper'");
    const auto granted = world.grant(read_for("ada"));
    world.apply(world.plan_bootstrap(more));
    CHECK(world.plan_bootstrap(more).empty());
    CHECK(world.revoke(granted.lease.id).lease.state == lease_state::ended);
  }
}

}  // namespace test
