// Grantees who change what is theirs to change: passwords, settings; and names, verifiers, jobs.
#include <doctest/doctest.h>

#include <unistd.h>

#include <set>

#include "attack/attack_world.hpp"
#include "pgrant/scram.hpp"

namespace test {

using pgrant::lease_state;

namespace {

constexpr const char* debian_programs = "/usr/lib/postgresql/15/bin";
constexpr const char* debian_cron = "/usr/lib/postgresql/15/lib/pg_cron.so";

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("a login may change its password and settings, and nothing that bounds it") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-read");
      const auto as_login = [&world, &who](const std::string& what) {
        return psql_state(world.where(), world.database(), who.name, what);
      };
      const std::string self = "ALTER ROLE " + who.name + ' ';
      CHECK(as_login(self + "PASSWORD 'mine'") == "00000");
      CHECK(as_login(self + "SET search_path = world") == "00000");
      CHECK(as_login(self + "IN DATABASE postgres SET work_mem = '8MB'") == "00000");
      for (const char* const bound : {"VALID UNTIL 'infinity'", "CONNECTION LIMIT -1", "CREATEROLE",
                                      "BYPASSRLS", "SET temp_file_limit = -1"}) {
        CAPTURE(bound);
        CHECK(as_login(self + bound) == "42501");
      }
      CHECK(as_login(self + "RENAME TO somebody") != "00000");
      for (int i = 0; i < 5; ++i) CHECK(as_login("SELECT 1") == "00000");
      CHECK(login_state(world.where(), world.database(), who.name, "mine") == "00000");
      // A library that is not there shuts it out of its own accord.
      CHECK(as_login(self + "SET local_preload_libraries = 'nope'") == "00000");
      end_of(world, who);
      CHECK(login_state(world.where(), world.database(), who.name, "mine") == "28P01");
    });
  }

  TEST_CASE("one login cannot take more connections than its limit") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-read");
      std::vector<std::unique_ptr<session>> all;
      for (int i = 0; i < 5; ++i)
        all.push_back(std::make_unique<session>(world.where(), world.database(), who.name));
      CHECK(psql_state(world.where(), world.database(), who.name, "SELECT 1") == "53300");
      CHECK(end_of(world, who).sessions_ended == 5);
    });
  }

  TEST_CASE("names of logins are plain, random, and never used again") {
    for_each_attacked([](lease_world& world) {
      std::set<std::string> names;
      for (const char* const person :
           {"ada", "ada", "+x", "all", "current_user", "Ab\"c; DROP", "pg_monitor", "public"}) {
        const attacker who = attack_with(
            world, pgrant::grant_request("world-read").to(person).lasting(std::chrono::hours(1)));
        CAPTURE(who.name);
        CHECK(who.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
              std::string::npos);
        CHECK(who.name.starts_with("lease_"));
        CHECK(names.insert(who.name).second);
        end_of(world, who);
      }
      // Not even when somebody makes a role of that name: what goes by name finds another one.
      CHECK(psql_state(world.where(), world.ledger_database(), world.connector(),
                       "INSERT INTO pgrant.lease (id, attempt, kind, grantee, person, requester, "
                       "reason, bundles, seconds, state, granted_at, expires_at) SELECT 'again', "
                       "'again', kind, grantee, person, requester, reason, bundles, seconds, "
                       "'ended', now(), now() FROM pgrant.lease WHERE grantee = '" +
                           *names.begin() + "'") == "23505");
    });
  }

  TEST_CASE("what the server stores is a verifier of the password that was given out") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-read");
      CHECK(who.password.size() >= 22);
      for (const char c : who.password) CHECK((c > ' ' && c < 127));
      const std::string stored =
          psql_value(world.where(), "postgres",
                     "SELECT rolpassword FROM pg_authid WHERE rolname = '" + who.name + "'");
      CHECK(pgrant::is_scram_verifier(stored));
      CHECK(login_state(world.where(), world.database(), who.name, who.password) == "00000");
      // A malformed verifier would have become the password itself.
      CHECK(login_state(world.where(), world.database(), who.name, stored) == "28P01");
      for (const char* const malformed :
           {"SCRAM-SHA-256$4096", "scram-sha-256$4096:c2FsdA==$", "md5abc", ""}) {
        CHECK(!pgrant::is_scram_verifier(malformed));
      }
      CHECK(!pgrant::is_scram_verifier(stored.substr(0, stored.size() - 1)));
      CHECK(!pgrant::is_scram_verifier(stored + ' '));
      end_of(world, who);
    });
  }

  TEST_CASE("an existing role gets back exactly what it had, and may use it again") {
    for_each_attacked([](lease_world& world) {
      const std::string person = world.fresh_login();
      psql(world.where(), "postgres", world.connector(), "GRANT world_read TO " + person);
      const std::string before = access_state(world.where(), world.database());
      const attacker who = attack_as(world, "world-read", person);
      CHECK(world.revoke(who.lease).kept == std::vector<std::string>{"world-read"});
      CHECK(access_state(world.where(), world.database()) == before);
    });
  }

  TEST_CASE("jobs that a login has scheduled in the server go before its access does") {
    if (::access(debian_cron, R_OK) != 0) {
      MESSAGE("no pg_cron on this machine: apt-get install postgresql-15-cron");
      return;
    }
    const auto where = own_server(15, server_options()
                                          .programs(debian_programs)
                                          .setting("shared_preload_libraries", "pg_cron")
                                          .setting("cron.database_name", "postgres"));
    lease_world world(*where);
    psql(*where, "postgres", "CREATE EXTENSION pg_cron");
    psql(*where, "postgres", "GRANT USAGE ON SCHEMA cron TO world_read");
    const std::string person = world.fresh_login();
    psql(*where, "postgres", "GRANT USAGE ON SCHEMA cron TO " + person);
    psql(*where, "postgres", person, "SELECT cron.schedule('* * * * *', 'SELECT 2')");
    const attacker who = attack_with(world, "world-read");
    for (int i = 0; i < 3; ++i)
      psql(*where, "postgres", who.name, "SELECT cron.schedule('* * * * *', 'SELECT 1')");
    CHECK(psql_value(*where, "postgres", "SELECT count(*) FROM cron.job") == "4");
    end_of(world, who);
    CHECK(psql_value(*where, "postgres", "SELECT username FROM cron.job") == person);
    CHECK(psql_value(*where, world.ledger_database(),
                     "SELECT details ->> 'jobs' FROM pgrant.audit WHERE action = 'unschedule'") ==
          "3");
    // One that holds on to its jobs loses its access all the same.
    const attacker stubborn = attack_with(world, "world-read");
    psql(*where, "postgres", stubborn.name, "SELECT cron.schedule('* * * * *', 'SELECT 1')");
    session holding(*where, "postgres", stubborn.name);
    holding.run("BEGIN; SELECT cron.unschedule(jobid) FROM cron.job");
    end_of(world, stubborn);
    CHECK(psql_value(*where, "postgres",
                     "SELECT count(*) FROM cron.job WHERE username = '" + stubborn.name + "'") ==
          "1");
  }
}

}  // namespace test
