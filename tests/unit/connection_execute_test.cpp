#include <doctest/doctest.h>

#include <algorithm>

#include "connection/execute_fsm.hpp"
#include "unit/connection_fake_pq.hpp"

using pgrant::detail::execute_fsm;
using pgrant::detail::flush_state;
using pgrant::detail::wait_for;

TEST_SUITE("unit") {
  TEST_CASE("a statement is sent, flushed and read to its end") {
    test::fake_pq link;
    link.reads = {{test::rows_answer()}, {test::end_answer()}};
    execute_fsm machine(link, pgrant::statement("SELECT 1"));
    CHECK_FALSE(machine.started());
    CHECK(machine.resume({}) == wait_for::read);
    CHECK(machine.started());
    CHECK(machine.resume({.readable = true}) == wait_for::read);
    CHECK(machine.resume({.readable = true}) == wait_for::nothing);
    CHECK(machine.take().has_value());
    CHECK(machine.reusable());
    CHECK_FALSE(link.would_have_blocked);
    CHECK(link.calls == std::vector<std::string>{"send SELECT 1", "flush", "consume", "consume"});
  }

  TEST_CASE("while bytes are left to send, the machine reads too") {
    test::fake_pq link;
    link.flushes = {flush_state::pending, flush_state::pending, flush_state::done};
    link.reads = {{}, {test::rows_answer(), test::end_answer()}};
    execute_fsm machine(link, pgrant::statement("SELECT 1"));
    CHECK(machine.resume({}) == wait_for::read_write);
    CHECK(machine.resume({.readable = true}) == wait_for::read_write);
    CHECK(std::count(link.calls.begin(), link.calls.end(), "consume") == 1);
    CHECK(machine.resume({.writable = true}) == wait_for::read);
    CHECK(machine.resume({.readable = true}) == wait_for::nothing);
    CHECK(machine.take().has_value());
  }

  TEST_CASE("notices from before a statement are not its own") {
    test::fake_pq link;
    link.notices.push_back({"NOTICE", {}, "old", "", ""});
    link.reads = {{test::rows_answer(), test::end_answer()}};
    execute_fsm machine(link, pgrant::statement("SELECT 1"));
    machine.resume({});
    link.notices.push_back({"WARNING", {}, "own", "", ""});
    machine.resume({.readable = true});
    const auto answer = machine.take();
    REQUIRE(answer.has_value());
    REQUIRE(answer.value().notices().size() == 1);
    CHECK(answer.value().notices()[0].message == "own");
  }

  TEST_CASE("the server's error is the outcome, and the connection lives on") {
    test::fake_pq link;
    link.reads = {{test::failure_answer("42501"), test::end_answer()}};
    execute_fsm machine(link, pgrant::statement("SELECT 1"));
    REQUIRE(test::run(machine));
    const auto answer = machine.take();
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code() == pgrant::errc::denied);
    CHECK(machine.reusable());
  }

  TEST_CASE("a server that ends the session leaves an unknown outcome") {
    test::fake_pq link;
    link.reads = {{test::failure_answer("57P01", true), test::end_answer()}};
    execute_fsm machine(link, pgrant::statement("SELECT 1"));
    REQUIRE(test::run(machine));
    const auto answer = machine.take();
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code() == pgrant::errc::closed);
    CHECK(answer.error().state() == pgrant::sqlstate::parse("57P01"));
    CHECK(answer.error().advice() == pgrant::retry::reconnect);
    CHECK_FALSE(machine.reusable());
  }

  TEST_CASE("a COPY to the client is refused, and the connection given up") {
    test::fake_pq link;
    link.reads = {{test::copy_answer()}};
    execute_fsm machine(link, pgrant::statement("SELECT 1"));
    REQUIRE(test::run(machine));
    CHECK(machine.take().error().code() == pgrant::errc::unsupported);
    CHECK_FALSE(machine.reusable());
  }

  TEST_CASE("whichever call of libpq breaks the link, the statement ends with an error") {
    int steps = 1;  // the first run breaks nothing and counts
    for (int step = -1; step < steps; ++step) {
      CAPTURE(step);
      test::fake_pq link;
      link.fail_call = step;
      link.flushes = {flush_state::pending, flush_state::done};
      link.reads = {{}, {test::rows_answer()}, {test::end_answer()}};
      execute_fsm machine(link, pgrant::statement("SELECT 1"));
      REQUIRE(test::run(machine));
      const auto answer = machine.take();
      if (step < 0) {
        CHECK(answer.has_value());
        steps = link.fallible_calls();
        continue;
      }
      REQUIRE_FALSE(answer.has_value());
      CHECK(answer.error().code() == pgrant::errc::closed);
      CHECK_FALSE(link.would_have_blocked);
    }
    CHECK(steps >= 6);
  }

  TEST_CASE("what libpq could not send is refused") {
    using namespace std::string_literals;
    using pgrant::detail::check_statement;
    CHECK(check_statement(pgrant::statement("SELECT $1").bind("x")).has_value());
    const auto nul = check_statement(pgrant::statement("SELECT $1, $2").bind("x").bind("a\0b"s));
    REQUIRE_FALSE(nul.has_value());
    CHECK(nul.error().code() == pgrant::errc::invalid_argument);
    CHECK(nul.error().field() == "$2");
    CHECK_FALSE(check_statement(pgrant::statement::trusted("SELECT 1\0"s)).has_value());
    pgrant::statement many("SELECT 1");
    for (int i = 0; i < 65'536; ++i) many.bind_null();
    CHECK(check_statement(many).error().code() == pgrant::errc::invalid_argument);
  }
}
