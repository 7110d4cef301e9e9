// The first part of every end: the memberships go, in a transaction that nothing can block and that
// many ends share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lease/commit_queue.hpp"
#include "lease/lease_engine.hpp"

namespace pgrant::detail {

enum class busy_lease { wait, skip };

/// Nothing: another process has the lease in hand, and it was to be skipped. Fails with
/// `not_found`, or `not_granted` if a membership is there after its REVOKE.
using cut_outcome = result<std::optional<cut_lease>>;

/// Takes the memberships of active leases back and commits; a lease in another state is left as it
/// is. `why`: "revoke" or "expire", for the audit trail. Gives an outcome for each id, in their
/// order: what cannot be cut does not keep the others.
boost::asio::awaitable<std::vector<cut_outcome>> cut_all(lease_engine& engine, connection_ptr where,
                                                         lease_executor us,
                                                         std::vector<std::string> ids,
                                                         busy_lease busy, std::string why);

/// The same for one.
lease_task<std::optional<cut_lease>> cut(lease_engine& engine, connection_ptr where,
                                         lease_executor us, std::string id, busy_lease busy,
                                         std::string why);

/// More in one statement is no faster, and holds the bundles' locks longer.
inline constexpr std::size_t most_cuts_together = 1000;

/// Begins a transaction and locks a lease; nothing if it is to be skipped.
lease_task<std::optional<ledger_lease>> lock_lease(lease_engine& engine, connection_ptr where,
                                                   std::string id, busy_lease busy);

/// Reads a lease without a lock. Fails with `not_found`.
lease_task<ledger_lease> look_up_lease(connection_ptr where, std::string id);

}  // namespace pgrant::detail
