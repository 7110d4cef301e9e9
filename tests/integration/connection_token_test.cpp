#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>

#include "integration/connection_support.hpp"

using pgrant::errc;
using pgrant::statement;
namespace asio = boost::asio;

namespace {

/// A thread that runs the context as long as this lives.
class token_runner {
 public:
  explicit token_runner(asio::io_context& context)
      : context_(context), work_(context.get_executor()), thread_([&] { context_.run(); }) {}
  ~token_runner() {
    work_.reset();
    thread_.join();
  }

 private:
  asio::io_context& context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

asio::awaitable<int> coroutine_main(pgrant::connection& link, test::server& server) {
  auto options = pgrant::connect_options().password(pgrant::secret(server.admin_password()));
  auto connected = co_await link.async_connect(test::tls_spec(server), options);
  if (!connected) co_return -1;
  auto bare = co_await link.async_execute(statement("SELECT $1").bind("1"));
  auto named = co_await link.async_execute(statement("SELECT $1").bind("2"), asio::use_awaitable);
  auto timed = co_await link.async_execute(
      statement("SELECT $1").bind("3"), pgrant::execute_options().timeout(std::chrono::seconds(9)));
  auto tuple = co_await link.async_execute(statement("SELECT $1").bind("4"),
                                           asio::as_tuple(asio::use_awaitable));
  auto batch = co_await link.async_execute_batch(
      pgrant::batch().add(statement("SELECT $1").bind("5")).sync().add(statement("SELECT 6")));
  auto stopped = co_await link.async_cancel();
  auto closed = co_await link.async_close();
  if (!stopped || !closed || !batch.value().ok()) co_return -2;
  int sum = 0;
  for (const auto* each : {&bare, &named, &timed, &std::get<0>(tuple)}) {
    sum += static_cast<int>(each->value().at(0, 0).int64().value());
  }
  co_return sum;
}

asio::awaitable<bool> coroutine_with_a_limit(pgrant::connection& link) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(100));
  auto first =
      co_await (link.async_execute(statement("SELECT pg_sleep(60)"), asio::use_awaitable) ||
                timer.async_wait(asio::use_awaitable));
  co_return first.index() == 1;
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("operations take every kind of completion token") {
    auto& server = test::shared_server();
    asio::io_context context;
    pgrant::connection link(context.get_executor());

    SUBCASE("coroutines") {
      auto sum = asio::co_spawn(context, coroutine_main(link, server), asio::use_future);
      context.run();
      CHECK(sum.get() == 10);
    }
    SUBCASE("futures") {
      token_runner runner(context);
      auto connected = link.async_connect(test::tls_spec(server), test::password_options(server),
                                          asio::use_future);
      REQUIRE(connected.get().has_value());
      auto rows = link.async_execute(statement("SELECT 7"), asio::use_future);
      CHECK(rows.get().value().text(0, 0) == "7");
      auto batch =
          link.async_execute_batch(pgrant::batch().add(statement("SELECT 8")), asio::use_future);
      CHECK(batch.get().value().ok());
      CHECK(link.async_close(asio::use_future).get().has_value());
    }
    SUBCASE("callbacks, never from within the call that starts") {
      bool returned = false;
      bool called = false;
      bool inside = false;
      link.async_connect(test::tls_spec(server), test::password_options(server),
                         [&](pgrant::result<void> outcome) {
                           CHECK(outcome.has_value());
                           returned = true;
                         });
      CHECK_FALSE(returned);
      context.run();
      REQUIRE(returned);
      context.restart();
      asio::post(context, [&] {
        inside = true;
        link.async_execute(statement("SELECT 1"), [&](pgrant::result<pgrant::rows> rows) {
          CHECK(rows.has_value());
          CHECK_FALSE(inside);
          called = true;
        });
        inside = false;
      });
      context.run();
      CHECK(called);
    }
    SUBCASE("deferred, which may be started later") {
      auto later = link.async_connect(test::tls_spec(server), test::password_options(server));
      CHECK_FALSE(link.is_open());
      CHECK(test::wait(context, std::move(later)).has_value());
      CHECK(link.is_open());
    }
  }

  TEST_CASE("handlers run on their own executor") {
    auto& server = test::shared_server();
    asio::io_context context;
    token_runner runner(context);
    asio::thread_pool elsewhere(1);
    auto home = asio::make_strand(elsewhere);
    pgrant::connection link(context.get_executor());
    const auto check = [&](auto start) {
      std::promise<bool> there;
      start([&](auto) { there.set_value(home.running_in_this_thread()); });
      CHECK(there.get_future().get());
    };
    check([&](auto then) {
      link.async_connect(test::tls_spec(server), test::password_options(server),
                         asio::bind_executor(home, then));
    });
    check([&](auto then) {
      link.async_execute(statement("SELECT 1"), asio::bind_executor(home, then));
    });
    check([&](auto then) { link.async_close(asio::bind_executor(home, then)); });
    elsewhere.join();
  }

  TEST_CASE("a cancellation slot ends the operation") {
    auto& server = test::shared_server();
    asio::io_context context;
    auto link = test::connected(context, server);
    asio::cancellation_signal stop;
    std::optional<pgrant::result<pgrant::rows>> ended;
    const auto start = [&] {
      link.async_execute(
          statement("SELECT pg_sleep(0.3)"),
          asio::bind_cancellation_slot(
              stop.slot(), [&](pgrant::result<pgrant::rows> r) { ended.emplace(std::move(r)); }));
      context.restart();
      context.run_for(std::chrono::milliseconds(50));
      REQUIRE_FALSE(ended.has_value());
    };
    SUBCASE("terminal: and the connection with it") {
      start();
      stop.emit(asio::cancellation_type::terminal);
      context.run();
      REQUIRE(ended.has_value());
      CHECK(ended->error().code() == errc::cancelled);
      CHECK(ended->error().advice() == pgrant::retry::reconnect);
      CHECK_FALSE(link.is_open());
    }
    SUBCASE("partial: no effect once something was sent") {
      start();
      stop.emit(asio::cancellation_type::partial);
      context.run();
      REQUIRE(ended.has_value());
      CHECK(ended->has_value());
      CHECK(link.is_open());
    }
    SUBCASE("after the end: no effect") {
      start();
      context.run();
      stop.emit(asio::cancellation_type::terminal);
      CHECK(test::value_of(context, link, statement("SELECT 1")) == "1");
    }
    SUBCASE("through awaitable operators") {
      auto limited = asio::co_spawn(context, coroutine_with_a_limit(link), asio::use_future);
      context.restart();
      context.run();
      CHECK(limited.get());
      CHECK_FALSE(link.is_open());
    }
  }

  TEST_CASE("connecting can be cancelled at any moment") {
    auto& server = test::shared_server();
    for (int after = 0; after < 40; after += 2) {
      CAPTURE(after);
      asio::io_context context;
      pgrant::connection link(context.get_executor());
      asio::cancellation_signal stop;
      std::optional<pgrant::result<void>> ended;
      link.async_connect(test::tls_spec(server), test::password_options(server),
                         asio::bind_cancellation_slot(stop.slot(), [&](pgrant::result<void> r) {
                           ended.emplace(std::move(r));
                         }));
      for (int i = 0; i < after && !ended; ++i) context.run_one();
      if (!ended) stop.emit(asio::cancellation_type::total);
      context.run_for(std::chrono::seconds(10));
      REQUIRE(ended.has_value());
      CHECK(ended->has_value() == link.is_open());
      if (!*ended) CHECK(ended->error().code() == errc::cancelled);
    }
  }

  TEST_CASE("connections go on while others break, on several threads") {
    auto& server = test::shared_server();
    asio::thread_pool threads(4);
    std::atomic<int> done = 0;
    const auto session = [&](int number) -> asio::awaitable<void> {
      for (int round = 0; round < 5; ++round) {
        pgrant::connection link(threads.get_executor());
        auto spec = test::tls_spec(server);
        auto options = test::password_options(server);
        auto connected = co_await link.async_connect(spec, options);
        if (!connected) continue;
        auto work = pgrant::batch().add(statement("SELECT 1")).sync();
        // Every third one ends its own session.
        if (number % 3 == 0) work.add(statement("SELECT pg_terminate_backend(pg_backend_pid())"));
        work.add(statement("SELECT $1").bind(std::string(100'000, 'x')));
        auto answers = co_await link.async_execute_batch(std::move(work));
        const bool whole = answers.value().ok();
        if (whole == (number % 3 != 0)) ++done;
        if (number % 2 == 0) link.close();
      }
    };
    std::vector<std::future<void>> all;
    for (int i = 0; i < 12; ++i) {
      all.push_back(asio::co_spawn(threads, session(i), asio::use_future));
    }
    for (auto& each : all) each.get();
    threads.join();
    CHECK(done == 60);
  }

  TEST_CASE("a connection is closed from another thread while it works") {
    auto& server = test::shared_server();
    asio::thread_pool threads(3);
    for (int round = 0; round < 20; ++round) {
      pgrant::connection link(threads.get_executor());
      const auto connected = link.async_connect(test::tls_spec(server),
                                                test::password_options(server), asio::use_future)
                                 .get();
      REQUIRE_MESSAGE(connected.has_value(), connected.error().describe());
      auto work = link.async_execute(statement("SELECT pg_sleep(0.02)"), asio::use_future);
      std::this_thread::sleep_for(std::chrono::milliseconds(round));
      link.close();
      const auto ended = work.get();
      if (!ended) CHECK(ended.error().code() == errc::cancelled);
    }
    threads.join();
  }
}
