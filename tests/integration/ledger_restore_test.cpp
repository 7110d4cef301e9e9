// A server that is brought back from a copy of an earlier time, with a timeline of its own.
#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "integration/lease_world.hpp"
#include "sandbox/process.hpp"

namespace test {

namespace {

namespace fs = std::filesystem;

// With the owner that the server's files have.
void copy_of_server(const fs::path& from, const fs::path& to) {
  must(pgrant::detail::run({"cp", "-a", from.string(), to.string()}, std::nullopt,
                           fs::path(to) += ".log"));
}

// The server answers before its recovery is over.
void wait_for_the_end_of_recovery(const server& where) {
  for (int tries = 0; tries < 600; ++tries) {
    if (psql_value(where, "postgres", "SELECT pg_is_in_recovery()") == "f") return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  FAIL("the server does not come out of its recovery");
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("after a restore of the server nothing is granted or ended before somebody says so") {
    for (const int major : {versions().front(), versions().back()}) {
      const auto where = own_server(major, server_options().setting("restore_command", "false"));
      INFO(where->label());
      lease_world world(*where);
      const auto kept = world.grant(read_for("Kept"));
      const auto at_copy = access_state(*where, world.database());
      // As if nobody had come by for a day when the copy was made.
      psql(*where, world.ledger_database(),
           "UPDATE pgrant.identity SET seen_at = seen_at - interval '1 day'");
      where->stop();
      const fs::path data = where->directory() / "data", copy = where->directory() / "copy";
      copy_of_server(data, copy);
      where->start();
      const auto lost = world.grant(read_for("Lost"));
      world.revoke(kept.lease.id);
      where->stop();
      fs::remove_all(data);
      fs::rename(copy, data);
      copy_of_server(data / "PG_VERSION", data / "recovery.signal");
      where->start();
      wait_for_the_end_of_recovery(*where);
      REQUIRE(psql_value(*where, "postgres",
                         "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)") == "00000002");

      pgrant::ledger book(world.open_as_connector(), world.ledger_database());
      const auto looked = must(world.run(book.async_examine()));
      REQUIRE(looked.restored.size() == 1);
      CHECK(looked.restored[0].find("timeline 00000002") != std::string::npos);
      const auto refused = [](const auto& outcome) {
        REQUIRE(!outcome);
        CHECK(outcome.error().code() == pgrant::errc::stale);
        CHECK(outcome.error().field() == "ledger");
      };
      auto leases = world.leases();
      refused(world.run(leases.async_sweep()));
      refused(world.run(leases.async_grant(read_for("After"))));
      refused(world.run(world.leases().async_grant(read_for("After"))));
      // What came back stays as it came back, the lease that had been ended meanwhile, too.
      CHECK(access_state(*where, world.database()) == at_copy);

      auto settings = world.settings();
      auto accepting = world.leases(settings.accept_restored_ledger(true));
      CHECK(must(world.run(accepting.async_sweep())).ends.empty());
      CHECK(access_state(*where, world.database()) == at_copy);
      CHECK(world.revoke(kept.lease.id).lease.state == pgrant::lease_state::ended);
      const auto gone = world.run(leases.async_revoke(lost.lease.id));
      REQUIRE(!gone);
      CHECK(gone.error().code() == pgrant::errc::not_found);
      const auto said =
          must(world.run(book.async_audit(pgrant::audit_filter().action("accept_restored"))));
      CHECK(said.size() == 1);
      CHECK(must(world.run(leases.async_grant(read_for("After")))).lease.state ==
            pgrant::lease_state::active);
    }
  }
}

}  // namespace test
