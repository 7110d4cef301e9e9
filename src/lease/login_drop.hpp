// The short end of logins: many dropped in the transaction that ends their leases.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lease/lease_engine.hpp"

namespace pgrant::detail {

/// On 16 and later the server looks for each name at all that its dropper administers: more at once
/// cost more each.
inline constexpr std::size_t most_drops_together = 64;

/// Drops the logins of leases that are ending, if they leave nothing behind, and ends the leases,
/// in one transaction. Logins whose only trace are sessions are disabled and their sessions ended
/// before. Gives what was done, by lease: where the state is not `ended`, the lease is as it was,
/// or has lost its sessions and the right to log in, and needs the long way (login_end.hpp).
lease_task<std::map<std::string, lease_end>> drop_logins_together(
    lease_engine& engine, connection_ptr where, lease_executor us,
    const std::vector<ledger_lease>& leases);

}  // namespace pgrant::detail
