// Reads a snapshot from a server.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pgrant/database_connector.hpp"
#include "pgrant/snapshot.hpp"

namespace pgrant {

/// How far an inspection has come.
struct inspect_progress {
  std::string database;  ///< The one that was just finished.
  std::size_t done = 0;  ///< Finished databases, this one included.
  std::size_t total = 0;
};

/// What to read. The defaults read all that can be managed.
class inspect_options {
 public:
  using progress_function = std::function<void(const inspect_progress&)>;

  inspect_options() = default;

  /// Inspect only these databases. The others are still listed, with their owner and ACL. A name
  /// that does not exist fails the inspection with `errc::not_found`.
  inspect_options& databases(std::vector<std::string> names) {
    return databases_ = std::move(names), all_databases_ = false, *this;
  }
  /// Without `databases`: also the platform's own databases (`is_reserved_database`).
  inspect_options& include_reserved_databases(bool on) { return reserved_ = on, *this; }
  /// Also what lies in pg_catalog and information_schema: 3,300 objects in each database.
  inspect_options& include_system_schemas(bool on) { return system_ = on, *this; }
  /// How many databases are read at a time, and how many connections are used; 1 or more.
  inspect_options& concurrency(int databases) { return concurrency_ = databases, *this; }
  /// Called after each database, from one thread at a time, on the connector's executor.
  inspect_options& on_progress(progress_function call) {
    return on_progress_ = std::move(call), *this;
  }

  bool all_databases() const noexcept { return all_databases_; }
  const std::vector<std::string>& databases() const noexcept { return databases_; }
  bool include_reserved_databases() const noexcept { return reserved_; }
  bool include_system_schemas() const noexcept { return system_; }
  int concurrency() const noexcept { return concurrency_; }
  const progress_function& on_progress() const noexcept { return on_progress_; }

 private:
  bool all_databases_ = true, reserved_ = false, system_ = false;
  std::vector<std::string> databases_;
  int concurrency_ = 4;
  progress_function on_progress_;
};

namespace detail {
void start_inspect(std::shared_ptr<database_connector>, inspect_options, completion<snapshot>);
}

/// Reads the instance behind `connector` as it is now: what is cluster-wide through the
/// connector's own database, then each database on a connection to it, in one round trip and one
/// REPEATABLE READ READ ONLY transaction each. Reads catalogs alone, never a user's object, and
/// needs no privilege but to connect. The completion gets `result<snapshot>`, already indexed.
///
/// A database that does not let us in (no CONNECT, `ALLOW_CONNECTIONS false`, connection limit
/// reached, …) is no failure: `database::why_not_inspected` says why, with the SQLSTATE. Nor are
/// databases that were not asked for.
///
/// Each database is consistent in itself; roles and databases are of a moment just before. ACLs
/// that name a role of a later moment make the inspector read the roles once more.
///
/// Fails with `errc::invalid_argument` (concurrency below 1), `not_found`, what a connection fails
/// with, and `stale` (`retry::again`) if roles keep changing under its hands.
///
/// Cancellation (every type): connections are closed, and the completion gets `errc::cancelled`.
/// Nothing on the server was changed in any case.
template <detail::token_for<snapshot> Token = boost::asio::deferred_t>
auto async_inspect(std::shared_ptr<database_connector> connector, inspect_options options,
                   Token&& token = Token()) {
  return boost::asio::async_initiate<Token, void(result<snapshot>)>(
      [](auto handler, std::shared_ptr<database_connector> source, inspect_options what) {
        detail::start_inspect(std::move(source), std::move(what),
                              detail::completion<snapshot>(std::move(handler)));
      },
      token, std::move(connector), std::move(options));
}

}  // namespace pgrant
