// Stores of passwords that answer later, and rotation as a verb of the client.
#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <thread>

#include "integration/lease_world.hpp"
#include "integration/rotation_support.hpp"
#include "pgrant/client.hpp"
#include "support/snapshots.hpp"

namespace test {
namespace {

using pgrant::file_secret_store;

// Answers from a thread of its own, and does with one step what it is told to.
class slow_store final : public pgrant::async_secret_store {
 public:
  enum class habit { answers, answers_twice, forgets, throws, waits };

  slow_store(std::filesystem::path directory, std::string step, habit what)
      : files_(std::move(directory)), step_(std::move(step)), habit_(what) {}
  ~slow_store() override {
    for (std::thread& one : threads_) one.join();
  }

  void pending(std::string login, found answer) override {
    later("pending", answer, [this, login] { return files_.pending(login); });
  }
  void put_pending(std::string login, pgrant::secret fresh, stored answer) override {
    const auto kept = std::make_shared<pgrant::secret>(std::move(fresh));
    later("put_pending", answer, [this, login, kept] { return files_.put_pending(login, *kept); });
  }
  void promote(std::string login, stored answer) override {
    later("promote", answer, [this, login] { return files_.promote(login); });
  }
  void retire(std::string login, stored answer) override {
    later("retire", answer, [this, login] { return files_.retire(login); });
  }

  std::vector<std::string> asked;
  std::vector<std::function<void()>> waiting;

 private:
  template <class Answer, class Do>
  void later(const std::string& step, Answer answer, Do work) {
    asked.push_back(step);
    const habit now = step == step_ ? habit_ : habit::answers;
    if (now == habit::throws) throw std::runtime_error("a store that throws");
    if (now == habit::forgets) return;
    if (now == habit::waits) {
      waiting.push_back([answer, work] { answer(work()); });
      return;
    }
    threads_.emplace_back([answer, work, now] {
      answer(work());
      if (now == habit::answers_twice) answer(pgrant::error(pgrant::errc::secret, "again"));
    });
  }

  file_secret_store files_;
  std::string step_;
  habit habit_;
  std::vector<std::thread> threads_;
};

using rotated = pgrant::result<pgrant::rotation_report>;

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("a store of secrets may answer later, twice, or never") {
    using habit = slow_store::habit;
    server& where = shared_server();
    lease_world& world = world_of(where);
    const auto directory = store_directory(where, "slow");
    const std::string login = world.connector();
    file_secret_store files(directory);
    const auto rotate = [&](const std::shared_ptr<slow_store>& store) -> rotated {
      return world.run(async_rotate(
          socket_connector(world.context().get_executor(), where, login), over_tls(where), store,
          pgrant::rotation_options().ledger_database(world.ledger_database())));
    };
    const auto logs_in = [&] {
      return login_state(where, "postgres", login, must(files.current(login))->reveal());
    };
    const auto faithful = std::make_shared<slow_store>(directory, "", habit::answers);
    must(rotate(faithful));
    CHECK(faithful->asked ==
          std::vector<std::string>{"pending", "put_pending", "promote", "retire"});
    for (const std::string step : {"pending", "put_pending", "promote", "retire"}) {
      CAPTURE(step);
      for (const habit bad : {habit::forgets, habit::throws}) {
        const rotated failed = rotate(std::make_shared<slow_store>(directory, step, bad));
        REQUIRE(!failed);
        CHECK(failed.error().code() == pgrant::errc::secret);
      }
      must(rotate(std::make_shared<slow_store>(directory, step, habit::answers_twice)));
      CHECK(logs_in() == "00000");
    }
    const rotated nowhere = world.run(async_rotate(
        socket_connector(world.context().get_executor(), where, login), over_tls(where),
        std::shared_ptr<pgrant::async_secret_store>(), pgrant::rotation_options()));
    REQUIRE(!nowhere);
    CHECK(nowhere.error().field() == "store");
  }

  TEST_CASE("a rotation that waits for its store can be cancelled") {
    server& where = shared_server();
    lease_world& world = world_of(where);
    const auto directory = store_directory(where, "waiting");
    file_secret_store files(directory);
    const std::string login = world.connector();
    for (const std::string step : {"pending", "put_pending", "promote", "retire"}) {
      CAPTURE(step);
      const auto store = std::make_shared<slow_store>(directory, step, slow_store::habit::waits);
      boost::asio::cancellation_signal stop;
      std::optional<rotated> outcome;
      async_rotate(socket_connector(world.context().get_executor(), where, login), over_tls(where),
                   store, pgrant::rotation_options().ledger_database(world.ledger_database()),
                   boost::asio::bind_cancellation_slot(
                       stop.slot(), [&](rotated r) { outcome.emplace(std::move(r)); }));
      world.context().restart();
      while (store->waiting.empty() && world.context().run_one_for(std::chrono::seconds(20)) != 0) {
      }
      REQUIRE(!outcome);
      stop.emit(boost::asio::cancellation_type::terminal);
      while (!outcome && world.context().run_one_for(std::chrono::seconds(20)) != 0) {
      }
      REQUIRE(outcome);
      REQUIRE(!*outcome);
      CHECK(outcome->error().code() == pgrant::errc::cancelled);
      for (const auto& answer : store->waiting) answer();  // too late
      world.context().poll();
      must(world.run(
          async_rotate(socket_connector(world.context().get_executor(), where, login),
                       over_tls(where), std::make_shared<file_secret_store>(directory),
                       pgrant::rotation_options().ledger_database(world.ledger_database()))));
      CHECK(login_state(where, "postgres", login, must(files.current(login))->reveal()) == "00000");
    }
  }

  TEST_CASE("a client that reads its password from the store rotates itself, again and again") {
    for_each_server(shape::azure, [](server& where) {
      lease_world& world = world_of(where);
      const auto directory = store_directory(where, "own");
      const auto store = std::make_shared<file_secret_store>(directory);
      const std::string login = world.connector();
      must(world.run(async_rotate(
          socket_connector(world.context().get_executor(), where, login), over_tls(where), store,
          pgrant::rotation_options().ledger_database(world.ledger_database()))));
      pgrant::connection_spec spec = over_tls(where);
      spec.user(login).secret_source(pgrant::secret_ref::file(store->current_path(login)));
      pgrant::client_options options;
      options.keep_connections(false).ledger_database(world.ledger_database());
      pgrant::client client(world.context().get_executor(), spec, options);
      std::string before;
      for (int round = 0; round < 2; ++round) {
        before = must(store->current(login))->reveal();
        // The ledger is the client's, whatever the options say.
        const auto report = must(world.run(
            client.async_rotate(store, pgrant::rotation_options().ledger_database("nowhere"))));
        CHECK(report.login == login);
        CHECK(must(store->current(login))->reveal() != before);
        CHECK(login_state(where, "postgres", login, before) == "28P01");
      }
      CHECK(must(world.run(client.async_check())).role == login);
    });
  }

  TEST_CASE("a directory of secrets that others may enter is refused before anything is sent") {
    server& where = shared_server();
    const auto directory = store_directory(where, "open");
    const auto refused = [&](const std::filesystem::path& path) {
      file_secret_store store(path);
      const auto checked = store.check();
      REQUIRE(!checked);
      CHECK(checked.error().field() == "directory");
      CHECK(store.pending("x").error().code() == pgrant::errc::secret);
      CHECK(store.put_pending("x", pgrant::secret("y")).error().code() == pgrant::errc::secret);
      CHECK(store.promote("x").error().code() == pgrant::errc::secret);
      CHECK(store.retire("x").error().code() == pgrant::errc::secret);
    };
    must(file_secret_store(directory).check());
    for (const auto open : {std::filesystem::perms::others_exec, std::filesystem::perms::group_read,
                            std::filesystem::perms::others_write}) {
      std::filesystem::permissions(directory, std::filesystem::perms::owner_all | open);
      refused(directory);
      CHECK(std::filesystem::is_empty(directory));
    }
    refused(directory / "missing");
    refused("/etc/hostname");
    refused("");
    refused(std::string("/tmp/a\0b", 8));
  }
}

}  // namespace test
