// Grantees who hold on to sessions: asleep, hidden, borrowed, blocking, reconnecting, in crowds.
#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "attack/attack_world.hpp"
#include "pgrant/client.hpp"

namespace test {

using pgrant::lease_state;
using std::chrono::milliseconds;

namespace {

const std::string asleep_after_login = "-c post_auth_delay=2";

// Backends that pg_locks has and pg_stat_activity does not name.
std::string hidden_backends(lease_world& world) {
  return psql_value(
      world.where(), "postgres",
      "SELECT count(DISTINCT l.pid) FROM pg_locks l "
      "LEFT JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'virtualxid' "
      "AND (a.pid IS NULL OR a.usesysid IS NULL AND a.backend_type = 'client backend')");
}

bool before_16(const lease_world& world) {
  return world.where().major() < 16;
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("S1, S2: a backend that sleeps behind its login wakes up to nothing") {
    for_each_attacked_shape([](lease_world& world) {
      const attacker plain = attack_with(world, "world-read");
      const attacker with_role = attack_with(world, "world-read");
      const std::string person = world.fresh_login();
      const attacker existing = attack_as(world, "world-read", person);
      const std::string as_bundle = asleep_after_login + " -c role=world_read";
      slow_client one(world.where(), world.database(), plain.name, asleep_after_login);
      slow_client two(world.where(), world.database(), with_role.name, as_bundle);
      slow_client three(world.where(), world.database(), person, as_bundle);
      CHECK(!one.go_on(milliseconds(150)));
      two.go_on(milliseconds(50));
      three.go_on(milliseconds(50));
      CHECK(hidden_backends(world) == (before_16(world) ? "3" : "1"));
      CHECK(count_sessions(world, "usesysid IN (" + plain.oid + ", " + existing.oid + ")") == 0);
      CHECK(end_of(world, plain).sessions_ended == 1);
      end_of(world, with_role);
      end_of(world, existing);
      CHECK(hidden_backends(world) == "0");
      CHECK(one.outcome("SELECT 1") != "00000");
      CHECK(two.outcome("SELECT FROM world.t") != "00000");
      CHECK(three.outcome("SELECT FROM world.t") != "00000");
    });
  }

  TEST_CASE("S1: a sleeper whose login somebody else has dropped is ended when it wakes up") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-read");
      slow_client asleep(world.where(), world.database(), who.name, "-c post_auth_delay=1");
      CHECK(!asleep.go_on(milliseconds(100)));
      psql(world.where(), "postgres", "DROP ROLE " + who.name);
      CHECK(world.revoke(who.lease).lease.state == lease_state::ended);
      CHECK(asleep.go_on(std::chrono::seconds(5)));
      CHECK(asleep.outcome("SELECT 1") == "00000");
      CHECK(must(world.run(world.leases().async_sweep())).ghost_sessions == 1);
      CHECK(asleep.outcome("SELECT 1") != "00000");
      CHECK(left_of(world, who) == "");
    });
  }

  TEST_CASE("S3: a session that did SET ROLE to the bundle does not keep it") {
    for_each_attacked_shape([](lease_world& world) {
      const std::string person = world.fresh_login();
      for (const attacker& who :
           {attack_with(world, "world-read"), attack_as(world, "world-read", person)}) {
        session open(world.where(), world.database(), who.name);
        CHECK(open.state("SET ROLE world_read") == (before_16(world) ? "00000" : "42501"));
        CHECK(open.state("SELECT FROM world.t") == "00000");
        end_of(world, who);
        CHECK(open.state("SELECT FROM world.t") != "00000");
      }
    });
  }

  TEST_CASE("S4: who borrowed the login, or borrowed it from a borrower, keeps nothing") {
    for_each_attacked_shape([](lease_world& world) {
      const std::string lender = world.fresh_login();
      for (const attacker& who :
           {attack_with(world, "world-read"), attack_as(world, "world-read", lender)}) {
        const std::string friendly = world.fresh_login(), far = world.fresh_login();
        const bool lends = world.where().major() == 14;
        CHECK(psql_state(world.where(), "postgres", who.name,
                         "GRANT " + who.name + " TO " + friendly) == (lends ? "00000" : "42501"));
        if (!lends) {
          end_of(world, who);
          continue;
        }
        CHECK(psql_state(world.where(), "postgres", friendly, "GRANT " + friendly + " TO " + far) ==
              "00000");
        session near_one(world.where(), world.database(), friendly);
        session far_one(world.where(), world.database(), far);
        session bystander(world.where(), world.database(), world.fresh_login());
        for (session* one : {&near_one, &far_one}) {
          one->run("SET ROLE " + who.name);
          one->run("SET ROLE world_read");
          CHECK(one->state("SELECT FROM world.t") == "00000");
        }
        CHECK(end_of(world, who).sessions_ended >= 2);
        CHECK(is_shut_out(near_one));
        CHECK(is_shut_out(far_one));
        CHECK(bystander.state("SELECT 1") == "00000");
      }
    });
  }

  TEST_CASE("S6: a login that was half done when the lease ended is refused") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-read");
      slow_client half(world.where(), world.database(), who.name, "", who.password);
      half.go_on_until_challenged();
      end_of(world, who);
      CHECK(half.outcome("SELECT 1") == "28000");
    });
  }

  TEST_CASE("S8, S9, S14: cursors, temporary objects and listeners end with their sessions") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-read");
      session reading(world.where(), world.database(), who.name);
      reading.run("BEGIN");
      reading.run("DECLARE c CURSOR FOR SELECT id FROM world.t");
      CHECK(reading.run("FETCH 1 FROM c").size() == 1);
      session holding(world.where(), world.database(), who.name);
      holding.run("DECLARE h CURSOR WITH HOLD FOR SELECT id FROM world.t");
      session making(world.where(), world.database(), who.name);
      making.run(
          "CREATE TEMP TABLE mine (id int); "
          "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'");
      session listening(world.where(), world.database(), who.name);
      listening.run("LISTEN everything");
      psql(world.where(), world.database(), "NOTIFY everything");
      CHECK(end_of(world, who).sessions_ended == 4);
      CHECK(is_shut_out(reading, "FETCH 1 FROM c"));
      CHECK(is_shut_out(holding, "FETCH 1 FROM h"));
      CHECK(is_shut_out(making, "SELECT FROM mine"));
      CHECK(is_shut_out(listening, "SELECT 1"));
    });
  }

  TEST_CASE("S9: temporary tables that a crash has left do not keep the login") {
    for_each_attacked_shape([](lease_world& world) {
      const attacker who = attack_with(world, "world-read");
      {
        session making(world.where(), world.database(), who.name);
        making.run("CREATE TEMP TABLE mine (id serial, long text)");
        world.where().stop(true);
      }
      world.where().start();
      REQUIRE(psql_value(world.where(), world.database(),
                         "SELECT count(*) > 0 FROM pg_class WHERE relname = 'mine' "
                         "AND relowner = " +
                             who.oid) == "t");
      end_of(world, who);
    });
  }

  TEST_CASE("S10, S11: sessions in other databases and sessions out of sessions end") {
    for_each_attacked([](lease_world& world) {
      // Some builds of the server cannot load it here, for want of a newer libpq.
      const bool dblink = psql_state(world.where(), world.database(), world.where().superuser(),
                                     "CREATE EXTENSION dblink SCHEMA public") == "00000";
      const attacker who = attack_with(world, "world-write");
      session elsewhere(world.where(), "postgres", who.name);
      session outer(world.where(), world.database(), who.name);
      if (dblink) {
        outer.run("SELECT public.dblink_connect('inner', 'host=127.0.0.1 port=" +
                  std::to_string(world.where().port()) + " dbname=" + world.database() +
                  " user=" + who.name + " password=" + who.password + "')");
        outer.run(
            "SELECT public.dblink_send_query('inner', 'SELECT pg_sleep(1); INSERT INTO world.t "
            "VALUES "
            "(1010)')");
      }
      const int sessions = dblink ? 3 : 2;
      CHECK(count_sessions(world, "usesysid = " + who.oid) == sessions);
      CHECK(end_of(world, who).sessions_ended == sessions);
      CHECK(is_shut_out(elsewhere, "SELECT 1"));
      CHECK(is_shut_out(outer));
      CHECK(psql_value(world.where(), world.database(),
                       "SELECT count(*) FROM world.t WHERE id = 1010") == "0");
    });
  }

  TEST_CASE("S13: locks that a grantee may take do not hold up the end") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-create");
      session locking(world.where(), world.database(), who.name);
      locking.run("BEGIN");
      locking.run("SELECT pg_advisory_lock(k) FROM generate_series(0, 999) k");
      locking.run("LOCK TABLE world.t IN ACCESS EXCLUSIVE MODE");
      // The ledger's rows, which our own locks are, cannot be had.
      CHECK(psql_state(world.where(), world.ledger_database(), who.name, "SELECT 1") == "42501");
      end_of(world, who);
      CHECK(is_shut_out(locking));
    });
  }

  TEST_CASE("S1 to S4, S7 to S9, P1, R1 and reconnecting in a loop, all at once") {
    for_each_attacked_shape([](lease_world& world) {
      const server& where = world.where();
      const attacker who = attack_with(world, "world-write");
      const std::string other = world.fresh_login();
      session blocking(where, world.database(), who.name);
      blocking.run("SELECT lo_create(0)");
      blocking.run("CREATE TEMP TABLE mine (id int)");
      blocking.run("BEGIN");
      blocking.run("DECLARE c CURSOR FOR SELECT id FROM world.t");
      blocking.run("ALTER ROLE " + who.name + " PASSWORD 'mine'");
      session as_bundle(where, world.database(), who.name);
      static_cast<void>(as_bundle.state("SET ROLE world_write"));
      psql(where, world.database(), who.name, "BEGIN; SELECT 1; PREPARE TRANSACTION 'all at once'");
      session borrowing(where, world.database(), other);
      if (where.major() == 14) {
        psql(where, "postgres", who.name, "GRANT " + who.name + " TO " + other);
        borrowing.run("SET ROLE " + who.name);
        borrowing.run("SET ROLE world_write");
      }
      slow_client asleep(where, world.database(), who.name,
                         asleep_after_login + (before_16(world) ? " -c role=world_write" : ""));
      CHECK(!asleep.go_on(milliseconds(100)));
      const auto keeps_coming = [&where, &world, &who](const std::stop_token& stop) {
        const std::string info = "host=" + where.socket_directory() +
                                 " port=" + std::to_string(where.port()) +
                                 " dbname=" + world.database() + " user=" + who.name;
        const std::string again = "BEGIN; ALTER ROLE " + who.name + " PASSWORD 'again'";
        std::unique_ptr<PGconn, void (*)(PGconn*)> last(nullptr, PQfinish);
        while (!stop.stop_requested()) {
          std::unique_ptr<PGconn, void (*)(PGconn*)> next(PQconnectdb(info.c_str()), PQfinish);
          if (PQstatus(next.get()) != CONNECTION_OK) continue;
          last = std::move(next);
          PQclear(PQexec(last.get(), "SET lock_timeout = 50"));
          PQclear(PQexec(last.get(), again.c_str()));
        }
      };
      std::vector<std::jthread> storm;
      for (int i = 0; i < 3; ++i) storm.emplace_back(keeps_coming);

      const auto start = std::chrono::steady_clock::now();
      const auto end = held_end_of(world, who, {"owns large object", "DROP OWNED BY"});
      CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
      storm.clear();
      CHECK(end.sessions_ended >= 3);
      CHECK(is_shut_out(blocking, "FETCH 1 FROM c"));
      CHECK(is_shut_out(as_bundle, "INSERT INTO world.t VALUES (0)"));
      CHECK(borrowing.state("INSERT INTO world.t VALUES (0)") != "00000");
      CHECK(asleep.outcome("INSERT INTO world.t VALUES (0)") != "00000");
      CHECK(psql_value(where, "postgres", "SELECT count(*) FROM pg_prepared_xacts") == "0");
      CHECK(count_sessions(world, "usesysid = " + who.oid) == 0);

      psql(where, world.database(),
           "SELECT lo_unlink(oid) FROM pg_largeobject_metadata WHERE lomowner = " + who.oid);
      sweep_up(world, who);
    });
  }
}

}  // namespace test
