// Leases that many callers, threads and connections grant and end at once.
#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "integration/lease_world.hpp"

namespace test {

using pgrant::errc;
using pgrant::grant_request;

namespace {

// As a pool of a few connections: who comes when all are taken waits until one is let go.
class narrow_connector : public pgrant::database_connector,
                         public std::enable_shared_from_this<narrow_connector> {
 public:
  narrow_connector(boost::asio::any_io_executor executor, pgrant::connection_spec spec, int size)
      : direct_(executor, std::move(spec), pgrant::connect_options()), free_(size) {}

  void open(std::string database, opened done) override {
    if (free_ == 0) {
      waiting_.emplace_back(std::move(database), std::move(done));
      return;
    }
    --free_;
    direct_.open(std::move(database),
                 [self = shared_from_this(), done = std::move(done)](auto connected) mutable {
                   if (connected) {
                     const auto kept = connected.value();
                     connected = std::shared_ptr<pgrant::connection>(
                         kept.get(), [self, kept](pgrant::connection*) { self->release(); });
                   } else {
                     self->release();
                   }
                   std::move(done)(std::move(connected));
                 });
  }
  boost::asio::any_io_executor get_executor() const override { return direct_.get_executor(); }

 private:
  void release() {
    ++free_;
    if (waiting_.empty()) return;
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    open(std::move(next.first), std::move(next.second));
  }

  pgrant::direct_connector direct_;
  int free_;
  std::deque<std::pair<std::string, opened>> waiting_;
};

// Stops whoever counts memberships between the look at what is there and the change of it.
class halted_at_membership {
 public:
  halted_at_membership(lease_world& world, const std::string& change)
      : gate_(world.where(), world.ledger_database(), world.where().superuser()) {
    gate_.run(R"(
CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM pg_advisory_lock(77), pg_advisory_unlock(77); RETURN NULL; END';
CREATE TRIGGER wait_here AFTER )" +
              change + R"( ON pgrant.membership
  FOR EACH STATEMENT EXECUTE FUNCTION wait_here();
SELECT pg_advisory_lock(77))");
  }

  void wait() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (gate_.run("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").empty()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void go_on() {
    gate_.run("SELECT pg_advisory_unlock(77)");
    gate_.run("DROP FUNCTION wait_here() CASCADE");
  }

 private:
  session gate_;
};

std::string memberships_of(const server& where, const std::string& member) {
  return psql_value(where, "postgres",
                    "SELECT jsonb_agg(to_jsonb(a) - 'oid') FROM pg_auth_members a "
                    "WHERE a.member = '" +
                        member + "'::regrole");
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("many grant and revoke the same bundles at once") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string before = access_state(where, world.database());
      std::vector<std::string> people;
      for (int i = 0; i < 3; ++i) people.push_back(world.fresh_login());
      const std::string settled = access_state(where, world.database());
      std::vector<std::string> failures;
      std::mutex failures_guard;
      const auto work = [&](int me) {
        // A context of its own: as another process would.
        boost::asio::io_context context;
        pgrant::lease_settings settings = world.settings();
        settings.password_iterations(1);
        pgrant::connection_spec spec;
        spec.host(where.socket_directory()).port(where.port()).user(world.connector());
        spec.ssl_mode(pgrant::ssl_mode::disable);
        pgrant::leases leases(std::make_shared<pgrant::direct_connector>(
                                  context.get_executor(), spec, pgrant::connect_options()),
                              settings);
        for (int round = 0; round < 4; ++round) {
          grant_request request(round % 2 == 0 ? "world-read" : "world-write");
          request.also(round % 2 == 0 ? "world-write" : "world-read");
          request.lasting(std::chrono::minutes(5));
          if (round == 3) {
            request.to("crowd");
          } else {
            request.to_role(people[static_cast<std::size_t>((me + round) % 3)]);
          }
          auto granted = test::wait(context, leases.async_grant(request));
          pgrant::result<pgrant::lease_end> ended =
              pgrant::error(errc::internal, "was not granted");
          if (granted) ended = test::wait(context, leases.async_revoke(granted.value().lease.id));
          const std::lock_guard guard(failures_guard);
          if (!granted) failures.push_back(granted.error().describe());
          if (granted && !ended) failures.push_back(ended.error().describe());
          if (ended && ended.value().lease.state != pgrant::lease_state::ended) {
            failures.push_back(ended.value().lease.held_why);
          }
        }
      };
      std::vector<std::thread> crowd;
      for (int i = 0; i < 6; ++i) crowd.emplace_back(work, i);
      for (std::thread& one : crowd) one.join();
      for (const std::string& failure : failures) FAIL_CHECK(failure);
      CHECK(access_state(where, world.database()) == settled);
      CHECK(psql_value(where, world.ledger_database(), "SELECT count(*) FROM pgrant.membership") ==
            "0");
      CHECK(before != settled);
    });
  }

  TEST_CASE("a cancelled grant is there as a whole or not at all") {
    for_each_server(shape::azure, [](server& where) {
      lease_world& world = world_of(where);
      const std::string before = access_state(where, world.database());
      bool seen_cancelled = false;
      for (int delay = 0; delay < 40; delay += 2) {
        boost::asio::cancellation_signal signal;
        boost::asio::steady_timer timer(world.context(), std::chrono::milliseconds(delay));
        timer.async_wait([&signal](const boost::system::error_code& stopped) {
          if (!stopped) signal.emit(boost::asio::cancellation_type::terminal);
        });
        std::optional<pgrant::result<pgrant::granted_lease>> outcome;
        world.leases().async_grant(read_for("hesitant"), boost::asio::bind_cancellation_slot(
                                                             signal.slot(), [&outcome](auto done) {
                                                               outcome.emplace(std::move(done));
                                                             }));
        while (!outcome) {
          world.context().restart();
          world.context().run_one_for(std::chrono::seconds(10));
        }
        timer.cancel();
        seen_cancelled |= !*outcome && outcome->error().code() == errc::cancelled;
        if (!*outcome) CHECK(outcome->error().code() == errc::cancelled);
      }
      // What was cancelled last may be at its COMMIT, which the server brings to its end alone.
      const std::string at_work = "SELECT count(*) FROM pg_stat_activity WHERE usename = '" +
                                  world.connector() + "' AND state <> 'idle'";
      for (int tries = 0; tries < 500; ++tries) {
        world.context().restart();
        world.context().poll();
        if (psql_value(where, "postgres", at_work) == "0") break;
      }
      CHECK(seen_cancelled);
      const auto left = must(world.run(world.leases().async_list(pgrant::lease_filter())));
      if (!left.empty()) {
        must(world.run(world.leases().async_revoke_grantee("hesitant")));
      }
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("a GRANT that somebody else makes at the same moment stays theirs") {
    for_each_server(shape::azure, [](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login();
      session other(where, "postgres", where.superuser());
      other.run("BEGIN");
      other.run("GRANT world_read TO " + person);
      std::thread later([&other] {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        other.run("COMMIT");
      });
      // Waits for it; on 14 and 15 the server then refuses a second entry, and all is repeated.
      const auto granted = world.run(world.leases().async_grant(read_for_role(person)));
      later.join();
      if (!granted) FAIL(granted.error().describe());
      const auto end = world.revoke(granted.value().lease.id);
      CHECK(end.lease.state == pgrant::lease_state::ended);
      CHECK(end.kept == std::vector<std::string>{"world-read"});
      CHECK(psql_state(where, world.database(), person, "SELECT FROM world.t") == "00000");
    });
  }

  TEST_CASE("more ends at once than a pool has connections wait for each other") {
    server& where = shared_server();
    lease_world& world = world_of(where);
    pgrant::connection_spec spec;
    spec.host(where.socket_directory()).port(where.port()).user(world.connector());
    spec.ssl_mode(pgrant::ssl_mode::disable);
    const auto narrow = std::make_shared<narrow_connector>(world.context().get_executor(), spec, 6);
    pgrant::leases leases(narrow, world.settings().password_iterations(1));
    std::vector<std::string> ids;
    for (int i = 0; i < 12; ++i) {
      ids.push_back(must(world.run(leases.async_grant(read_for("many")))).lease.id);
    }
    std::size_t ended = 0;
    for (const std::string& id : ids) {
      leases.async_revoke(id, [&ended](pgrant::result<pgrant::lease_end> end) {
        ended += end && end.value().lease.state == pgrant::lease_state::ended ? 1 : 0;
      });
    }
    world.context().restart();
    world.context().run_for(std::chrono::seconds(20));
    CHECK(ended == ids.size());
  }

  TEST_CASE("what somebody gives by hand in the middle of a grant is there after the lease") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login();
      halted_at_membership halted(world, "INSERT");
      std::thread granting([&world, &person] { world.grant(read_for_role(person)); });
      halted.wait();
      psql(where, "postgres", where.major() < 16 ? where.superuser() : world.connector(),
           "GRANT world_read TO " + person + " WITH ADMIN OPTION");
      const std::string given = memberships_of(where, person);
      halted.go_on();
      granting.join();
      CHECK(must(world.run(world.leases().async_revoke_grantee(person))).ends.size() == 1);
      CHECK(memberships_of(where, person) == given);
    });
  }

  TEST_CASE("what somebody takes by hand in the middle of an end does not come back with it") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login();
      const bool options = where.major() >= 16;
      psql(where, "postgres", world.connector(),
           "GRANT world_read TO " + person + " WITH ADMIN " +
               (options ? "TRUE, INHERIT FALSE, SET TRUE" : "OPTION"));
      const std::string lease = world.grant(read_for_role(person)).lease.id;
      halted_at_membership halted(world, "UPDATE");
      std::thread ending([&world, &lease] { world.revoke(lease); });
      halted.wait();
      psql(where, "postgres", world.connector(), "REVOKE world_read FROM " + person);
      halted.go_on();
      ending.join();
      CHECK(memberships_of(where, person) == "<null>");
    });
  }
}

}  // namespace test
