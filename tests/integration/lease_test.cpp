// Granting leases on real servers.
#include <doctest/doctest.h>

#include <optional>

#include "integration/lease_world.hpp"

namespace test {

using pgrant::errc;
using pgrant::grant_request;

TEST_SUITE("integration") {
  TEST_CASE(
      "an ephemeral login does what its bundle says, and nothing is left of it after a revoke") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string before = access_state(where, world.database());

      const auto granted = world.grant(read_for("Ada Lovelace").because("incident 7"));
      REQUIRE(granted.credentials);
      const std::string user = granted.credentials->user;
      const std::string password(granted.credentials->password.reveal());
      CHECK(granted.lease.state == pgrant::lease_state::active);
      CHECK(granted.lease.grantee == user);
      CHECK(user.starts_with("lease_ada_lovelace_"));
      CHECK(granted.lease.expires_at - granted.lease.granted_at == std::chrono::hours(1));
      CHECK(granted.credentials->conninfo.find("password") == std::string::npos);
      CHECK(granted.credentials->conninfo.find("dbname=" + world.database()) != std::string::npos);

      CHECK(login_state(where, world.database(), user, password) == "00000");
      CHECK(login_state(where, world.database(), user, password + "x") == "28P01");
      session open(where, world.database(), user, password);
      CHECK(open.run("SELECT count(*) FROM world.t")[0][0] == "2");
      CHECK(open.state("INSERT INTO world.t VALUES (3)") == "42501");
      CHECK(psql_state(where, world.ledger_database(), user, "SELECT 1") == "42501");

      const auto role = psql(where, "postgres",
                             "SELECT rolconnlimit, rolsuper OR rolcreaterole OR rolcreatedb OR "
                             "rolreplication OR rolbypassrls, (extract(epoch FROM "
                             "rolvaliduntil) * 1000000)::bigint FROM pg_roles WHERE rolname = '" +
                                 user + "'");
      CHECK(role[0][0] == "5");
      CHECK(role[0][1] == "f");
      CHECK(role[0][2] == std::to_string(granted.lease.expires_at.time_since_epoch().count()));
      if (where.major() >= 16) {
        CHECK(open.state("SET ROLE world_read") == "42501");
      }

      const auto listed = must(
          world.run(world.leases().async_list(pgrant::lease_filter().of_grantee("Ada Lovelace"))));
      REQUIRE(listed.size() == 1);
      CHECK(listed[0].id == granted.lease.id);
      CHECK(listed[0].reason == "incident 7");
      CHECK(listed[0].bundles == std::vector<std::string>{"world-read"});

      const auto end = world.revoke(granted.lease.id);
      INFO(end.lease.held_why);
      CHECK(end.lease.state == pgrant::lease_state::ended);
      CHECK(end.login_dropped);
      CHECK(end.sessions_ended == 1);
      CHECK(end.kept.empty());
      const std::string cut = open.state("SELECT 1");
      CHECK((cut == "57P01" || cut == "08006"));
      const std::string refused = login_state(where, world.database(), user, password);
      CHECK((refused == "28P01" || refused == "28000"));
      CHECK(access_state(where, world.database()) == before);
      CHECK(psql_value(where, world.ledger_database(), "SELECT count(*) FROM pgrant.membership") ==
            "0");

      // Once more is no failure, and says the same.
      CHECK(world.revoke(granted.lease.id).lease.state == pgrant::lease_state::ended);
      CHECK(world.run(world.leases().async_revoke("nosuchlease")).error().code() ==
            errc::not_found);
    });
  }

  TEST_CASE("several bundles come and go together, also for an existing role") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login();
      const std::string before = access_state(where, world.database());
      const auto granted = world.grant(read_for_role(person).also("world-write"));
      CHECK(!granted.credentials);
      CHECK(psql_state(where, world.database(), person, "INSERT INTO world.t VALUES (3)") ==
            "00000");
      psql(where, world.database(), "DELETE FROM world.t WHERE id = 3");
      const auto end = world.revoke(granted.lease.id);
      CHECK(end.lease.state == pgrant::lease_state::ended);
      CHECK(!end.login_dropped);
      CHECK(psql_state(where, world.database(), person, "SELECT FROM world.t") == "42501");
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("what may not be granted is refused before anything is written") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string count = "SELECT count(*) FROM pgrant.lease";
      const std::string person = world.fresh_login();
      const auto granted = world.grant(read_for("somebody"));
      const std::string group = world.fresh_login("NOLOGIN");
      const std::string powerful = world.fresh_login("LOGIN CREATEROLE");
      const std::string loner = world.fresh_login("LOGIN NOINHERIT");
      const std::string before = psql_value(where, world.ledger_database(), count);

      const auto refusal = [&world](grant_request request) {
        const auto outcome = world.run(world.leases().async_grant(std::move(request)));
        REQUIRE(!outcome);
        return outcome.error();
      };
      const auto code = [&](grant_request request, errc wanted, const std::string& field) {
        const auto why = refusal(std::move(request));
        INFO(why.describe());
        CHECK(why.code() == wanted);
        CHECK(why.field() == field);
        CHECK(!why.hint().empty());
      };
      code(read_for_role("no such role"), errc::not_found, "grantee");
      code(read_for_role(where.superuser()), errc::invalid_argument, "grantee");
      code(read_for_role(world.connector()), errc::invalid_argument, "grantee");
      code(read_for_role("world_write"), errc::invalid_argument, "grantee");
      code(read_for_role("pg_monitor"), errc::invalid_argument, "grantee");
      code(read_for_role(granted.lease.grantee), errc::invalid_argument, "grantee");
      code(read_for_role(group), errc::invalid_argument, "grantee");
      code(read_for_role(powerful), errc::invalid_argument, "grantee");
      if (where.major() < 16) code(read_for_role(loner), errc::invalid_argument, "grantee");
      if (where.shape() == shape::azure) {
        code(read_for_role("azure_pg_admin"), errc::invalid_argument, "grantee");
      }

      const auto unknown =
          refusal(grant_request("world-raed").to("ada").lasting(std::chrono::hours(1)));
      CHECK(unknown.code() == errc::not_found);
      CHECK(unknown.field() == "bundles[0]");
      CHECK(unknown.hint().find("world-read") != std::string::npos);

      auto longer = refusal(grant_request("world-write").to("ada").lasting(std::chrono::hours(3)));
      CHECK(longer.code() == errc::invalid_argument);
      CHECK(longer.field() == "duration");
      longer = refusal(read_for("ada").lasting(std::chrono::hours(24 * 8)));
      CHECK(longer.field() == "duration");
      CHECK(psql_value(where, world.ledger_database(), count) == before);
      world.revoke(granted.lease.id);
    });
  }

  TEST_CASE("a bundle role that is not what was registered is not granted") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      pgrant::ledger ledger(world.open_as_connector(), world.ledger_database());
      psql(where, "postgres", world.connector(), "CREATE ROLE world_other NOLOGIN");
      std::vector<pgrant::planned_bundle> bundles(1);
      bundles[0].name = "world-other";
      bundles[0].role = "world_other";
      must(world.run(ledger.async_register(bundles, {})));
      const auto refusal = [&world] {
        auto request = grant_request("world-other").to("ada").lasting(std::chrono::hours(1));
        const auto outcome = world.run(world.leases().async_grant(std::move(request)));
        REQUIRE(!outcome);
        return outcome.error();
      };
      psql(where, "postgres", world.connector(), "ALTER ROLE world_other LOGIN");
      CHECK(refusal().code() == errc::invalid_argument);
      psql(where, "postgres", world.connector(),
           "DROP ROLE world_other; CREATE ROLE world_other NOLOGIN");
      CHECK(refusal().code() == errc::stale);
      psql(where, "postgres", world.connector(), "DROP ROLE world_other");
      CHECK(refusal().code() == errc::stale);
      if (where.major() >= 16 && where.shape() == shape::azure) {
        psql(where, "postgres", "CREATE ROLE world_other NOLOGIN");
        must(world.run(ledger.async_register(bundles, {})));
        CHECK(refusal().code() == errc::denied);
        psql(where, "postgres", "DROP ROLE world_other");
      }
      must(world.run(ledger.async_register({}, {"world-other"})));
      CHECK(refusal().code() == errc::not_found);
    });
  }

  TEST_CASE("the same idempotency key is one lease") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const auto first = world.grant(read_for("ada").idempotency_key("ticket 5"));
      const auto second = world.grant(read_for("ada").idempotency_key("ticket 5"));
      CHECK(second.lease.id == first.lease.id);
      CHECK(first.credentials);
      CHECK(!second.credentials);
      const auto other =
          world.run(world.leases().async_grant(read_for("grace").idempotency_key("ticket 5")));
      REQUIRE(!other);
      CHECK(other.error().code() == errc::conflict);
      CHECK(other.error().field() == "idempotency_key");
      const auto third = world.grant(read_for("ada").idempotency_key("ticket 6"));
      CHECK(third.lease.id != first.lease.id);
      world.revoke(first.lease.id);
      world.revoke(third.lease.id);
      CHECK(world.grant(read_for("ada").idempotency_key("ticket 5")).lease.state ==
            pgrant::lease_state::ended);
    });
  }

  TEST_CASE("the server's log holds no password") {
    for (const int major : {versions().front(), versions().back()}) {
      CAPTURE(major);
      const auto server = own_server(major, server_options().setting("log_statement", "all"));
      lease_world world(*server);
      const auto granted = world.grant(read_for("ada"));
      const std::string password(granted.credentials->password.reveal());
      CHECK(login_state(*server, world.database(), granted.credentials->user, password) == "00000");
      world.revoke(granted.lease.id);
      const std::string log = server->log();
      CHECK(log.find("CREATE ROLE " + granted.lease.grantee) != std::string::npos);
      CHECK(log.find(password) == std::string::npos);
    }
  }
}

}  // namespace test
