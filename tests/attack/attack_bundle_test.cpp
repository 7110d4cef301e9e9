// Grantees who act on the bundle itself, or pass it on.
#include <doctest/doctest.h>

#include "attack/attack_world.hpp"

namespace test {

using pgrant::lease_state;

namespace {

// A bundle of its own for each test, with default privileges of the administrator and a policy.
struct attacked_bundle {
  std::string name, role, table;
};

attacked_bundle bundle_with_extras(lease_world& world, const std::string& stem,
                                   const std::string& owner) {
  attacked_bundle made{stem, "world_" + stem, "world.rows_" + stem};
  psql(world.where(), "postgres", world.connector(), "CREATE ROLE " + made.role + " NOLOGIN");
  psql(world.where(), world.database(), world.where().superuser(),
       R"(
CREATE TABLE )" +
           made.table + R"( (id int);
GRANT USAGE ON SCHEMA world TO )" +
           made.role + R"(;
GRANT SELECT ON )" +
           made.table + " TO " + made.role + R"(;
ALTER TABLE )" +
           made.table + R"( ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON )" +
           made.table + R"( USING (true);
CREATE POLICY few ON )" +
           made.table + " AS RESTRICTIVE TO " + made.role + R"( USING (id < 5);
INSERT INTO )" +
           made.table + R"( SELECT generate_series(0, 9);
ALTER DEFAULT PRIVILEGES FOR ROLE )" +
           owner + R"( IN SCHEMA world GRANT SELECT ON TABLES TO )" + made.role + R"(;
ALTER DEFAULT PRIVILEGES FOR ROLE )" +
           owner + " GRANT USAGE ON SEQUENCES TO " + made.role);
  std::vector<pgrant::planned_bundle> bundles(1);
  bundles[0].name = made.name;
  bundles[0].role = made.role;
  bundles[0].databases = {world.database()};
  pgrant::ledger ledger(world.open_as_connector(), world.ledger_database());
  must(world.run(ledger.async_register(std::move(bundles), {})));
  return made;
}

std::string default_privileges_of(lease_world& world, const std::string& role) {
  std::string text;
  for (const auto& row : psql(world.where(), world.database(),
                              "SELECT d.defaclrole::regrole, d.defaclnamespace::regnamespace, "
                              "d.defaclobjtype, a.privilege_type, a.is_grantable "
                              "FROM pg_default_acl d, aclexplode(d.defaclacl) a "
                              "WHERE a.grantee = '" +
                                  role + "'::regrole ORDER BY 1, 2, 3, 4")) {
    for (const std::string& value : row) text += value + ' ';
    text += '\n';
  }
  return text;
}

bool some_finding(const pgrant::lease_end& end, const std::vector<std::string>& parts) {
  for (const std::string& finding : end.bundle_findings) {
    bool all = true;
    for (const std::string& part : parts) all = all && finding.find(part) != std::string::npos;
    if (all) return true;
  }
  for (const std::string& finding : end.bundle_findings) MESSAGE(finding);
  return false;
}

void forget_bundle(lease_world& world, const attacked_bundle& bundle) {
  pgrant::ledger ledger(world.open_as_connector(), world.ledger_database());
  must(world.run(ledger.async_register({}, {bundle.name})));
  psql(world.where(), world.database(),
       "DROP TABLE " + bundle.table + "; DROP OWNED BY " + bundle.role + "; DROP ROLE " +
           bundle.role);
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("B1: default privileges that a member has dropped are given again") {
    for_each_attacked([](lease_world& world) {
      // The connector may act for the owner: it made that role.
      psql(world.where(), "postgres",
           "CREATE ROLE world_owner NOLOGIN; GRANT world_owner TO " + world.connector());
      const attacked_bundle bundle = bundle_with_extras(world, "b1", "world_owner");
      const std::string before = default_privileges_of(world, bundle.role);
      REQUIRE(before != "");
      const attacker quiet = attack_with(world, bundle.name);
      CHECK(end_of(world, quiet).bundle_findings.empty());

      const attacker who = attack_with(world, bundle.name);
      session reading(world.where(), world.database(), who.name);
      CHECK(reading.run("SELECT FROM " + bundle.table).size() == 5);
      CHECK(reading.state("DROP OWNED BY " + bundle.role) != "42501");
      CHECK(reading.run("SELECT FROM " + bundle.table).size() == 10);
      CHECK(default_privileges_of(world, bundle.role) == "");
      const auto end = end_of(world, who);
      CHECK(default_privileges_of(world, bundle.role) == before);
      CHECK(some_finding(end, {"bundle b1", "database lease_world", "given again",
                               "ALTER DEFAULT PRIVILEGES FOR ROLE world_owner"}));
      CHECK(some_finding(end, {"policy few on " + bundle.table, "as the table's owner"}));
      CHECK(psql_value(world.where(), world.ledger_database(),
                       "SELECT count(*) FROM pgrant.audit WHERE action = 'bundle_changed' AND "
                       "details ->> 'bundle' = 'b1'") == "1");
      forget_bundle(world, bundle);
      psql(world.where(), world.database(), "DROP OWNED BY world_owner; DROP ROLE world_owner");
    });
  }

  TEST_CASE("B1: where the connector may not, the end says who can give them again") {
    for_each_attacked([](lease_world& world) {
      psql(world.where(), "postgres", "CREATE ROLE world_stranger NOLOGIN");
      const attacked_bundle bundle = bundle_with_extras(world, "b1other", "world_stranger");
      const attacker who = attack_with(world, bundle.name);
      static_cast<void>(
          psql_state(world.where(), world.database(), who.name, "DROP OWNED BY " + bundle.role));
      CHECK(some_finding(end_of(world, who),
                         {"missing",
                          "as world_stranger: ALTER DEFAULT PRIVILEGES FOR ROLE "
                          "world_stranger IN SCHEMA world GRANT SELECT ON TABLES TO " +
                              bundle.role}));
      forget_bundle(world, bundle);
      psql(world.where(), world.database(),
           "DROP OWNED BY world_stranger; DROP ROLE world_stranger");
    });
  }

  TEST_CASE("B2, B4: what the bundle's role has come to own is found") {
    for_each_attacked([](lease_world& world) {
      const attacked_bundle bundle = bundle_with_extras(world, "b2", world.where().superuser());
      const attacker who = attack_with(world, bundle.name);
      const std::string work =
          "ALTER DEFAULT PRIVILEGES FOR ROLE " + bundle.role + " GRANT SELECT ON TABLES TO PUBLIC";
      CHECK(psql_state(world.where(), "postgres", who.name, work) == "00000");
      const bool can_act = world.where().major() < 16;
      CHECK(psql_state(world.where(), world.database(), who.name,
                       "SET ROLE " + bundle.role + "; SELECT lo_create(0)") ==
            (can_act ? "00000" : "42501"));
      const auto end = end_of(world, who);
      CHECK(some_finding(end, {"database postgres", "owns default privileges"}));
      if (can_act) CHECK(some_finding(end, {"database lease_world", "owns large object"}));
      psql(world.where(), "postgres", "DROP OWNED BY " + bundle.role);
      CHECK(end_of(world, attack_with(world, bundle.name)).bundle_findings.size() ==
            (can_act ? 1U : 0U));
      forget_bundle(world, bundle);
    });
  }

  TEST_CASE("B3: a definer function that a member has given to the bundle's role is found") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-create");
      const std::string make =
          "CREATE FUNCTION world.pane() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS "
          "'SELECT count(*) FROM world.t'";
      const bool can_act = world.where().major() < 16;
      CHECK(psql_state(world.where(), world.database(), who.name,
                       "SET ROLE world_create; " + make) == (can_act ? "00000" : "42501"));
      if (!can_act) {
        psql(world.where(), world.database(), who.name, make);
        CHECK(psql_state(world.where(), world.database(), who.name,
                         "ALTER FUNCTION world.pane() OWNER TO world_create") == "42501");
        psql(world.where(), world.database(), who.name, "DROP FUNCTION world.pane()");
      }
      const auto end = end_of(world, who);
      CHECK(end.bundle_findings.empty() == !can_act);
      if (!can_act) return;
      CHECK(some_finding(end, {"bundle world-create", "database lease_world",
                               "owns function world.pane()", "drop it"}));
      // It does not work for its owner any more, whoever calls it.
      CHECK(psql_value(world.where(), world.database(),
                       "SELECT prosecdef FROM pg_proc WHERE proname = 'pane' AND "
                       "pronamespace = 'world'::regnamespace") == "f");
      psql(world.where(), world.database(), "DROP FUNCTION world.pane()");
    });
  }

  TEST_CASE("R8: nobody can pass on what a lease gives") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-create");
      const std::string other = world.fresh_login();
      CHECK(psql_state(world.where(), world.database(), who.name,
                       "GRANT SELECT ON world.t TO " + other) == "01007");
      CHECK(psql_state(world.where(), world.database(), who.name,
                       "GRANT world_create TO " + other) == "42501");
      CHECK(psql_value(world.where(), world.database(),
                       "SELECT has_table_privilege('" + other + "', 'world.t', 'SELECT')") == "f");
      end_of(world, who);
    });
  }
}

}  // namespace test
