// The first part of every end: the memberships go, in one transaction that nothing can block.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lease/lease_engine.hpp"

namespace pgrant::detail {

struct cut_lease {
  ledger_lease found;             ///< After the cut: ending, ended, or what it was before.
  std::vector<std::string> kept;  ///< Bundles that the grantee still has.
};

enum class busy_lease { wait, skip };

/// Takes the memberships of an active lease back and commits; a lease in another state is left as
/// it is. `why`: "revoke" or "expire", for the audit trail. Gives nothing if another process has
/// the lease in hand and it is to be skipped. Fails with `not_found`, or `not_granted` if a
/// membership is there after its REVOKE.
lease_task<std::optional<cut_lease>> cut(lease_engine& engine, connection_ptr where,
                                         lease_executor us, std::string id, busy_lease busy,
                                         std::string why);

/// Begins a transaction and locks a lease; nothing if it is to be skipped.
lease_task<std::optional<ledger_lease>> lock_lease(lease_engine& engine, connection_ptr where,
                                                   std::string id, busy_lease busy);

/// Reads a lease without a lock. Fails with `not_found`.
lease_task<ledger_lease> look_up_lease(connection_ptr where, std::string id);

}  // namespace pgrant::detail
