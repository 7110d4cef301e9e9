#include <csignal>
#include <thread>

#include "integration/connection_support.hpp"

using pgrant::errc;
using pgrant::statement;
using pgrant::operator""_sqlstate;

namespace {

/// The server's sessions of this backend end; the connection finds out by itself.
void terminate_backend(const test::server& where, const pgrant::connection& link) {
  test::psql(where, "postgres",
             "SELECT pg_terminate_backend(" + std::to_string(link.backend_pid()) + ")");
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("statements give rows, tags, counts, notices and errors") {
    test::for_each_server(test::shape::superuser, [](test::server& server) {
      boost::asio::io_context context;
      auto link = test::connected(context, server);
      const auto run = [&](statement what) {
        return test::wait(context, link.async_execute(std::move(what)));
      };
      const auto rows = run(statement("SELECT $1::int AS a, $2::text AS b, $3::text[] AS c")
                                .bind("42")
                                .bind_null()
                                .bind_array(std::vector<std::string>{"x,y", "NULL", "\"\\"}));
      REQUIRE_MESSAGE(rows.has_value(), rows.error().describe());
      const auto row = rows.value()[0];
      CHECK(row["a"].int64().value() == 42);
      CHECK(row["b"].is_null());
      const auto elements = row["c"].array();
      REQUIRE(elements.has_value());
      CHECK(elements.value() == std::vector<std::optional<std::string>>{"x,y", "NULL", "\"\\"});
      CHECK(rows.value().command_tag() == "SELECT 1");

      const auto noticed =
          run(statement("DO $$ BEGIN RAISE WARNING 'w1'; "
                        "RAISE NOTICE 'n2' USING HINT = 'h'; END $$"));
      REQUIRE(noticed.has_value());
      REQUIRE(noticed.value().notices().size() == 2);
      CHECK(noticed.value().notices()[0].severity == "WARNING");
      CHECK(noticed.value().notices()[1].message == "n2");
      CHECK(noticed.value().notices()[1].hint == "h");
      CHECK(run(statement("SELECT 1")).value().notices().empty());

      const auto failed = run(statement("SELECT 1/0"));
      REQUIRE_FALSE(failed.has_value());
      CHECK(failed.error().code() == errc::server);
      CHECK(failed.error().state() == "22012"_sqlstate);
      CHECK(run(statement("SELECT * FROM nosuch")).error().code() == errc::not_found);
      CHECK(run(statement("")).value().empty());
      CHECK(link.is_open());

      const auto two = run(statement::trusted("SELECT 1; SELECT 2"));
      REQUIRE_FALSE(two.has_value());
      CHECK(two.error().state() == "42601"_sqlstate);
    });
  }

  TEST_CASE("a GRANT that does not happen shows in its notices") {
    auto& server = test::shared_server();
    boost::asio::io_context context;
    auto link = test::connected(context, server);
    const auto done = test::wait(
        context, link.async_execute(statement("GRANT SELECT ON pg_authid TO CURRENT_USER")));
    if (done) {
      REQUIRE_FALSE(done.value().notices().empty());
      CHECK(done.value().notices()[0].state == "01007"_sqlstate);
    } else {
      CHECK(done.error().code() == errc::denied);
    }
  }

  TEST_CASE("the transaction's state is known") {
    boost::asio::io_context context;
    auto link = test::connected(context, test::shared_server());
    const auto run = [&](statement what) {
      return test::wait(context, link.async_execute(std::move(what))).has_value();
    };
    CHECK(run(statement("BEGIN")));
    CHECK(link.transaction() == pgrant::transaction_status::in_transaction);
    CHECK_FALSE(run(statement("SELECT 1/0")));
    CHECK(link.transaction() == pgrant::transaction_status::in_failed_transaction);
    CHECK(run(statement("ROLLBACK")));
    CHECK(link.transaction() == pgrant::transaction_status::idle);
  }

  TEST_CASE("one operation at a time; a second one is told so and the first goes on") {
    boost::asio::io_context context;
    auto link = test::connected(context, test::shared_server());
    std::optional<pgrant::result<pgrant::rows>> first;
    link.async_execute(statement("SELECT pg_sleep(0.2)"),
                       [&](pgrant::result<pgrant::rows> r) { first.emplace(std::move(r)); });
    const auto second = test::wait(context, link.async_execute(statement("SELECT 1")));
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().code() == errc::conflict);
    context.restart();
    context.run();
    REQUIRE(first.has_value());
    CHECK(first->has_value());
    CHECK(link.is_open());
  }

  TEST_CASE("a time limit ends the operation and the connection") {
    boost::asio::io_context context;
    auto link = test::connected(context, test::shared_server());
    const auto late = test::wait(
        context,
        link.async_execute(statement("SELECT pg_sleep(60)"),
                           pgrant::execute_options().timeout(std::chrono::milliseconds(100))),
        std::chrono::seconds(5));
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().code() == errc::timeout);
    CHECK(late.error().advice() == pgrant::retry::reconnect);
    CHECK_FALSE(link.is_open());
  }

  TEST_CASE("the session's statement_timeout ends the statement alone") {
    boost::asio::io_context context;
    auto& server = test::shared_server();
    pgrant::connection link(context.get_executor());
    auto options = test::password_options(server).session(
        pgrant::session_settings().statement_timeout(std::chrono::milliseconds(100)));
    REQUIRE(test::wait(context, link.async_connect(test::tls_spec(server), options)).has_value());
    const auto late = test::wait(context, link.async_execute(statement("SELECT pg_sleep(60)")));
    CHECK(late.error().state() == "57014"_sqlstate);
    CHECK(test::value_of(context, link, statement("SELECT 1")) == "1");
  }

  TEST_CASE("a running statement is stopped, and the connection lives on") {
    test::for_each_server(test::shape::azure, [](test::server& server) {
      boost::asio::io_context context;
      auto link = test::connected(context, server);
      std::optional<pgrant::result<pgrant::rows>> slept;
      link.async_execute(statement("SELECT pg_sleep(60)"),
                         [&](pgrant::result<pgrant::rows> r) { slept.emplace(std::move(r)); });
      const auto delivered = test::wait(context, link.async_cancel());
      CHECK_MESSAGE(delivered.has_value(), delivered.error().describe());
      // Held back until the request has arrived, so that it cannot hit this one.
      while (!slept) context.run_one();
      REQUIRE_FALSE(slept->has_value());
      CHECK(slept->error().state() == "57014"_sqlstate);
      CHECK(test::value_of(context, link, statement("SELECT 1")) == "1");
      CHECK(test::wait(context, link.async_cancel()).has_value());  // nothing runs: no harm
      CHECK(test::value_of(context, link, statement("SELECT 1")) == "1");
    });
  }

  TEST_CASE("closing ends what is under way") {
    boost::asio::io_context context;
    auto link = test::connected(context, test::shared_server());
    std::optional<pgrant::result<pgrant::rows>> ended;
    link.async_execute(statement("SELECT pg_sleep(60)"),
                       [&](pgrant::result<pgrant::rows> r) { ended.emplace(std::move(r)); });
    SUBCASE("by name") {
      CHECK(test::wait(context, link.async_close()).has_value());
    }
    SUBCASE("by destruction") {
      pgrant::connection moved = std::move(link);
    }
    context.restart();
    context.run_for(std::chrono::seconds(5));
    REQUIRE(ended.has_value());
    CHECK(ended->error().code() == errc::cancelled);
  }

  TEST_CASE("a killed session is an error with an unknown outcome, and no signal for the host") {
    auto& server = test::shared_server();
    boost::asio::io_context context;
    auto link = test::connected(context, server);
    auto bystander = test::connected(context, server);
    SUBCASE("while a statement runs") {
      std::optional<pgrant::result<pgrant::rows>> ended;
      link.async_execute(statement("SELECT pg_sleep(60)"),
                         [&](pgrant::result<pgrant::rows> r) { ended.emplace(std::move(r)); });
      CHECK(test::value_of(context, bystander, statement("SELECT 1")) == "1");
      terminate_backend(server, link);
      while (!ended) REQUIRE(context.run_one_for(std::chrono::seconds(10)) > 0);
      REQUIRE_FALSE(ended->has_value());
      CHECK(ended->error().code() == errc::closed);
      CHECK(ended->error().state() == "57P01"_sqlstate);
      CHECK(ended->error().advice() == pgrant::retry::reconnect);
    }
    SUBCASE("while it is idle: the next statement finds out") {
      terminate_backend(server, link);
      const auto next = test::wait(context, link.async_execute(statement("SELECT 1")));
      REQUIRE_FALSE(next.has_value());
      CHECK(next.error().code() == errc::closed);
    }
    CHECK_FALSE(link.is_open());
    CHECK(test::value_of(context, bystander, statement("SELECT 1")) == "1");
  }

  TEST_CASE("a server that crashes leaves neither a hang nor a signal") {
    const auto server = test::own_server(test::versions().front());
    boost::asio::io_context context;
    auto link = test::connected(context, *server);
    server->stop(true);
    for (int i = 0; i < 2; ++i) {
      const auto next = test::wait(
          context, link.async_execute(statement("SELECT $1").bind(std::string(1 << 20, 'x'))));
      REQUIRE_FALSE(next.has_value());
      CHECK(next.error().code() == errc::closed);
    }
  }

  TEST_CASE("a COPY to the client is refused and costs the connection") {
    boost::asio::io_context context;
    auto link = test::connected(context, test::shared_server());
    const auto copy =
        test::wait(context, link.async_execute(statement("COPY (SELECT 1) TO STDOUT")));
    CHECK(copy.error().code() == errc::unsupported);
    CHECK_FALSE(link.is_open());
  }

  TEST_CASE("bad input is refused before anything is sent") {
    using namespace std::string_literals;
    boost::asio::io_context context;
    auto link = test::connected(context, test::shared_server());
    const auto refused =
        test::wait(context, link.async_execute(statement("SELECT $1").bind("a\0b"s)));
    CHECK(refused.error().code() == errc::invalid_argument);
    CHECK(refused.error().field() == "$1");
    CHECK(test::value_of(context, link, statement("SELECT 1")) == "1");
  }
}
