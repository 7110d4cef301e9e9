// Grantees who leave prepared transactions, which outlive sessions and roles.
#include <doctest/doctest.h>

#include "attack/attack_world.hpp"

namespace test {

using pgrant::lease_state;

namespace {

std::string prepared_count(lease_world& world) {
  return psql_value(world.where(), "postgres", "SELECT count(*) FROM pg_prepared_xacts");
}

void prepare(lease_world& world, const std::string& role, const std::string& work,
             const std::string& name, const std::string& database = "") {
  psql(world.where(), database.empty() ? world.database() : database, role,
       "SET lock_timeout = 2000; BEGIN; " + work + "; PREPARE TRANSACTION '" + name + "'");
}

std::string attacked_rows(lease_world& world) {
  return psql_value(world.where(), world.database(), "SELECT count(*) FROM world.t");
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("P1, P2: prepared reads, writes and locks are rolled back, in every database") {
    for_each_attacked_shape([](lease_world& world) {
      const std::string rows = attacked_rows(world);
      const attacker who = attack_with(world, "world-create");
      prepare(world, who.name, "SELECT FROM world.t", "reads");
      prepare(world, who.name, "SELECT 1", "el''se\" where", "postgres");
      prepare(world, who.name, "INSERT INTO world.t VALUES (2000)", "writes");
      prepare(world, who.name, "SELECT pg_advisory_xact_lock(1)", "advises");
      CHECK(prepared_count(world) == "4");
      end_of(world, who);
      const attacker locking = attack_with(world, "world-create");
      prepare(world, locking.name, "LOCK TABLE world.t IN ACCESS EXCLUSIVE MODE", "locks");
      end_of(world, locking);
      CHECK(prepared_count(world) == "0");
      CHECK(psql_state(world.where(), world.database(), world.where().superuser(),
                       "SET lock_timeout = 100; ALTER TABLE world.t ALTER id SET STATISTICS -1") ==
            "00000");
      CHECK(attacked_rows(world) == rows);
    });
  }

  TEST_CASE("P3: a prepared change of its own password does not keep the login") {
    for_each_attacked_shape([](lease_world& world) {
      const attacker who = attack_with(world, "world-read");
      prepare(world, who.name, "ALTER ROLE " + who.name + " PASSWORD 'mine'", "password");
      end_of(world, who);
    });
  }

  TEST_CASE("P4: prepared statements that name the login do not keep it") {
    for_each_attacked_shape([](lease_world& world) {
      const attacker who = attack_with(world, "world-create");
      prepare(world, who.name, "CREATE TABLE world.mine (id int)", "creates");
      prepare(world, who.name, "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
              "defaults");
      end_of(world, who);
    });
  }

  TEST_CASE("P6: all slots are free again") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-read");
      for (int i = 0; i < 10; ++i) prepare(world, who.name, "SELECT 1", "slot" + std::to_string(i));
      CHECK(psql_state(world.where(), "postgres", who.name,
                       "BEGIN; SELECT 1; PREPARE TRANSACTION 'one more'") == "53200");
      end_of(world, who);
      CHECK(prepared_count(world) == "0");
    });
  }

  TEST_CASE("P5: what an existing role has prepared under its lease does not land afterwards") {
    for_each_attacked_shape([](lease_world& world) {
      const server& where = world.where();
      const std::string rows = attacked_rows(world);
      const std::string person = world.fresh_login();
      if (where.major() >= 16) {
        // Before, CREATEROLE is enough to act as an ordinary role.
        psql(where, "postgres",
             "GRANT " + person + " TO " + world.connector() +
                 " WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
      }
      const std::string before = access_state(where, world.database());
      prepare(world, person, "SELECT 1", "before");
      const attacker who = attack_as(world, "world-write", person);
      prepare(world, person, "INSERT INTO world.t VALUES (2005)", "under");
      end_of(world, who);
      CHECK(psql_state(where, world.database(), person, "COMMIT PREPARED 'under'") == "42704");
      CHECK(attacked_rows(world) == rows);
      // Not of the time of the lease.
      CHECK(psql_state(where, world.database(), person, "COMMIT PREPARED 'before'") == "00000");
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("P5: where nobody of ours can roll it back, the lease is held and says who can") {
    for_each_attacked([](lease_world& world) {
      const server& where = world.where();
      if (where.major() < 16) return;  // CREATEROLE can
      const std::string person = world.fresh_login();
      const attacker who = attack_as(world, "world-write", person);
      session innocent(where, world.database(), person);
      prepare(world, person, "INSERT INTO world.t VALUES (2006)", "left");
      held_end_of(world, who,
                  {"prepared transaction 'left'", "database lease_world", "role " + person,
                   "remedy", "ROLLBACK PREPARED 'left'"});
      CHECK(innocent.state("SELECT 1") == "00000");
      psql(where, world.database(), person, "ROLLBACK PREPARED 'left'");
      CHECK(world.revoke(who.lease).lease.state == lease_state::ended);
      CHECK(left_of(world, who) == "");
    });
  }
}

}  // namespace test
