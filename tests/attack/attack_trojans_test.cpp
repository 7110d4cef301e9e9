// Grantees who leave code behind for others to run.
#include <doctest/doctest.h>

#include <optional>

#include "attack/attack_world.hpp"
#include "lease/definer_objects.hpp"

namespace test {

using pgrant::lease_state;

namespace {

template <class T>
T answer_of(lease_world& world, pgrant::detail::lease_task<T> question) {
  std::optional<pgrant::result<T>> answer;
  pgrant::detail::start_lease_task<T>(
      world.context().get_executor(), std::move(question),
      [&answer](pgrant::result<T> found) { answer = std::move(found); });
  world.context().restart();
  world.context().run();
  REQUIRE(answer);
  return must(std::move(*answer));
}

std::vector<pgrant::detail::definer_object> trojans_of(lease_world& world, const attacker& who) {
  auto store = std::make_shared<pgrant::detail::ledger_store>(world.open_as_connector(),
                                                              world.ledger_database());
  using objects = std::vector<pgrant::detail::definer_object>;
  const auto look = [store, oid = static_cast<pgrant::oid>(
                                std::stoul(who.oid))]() -> pgrant::detail::lease_task<objects> {
    auto opened = co_await store->open();
    if (!opened) co_return opened.error();
    auto found = co_await pgrant::detail::definer_objects_of(*store, opened.assume_value(), oid);
    co_return found;
  };
  return answer_of<objects>(world, look());
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE(
      "T1, T4: shadows, defaults, checks and rules are named, and do nothing for their owner") {
    for_each_attacked([](lease_world& world) {
      const attacker who = attack_with(world, "world-create");
      psql(world.where(), world.database(), who.name, R"(
CREATE FUNCTION world.lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT ''shadow''';
CREATE FUNCTION world.spy() RETURNS int LANGUAGE sql AS 'SELECT count(*)::int FROM world.t';
CREATE TABLE world.bait (id int DEFAULT world.spy());
CREATE DOMAIN world.checked AS int CHECK (world.spy() >= 0);
CREATE RULE watched AS ON INSERT TO world.bait DO ALSO SELECT world.spy();)");
      held_end_of(world, who,
                  {"owns function world.lower(character varying)", "owns function world.spy()",
                   "owns table world.bait", "owns type world.checked"});
      psql(world.where(), world.database(), "DROP OWNED BY " + who.name);
      sweep_up(world, who);
    });
  }

  TEST_CASE("T5: pgrant's own connections search nothing but the catalog") {
    for_each_attacked([](lease_world& world) {
      psql(world.where(), "postgres",
           "ALTER ROLE " + world.connector() + " SET search_path = world, public");
      auto store = std::make_shared<pgrant::detail::ledger_store>(world.open_as_connector(),
                                                                  world.ledger_database());
      const auto ask = [store]() -> pgrant::detail::lease_task<std::string> {
        auto opened = co_await store->open();
        if (!opened) co_return opened.error();
        auto answer = co_await pgrant::detail::run(
            opened.assume_value(),
            pgrant::statement("SELECT pg_catalog.current_setting('search_path')"));
        if (!answer) co_return answer.error();
        co_return answer.assume_value().at(0, 0).str();
      };
      CHECK(answer_of<std::string>(world, ask()) == "pg_catalog, pg_temp");
      psql(world.where(), "postgres", "ALTER ROLE " + world.connector() + " RESET search_path");
    });
  }

  TEST_CASE("T6, T7: definer functions and views that an existing role has left are found") {
    for_each_attacked([](lease_world& world) {
      const std::string person = world.fresh_login();
      const attacker who = attack_as(world, "world-create", person);
      CHECK(trojans_of(world, who).empty());
      psql(world.where(), world.database(), person, R"(
CREATE TABLE world.harmless (id int);
CREATE FUNCTION world.plain() RETURNS int LANGUAGE sql AS 'SELECT 1';)");
      CHECK(trojans_of(world, who).empty());
      psql(world.where(), world.database(), person, R"(
CREATE VIEW world.peephole AS SELECT id FROM world.t;
CREATE FUNCTION world.reader() RETURNS bigint LANGUAGE sql SECURITY DEFINER
  AS 'SELECT count(*) FROM world.t';)");
      CHECK(world.revoke(who.lease).lease.state == lease_state::ended);
      CHECK(left_of(world, who) == "");
      const auto found = trojans_of(world, who);
      REQUIRE(found.size() == 2);
      CHECK(found[0].database == world.database());
      CHECK(found[0].object == "function world.reader()");
      CHECK(found[1].object == "view world.peephole");
      const std::string caller = world.fresh_login();
      CHECK(psql_state(world.where(), world.database(), caller, "SELECT world.reader()") ==
            "42501");
      const auto refused = world.run(world.leases().async_grant(read_for_role(person)));
      REQUIRE(!refused);
      CHECK(refused.error().field() == "grantee");
      CHECK(refused.error().detail().find("function world.reader()") != std::string::npos);
      CHECK(refused.error().detail().find("view world.peephole") != std::string::npos);
      psql(world.where(), world.database(), "DROP OWNED BY " + person);
      CHECK(trojans_of(world, who).empty());
      CHECK(end_of(world, attack_as(world, "world-read", person)).kept.empty());
    });
  }
}

}  // namespace test
