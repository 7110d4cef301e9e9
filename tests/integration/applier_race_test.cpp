// Applies beside others: sessions that change the same objects, hold locks, or lose connections.
#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "pgrant/applier.hpp"
#include "support/main_job.hpp"

namespace {

using std::chrono::milliseconds;

constexpr const char* race_orders_acl_sql =
    "SELECT coalesce(relacl::text, '-') FROM pg_class WHERE oid = 'sales.orders'::regclass";

/// A plan for the connector, and another session with an open GRANT on a table of that plan.
struct race_world {
  explicit race_world(int major) : where(test::own_server(major)), job(*where) {
    job.bootstrap();
    plan = test::value_of(job.run(job.connector().async_plan(test::shop_policy())));
    other = std::make_unique<test::session>(*where, "shop", where->superuser());
    other->run("SET ROLE app_owner");
    other->run("BEGIN");
    other->run("GRANT SELECT ON sales.orders TO analysts");
  }

  bool bundle_reads_orders() const {
    return test::psql_value(*where, "shop",
                            "SELECT count(*) FROM pg_class, aclexplode(relacl) e WHERE oid = "
                            "'sales.orders'::regclass AND e.grantee = (SELECT r.oid FROM pg_roles "
                            "r WHERE rolname = 'pgrant_sales_read')") != "0";
  }

  std::unique_ptr<test::server> where;
  test::main_job job;
  pgrant::plan plan;
  std::unique_ptr<test::session> other;
};

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("an apply waits for an open GRANT on its object") {
    for (int major : test::versions()) {
      for (const std::string& end : {std::string("ROLLBACK"), std::string("COMMIT")}) {
        race_world world(major);
        INFO(world.where->label() << ", " << end);
        std::thread later([&] {
          std::this_thread::sleep_for(milliseconds(300));
          world.other->run(end);
        });
        const auto applied = world.job.run(world.job.connector().async_apply(world.plan));
        later.join();
        // "tuple concurrently updated" before 18; the repetition sees the other's change.
        if (end == "ROLLBACK" || applied) {
          CHECK_MESSAGE(applied, applied.error().describe());
          CHECK(world.bundle_reads_orders());
        } else {
          CHECK_MESSAGE(applied.error().code() == pgrant::errc::stale, applied.error().describe());
          CHECK(applied.error().object() == "partitioned table sales.orders in database shop");
          CHECK(!world.bundle_reads_orders());
        }
        if (!applied) world.job.apply(test::shop_policy());
        CHECK(world.bundle_reads_orders());
      }
    }
  }

  TEST_CASE("a lock that is held for too long fails that database alone, and says so") {
    race_world world(test::versions().back());
    const auto applied = world.job.run(world.job.connector().async_apply(
        world.plan, pgrant::apply_options().lock_timeout(milliseconds(200))));
    REQUIRE(!applied);
    CHECK(applied.error().state().str() == "55P03");
    CHECK(applied.error().advice() == pgrant::retry::again);
    CHECK(applied.error().object().find("in database shop") != std::string::npos);
    CHECK_MESSAGE(applied.error().detail().find("sales.orders") != std::string::npos,
                  applied.error().describe());
    CHECK(!world.bundle_reads_orders());
    CHECK(test::psql_value(*world.where, "billing",
                           "SELECT has_table_privilege('pgrant_orders_write', "
                           "'invoices.invoices', 'INSERT')") == "t");
  }

  TEST_CASE("who waits for the ledger's turn is told for whom") {
    const auto where = test::own_server(test::versions().back());
    test::main_job job(*where);
    job.bootstrap();
    const auto plan = test::value_of(job.run(job.connector().async_plan(test::shop_policy())));
    const auto held = test::value_of(job.run(job.connector().ledger().async_lock_database("shop")));
    const auto applied = job.run(
        job.connector().async_apply(plan, pgrant::apply_options().turn_timeout(milliseconds(300))));
    REQUIRE(!applied);
    CHECK(applied.error().code() == pgrant::errc::conflict);
    CHECK(applied.error().message().find("database shop") != std::string::npos);
    const std::string pid =
        test::psql_value(*where, "postgres",
                         "SELECT pid FROM pg_stat_activity WHERE datname = 'pgrant' AND state = "
                         "'idle in transaction'");
    CHECK_MESSAGE(
        applied.error().detail().find("held by process " + pid + ",") != std::string::npos,
        applied.error().describe());
    // The audit trail has what was done in the meantime.
    CHECK(test::psql_value(*where, "pgrant",
                           "SELECT count(*) FROM pgrant.audit a WHERE a::text LIKE "
                           "'%apply%failed%'") == "1");
  }

  TEST_CASE("a cancelled apply leaves nothing behind") {
    race_world world(test::versions().back());
    const std::string before = test::psql_value(*world.where, "shop", race_orders_acl_sql);
    boost::asio::io_context context;
    pgrant::client client(context.get_executor(),
                          test::value_of(pgrant::connection_spec::parse(
                              world.where->conninfo("postgres", world.job.connector_name()))),
                          pgrant::client_options().keep_connections(false).connecting(
                              pgrant::connect_options().password(
                                  pgrant::secret::copy_of(world.job.connector_password()))));
    boost::asio::cancellation_signal signal;
    std::optional<pgrant::error> failed;
    client.async_apply(world.plan)(boost::asio::bind_cancellation_slot(
        signal.slot(), [&](const pgrant::result<pgrant::apply_report>& applied) {
          if (!applied) failed = applied.error();
        }));
    // Once the statement that has to wait is there.
    boost::asio::steady_timer timer(context);
    std::function<void()> look = [&] {
      const bool waits = test::psql_value(*world.where, "postgres",
                                          "SELECT count(*) FROM pg_stat_activity WHERE datname = "
                                          "'shop' AND wait_event_type = 'Lock'") == "1";
      if (waits) return signal.emit(boost::asio::cancellation_type::terminal);
      timer.expires_after(milliseconds(50));
      timer.async_wait([&](boost::system::error_code) { look(); });
    };
    look();
    context.run();
    REQUIRE(failed.has_value());
    CHECK_MESSAGE(failed->code() == pgrant::errc::cancelled, failed->describe());
    world.other->run("ROLLBACK");
    CHECK(test::psql_value(*world.where, "shop", race_orders_acl_sql) == before);
  }

  TEST_CASE("when the answer to a COMMIT is lost, another connection finds out what came of it") {
    for (int major : {test::versions().front(), test::versions().back()}) {
      const auto where = test::own_server(
          major,
          test::server_options().setting("wal_level", "replica").setting("max_wal_senders", "2"));
      INFO(where->label());
      test::main_job job(*where);
      job.bootstrap();
      const auto plan = test::value_of(job.run(job.connector().async_plan(test::shop_policy())));
      // COMMITs now wait, after they are done here, for a standby that never comes.
      const auto wait_for_standby = [&](const char* name) {
        test::psql(*where, "postgres",
                   "ALTER SYSTEM SET synchronous_standby_names = '" + std::string(name) + "'");
        test::psql(*where, "postgres", "SELECT pg_reload_conf()");
      };
      wait_for_standby("nobody");
      std::atomic<int> ended = 0;
      std::jthread killer([&](std::stop_token stop) {
        while (!stop.stop_requested() && ended == 0) {
          std::this_thread::sleep_for(milliseconds(50));
          ended += std::stoi(test::psql_value(
              *where, "postgres",
              "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
              "wait_event = 'SyncRep'"));
        }
        wait_for_standby("");
      });
      // Without the ledger, whose own COMMITs would wait, too.
      const auto applied =
          job.run(pgrant::async_apply(job.connector().connector(), plan, pgrant::apply_options()));
      killer.request_stop();
      killer.join();
      CHECK(ended == 1);
      CHECK_MESSAGE(applied, applied.error().describe());
      CHECK(test::value_of(job.run(job.connector().async_plan(test::shop_policy()))).empty());
    }
  }
}
