#include "apply/apply_turn.hpp"

#include "lease/lock_holder.hpp"

namespace pgrant::detail {

namespace {

// Advisory locks are each database's own; the first number is one that nobody else will think of.
#define PGRANT_TURN_KEY "1885827438, 1"

constexpr sql_fragment turn_holder_query =
    "SELECT " PGRANT_LOCK_HOLDER
    " FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 1885827438 AND l.objid = 1"
    " AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d"
    " WHERE d.datname = pg_catalog.current_database()) LIMIT 1";

}  // namespace

lease_task<void> take_turn(connection_ptr where, std::string database,
                           std::chrono::milliseconds limit) {
  using clock = std::chrono::steady_clock;
  const auto deadline = clock::now() + limit;
  for (;;) {
    auto tried = co_await run(
        where, statement("SELECT pg_catalog.pg_try_advisory_lock(" PGRANT_TURN_KEY ")"));
    BOOST_OUTCOME_CO_TRY(const rows answer, std::move(tried));
    if (answer.text(0, 0) == "t") co_return success();
    if (clock::now() >= deadline) break;
    co_await pause(std::chrono::milliseconds(100));
  }
  auto asked = co_await run(where, statement(turn_holder_query));
  BOOST_OUTCOME_CO_TRY(const rows holders, std::move(asked));
  co_return turn_taken(database, holders);
}

boost::asio::awaitable<void> give_turn(connection_ptr where) {
  if (!where->is_open()) co_return;
  auto given =
      co_await run(where, statement("SELECT pg_catalog.pg_advisory_unlock(" PGRANT_TURN_KEY ")"));
  if (!given) where->close();
}

}  // namespace pgrant::detail
