// The part of a plan that runs in one database, in one transaction.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

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

/// Runs one part on an open connection to its database; all or nothing. `advance(n)`: n more
/// statements were run (0 again after a repetition).
lease_task<void> run_part(connection_ptr where, apply_part part, const apply_options& options,
                          const verifier_map& verifiers, std::function<void(std::size_t)> advance);

}  // namespace pgrant::detail
