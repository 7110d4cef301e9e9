// Lease operations that wait at the same time share transactions, and nothing else.
#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <thread>

#include "integration/lease_world.hpp"

namespace test {

using pgrant::errc;
using pgrant::grant_request;
using pgrant::granted_lease;

namespace {

using grant_answer = pgrant::result<granted_lease>;

// Starts all of them before any can be answered, and waits for all answers.
std::vector<grant_answer> grant_at_once(lease_world& world, pgrant::leases leases,
                                        std::vector<grant_request> requests, int threads) {
  std::vector<std::optional<grant_answer>> answers(requests.size());
  std::atomic<std::size_t> missing = requests.size();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    leases.async_grant(requests[i], [&, i](grant_answer answer) {
      answers[i].emplace(std::move(answer));
      if (--missing == 0) world.context().stop();
    });
  }
  world.context().restart();
  std::vector<std::thread> crew;
  for (int i = 0; i < threads; ++i) {
    crew.emplace_back([&world] { world.context().run_for(std::chrono::seconds(120)); });
  }
  for (std::thread& one : crew) one.join();
  REQUIRE(missing == 0);
  world.context().restart();
  world.context().poll();
  std::vector<grant_answer> all;
  for (auto& answer : answers) all.push_back(std::move(*answer));
  return all;
}

std::string id_of(const grant_answer& answer) {
  return answer ? answer.value().lease.id : answer.error().describe();
}

// As many as the rows of these leases have different creators.
int transactions_of(lease_world& world, const std::vector<grant_answer>& answers) {
  std::string ids;
  for (const grant_answer& one : answers) {
    if (one) ids += (ids.empty() ? "'" : ", '") + one.value().lease.id + "'";
  }
  return std::stoi(
      psql_value(world.where(), world.ledger_database(),
                 "SELECT count(DISTINCT xmin::text) FROM pgrant.lease WHERE id IN (" + ids + ")"));
}

std::shared_ptr<pgrant::connection> open_ledger(lease_world& world) {
  std::optional<pgrant::result<std::shared_ptr<pgrant::connection>>> opened;
  world.open_as_connector()->open(world.ledger_database(),
                                  [&opened](auto outcome) { opened.emplace(std::move(outcome)); });
  world.context().restart();
  while (!opened) REQUIRE(world.context().run_one_for(std::chrono::seconds(20)) == 1);
  return must(std::move(*opened));
}

void end_all(lease_world& world) {
  for (const auto& lease : must(world.run(world.leases().async_list(pgrant::lease_filter()))))
    world.revoke(lease.id);
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("requests that wait together share transactions, and each has its own answer") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login(), other = world.fresh_login();
      const std::string group = world.fresh_login("NOLOGIN");
      const std::string before = access_state(where, world.database());
      std::vector<grant_request> requests;
      for (int i = 0; i < 30; ++i) requests.push_back(read_for("person " + std::to_string(i)));
      requests.push_back(read_for("hostile'\"; DROP ROLE x; --{},\\"));
      requests.push_back(read_for("both").also("world-write"));
      const std::size_t existing = requests.size();
      requests.push_back(read_for_role(person));
      requests.push_back(read_for_role(person));
      requests.push_back(read_for_role(other).also("world-write"));
      const std::size_t bad = requests.size();
      requests.push_back(grant_request("world-raed").to("typo").lasting(std::chrono::hours(1)));
      requests.push_back(read_for_role("nobody_of_this_name"));
      requests.push_back(read_for_role(group));
      requests.push_back(grant_request("world-write").to("long").lasting(std::chrono::hours(3)));
      requests.push_back(grant_request("world-read").to("endless"));
      const std::size_t keyed = requests.size();
      for (int i = 0; i < 3; ++i) requests.push_back(read_for("keyed").idempotency_key("group"));
      requests.push_back(read_for("somebody else").idempotency_key("group"));
      const auto answers =
          grant_at_once(world, world.leases(world.settings().password_iterations(1)), requests, 4);

      for (std::size_t i = 0; i < bad; ++i) {
        INFO(i, ": ", id_of(answers[i]));
        REQUIRE(answers[i]);
        CHECK(answers[i].value().credentials.has_value() == (i < existing));
        CHECK(answers[i].value().lease.person ==
              (i < existing ? requests[i].person() : requests[i].role()));
      }
      const auto refused = [&answers](std::size_t i, errc why, std::string_view field) {
        INFO(i, ": ", id_of(answers[i]));
        REQUIRE(!answers[i]);
        CHECK(answers[i].error().code() == why);
        CHECK(answers[i].error().field() == field);
      };
      refused(bad, errc::not_found, "bundles[0]");
      CHECK(answers[bad].error().hint().find("world-read") != std::string::npos);
      refused(bad + 1, errc::not_found, "grantee");
      refused(bad + 2, errc::invalid_argument, "grantee");
      refused(bad + 3, errc::invalid_argument, "duration");
      refused(bad + 4, errc::invalid_argument, "duration");
      int with_password = 0;
      for (std::size_t i = keyed; i < keyed + 4; ++i) {
        const bool won = answers[i] && answers[i].value().credentials;
        with_password += won ? 1 : 0;
        if (!answers[i]) CHECK(answers[i].error().code() == errc::conflict);
      }
      CHECK(with_password == 1);
      // Four at the most work at the same moment as the first, and some keys take turns.
      CHECK(transactions_of(world, answers) <= 10);
      CHECK(psql_value(where, world.ledger_database(), "SELECT max(n) FROM pgrant.membership") ==
            "2");

      // Each password opens its own login, and no other.
      const auto& first = *answers[0].value().credentials;
      const auto& second = *answers[1].value().credentials;
      CHECK(first.user != second.user);
      CHECK(!(first.password == second.password));
      const auto trail = world.run(
          pgrant::ledger(world.open_as_connector(), world.ledger_database()).async_verify_audit());
      CHECK(must(trail).broken.empty());
      end_all(world);
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("a request that fails in the transaction does not take its neighbours with it") {
    for_each_server(shape::azure, [](server& where) {
      lease_world& world = world_of(where);
      const std::string before = access_state(where, world.database());
      psql(where, world.ledger_database(), world.connector(), R"(
CREATE FUNCTION pgrant.test_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.reason LIKE 'explode%' THEN RAISE data_exception; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER test_refuse BEFORE INSERT ON pgrant.lease
  FOR EACH ROW EXECUTE FUNCTION pgrant.test_refuse())");
      std::vector<grant_request> requests;
      for (int i = 0; i < 24; ++i) {
        requests.push_back(read_for("neighbour " + std::to_string(i)));
        if (i == 7 || i == 19) requests.back().because("explode " + std::to_string(i));
      }
      const auto answers =
          grant_at_once(world, world.leases(world.settings().password_iterations(1)), requests, 1);
      psql(where, world.ledger_database(), world.connector(),
           "DROP TRIGGER test_refuse ON pgrant.lease; DROP FUNCTION pgrant.test_refuse()");
      for (std::size_t i = 0; i < answers.size(); ++i) {
        INFO(i, ": ", id_of(answers[i]));
        CHECK(answers[i].has_value() == (i != 7 && i != 19));
        if (!answers[i]) CHECK(answers[i].error().state().str() == "22000");
      }
      CHECK(transactions_of(world, answers) <= 12);
      end_all(world);
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("a bundle that is not safe for existing roles is for logins alone, unless accepted") {
    for_each_server(shape::azure, [](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login();
      const auto grade = [&world, &where](const std::string& as) {
        psql(where, world.ledger_database(), world.connector(),
             "UPDATE pgrant.bundle SET " + as + " WHERE name = 'world-read'");
      };
      grade("existing_role_grade = 'D'");
      const auto refused = world.run(world.leases().async_grant(read_for_role(person)));
      const auto login = world.run(world.leases().async_grant(read_for("ada")));
      grade("accepted = '{grade-d}'");
      const auto accepted = world.run(world.leases().async_grant(read_for_role(person)));
      grade("existing_role_grade = NULL, accepted = '{}'");
      REQUIRE(!refused);
      CHECK(refused.error().code() == errc::invalid_argument);
      CHECK(refused.error().field() == "bundles.world-read");
      CHECK(login.has_value());
      INFO(id_of(accepted));
      CHECK(accepted.has_value());
      end_all(world);
    });
  }

  TEST_CASE("who gives up does not stop the others of its transaction") {
    for_each_server(shape::azure, [](server& where) {
      lease_world& world = world_of(where);
      const std::string before = access_state(where, world.database());
      const auto blocker = open_ledger(world);
      must(world.run(blocker->async_execute(pgrant::statement("BEGIN"))));
      must(world.run(blocker->async_execute(
          pgrant::statement("SELECT FROM pgrant.bundle WHERE name = 'world-read' FOR UPDATE"))));
      pgrant::leases leases = world.leases(world.settings().password_iterations(1));
      std::optional<grant_answer> answers[6];
      boost::asio::cancellation_signal signals[6];
      const auto start = [&](int i) {
        leases.async_grant(read_for("waiting " + std::to_string(i)),
                           boost::asio::bind_cancellation_slot(
                               signals[i].slot(), [&answers, i](grant_answer answer) {
                                 answers[i].emplace(std::move(answer));
                               }));
      };
      const auto turn = [&world](std::chrono::milliseconds time) {
        world.context().restart();
        world.context().run_for(time);
      };
      // 0 goes alone into the lock; 1 to 5 wait for the next transaction, 4 leaves the queue.
      start(0);
      turn(std::chrono::milliseconds(300));
      for (int i = 1; i < 6; ++i) start(i);
      turn(std::chrono::milliseconds(100));
      signals[4].emit(boost::asio::cancellation_type::terminal);
      signals[0].emit(boost::asio::cancellation_type::terminal);
      // The first transaction has lost its only caller and ends; the next one meets the lock.
      turn(std::chrono::milliseconds(600));
      for (const int i : {0, 4}) {
        REQUIRE(answers[i]);
        REQUIRE(!*answers[i]);
        CHECK(answers[i]->error().code() == errc::cancelled);
      }
      signals[2].emit(boost::asio::cancellation_type::terminal);
      turn(std::chrono::milliseconds(100));
      REQUIRE(answers[2]);
      CHECK(answers[2]->error().code() == errc::cancelled);
      for (const int i : {1, 3, 5}) CHECK(!answers[i]);
      must(world.run(blocker->async_execute(pgrant::statement("COMMIT"))));
      blocker->close();
      for (int i = 0; i < 100 && (!answers[1] || !answers[3] || !answers[5]); ++i) {
        turn(std::chrono::milliseconds(100));
      }
      for (const int i : {1, 3, 5}) {
        REQUIRE(answers[i]);
        INFO(id_of(*answers[i]));
        CHECK(answers[i]->has_value());
      }
      // 0 and 2 were under way already: their leases may be there, and end like any other.
      const auto left = must(world.run(leases.async_list(pgrant::lease_filter())));
      CHECK(left.size() >= 3);
      for (const auto& lease : left) CHECK(lease.person != "waiting 4");
      end_all(world);
      CHECK(access_state(where, world.database()) == before);
    });
  }
}

}  // namespace test
