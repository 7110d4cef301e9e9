// How the coroutines of this folder run: started for a completion handler, talking to a server.
//
// g++ 12 miscompiles co_await inside larger expressions: one in a statement, into a named variable.
#pragma once

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pgrant/connection.hpp"
#include "pgrant/database_connector.hpp"

namespace pgrant::detail {

template <class T>
using lease_task = boost::asio::awaitable<result<T>>;

error lease_task_failure(std::exception_ptr why);

// co_spawn wants a default-constructible result.
template <class T>
boost::asio::awaitable<std::optional<result<T>>> contain(lease_task<T> run) {
  std::exception_ptr thrown;
  try {
    result<T> outcome = co_await std::move(run);
    co_return std::optional<result<T>>(std::move(outcome));
  } catch (...) {
    thrown = std::current_exception();
  }
  co_return std::optional<result<T>>(lease_task_failure(thrown));
}

/// Runs a coroutine on a strand of its own and hands the result to `done` on `done`'s executor. A
/// cancellation ends in `errc::cancelled`.
template <class T>
void start_lease_task(const boost::asio::any_io_executor& executor, lease_task<T> run,
                      completion<T> done) {
  const auto slot = boost::asio::get_associated_cancellation_slot(done);
  auto finish = [done = std::move(done)](std::exception_ptr thrown,
                                         std::optional<result<T>> outcome) mutable {
    if (!outcome) outcome.emplace(lease_task_failure(thrown));
    boost::asio::dispatch(boost::asio::append(std::move(done), std::move(*outcome)));
  };
  boost::asio::co_spawn(boost::asio::make_strand(executor), contain(std::move(run)),
                        boost::asio::bind_cancellation_slot(slot, std::move(finish)));
}

using connection_ptr = std::shared_ptr<connection>;

lease_task<connection_ptr> open_connection(std::shared_ptr<database_connector> connector,
                                           std::string database);
lease_task<rows> run(connection_ptr where, statement what);
/// Every statement's answer, or the first error. Ends a transaction that the error has aborted.
lease_task<std::vector<rows>> run_all(connection_ptr where, batch what);
/// The same with statements that come again and again: they stay prepared on the connection. A plan
/// that was made when the ledger was small must be right when it is large, so that the batch begins
/// its transaction with `plan_for_few_rows`. Calls `meanwhile` when the statements are on their
/// way. For coroutines on a strand.
lease_task<std::vector<rows>> run_kept(connection_ptr where, batch what,
                                       std::function<void()> meanwhile = {});
/// One query, kept.
lease_task<rows> ask(connection_ptr where, statement what);
/// Until the transaction ends: statements about few leases go row by row through indexes, however
/// many there are, and are planned once.
statement plan_for_few_rows();
/// Appends all of them.
void add_all(batch& to, std::vector<statement> all);
/// Ends the transaction, if there is one, and closes the connection if even that fails.
boost::asio::awaitable<void> roll_back(connection_ptr where);
boost::asio::awaitable<void> pause(std::chrono::milliseconds time);

/// Somebody who does not keep to the ledger's locks was in the way (23505, XX000, 40P01, 40001),
/// or a guard saw that something had changed: the whole transaction is worth another try.
bool is_conflict(const error& why) noexcept;
/// One of several requests may be the reason, so that the others can do better without it.
bool may_blame_one(const error& why) noexcept;
/// The connection is gone, or nobody knows whether what was sent has been done.
bool is_lost(const error& why) noexcept;

inline constexpr int conflict_tries = 5;
/// A random time that grows with the number of tries behind us.
std::chrono::milliseconds conflict_pause(int tries);

}  // namespace pgrant::detail
