#include "pgrant/pool.hpp"

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <cerrno>
#include <csignal>
#include <set>
#include <thread>

#include "integration/connection_support.hpp"

using pgrant::acquire_options;
using pgrant::errc;
using pgrant::pool_options;
using pgrant::statement;
using pgrant::operator""_sqlstate;
namespace asio = boost::asio;

namespace {

pool_options pool_for(const test::server& where) {
  return pool_options().connecting(test::password_options(where));
}

pgrant::result<pgrant::pooled_connection> acquire(asio::io_context& context, pgrant::pool& pool,
                                                  std::string database,
                                                  acquire_options options = {}) {
  return test::wait(context, pool.async_acquire(std::move(database), options));
}

/// Lets what was posted run: a connection that was given back is there afterwards.
void let_pool_settle(asio::io_context& context) {
  context.restart();
  context.run_for(std::chrono::milliseconds(30));
}

/// A server process has ended, and the kernel has closed its sockets.
void wait_for_end_of(int backend) {
  for (int i = 0; i < 1000 && (::kill(backend, 0) == 0 || errno != ESRCH); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("a pool lends, takes back, and lends the same connection again, as new") {
    test::for_each_server(test::shape::superuser, [](test::server& server) {
      asio::io_context context;
      pgrant::pool pool(context.get_executor(), test::tls_spec(server), pool_for(server));
      int first = 0;
      {
        auto loan = acquire(context, pool, "");
        REQUIRE_MESSAGE(loan.has_value(), loan.error().describe());
        auto& link = *loan.value();
        first = link.backend_pid();
        CHECK(link.database() == "postgres");
        for (const char* change : {"SET ROLE pg_monitor", "SET lock_timeout = 1",
                                   "SET search_path = public", "SELECT pg_advisory_lock(4711)"}) {
          CHECK(test::wait(context, link.async_execute(statement::trusted(change))).has_value());
        }
        CHECK(pool.counts().in_use == 1);
      }
      let_pool_settle(context);
      CHECK(pool.counts().idle == 1);
      auto again = acquire(context, pool, "postgres");
      REQUIRE(again.has_value());
      auto& link = *again.value();
      CHECK(link.backend_pid() == first);
      CHECK(test::value_of(context, link, statement("SELECT current_user")) == server.admin());
      CHECK(test::value_of(context, link, statement("SHOW lock_timeout")) == "5s");
      CHECK(test::value_of(context, link, statement("SHOW search_path")) == "pg_catalog, pg_temp");
      CHECK(test::value_of(context, link,
                           statement("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
                                     "AND pid = pg_backend_pid()")) == "0");
    });
  }

  TEST_CASE("what is open, broken or discarded does not come back") {
    auto& server = test::shared_server();
    asio::io_context context;
    pgrant::pool pool(context.get_executor(), test::tls_spec(server), pool_for(server));
    {
      auto loan = acquire(context, pool, "");
      SUBCASE("in a transaction") {
        CHECK(test::wait(context, loan.value()->async_execute(statement("BEGIN"))).has_value());
      }
      SUBCASE("closed") {
        CHECK(test::wait(context, loan.value()->async_close()).has_value());
      }
      SUBCASE("discarded") {
        loan.value().discard();
      }
      SUBCASE("while a statement runs") {
        loan.value()->async_execute(statement("SELECT pg_sleep(60)"), [](auto) {});
      }
    }
    let_pool_settle(context);
    CHECK(pool.counts().idle == 0);
    CHECK(pool.counts().in_use == 0);
    CHECK(acquire(context, pool, "").has_value());
  }

  TEST_CASE("a connection that died while it was idle is replaced, and nobody notices") {
    auto& server = test::shared_server();
    asio::io_context context;
    pgrant::pool pool(context.get_executor(), test::tls_spec(server), pool_for(server));
    int first = 0;
    {
      auto loan = acquire(context, pool, "");
      first = loan.value()->backend_pid();
    }
    let_pool_settle(context);
    test::psql(server, "postgres", "SELECT pg_terminate_backend(" + std::to_string(first) + ")");
    wait_for_end_of(first);
    auto next = acquire(context, pool, "");
    REQUIRE_MESSAGE(next.has_value(), next.error().describe());
    CHECK(next.value()->backend_pid() != first);
    CHECK(test::value_of(context, *next.value(), statement("SELECT 1")) == "1");
  }

  TEST_CASE("the size is a limit over all databases, and idle ones make room") {
    auto& server = test::shared_server();
    asio::io_context context;
    pgrant::pool pool(context.get_executor(), test::tls_spec(server), pool_for(server).max_size(2));
    auto one = acquire(context, pool, "postgres");
    auto two = acquire(context, pool, "template1");
    REQUIRE(one.has_value());
    REQUIRE(two.has_value());
    const auto none = acquire(context, pool, "postgres",
                              acquire_options().timeout(std::chrono::milliseconds(100)));
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error().code() == errc::timeout);
    CHECK(pool.counts().waiting == 0);

    std::optional<pgrant::result<pgrant::pooled_connection>> third;
    pool.async_acquire("postgres", acquire_options(), [&](auto r) { third.emplace(std::move(r)); });
    let_pool_settle(context);
    CHECK_FALSE(third.has_value());
    {
      auto back = std::move(two.value());
    }  // of another database: closed, to make room
    context.restart();
    while (!third) REQUIRE(context.run_one_for(std::chrono::seconds(10)) > 0);
    CHECK(third->has_value());
    CHECK(third->value()->database() == "postgres");
    third.reset();
    let_pool_settle(context);
  }

  TEST_CASE("what no repetition cures is reported at once, the rest when the time is over") {
    auto& server = test::shared_server();
    asio::io_context context;
    SUBCASE("a wrong password") {
      pgrant::pool pool(context.get_executor(), test::tls_spec(server),
                        pool_options().connecting(pgrant::connect_options().password(
                            pgrant::secret(std::string("wrong")))));
      const auto why = acquire(context, pool, "");
      CHECK(why.error().code() == errc::authentication);
      CHECK(why.error().state() == "28P01"_sqlstate);
    }
    SUBCASE("no such database") {
      pgrant::pool pool(context.get_executor(), test::tls_spec(server), pool_for(server));
      CHECK(acquire(context, pool, "nosuch").error().state() == "3D000"_sqlstate);
      CHECK(acquire(context, pool, "postgres").has_value());
    }
    SUBCASE("a server that is down") {
      pgrant::pool pool(context.get_executor(), test::spec_of("host=127.0.0.1 port=1 user=ada"),
                        {});
      const auto start = std::chrono::steady_clock::now();
      const auto why =
          acquire(context, pool, "", acquire_options().timeout(std::chrono::milliseconds(700)));
      CHECK(why.error().code() == errc::timeout);
      CHECK(why.error().detail().find("cannot be reached") != std::string::npos);
      const auto took = std::chrono::steady_clock::now() - start;
      CHECK(took >= std::chrono::milliseconds(650));
      CHECK(took < std::chrono::seconds(3));
    }
  }

  TEST_CASE("a server that comes back is found again") {
    const auto server = test::own_server(test::versions().back());
    asio::io_context context;
    pgrant::pool pool(
        context.get_executor(), test::tls_spec(*server),
        pool_for(*server).backoff(std::chrono::milliseconds(20), std::chrono::milliseconds(100)));
    {
      auto loan = acquire(context, pool, "");
    }
    let_pool_settle(context);
    server->stop(true);
    std::optional<pgrant::result<pgrant::pooled_connection>> got;
    pool.async_acquire("", acquire_options(), [&](auto r) { got.emplace(std::move(r)); });
    context.restart();
    context.run_for(std::chrono::milliseconds(300));
    CHECK_FALSE(got.has_value());
    server->start();
    while (!got) REQUIRE(context.run_one_for(std::chrono::seconds(10)) > 0);
    CHECK_MESSAGE(got->has_value(), got->error().describe());
    got.reset();
    let_pool_settle(context);
  }

  TEST_CASE("the reserve is for ending access, when everything else is taken") {
    auto& server = test::shared_server();
    asio::io_context context;
    pgrant::pool pool(context.get_executor(), test::tls_spec(server),
                      pool_for(server).max_size(1).reserve("postgres"));
    auto taken = acquire(context, pool, "");
    REQUIRE(taken.has_value());
    context.restart();
    for (int i = 0; i < 200 && !pool.counts().reserve_ready; ++i) {
      context.run_for(std::chrono::milliseconds(10));
    }
    REQUIRE(pool.counts().reserve_ready);
    const auto brief = std::chrono::milliseconds(100);
    CHECK_FALSE(acquire(context, pool, "", acquire_options().timeout(brief)).has_value());
    int pid = 0;
    {
      auto ending = acquire(context, pool, "", acquire_options().ending(true).timeout(brief * 20));
      REQUIRE_MESSAGE(ending.has_value(), ending.error().describe());
      pid = ending.value()->backend_pid();
      CHECK_FALSE(pool.counts().reserve_ready);
    }
    let_pool_settle(context);
    CHECK(pool.counts().reserve_ready);
    auto again = acquire(context, pool, "", acquire_options().ending(true));
    CHECK(again.value()->backend_pid() == pid);
    test::psql(server, "postgres", "SELECT pg_terminate_backend(" + std::to_string(pid) + ")");
    again.value().discard();
    {
      auto back = std::move(again.value());
    }
    for (int i = 0; i < 200 && !pool.counts().reserve_ready; ++i) let_pool_settle(context);
    CHECK(pool.counts().reserve_ready);  // a new one
  }

  TEST_CASE("a fresh password is asked for before each new connection") {
    auto& server = test::shared_server();
    asio::io_context context;
    int asked = 0;
    auto options = pool_options().password([&](auto done) {
      ++asked;
      asio::post(context, [&, done] { done(pgrant::secret(server.admin_password())); });
    });
    pgrant::pool pool(context.get_executor(), test::tls_spec(server), options);
    auto one = acquire(context, pool, "");
    auto two = acquire(context, pool, "");
    CHECK_MESSAGE(one.has_value(), one.error().describe());
    CHECK(two.has_value());
    CHECK(asked >= 2);
    pool.set_password([](auto done) { done(pgrant::error(errc::secret, "no token today")); });
    CHECK(acquire(context, pool, "").error().code() == errc::secret);
  }

  TEST_CASE("waiting is cancelled, and a pool that closes tells those who wait") {
    auto& server = test::shared_server();
    asio::io_context context;
    pgrant::pool pool(context.get_executor(), test::tls_spec(server), pool_for(server).max_size(1));
    auto taken = acquire(context, pool, "");
    asio::cancellation_signal stop;
    std::optional<pgrant::result<pgrant::pooled_connection>> got;
    pool.async_acquire(
        "", acquire_options(),
        asio::bind_cancellation_slot(stop.slot(), [&](auto r) { got.emplace(std::move(r)); }));
    let_pool_settle(context);
    REQUIRE(pool.counts().waiting == 1);
    SUBCASE("cancelled") {
      stop.emit(asio::cancellation_type::partial);
      let_pool_settle(context);
      REQUIRE(got.has_value());
      CHECK(got->error().code() == errc::cancelled);
    }
    SUBCASE("closed") {
      pool.close();
      let_pool_settle(context);
      REQUIRE(got.has_value());
      CHECK(got->error().code() == errc::closed);
      CHECK(acquire(context, pool, "").error().code() == errc::closed);
      CHECK(test::value_of(context, *taken.value(), statement("SELECT 1")) == "1");
    }
    CHECK(pool.counts().waiting == 0);
  }

  TEST_CASE("a pool is a connector") {
    auto& server = test::shared_server();
    asio::io_context context;
    pgrant::pool pool(context.get_executor(), test::tls_spec(server), pool_for(server));
    pgrant::database_connector& connector = pool;
    std::optional<pgrant::result<std::shared_ptr<pgrant::connection>>> opened;
    connector.open("template1", [&](auto r) { opened.emplace(std::move(r)); });
    context.restart();
    while (!opened) REQUIRE(context.run_one_for(std::chrono::seconds(10)) > 0);
    REQUIRE(opened->has_value());
    CHECK(opened->value()->database() == "template1");
    opened.reset();
    let_pool_settle(context);
    CHECK(pool.counts().idle == 1);
  }

  TEST_CASE("many users on several threads share a few connections") {
    auto& server = test::shared_server();
    asio::thread_pool threads(4);
    pgrant::pool pool(threads.get_executor(), test::tls_spec(server),
                      pool_for(server).max_size(4).max_connecting(2));
    std::atomic<int> done = 0;
    std::atomic<int> at_once = 0;
    std::atomic<int> most = 0;
    const auto user = [&](int number) -> asio::awaitable<void> {
      for (int round = 0; round < 20; ++round) {
        const std::string database = (number + round) % 3 == 0 ? "template1" : "postgres";
        auto loan = co_await pool.async_acquire(database, acquire_options());
        if (!loan) continue;
        const int now = ++at_once;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        auto answer = co_await loan.value()->async_execute(statement("SELECT current_database()"));
        --at_once;
        if (answer && answer.value().text(0, 0) == database) ++done;
        if (round % 7 == number % 7) loan.value().discard();
      }
    };
    std::vector<std::future<void>> all;
    for (int i = 0; i < 16; ++i) all.push_back(asio::co_spawn(threads, user(i), asio::use_future));
    for (auto& each : all) each.get();
    pool.close();
    threads.join();
    CHECK(done == 16 * 20);
    CHECK(most <= 4);
  }
}
