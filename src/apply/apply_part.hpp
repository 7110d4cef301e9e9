// The part of a plan that runs in one database, in one transaction.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lease/lease_task.hpp"
#include "pgrant/applier.hpp"

namespace pgrant::detail {

/// Steps that stand together in the plan and run together.
struct apply_part {
  std::string database;  ///< Empty: cluster-wide.
  std::span<const step> steps;
  bool own_transaction = false;  ///< One step that cannot run inside a transaction block.
};

/// The parts of a plan, in order.
std::vector<apply_part> parts_of(const plan& what);

/// Verifiers by name, ready for statements.
using verifier_map = std::map<std::string, std::shared_ptr<const secret>, std::less<>>;
result<verifier_map> verifiers_for(const plan& what, const apply_options& options);

/// What became of a part.
struct part_outcome {
  std::optional<error> failed;
  /// With `failed`: the end was sent and never answered, so that it may have been done.
  bool unanswered = false;
  bool skipped = false;  ///< With `failed`: not run at all.
  /// The transaction whose COMMIT that was, as `pg_xact_status` takes it; empty: there was none.
  std::string transaction;
};

/// Runs one part on an open connection to its database; all or nothing. `at(n)`: so far n
/// statements of the part were run.
boost::asio::awaitable<part_outcome> run_part(connection_ptr where, apply_part part,
                                              const apply_options& options,
                                              const verifier_map& verifiers,
                                              std::function<void(std::size_t)> at);

/// Asks on another connection whether a transaction was committed; none: nobody knows.
boost::asio::awaitable<std::optional<bool>> was_committed(connection_ptr where,
                                                          std::string transaction);

}  // namespace pgrant::detail
