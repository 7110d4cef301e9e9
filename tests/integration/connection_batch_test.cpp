#include "integration/connection_support.hpp"

using pgrant::batch;
using pgrant::errc;
using pgrant::statement;
using pgrant::operator""_sqlstate;

namespace {

pgrant::result<pgrant::batch_result> run_batch(boost::asio::io_context& context,
                                               pgrant::connection& link, batch work,
                                               pgrant::execute_options options = {}) {
  return test::wait(context, link.async_execute_batch(std::move(work), options));
}

statement batch_statement(std::string text) {
  return statement::trusted(std::move(text));
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("a batch runs its groups as transactions of their own") {
    test::for_each_server(test::shape::azure, [](test::server& server) {
      boost::asio::io_context context;
      auto link = test::connected(context, server);
      batch work;
      work.add(statement("CREATE TEMP TABLE t (id int PRIMARY KEY)")).sync();
      work.add(statement("INSERT INTO pg_temp.t VALUES (1)"));
      work.add(statement("INSERT INTO pg_temp.t VALUES (1)"));
      work.add(statement("INSERT INTO pg_temp.t VALUES (2)")).sync();
      work.add(statement("INSERT INTO pg_temp.t VALUES (3)")).sync();
      work.add(statement("SELECT id FROM pg_temp.t"));
      const auto done = run_batch(context, link, std::move(work));
      REQUIRE_MESSAGE(done.has_value(), done.error().describe());
      const auto& each = done.value();
      REQUIRE(each.size() == 6);
      CHECK(each[0].has_value());
      CHECK(each[1].has_value());  // and rolled back, which first_error() says
      CHECK(each[2].error().state() == "23505"_sqlstate);
      CHECK(pgrant::was_skipped(each[3].error()));
      CHECK(each[4].value().affected() == 1);
      REQUIRE(each[5].has_value());
      REQUIRE(each[5].value().size() == 1);
      CHECK(each[5].value().text(0, 0) == "3");
      CHECK(each.first_failure() == 2);
      CHECK(link.transaction() == pgrant::transaction_status::idle);
      CHECK(test::value_of(context, link, statement("SELECT 1")) == "1");
    });
  }

  TEST_CASE("a server keeps what comes again prepared, and answers as before") {
    test::for_each_server(test::shape::azure, [](test::server& server) {
      boost::asio::io_context context;
      auto link = test::connected(context, server);
      const auto keeping = pgrant::execute_options().keep_prepared(true);
      for (const char* number : {"1", "0", "2", "4"}) {
        batch work;
        work.add(statement("SELECT 12 / $1::int").bind(number));
        work.add(statement(pgrant::sql_text("SELECT ").literal("a secret")));
        const auto done = run_batch(context, link, std::move(work), keeping);
        REQUIRE_MESSAGE(done.has_value(), done.error().describe());
        const auto& each = done.value();
        if (number == std::string("0")) {
          CHECK(each[0].error().state() == "22012"_sqlstate);
          CHECK(pgrant::was_skipped(each[1].error()));
          continue;
        }
        REQUIRE(each[0].has_value());
        CHECK(each[0].value().text(0, 0) == std::to_string(12 / std::stoi(number)));
        CHECK(each[1].value().text(0, 0) == "a secret");
      }
      CHECK(test::value_of(context, link,
                           statement("SELECT string_agg(statement, ';') FROM "
                                     "pg_prepared_statements")) == "SELECT 12 / $1::int");
    });
  }

  TEST_CASE("notices go to the statement that raised them") {
    boost::asio::io_context context;
    auto link = test::connected(context, test::shared_server());
    batch work;
    for (int i = 0; i < 5; ++i) {
      work.add(batch_statement("DO $$ BEGIN RAISE NOTICE 'n" + std::to_string(i) + "'; END $$"));
      work.add(statement("SELECT 1"));
    }
    const auto done = run_batch(context, link, std::move(work)).value();
    REQUIRE(done.ok());
    for (std::size_t i = 0; i < 5; ++i) {
      REQUIRE(done[2 * i].value().notices().size() == 1);
      CHECK(done[2 * i].value().notices()[0].message == "n" + std::to_string(i));
      CHECK(done[2 * i + 1].value().notices().empty());
    }
  }

  TEST_CASE("a commit that fails fails its whole group, on every version") {
    test::for_each_server(test::shape::azure, [](test::server& server) {
      boost::asio::io_context context;
      auto link = test::connected(context, server);
      batch work;
      work.add(statement("CREATE TEMP TABLE d (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)"));
      work.sync();
      work.add(statement("INSERT INTO pg_temp.d VALUES (1)"));
      work.add(statement("INSERT INTO pg_temp.d VALUES (1)")).sync();
      work.add(statement("SELECT count(*) FROM pg_temp.d"));
      const auto done = run_batch(context, link, std::move(work)).value();
      REQUIRE(done[0].has_value());
      REQUIRE_FALSE(done[1].has_value());
      CHECK(done[1].error().state() == "23505"_sqlstate);
      CHECK(done[2].error().state() == "23505"_sqlstate);
      CHECK(done[3].value().text(0, 0) == "0");
      CHECK(link.is_open());
    });
  }

  TEST_CASE("a hundred megabytes go through, both ways at once") {
    boost::asio::io_context context;
    auto link = test::connected(context, test::shared_server());
    std::string megabyte(1 << 20, 'x');
    batch work;
    for (int i = 0; i < 100; ++i) {
      megabyte[0] = static_cast<char>('a' + i % 26);
      work.add(statement("SELECT $1::text").bind(megabyte));
    }
    const auto done = run_batch(context, link, std::move(work));
    REQUIRE_MESSAGE(done.has_value(), done.error().describe());
    REQUIRE(done.value().ok());
    for (std::size_t i = 0; i < 100; ++i) {
      const auto text = done.value()[i].value().text(0, 0);
      CHECK(text.size() == megabyte.size());
      CHECK(text[0] == static_cast<char>('a' + i % 26));
    }
    // One that is many times the budget, and must be read while it is sent.
    const auto large = test::wait(
        context, link.async_execute(statement("SELECT $1::text").bind(std::string(40 << 20, 'y'))));
    CHECK(large.value().text(0, 0).size() == 40 << 20);
  }

  TEST_CASE("many small statements stay within the budget and come back in order") {
    boost::asio::io_context context;
    auto link = test::connected(context, test::shared_server());
    batch work;
    for (int i = 0; i < 5000; ++i) {
      work.add(statement("SELECT $1::int").bind(std::to_string(i)));
      if (i % 7 == 0) work.sync();
    }
    const auto done = run_batch(context, link, std::move(work)).value();
    REQUIRE(done.ok());
    for (std::size_t i = 0; i < 5000; ++i) {
      CHECK(done[i].value().at(0, 0).int64().value() == static_cast<std::int64_t>(i));
    }
  }

  TEST_CASE("a session that is killed in the middle of a batch") {
    test::for_each_server(test::shape::superuser, [](test::server& server) {
      boost::asio::io_context context;
      auto link = test::connected(context, server);
      batch work;
      work.add(statement("SELECT 1")).sync();
      work.add(statement("SELECT 2"));
      work.add(statement("SELECT pg_terminate_backend(pg_backend_pid())"));
      work.add(statement("SELECT 3")).sync();
      work.add(statement("SELECT 4"));
      const auto done = run_batch(context, link, std::move(work));
      REQUIRE(done.has_value());
      CHECK(done.value()[0].has_value());
      for (std::size_t i = 1; i < 5; ++i) {
        CAPTURE(i);
        REQUIRE_FALSE(done.value()[i].has_value());
        CHECK(done.value()[i].error().code() == errc::closed);
        CHECK(done.value()[i].error().state() == "57P01"_sqlstate);
      }
      CHECK_FALSE(link.is_open());
    });
  }

  TEST_CASE("a server that crashes in the middle of a batch") {
    const auto server = test::own_server(test::versions().back());
    boost::asio::io_context context;
    auto link = test::connected(context, *server);
    batch work;
    work.add(statement("SELECT 1")).sync();
    for (int i = 0; i < 200; ++i) {
      work.add(statement("SELECT pg_sleep(0.01), $1::text").bind(std::string(100'000, 'x')));
    }
    std::optional<pgrant::result<pgrant::batch_result>> done;
    link.async_execute_batch(std::move(work), [&](pgrant::result<pgrant::batch_result> r) {
      done.emplace(std::move(r));
    });
    context.restart();
    context.run_for(std::chrono::milliseconds(300));
    REQUIRE_FALSE(done.has_value());
    server->stop(true);
    while (!done) REQUIRE(context.run_one_for(std::chrono::seconds(10)) > 0);
    REQUIRE(done->has_value());
    CHECK(done->value()[0].has_value());
    CHECK(done->value().first_error()->code() == errc::closed);
    CHECK(done->value()[200].error().code() == errc::closed);
  }

  TEST_CASE("a batch whose time is over keeps what was committed") {
    boost::asio::io_context context;
    auto link = test::connected(context, test::shared_server());
    batch work;
    work.add(statement("SELECT 1")).sync();
    work.add(statement("SELECT pg_sleep(60)"));
    const auto late = run_batch(context, link, std::move(work),
                                pgrant::execute_options().timeout(std::chrono::milliseconds(300)));
    REQUIRE(late.has_value());
    CHECK(late.value()[0].has_value());
    CHECK(late.value()[1].error().code() == errc::timeout);
    CHECK_FALSE(link.is_open());
  }

  TEST_CASE("an empty batch, a batch on a closed connection, a bad statement in a batch") {
    boost::asio::io_context context;
    auto link = test::connected(context, test::shared_server());
    CHECK(run_batch(context, link, batch()).value().size() == 0);
    batch bad;
    bad.add(statement("SELECT 1")).add(statement("SELECT $1").bind(std::string(1, '\0')));
    CHECK(run_batch(context, link, std::move(bad)).error().code() == errc::invalid_argument);
    CHECK(test::value_of(context, link, statement("SELECT 1")) == "1");
    link.close();
    CHECK(run_batch(context, link, batch().add(statement("SELECT 1"))).error().code() ==
          errc::closed);
  }
}
