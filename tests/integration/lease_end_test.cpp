// Ending leases on real servers: exactly what the lease gave, and all of it.
#include <doctest/doctest.h>

#include <thread>

#include "integration/lease_world.hpp"

namespace test {

using pgrant::grant_request;
using pgrant::lease_state;

namespace {

std::string lease_read_state(lease_world& world, const std::string& person) {
  return psql_state(world.where(), world.database(), person, "SELECT FROM world.t");
}

std::string lease_write_state(lease_world& world, const std::string& person) {
  return psql_state(world.where(), world.database(), person, "DELETE FROM world.t WHERE false") ==
                 "00000"
             ? "deletes"
             : psql_state(world.where(), world.database(), person,
                          "INSERT INTO world.t SELECT 0 WHERE false");
}

// Membership rows that the ledger counts; none when no lease is active.
std::string counted_memberships(lease_world& world) {
  return psql_value(world.where(), world.ledger_database(),
                    "SELECT count(*) FROM pgrant.membership");
}

bool lease_role_exists(lease_world& world, const std::string& role) {
  return psql_value(world.where(), "postgres",
                    "SELECT count(*) FROM pg_roles WHERE rolname = '" + role + "'") == "1";
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("of two leases of one bundle the last one takes the membership") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login();
      const std::string before = access_state(where, world.database());
      for (const bool first_goes_first : {true, false}) {
        CAPTURE(first_goes_first);
        const auto one = world.grant(read_for_role(person));
        const auto two = world.grant(read_for_role(person).also("world-write"));
        const auto& sooner = first_goes_first ? one : two;
        const auto& later = first_goes_first ? two : one;
        CHECK(lease_write_state(world, person) == "00000");

        const auto first = world.revoke(sooner.lease.id);
        CHECK(first.lease.state == lease_state::ended);
        CHECK(first.kept == std::vector<std::string>{"world-read"});
        CHECK(lease_read_state(world, person) == "00000");
        CHECK(lease_write_state(world, person) == (first_goes_first ? "00000" : "42501"));

        const auto last = world.revoke(later.lease.id);
        CHECK(last.kept.empty());
        CHECK(lease_read_state(world, person) == "42501");
        CHECK(access_state(where, world.database()) == before);
        CHECK(counted_memberships(world) == "0");
      }
    });
  }

  TEST_CASE("a membership that was there before a lease is the same afterwards") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      std::vector<std::string> options = {"", " WITH ADMIN OPTION"};
      if (where.major() >= 16) {
        for (const auto* more :
             {" WITH ADMIN TRUE, INHERIT FALSE, SET TRUE", " WITH INHERIT FALSE, SET TRUE",
              " WITH INHERIT FALSE, SET FALSE", " WITH ADMIN TRUE, INHERIT TRUE, SET FALSE"}) {
          options.push_back(more);
        }
      }
      for (const std::string& grantor : {world.connector(), where.superuser()}) {
        for (const std::string& option : options) {
          CAPTURE(grantor);
          CAPTURE(option);
          const std::string person = world.fresh_login();
          psql(where, "postgres", grantor, "GRANT world_read TO " + person + option);
          const std::string before = access_state(where, world.database());
          const bool could_read = lease_read_state(world, person) == "00000";
          const bool could_set =
              psql_state(where, world.database(), person, "SET ROLE world_read") == "00000";

          const auto one = world.grant(read_for_role(person));
          const auto two = world.grant(read_for_role(person));
          CHECK(lease_read_state(world, person) == "00000");
          const bool can_set =
              psql_state(where, world.database(), person, "SET ROLE world_read") == "00000";
          CHECK(can_set == could_set);
          world.revoke(one.lease.id);
          CHECK(lease_read_state(world, person) == "00000");
          const auto end = world.revoke(two.lease.id);
          CHECK(end.lease.state == lease_state::ended);
          CHECK(end.kept == std::vector<std::string>{"world-read"});
          CHECK((lease_read_state(world, person) == "00000") == could_read);
          CHECK(access_state(where, world.database()) == before);
          CHECK(counted_memberships(world) == "0");
        }
      }
    });
  }

  TEST_CASE("a login that owns something is shut out and held, and dropped when that is gone") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string before = access_state(where, world.database());
      const auto granted = world.grant(read_for("owner"));
      const std::string user = granted.lease.grantee;
      const std::string password(granted.credentials->password.reveal());
      const std::string object = psql(where, world.database(), user, "SELECT lo_create(0)")[0][0];

      const auto end = world.revoke(granted.lease.id);
      CHECK(end.lease.state == lease_state::held);
      CHECK(!end.login_dropped);
      INFO(end.lease.held_why);
      CHECK(end.lease.held_why.find("owns large object " + object) != std::string::npos);
      CHECK(end.lease.held_why.find("database " + world.database()) != std::string::npos);
      CHECK(end.lease.held_why.find("DROP OWNED BY " + user) != std::string::npos);
      CHECK(login_state(where, world.database(), user, password) == "28000");
      CHECK(psql_value(where, "postgres",
                       "SELECT count(*) FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid "
                       "WHERE r.rolname = 'world_read' AND a.member = '" +
                           user + "'::regrole") == "0");
      // The connector cannot act as the login any longer than it has to.
      if (where.shape() == shape::azure) {
        CHECK(psql_state(where, "postgres", world.connector(), "SET ROLE " + user) == "42501");
      }
      CHECK(world.revoke(granted.lease.id).lease.state == lease_state::held);

      psql(where, world.database(), "SELECT lo_unlink(" + object + ")");
      CHECK(must(world.run(world.leases().async_sweep())).ends.empty());  // not yet due
      psql(where, world.ledger_database(),
           "UPDATE pgrant.lease SET next_try_at = now() WHERE id = '" + granted.lease.id + "'");
      const auto report = must(world.run(world.leases().async_sweep()));
      REQUIRE(report.ends.size() == 1);
      CHECK(report.ends[0].lease.state == lease_state::ended);
      CHECK(report.ends[0].lease.held_why == "");
      CHECK(report.ends[0].login_dropped);
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("a lease ends by itself: the login at its time, sessions at the next sweep") {
    for_each_server(shape::azure, [](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login();
      const std::string before = access_state(where, world.database());
      const auto soon = [](grant_request request) {
        return request.lasting(std::chrono::seconds(2));
      };
      const auto lasting = world.grant(read_for("patient"));
      const auto granted = world.grant(soon(read_for("hasty")));
      const auto given = world.grant(soon(read_for_role(person)));
      const std::string user = granted.lease.grantee;
      const std::string password(granted.credentials->password.reveal());
      session open(where, world.database(), user, password);
      CHECK(must(world.run(world.leases().async_sweep())).ends.empty());

      std::this_thread::sleep_for(std::chrono::milliseconds(2100));
      CHECK(login_state(where, world.database(), user, password) == "28P01");
      CHECK(open.state("SELECT FROM world.t") == "00000");
      const auto report = must(world.run(world.leases().async_sweep()));
      CHECK(report.failures.empty());
      REQUIRE(report.ends.size() == 2);
      for (const auto& end : report.ends) CHECK(end.lease.state == lease_state::ended);
      CHECK(open.state("SELECT FROM world.t") != "00000");
      CHECK(lease_read_state(world, person) == "42501");
      const auto left = must(world.run(world.leases().async_list(pgrant::lease_filter())));
      REQUIRE(left.size() == 1);
      CHECK(left[0].id == lasting.lease.id);
      world.revoke(lasting.lease.id);
      CHECK(access_state(where, world.database()) == before);
      CHECK(must(world.run(world.leases().async_list(
                pgrant::lease_filter().everything().id(granted.lease.id))))[0]
                .state == lease_state::ended);
    });
  }

  TEST_CASE("who did SET ROLE before the end keeps nothing") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login();
      const auto granted = world.grant(read_for_role(person));
      session open(where, world.database(), person);
      CHECK(open.state("SET ROLE world_read") == (where.major() < 16 ? "00000" : "42501"));
      CHECK(open.state("SELECT FROM world.t") == "00000");
      const auto end = world.revoke(granted.lease.id);
      CHECK(end.lease.state == lease_state::ended);
      CHECK(end.sessions_ended == (where.major() < 16 ? 1 : 0));
      const std::string afterwards = open.state("SELECT FROM world.t");
      // From 16 on the session lives, without the bundle.
      CHECK((where.major() < 16 ? afterwards == "57P01" || afterwards == "08006"
                                : afterwards == "42501"));
    });
  }

  TEST_CASE("a grantee or a bundle role that somebody dropped does not keep a lease from ending") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login();
      const auto given = world.grant(read_for_role(person));
      const auto granted = world.grant(read_for("ada"));
      psql(where, "postgres", "DROP ROLE " + person);
      psql(where, "postgres", "DROP ROLE " + granted.lease.grantee);
      CHECK(world.revoke(given.lease.id).lease.state == lease_state::ended);
      CHECK(world.revoke(granted.lease.id).lease.state == lease_state::ended);

      const std::string other = world.fresh_login();
      psql(where, "postgres", world.connector(), "CREATE ROLE world_gone NOLOGIN");
      pgrant::ledger ledger(world.open_as_connector(), world.ledger_database());
      std::vector<pgrant::planned_bundle> bundles(1);
      bundles[0].name = "world-gone";
      bundles[0].role = "world_gone";
      must(world.run(ledger.async_register(bundles, {})));
      const auto last = world.grant(read_for_role(other).also("world-gone"));
      psql(where, "postgres", world.connector(), "DROP ROLE world_gone");
      must(world.run(ledger.async_register({}, {"world-gone"})));
      CHECK(world.revoke(last.lease.id).lease.state == lease_state::ended);
      CHECK(lease_read_state(world, other) == "42501");
      CHECK(counted_memberships(world) == "0");
    });
  }

  TEST_CASE("everything of one grantee ends at once") {
    for_each_server(shape::azure, [](server& where) {
      lease_world& world = world_of(where);
      const auto one = world.grant(read_for("grace"));
      const auto two = world.grant(read_for("grace"));
      const auto other = world.grant(read_for("ada"));
      const auto report = must(world.run(world.leases().async_revoke_grantee("grace")));
      CHECK(report.ends.size() == 2);
      CHECK(report.failures.empty());
      CHECK(!lease_role_exists(world, one.lease.grantee));
      CHECK(!lease_role_exists(world, two.lease.grantee));
      CHECK(lease_role_exists(world, other.lease.grantee));
      const auto nobody = world.run(world.leases().async_revoke_grantee("grace"));
      REQUIRE(!nobody);
      CHECK(nobody.error().code() == pgrant::errc::not_found);
      world.revoke(other.lease.id);
    });
  }

  TEST_CASE("any number of sweepers end each lease once") {
    for_each_server(shape::azure, [](server& where) {
      lease_world& world = world_of(where);
      pgrant::lease_settings settings = world.settings();
      settings.password_iterations(1);
      constexpr int count = 12;
      for (int i = 0; i < count; ++i) {
        must(world.run(
            world.leases(settings).async_grant(read_for("many").lasting(std::chrono::seconds(1)))));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1100));
      std::vector<pgrant::sweep_report> reports(4);
      std::vector<std::string> failures(reports.size());
      std::vector<std::thread> sweepers;
      for (std::size_t i = 0; i < reports.size(); ++i) {
        sweepers.emplace_back([&, i] {
          boost::asio::io_context context;
          pgrant::connection_spec spec;
          spec.host(where.socket_directory()).port(where.port()).user(world.connector());
          spec.ssl_mode(pgrant::ssl_mode::disable);
          pgrant::leases mine(std::make_shared<pgrant::direct_connector>(
                                  context.get_executor(), spec, pgrant::connect_options()),
                              settings);
          auto swept = test::wait(context, mine.async_sweep());
          if (swept) {
            reports[i] = std::move(swept).value();
          } else {
            failures[i] = swept.error().describe();
          }
        });
      }
      for (std::thread& one : sweepers) one.join();
      int dropped = 0;
      for (const std::string& failure : failures) CHECK(failure == "");
      for (const auto& report : reports) {
        for (const auto& failure : report.failures) FAIL_CHECK(failure.why.describe());
        for (const auto& end : report.ends) dropped += end.login_dropped ? 1 : 0;
      }
      CHECK(dropped == count);
      CHECK(must(world.run(world.leases().async_list(pgrant::lease_filter()))).empty());
    });
  }
}

}  // namespace test
