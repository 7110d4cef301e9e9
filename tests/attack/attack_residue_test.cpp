// Grantees who leave something behind that keeps a login from being dropped, theirs or another's.
#include <doctest/doctest.h>

#include "attack/attack_world.hpp"

namespace test {

using pgrant::lease_state;

namespace {

void drop_as_owner(lease_world& world, const attacker& who) {
  psql(world.where(), world.database(), "DROP OWNED BY " + who.name);
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("R1: a large object holds the lease, which names it") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-read");
      const std::string object =
          psql(world.where(), world.database(), who.name, "SELECT lo_create(0)")[0][0];
      psql(world.where(), world.database(), who.name,
           "GRANT SELECT ON LARGE OBJECT " + object + " TO PUBLIC");
      held_end_of(
          world, who,
          {"database lease_world: owns large object " + object, "DROP OWNED BY " + who.name});
      drop_as_owner(world, who);
      sweep_up(world, who);
    });
  }

  TEST_CASE("R2: default privileges that a login set for itself go unasked") {
    for_each_attacked_shape([](lease_world& world) {
      const attacker who = attack_with(world, "world-read");
      for (const std::string& database : {world.database(), std::string("postgres")}) {
        psql(world.where(), database, who.name,
             "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC");
      }
      psql(world.where(), world.database(), who.name,
           "ALTER DEFAULT PRIVILEGES IN SCHEMA world GRANT INSERT ON TABLES TO PUBLIC");
      end_of(world, who);
    });
  }

  TEST_CASE("R2, R3: default privileges beside a table are left to a person, as the table is") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-create");
      psql(world.where(), world.database(), who.name,
           "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;"
           "CREATE TABLE world.kept (id int)");
      held_end_of(world, who, {"owns default privileges", "owns table world.kept"});
      drop_as_owner(world, who);
      sweep_up(world, who);
    });
  }

  TEST_CASE("R3: objects of every kind hold the lease; what they did for their owner has ended") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-create");
      psql(world.where(), world.database(), who.name, R"(
CREATE TABLE world.mine (id int);
CREATE VIEW world.peephole AS SELECT id FROM world.t;
CREATE FUNCTION world.reader() RETURNS bigint LANGUAGE sql SECURITY DEFINER
  AS 'SELECT count(*) FROM world.t';
CREATE TYPE world.mood AS ENUM ('bad');
GRANT SELECT ON world.peephole TO PUBLIC;)");
      held_end_of(world, who,
                  {"owns table world.mine", "owns view world.peephole",
                   "owns function world.reader()", "owns type world.mood"});
      const std::string other = world.fresh_login();
      psql(world.where(), world.database(), "GRANT USAGE ON SCHEMA world TO " + other);
      CHECK(psql_state(world.where(), world.database(), other, "SELECT FROM world.peephole") ==
            "42501");
      CHECK(psql_state(world.where(), world.database(), other, "SELECT world.reader()") == "42501");
      psql(world.where(), world.database(), "DROP OWNED BY " + other);
      drop_as_owner(world, who);
      sweep_up(world, who);
    });
  }

  TEST_CASE("R4: a login that another one names in an ACL is held, and the culprit is named") {
    for_each_attacked([](lease_world& world) {
      const server& where = world.where();
      const attacker victim = attack_with(world, "world-read");
      const std::string culprit = world.fresh_login();
      const std::string object =
          psql(where, world.database(), culprit, "SELECT lo_create(0)")[0][0];
      psql(where, world.database(), culprit,
           "GRANT SELECT ON LARGE OBJECT " + object + " TO " + victim.name);
      psql(where, "postgres", culprit,
           "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO " + victim.name);
      session holding(where, world.database(), culprit);
      holding.run("CREATE TEMP TABLE bait (id int); GRANT SELECT (id) ON bait TO " + victim.name);
      held_end_of(world, victim,
                  {"is named in the ACL of large object " + object + ", by " + culprit,
                   "bait, by " + culprit, "database postgres: is named in the ACL of default",
                   "belonging to role " + culprit, "revoked by its grantor"});
      // As the culprit, the only one who can.
      psql(where, world.database(), "DROP OWNED BY " + culprit);
      psql(where, "postgres", "DROP OWNED BY " + culprit);
      sweep_up(world, victim);
    });
  }

  TEST_CASE("R4: a GRANT that is not committed keeps the login for as long as it is open") {
    for_each_attacked([](lease_world& world) {
      const attacker victim = attack_with(world, "world-read");
      session open(world.where(), world.database(), world.fresh_login());
      open.run("BEGIN");
      open.run("SELECT lo_create(424242)");
      open.run("GRANT SELECT ON LARGE OBJECT 424242 TO " + victim.name);
      const auto end = world.revoke(victim.lease);
      CHECK(end.lease.state == lease_state::ending);
      CHECK(end.lease.held_why.find("process " + std::to_string(open.backend_pid())) !=
            std::string::npos);
      CHECK(login_state(world.where(), world.database(), victim.name, victim.password) == "28000");
      open.run("ROLLBACK");
      end_of(world, victim);
    });
  }

  TEST_CASE("R5: a user mapping of its own holds the lease") {
    for_each_attacked([](lease_world& world) {
      psql(world.where(), world.database(), R"(
CREATE FOREIGN DATA WRAPPER far_away;
CREATE SERVER far_server FOREIGN DATA WRAPPER far_away;
GRANT USAGE ON FOREIGN SERVER far_server TO world_read;)");
      const attacker who = attack_with(world, "world-read");
      psql(world.where(), world.database(), who.name,
           "CREATE USER MAPPING FOR CURRENT_USER SERVER far_server");
      held_end_of(world, who, {"owns user mapping for " + who.name + " on server far_server"});
      psql(world.where(), world.database(), "DROP SERVER far_server CASCADE");
      sweep_up(world, who);
      psql(world.where(), world.database(), "DROP FOREIGN DATA WRAPPER far_away CASCADE");
    });
  }

  TEST_CASE(
      "R9: what a login passed on with an ADMIN option that somebody gave it is named or gone") {
    for_each_attacked([](lease_world& world) {
      const server& where = world.where();
      const attacker who = attack_with(world, "world-read");
      const std::string other = world.fresh_login();
      CHECK(psql_state(where, "postgres", who.name, "GRANT world_read TO " + other) == "42501");
      // No lease gives ADMIN; an administrator can.
      psql(where, "postgres", world.connector(),
           "GRANT world_read TO " + who.name + " WITH ADMIN OPTION");
      psql(where, "postgres", who.name, "GRANT world_read TO " + other);
      session open(where, world.database(), other);
      CHECK(open.state("SELECT FROM world.t") == "00000");
      end_of(world, who);
      CHECK(open.state("SELECT FROM world.t") != "00000");
      CHECK(psql_value(where, "postgres",
                       "SELECT count(*) FROM pg_auth_members WHERE roleid = 'world_read'::regrole "
                       "AND member = '" +
                           other + "'::regrole") == "0");
    });
  }

  TEST_CASE("a held lease is tried a number of times, then only when asked") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-read");
      psql(world.where(), world.database(), who.name, "SELECT lo_create(0)");
      CHECK(world.revoke(who.lease).lease.state == lease_state::held);
      const auto next_try = [&world, &who] {
        return psql_value(
            world.where(), world.ledger_database(),
            "SELECT next_try_at > now() FROM pgrant.lease WHERE id = '" + who.lease + "'");
      };
      CHECK(next_try() == "t");
      psql(
          world.where(), world.ledger_database(),
          "UPDATE pgrant.lease SET tries = 19, next_try_at = now() WHERE id = '" + who.lease + "'");
      CHECK(must(world.run(world.leases().async_sweep())).ends.size() == 1);
      CHECK(next_try() == "<null>");
      CHECK(must(world.run(world.leases().async_sweep())).ends.empty());
      CHECK(world.revoke(who.lease).lease.state == lease_state::held);
      CHECK(next_try() == "<null>");
      drop_as_owner(world, who);
      end_of(world, who);
    });
  }
}

}  // namespace test
