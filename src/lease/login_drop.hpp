// The short end: many leases end in one transaction, and their logins are dropped in it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lease/lease_engine.hpp"

namespace pgrant::detail {

/// On 16 and later the server looks for each name at all that its dropper administers: more at once
/// cost more each.
inline constexpr std::size_t most_drops_together = 64;

/// Ends leases that are ending, if their logins leave nothing behind, in the transaction that drops
/// these; logins whose only trace are sessions are disabled and their sessions ended before. Leases
/// of existing roles end where no session, visible or hidden, is left to end. Gives what was done,
/// by lease: where the state is not `ended`, the lease is as it was, or has lost its sessions and
/// the right to log in, and needs the long way (end_work.hpp).
lease_task<std::map<std::string, lease_end>> drop_logins_together(
    lease_engine& engine, connection_ptr where, lease_executor us,
    const std::vector<ledger_lease>& leases);

}  // namespace pgrant::detail
