// Who may have leases among the roles that exist.
#pragma once

#include <string>
#include <vector>

#include "pgrant/rows.hpp"
#include "pgrant/statement.hpp"

namespace pgrant::detail {

/// Asks about roles, by name. Those that do not exist are missing in the answer.
statement grantees_query(const std::vector<std::string>& roles);

/// Fails with field "grantee": `not_found`, or `invalid_argument` for a role that could keep what a
/// lease gives it. `answer` is that of `grantees_query`, about any number of roles.
result<void> check_grantee(const std::string& role, const rows& answer, bool has_options);

}  // namespace pgrant::detail
