// Ending leases against the grantee's will.
#include <doctest/doctest.h>
#include <libpq-fe.h>

#include <atomic>
#include <memory>
#include <thread>

#include "integration/lease_world.hpp"

namespace test {

using pgrant::lease_state;

namespace {

std::string lease_sessions_of(lease_world& world, const std::string& condition) {
  return psql_value(world.where(), "postgres",
                    "SELECT count(*) FROM pg_stat_activity WHERE " + condition);
}

// Starts a login and does not wait for it: the backend sleeps after it has authenticated.
std::unique_ptr<PGconn, void (*)(PGconn*)> sleeping_login(const server& where,
                                                          const std::string& database,
                                                          const std::string& user, int seconds) {
  const std::string port = std::to_string(where.port());
  const std::string host = where.socket_directory();
  const std::string options = "-c post_auth_delay=" + std::to_string(seconds);
  const char* const keywords[] = {"host", "port", "dbname", "user", "options", nullptr};
  const char* const values[] = {host.c_str(), port.c_str(),    database.c_str(),
                                user.c_str(), options.c_str(), nullptr};
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectStartParams(keywords, values, 0),
                                                        PQfinish);
  PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
  for (int i = 0; i < 30; ++i) {
    PQconnectPoll(connection.get());
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return connection;
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("a backend that sleeps where the catalog cannot see it does not outlive the lease") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const auto granted = world.grant(read_for("sleeper"));
      const auto asleep = sleeping_login(where, world.database(), granted.lease.grantee, 4);
      REQUIRE(lease_sessions_of(world, "usename = '" + granted.lease.grantee + "'") == "0");
      const auto end = world.revoke(granted.lease.id);
      CHECK(end.lease.state == lease_state::ended);
      CHECK(end.sessions_ended == 1);
      // Without having been ended it would now wake up and go on, with PUBLIC's rights. The signal
      // may reach it only behind the greeting, but before any statement.
      PostgresPollingStatusType state = PGRES_POLLING_READING;
      for (int i = 0; i < 600 && state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        state = PQconnectPoll(asleep.get());
      }
      const std::unique_ptr<PGresult, void (*)(PGresult*)> answer(PQexec(asleep.get(), "SELECT 1"),
                                                                  PQclear);
      CHECK(PQresultStatus(answer.get()) != PGRES_TUPLES_OK);
    });
  }

  TEST_CASE("a session that holds its own role's row, or reconnects at once, does not keep it") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const auto granted = world.grant(read_for("stubborn"));
      const std::string user = granted.lease.grantee;
      session holding(where, world.database(), user);
      holding.run("BEGIN");
      CHECK(holding.state("ALTER ROLE " + user + " PASSWORD 'x'") == "00000");
      std::atomic<bool> stop = false;
      std::vector<std::thread> storm;
      for (int i = 0; i < 3; ++i) {
        storm.emplace_back([&where, &world, &user, &stop] {
          const std::string info = "host=" + where.socket_directory() +
                                   " port=" + std::to_string(where.port()) +
                                   " dbname=" + world.database() + " user=" + user;
          std::unique_ptr<PGconn, void (*)(PGconn*)> last(nullptr, PQfinish);
          while (!stop) {
            std::unique_ptr<PGconn, void (*)(PGconn*)> next(PQconnectdb(info.c_str()), PQfinish);
            if (PQstatus(next.get()) == CONNECTION_OK) last = std::move(next);
          }
        });
      }
      const auto end = world.revoke(granted.lease.id);
      stop = true;
      for (std::thread& one : storm) one.join();
      INFO(end.lease.held_why);
      CHECK(end.lease.state == lease_state::ended);
      CHECK(end.sessions_ended >= 1);
      CHECK(holding.state("COMMIT") != "00000");
      CHECK(lease_sessions_of(
                world, "usesysid <> 0 AND usesysid NOT IN (SELECT oid FROM pg_roles)") == "0");
    });
  }

  TEST_CASE("default privileges of its own do not keep a login") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string before = access_state(where, world.database());
      const auto granted = world.grant(read_for("ada"));
      for (const std::string& database : {world.database(), std::string("postgres")}) {
        psql(where, database, granted.lease.grantee,
             "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC");
      }
      const auto end = world.revoke(granted.lease.id);
      INFO(end.lease.held_why);
      CHECK(end.lease.state == lease_state::ended);
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("sessions of a role that somebody dropped are ended by a sweep") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login();
      session ghost(where, "postgres", person);
      session living(where, "postgres", world.fresh_login());
      psql(where, "postgres", "DROP ROLE " + person);
      CHECK(ghost.state("SELECT 1") == "00000");
      CHECK(must(world.run(world.leases().async_sweep())).ghost_sessions == 1);
      CHECK(ghost.state("SELECT 1") != "00000");
      CHECK(living.state("SELECT 1") == "00000");
    });
  }

  TEST_CASE("what a login has prepared is rolled back before it goes") {
    for (const int major : {versions().front(), versions().back()}) {
      CAPTURE(major);
      const auto where =
          own_server(major, server_options().setting("max_prepared_transactions", "5"));
      lease_world world(*where);
      const auto granted = world.grant(read_for("preparer"));
      const std::string user = granted.lease.grantee;
      // Holds the role's row: NOLOGIN and DROP would wait for ever.
      psql(*where, world.database(), user,
           "BEGIN; ALTER ROLE " + user + " PASSWORD 'x'; PREPARE TRANSACTION 'it''s mine'");
      psql(*where, "postgres", user, "BEGIN; SELECT 1; PREPARE TRANSACTION 'another'");
      const auto end = world.revoke(granted.lease.id);
      INFO(end.lease.held_why);
      CHECK(end.lease.state == lease_state::ended);
      CHECK(end.login_dropped);
      CHECK(psql_value(*where, "postgres", "SELECT count(*) FROM pg_prepared_xacts") == "0");
    }
  }

  TEST_CASE("a connector with CREATEROLE and nothing else can end what it granted") {
    for (const int major : versions()) {
      CAPTURE(major);
      const auto where = own_server(major);
      lease_world world(*where, lease_world::connector_kind::plain);
      const std::string before = access_state(*where, world.database());
      const auto granted = world.grant(read_for("ada"));
      const std::string user = granted.lease.grantee;
      const std::string password(granted.credentials->password.reveal());
      session open(*where, world.database(), user, password);
      CHECK(open.state("SELECT FROM world.t") == "00000");
      const auto end = world.revoke(granted.lease.id);
      INFO(end.lease.held_why);
      CHECK(end.lease.state == lease_state::ended);
      CHECK(open.state("SELECT 1") != "00000");
      CHECK(access_state(*where, world.database()) == before);
    }
  }

  TEST_CASE("an end that cannot be finished says what is in the way and is taken up again") {
    for (const int major : {versions().front(), versions().back()}) {
      CAPTURE(major);
      const auto where = own_server(major);
      lease_world world(*where);
      const auto granted = world.grant(read_for("ada"));
      // A grant that is not committed names the login, so it cannot be dropped.
      session elsewhere(*where, world.database(), where->superuser());
      elsewhere.run("BEGIN");
      elsewhere.run("GRANT SELECT ON world.t TO " + granted.lease.grantee);
      const auto end = world.revoke(granted.lease.id);
      CHECK(end.lease.state == lease_state::ending);
      CHECK(end.lease.held_why.find("55P03") != std::string::npos);
      CHECK(psql_state(*where, world.database(), granted.lease.grantee, "SELECT 1") == "28000");
      elsewhere.run("ROLLBACK");
      const auto report = must(world.run(world.leases().async_sweep()));
      REQUIRE(report.ends.size() == 1);
      CHECK(report.ends[0].lease.state == lease_state::ended);
      CHECK(report.ends[0].lease.held_why == "");
    }
  }
}

}  // namespace test
