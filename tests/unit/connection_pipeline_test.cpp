#include <doctest/doctest.h>

#include <algorithm>

#include "connection/pipeline_fsm.hpp"
#include "unit/connection_fake_pq.hpp"

using pgrant::batch;
using pgrant::detail::pipeline_fsm;
using pgrant::detail::wait_for;

namespace {

batch pipeline_batch(int statements) {
  batch made;
  for (int i = 0; i < statements; ++i) made.add(pgrant::statement("SELECT 1"));
  return made;
}

std::size_t pipeline_calls(const test::fake_pq& link, std::string_view call) {
  return static_cast<std::size_t>(std::count(link.calls.begin(), link.calls.end(), call));
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a batch has one answer for each statement") {
    test::fake_pq link;
    link.reads = {{test::rows_answer(), test::end_answer(), test::rows_answer(), test::end_answer(),
                   test::sync_answer()}};
    pipeline_fsm machine(link, pipeline_batch(2));
    REQUIRE(test::run(machine));
    const auto done = machine.take();
    REQUIRE(done.has_value());
    CHECK(done.value().size() == 2);
    CHECK(done.value().ok());
    CHECK(machine.reusable());
    CHECK(link.calls == std::vector<std::string>{"enter", "send SELECT 1", "send SELECT 1", "sync",
                                                 "flush", "consume", "flush", "exit"});
  }

  TEST_CASE("what comes for the second time is prepared, and from the third on only named") {
    test::fake_pq link;
    pgrant::detail::prepared_statements keep;
    for (const bool prepares : {false, true, false}) {
      link.reads = {{test::rows_answer(), test::end_answer(), test::sync_answer()}};
      if (prepares)
        link.reads[0].insert(link.reads[0].begin(), {test::rows_answer(), test::end_answer()});
      pipeline_fsm machine(link, pipeline_batch(1), {}, &keep);
      REQUIRE(test::run(machine));
      CHECK(machine.take().value().ok());
      CHECK(machine.reusable());
    }
    CHECK(pipeline_calls(link, "send SELECT 1") == 1);
    CHECK(pipeline_calls(link, "prepare pgrant_0 SELECT 1") == 1);
    CHECK(pipeline_calls(link, "send pgrant_0") == 2);
  }

  TEST_CASE("what holds a name or a value is not prepared") {
    test::fake_pq link;
    pgrant::detail::prepared_statements keep;
    const auto once = [&](pgrant::statement what) {
      link.reads = {{test::rows_answer(), test::end_answer(), test::sync_answer()}};
      pipeline_fsm machine(link, batch().add(std::move(what)), {}, &keep);
      REQUIRE(test::run(machine));
    };
    for (int i = 0; i < 3; ++i) {
      once(pgrant::sql_text("DROP ROLE ").name("ada"));
      once(pgrant::sql_text("SELECT ").literal("secret"));
      once(pgrant::sql_text("SET LOCAL lock_timeout = ").number(1));
      once(pgrant::statement::trusted("SELECT 1"));
    }
    for (const std::string& call : link.calls) CHECK_FALSE(call.starts_with("prepare"));
  }

  TEST_CASE("a statement that cannot be prepared fails as itself, and is not prepared again") {
    test::fake_pq link;
    pgrant::detail::prepared_statements keep;
    (void)keep.next(pgrant::statement("SELECT 1"));
    link.reads = {{test::failure_answer("42P01"), test::end_answer(), test::skipped_answer(),
                   test::end_answer(), test::sync_answer()}};
    pipeline_fsm machine(link, pipeline_batch(1), {}, &keep);
    REQUIRE(test::run(machine));
    const auto done = machine.take().value();
    CHECK(done[0].error().state() == pgrant::sqlstate::parse("42P01"));
    CHECK(machine.reusable());
    CHECK(keep.next(pgrant::statement("SELECT 1")).name == nullptr);
  }

  TEST_CASE("a preparation that an earlier error skips is tried again") {
    test::fake_pq link;
    pgrant::detail::prepared_statements keep;
    (void)keep.next(pgrant::statement("SELECT 1"));
    link.reads = {{test::failure_answer("42501"), test::end_answer(), test::skipped_answer(),
                   test::end_answer(), test::skipped_answer(), test::end_answer(),
                   test::sync_answer()}};
    pipeline_fsm machine(
        link, batch().add(pgrant::statement("SELECT 2")).add(pgrant::statement("SELECT 1")), {},
        &keep);
    REQUIRE(test::run(machine));
    const auto done = machine.take().value();
    CHECK(done[0].error().state() == pgrant::sqlstate::parse("42501"));
    CHECK(pgrant::was_skipped(done[1].error()));
    CHECK(keep.next(pgrant::statement("SELECT 1")).prepare_first);
  }

  TEST_CASE("an empty batch sends nothing") {
    test::fake_pq link;
    pipeline_fsm machine(link, batch());
    REQUIRE(test::run(machine));
    CHECK(machine.take().value().size() == 0);
    CHECK(link.calls.empty());
  }

  TEST_CASE("an error skips the rest of its group and no other") {
    test::fake_pq link;
    link.reads = {{test::failure_answer("42501"), test::end_answer(), test::skipped_answer(),
                   test::end_answer(), test::sync_answer(), test::rows_answer(), test::end_answer(),
                   test::sync_answer()}};
    pipeline_fsm machine(link, pipeline_batch(2).sync().add(pgrant::statement("SELECT 2")));
    REQUIRE(test::run(machine));
    const auto done = machine.take().value();
    CHECK(done[0].error().code() == pgrant::errc::denied);
    CHECK(pgrant::was_skipped(done[1].error()));
    CHECK(done[2].has_value());
    CHECK(done.first_failure() == 0);
    CHECK(machine.reusable());
  }

  TEST_CASE("what was skipped says what it was skipped for, group by group") {
    test::fake_pq link;
    for (const char* state : {"42501", "22012"}) {
      link.reads.push_back({test::failure_answer(state), test::end_answer(), test::skipped_answer(),
                            test::end_answer(), test::sync_answer()});
    }
    batch work = pipeline_batch(2).sync();
    work.add(pgrant::statement("SELECT 2")).add(pgrant::statement("SELECT 3"));
    pipeline_fsm machine(link, std::move(work));
    REQUIRE(test::run(machine));
    const auto done = machine.take().value();
    CHECK(done[1].error().detail() == "no 42501");
    CHECK(done[3].error().detail() == "no 22012");
  }

  TEST_CASE("while bytes are left to send, a batch reads too") {
    test::fake_pq link;
    link.flushes = {pgrant::detail::flush_state::pending};
    link.reads = {{test::rows_answer(), test::end_answer(), test::sync_answer()}};
    pipeline_fsm machine(link, pipeline_batch(1));
    CHECK(machine.resume({}) == wait_for::read_write);
    CHECK(machine.resume({.readable = true}) == wait_for::nothing);
    CHECK(machine.take().value().ok());
  }

  TEST_CASE("a commit that fails takes its whole group with it") {
    test::fake_pq link;
    link.reads = {{test::rows_answer(), test::end_answer(), test::failure_answer("23503"),
                   test::end_answer(), test::sync_answer()}};
    pipeline_fsm machine(link, pipeline_batch(1));
    REQUIRE(test::run(machine));
    const auto done = machine.take().value();
    REQUIRE_FALSE(done[0].has_value());
    CHECK(done[0].error().state() == pgrant::sqlstate::parse("23503"));
    CHECK(machine.reusable());
  }

  TEST_CASE("a server that ends the session fails all that was not committed") {
    test::fake_pq link;
    link.reads = {{test::rows_answer(), test::end_answer(), test::sync_answer(),
                   test::rows_answer(), test::end_answer(), test::failure_answer("57P01", true),
                   test::end_answer(), test::skipped_answer(), test::end_answer()}};
    batch work = pipeline_batch(1).sync();
    for (int i = 0; i < 3; ++i) work.add(pgrant::statement("SELECT 2"));
    pipeline_fsm machine(link, std::move(work));
    REQUIRE(test::run(machine));
    const auto done = machine.take().value();
    CHECK(done[0].has_value());
    for (std::size_t i = 1; i < 4; ++i) {
      CAPTURE(i);
      REQUIRE_FALSE(done[i].has_value());
      CHECK(done[i].error().code() == pgrant::errc::closed);
      CHECK(done[i].error().state() == pgrant::sqlstate::parse("57P01"));
    }
    CHECK_FALSE(machine.reusable());
  }

  TEST_CASE("the budget limits what is under way, and asks the server for what it holds back") {
    test::fake_pq link;
    for (int i = 0; i < 4; ++i) link.reads.push_back({test::rows_answer(), test::end_answer()});
    link.reads.push_back({test::rows_answer(), test::end_answer(), test::sync_answer()});
    pipeline_fsm machine(link, pipeline_batch(5), {.bytes = 150, .statements = 100});
    CHECK(machine.resume({}) == wait_for::read);
    CHECK(pipeline_calls(link, "send SELECT 1") == 2);
    CHECK(pipeline_calls(link, "flush request") == 1);
    REQUIRE(test::run(machine));
    CHECK(machine.take().value().ok());
    CHECK(pipeline_calls(link, "sync") == 1);
  }

  TEST_CASE("a statement larger than the budget goes alone") {
    test::fake_pq link;
    link.reads = {{test::rows_answer(), test::end_answer()},
                  {test::rows_answer(), test::end_answer(), test::sync_answer()}};
    pipeline_fsm machine(link, pipeline_batch(2), {.bytes = 1, .statements = 100});
    REQUIRE(test::run(machine));
    CHECK(machine.take().value().ok());
  }

  TEST_CASE("answers that fit no statement end the batch") {
    for (auto stray : {test::sync_answer(), test::copy_answer()}) {
      test::fake_pq link;
      link.reads = {{stray}};
      pipeline_fsm machine(link, pipeline_batch(2));
      REQUIRE(test::run(machine));
      CHECK_FALSE(machine.take().value().ok());
      CHECK_FALSE(machine.reusable());
    }
  }

  TEST_CASE("nothing for ever instead of a sync does not loop for ever") {
    test::fake_pq link;
    link.reads = {{test::rows_answer(), test::end_answer(), test::end_answer(), test::end_answer(),
                   test::end_answer(), test::end_answer()}};
    pipeline_fsm machine(link, pipeline_batch(1));
    REQUIRE(test::run(machine));
    CHECK(machine.take().value()[0].error().code() == pgrant::errc::internal);
    CHECK_FALSE(machine.reusable());
  }

  TEST_CASE("whichever call of libpq breaks the link, the batch ends, and what has no sync fails") {
    int steps = 1;  // the first run breaks nothing and counts
    for (int step = -1; step < steps; ++step) {
      CAPTURE(step);
      test::fake_pq link;
      link.fail_call = step;
      link.flushes = {pgrant::detail::flush_state::pending};
      link.reads = {{test::rows_answer(), test::end_answer()},
                    {test::sync_answer(), test::rows_answer()},
                    {test::end_answer(), test::sync_answer()}};
      pipeline_fsm machine(link, pipeline_batch(1).sync().add(pgrant::statement("SELECT 2")));
      REQUIRE(test::run(machine));
      const auto done = machine.take();
      if (step < 0) {
        CHECK(done.value().ok());
        steps = link.fallible_calls();
        continue;
      }
      CHECK_FALSE(link.would_have_blocked);
      if (!done) {
        CHECK(step == 0);  // nothing was sent
        continue;
      }
      const bool last_step = link.calls.back() == "exit";
      CHECK(done.value().ok() == last_step);
      CHECK_FALSE(machine.reusable());
    }
    CHECK(steps >= 9);
  }

  TEST_CASE("a batch that is stopped keeps what was committed") {
    test::fake_pq link;
    link.reads = {{test::rows_answer(), test::end_answer(), test::sync_answer(),
                   test::rows_answer(), test::end_answer()}};
    pipeline_fsm machine(link, pipeline_batch(1).sync().add(pgrant::statement("SELECT 2")));
    machine.resume({});
    machine.resume({.readable = true});
    const auto done = machine.take(pgrant::error(pgrant::errc::timeout, "late"));
    REQUIRE(done.has_value());
    CHECK(done.value()[0].has_value());
    CHECK(done.value()[1].error().code() == pgrant::errc::timeout);
  }
}
