// What belongs to a bundle's role beside its grants, compared with what was there when the bundle
// was registered.
//
// Every member of a role may DROP OWNED BY it. That leaves the grants of others alone, but takes
// the role out of default privileges and row-level security policies, also restrictive ones, for
// all later leases. Before 16 a member can also act as the role: objects, default privileges of its
// own.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lease/lease_engine.hpp"

namespace pgrant::detail {

/// Notes what the roles of these bundles have now, in their databases; to be called when a plan was
/// applied. A database that cannot be entered is left out, and not compared.
lease_task<void> record_bundle_shapes(ledger_store& store, connection_ptr where,
                                      std::vector<std::string> bundles);

/// Compares the bundles of leases whose access has ended, gives default privileges back that are
/// missing and closes what the roles own, where the connector may, and tells each end and the audit
/// trail. One round trip where nothing has changed; a connection for each database where something
/// has. The ends are done: what fails here is told as a finding.
boost::asio::awaitable<void> look_at_bundles(ledger_store& store, connection_ptr where,
                                             const lease_executor& us, std::span<lease_end> ends);

}  // namespace pgrant::detail
