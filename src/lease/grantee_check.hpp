// Who may have leases among the roles that exist.
#pragma once

#include <string>
#include <vector>

#include "lease/definer_objects.hpp"
#include "pgrant/rows.hpp"
#include "pgrant/statement.hpp"

namespace pgrant::detail {

/// Asks about roles, by name. Those that do not exist are missing in the answer.
statement grantees_query(const std::vector<std::string>& roles);

/// Fails with field "grantee": `not_found`, or `invalid_argument` for a role that could keep what a
/// lease gives it. `answer` is that of `grantees_query`, about any number of roles.
result<void> check_grantee(const std::string& role, const rows& answer, bool has_options);

/// The role's OID if it owns routines or relations, so that these have to be looked at; else 0.
result<oid> owner_among_grantees(const std::string& role, const rows& answer);

/// The refusal of a role with what `definer_objects_of` has found.
error owns_definer_objects(const std::string& role, const std::vector<definer_object>& objects);

}  // namespace pgrant::detail
