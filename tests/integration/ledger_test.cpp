// The ledger on real servers: made once, migrated forward, only growing where it must.
#include <doctest/doctest.h>

#include <thread>

#include "integration/lease_world.hpp"
#include "lease/migrations.hpp"

namespace test {

using pgrant::errc;
using pgrant::ledger;

namespace {

ledger ledger_in(lease_world& world, const std::string& database) {
  return ledger(world.open_as_connector(), database);
}

pgrant::planned_bundle ledger_bundle(const std::string& name, const std::string& role) {
  pgrant::planned_bundle bundle;
  bundle.name = name;
  bundle.role = role;
  return bundle;
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("the ledger is made once, by the connector, and left alone afterwards") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string database = world.fresh_ledger_database();
      const int version = must(world.run(ledger_in(world, database).async_prepare()));
      CHECK(version == pgrant::detail::migrations().back().version);
      const std::string state =
          "SELECT string_agg(version || ' ' || applied_at || ' ' || applied_by, ',') "
          "FROM pgrant.migration";
      const std::string made = psql_value(where, database, state);
      CHECK(made.find(world.connector()) != std::string::npos);
      CHECK(must(world.run(ledger_in(world, database).async_prepare())) == version);
      CHECK(psql_value(where, database, state) == made);
      // Nobody else may look into it, also who may connect: the schema is the connector's.
      const std::string other = world.fresh_login();
      psql(where, "postgres", "GRANT CONNECT ON DATABASE " + database + " TO " + other);
      CHECK(psql_state(where, database, other, "SELECT FROM pgrant.lease") == "42501");
      CHECK(psql_state(where, database, other, "SELECT pgrant.insist(true, 'PGR01', '')") ==
            "42501");
    });
  }

  TEST_CASE("a ledger that cannot be used says why") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      auto outcome = world.run(ledger_in(world, "no such ledger").async_prepare());
      REQUIRE(!outcome);
      CHECK(outcome.error().code() == errc::not_found);
      CHECK(outcome.error().state().str() == "3D000");
      CHECK(!outcome.error().hint().empty());

      if (where.shape() == shape::superuser) return;  // who may do anything
      const std::string database = world.fresh_ledger_database();
      psql(where, database, where.admin(),
           "REVOKE CREATE ON DATABASE " + database + " FROM " + world.connector());
      outcome = world.run(ledger_in(world, database).async_prepare());
      REQUIRE(!outcome);
      CHECK(outcome.error().code() == errc::denied);
      CHECK(!outcome.error().hint().empty());

      psql(where, database, "CREATE SCHEMA pgrant");
      outcome = world.run(ledger_in(world, database).async_prepare());
      REQUIRE(!outcome);
      CHECK(outcome.error().code() == errc::denied);
      CHECK(outcome.error().detail().find(where.superuser()) != std::string::npos);
    });
  }

  TEST_CASE("a newer ledger is used as long as it allows that") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string database = world.fresh_ledger_database();
      must(world.run(ledger_in(world, database).async_prepare()));
      psql(where, database,
           "INSERT INTO pgrant.migration (version, oldest_library, description) "
           "VALUES (900, 1, 'of the future')");
      CHECK(must(world.run(ledger_in(world, database).async_prepare())) == 900);
      psql(where, database, "UPDATE pgrant.migration SET oldest_library = 899 WHERE version = 900");
      const auto outcome = world.run(ledger_in(world, database).async_bundles());
      REQUIRE(!outcome);
      CHECK(outcome.error().code() == errc::unsupported);
      CHECK(!outcome.error().hint().empty());
    });
  }

  TEST_CASE("processes that start at the same moment make one ledger") {
    for_each_server(shape::azure, [](server& where) {
      lease_world& world = world_of(where);
      const std::string database = world.fresh_ledger_database();
      std::vector<std::string> failures(6);
      std::vector<std::thread> starting;
      for (std::string& failure : failures) {
        starting.emplace_back([&where, &world, &database, &failure] {
          boost::asio::io_context context;
          pgrant::connection_spec spec;
          spec.host(where.socket_directory()).port(where.port()).user(world.connector());
          spec.ssl_mode(pgrant::ssl_mode::disable);
          ledger mine(std::make_shared<pgrant::direct_connector>(context.get_executor(), spec,
                                                                 pgrant::connect_options()),
                      database);
          const auto outcome = test::wait(context, mine.async_prepare());
          if (!outcome) failure = outcome.error().describe();
        });
      }
      for (std::thread& one : starting) one.join();
      for (const std::string& failure : failures) CHECK(failure == "");
      CHECK(psql_value(where, database, "SELECT count(*) FROM pgrant.migration") ==
            std::to_string(pgrant::detail::migrations().size()));
    });
  }

  TEST_CASE("bundles are registered, changed and forgotten") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      ledger mine = ledger_in(world, world.fresh_ledger_database());
      pgrant::planned_bundle bundle = ledger_bundle("reading", "world_read");
      bundle.description = "what it says; it's \"quoted\"";
      bundle.maximum_seconds = 3600;
      bundle.databases = {"a b", "c,\"d\""};
      must(world.run(mine.async_register({bundle, ledger_bundle("writing", "world_write")}, {})));
      auto known = must(world.run(mine.async_bundles()));
      REQUIRE(known.size() == 2);
      CHECK(known[0].bundle == bundle);
      CHECK(known[0].intact);
      CHECK(std::to_string(known[0].role_oid) ==
            psql_value(where, "postgres", "SELECT oid FROM pg_roles WHERE rolname = 'world_read'"));

      bundle.maximum_seconds = 60;
      bundle.role = "world_write";
      must(world.run(mine.async_register({bundle}, {"writing", "never there"})));
      known = must(world.run(mine.async_bundles()));
      REQUIRE(known.size() == 1);
      CHECK(known[0].bundle == bundle);

      const auto missing = world.run(
          mine.async_register({ledger_bundle("other", "no such role"), bundle}, {"reading"}));
      REQUIRE(!missing);
      CHECK(missing.error().code() == errc::not_found);
      CHECK(missing.error().field() == "bundles.other");
      CHECK(must(world.run(mine.async_bundles())).size() == 1);
    });
  }

  TEST_CASE("the audit trail only grows, and shows when somebody made it otherwise") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string database = world.fresh_ledger_database();
      ledger mine = ledger_in(world, database);
      for (int i = 0; i < 5; ++i) {
        must(world.run(mine.async_record(pgrant::audit_entry("apply")
                                             .actor("ada")
                                             .detail("plan", "digest " + std::to_string(i))
                                             .detail("it's", "a \"quote\", {a}, NULL, \\ and é"))));
      }
      auto verdict = must(world.run(mine.async_verify_audit()));
      CHECK(verdict.entries == 5);
      CHECK(verdict.broken.empty());
      CHECK(psql_value(where, database,
                       "SELECT details ->> 'plan' FROM pgrant.audit WHERE n = 3") == "digest 2");

      for (const auto* change : {"UPDATE pgrant.audit SET actor = 'grace'", "TRUNCATE pgrant.audit",
                                 "DELETE FROM pgrant.audit"}) {
        CHECK(psql_state(where, database, world.connector(), change) == "42501");
      }
      const auto tamper = [&](const std::string& change) {
        psql(where, database,
             "BEGIN; ALTER TABLE pgrant.audit DISABLE TRIGGER only_grows; " + change +
                 "; ALTER TABLE pgrant.audit ENABLE ALWAYS TRIGGER only_grows; COMMIT");
        return must(world.run(mine.async_verify_audit())).broken;
      };
      CHECK(tamper("UPDATE pgrant.audit SET actor = 'grace' WHERE n = 2").size() == 1);
      CHECK(tamper("UPDATE pgrant.audit SET actor = 'ada' WHERE n = 2").empty());
      CHECK(tamper("DELETE FROM pgrant.audit WHERE n = 5").size() == 1);  // the last one
      CHECK(tamper("DELETE FROM pgrant.audit WHERE n = 1").size() == 2);
    });
  }

  TEST_CASE("a database is locked for one applier at a time, whatever becomes of it") {
    for_each_server(shape::azure, [](server& where) {
      lease_world& world = world_of(where);
      ledger mine = ledger_in(world, world.ledger_database());
      {
        const auto held = must(world.run(mine.async_lock_database("shop")));
        must(world.run(mine.async_lock_database("another")));
        const auto second = world.run(mine.async_lock_database("shop"));
        REQUIRE(!second);
        CHECK(second.error().state().str() == "55P03");
      }
      must(world.run(mine.async_lock_database("shop")));
    });
  }
}

}  // namespace test
