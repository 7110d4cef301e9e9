// What a bundle's role has come to own, and that lets others use what the bundle may.
#pragma once

#include <string>
#include <vector>

#include "lease/lease_engine.hpp"

namespace pgrant::detail {

/// Before 16 a member can make objects as the bundle's role: its SECURITY DEFINER routines and its
/// views go on working with all that the bundle may, for everybody, when the lease is over. Closes
/// them, as the role: routines run as their caller from then on, views are for nobody. Nothing is
/// dropped. Gives what was closed, as sentences; nothing where the connector cannot act as the
/// role. `there`: the database; `ledger`: a connection to the ledger.
lease_task<std::vector<std::string>> close_bundle_doors(connection_ptr there, connection_ptr ledger,
                                                        const lease_executor& us, std::string role,
                                                        oid role_oid);

}  // namespace pgrant::detail
