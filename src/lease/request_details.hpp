// What requests say beside bundles, grantee and time.
#pragma once

#include <optional>
#include <vector>

#include "lease/grant_call.hpp"

namespace pgrant::detail {

/// Writes tickets and labels into the rows of leases that were inserted before in the same
/// transaction. None: no call has any.
std::optional<statement> write_request_details(const std::vector<const grant_call*>& calls);

/// The connection limit of a new login.
int connection_limit_of(const grant_call& call, const lease_settings& settings);

/// Adds them to the audit entry of the grant.
void add_request_details(audit_entry& entry, const grant_request& request);

}  // namespace pgrant::detail
