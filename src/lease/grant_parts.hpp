// What a grant now, a grant for later and a start have in common.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lease/grant_check.hpp"

namespace pgrant::detail {

/// Bundles' names with the OIDs of their roles, as decimal texts.
using bundle_oids = std::map<std::string, std::string>;

/// Locks the bundles in the order in which all lock them, and raises PGR01 unless each still has
/// its role. From there on others wait for us.
void lock_bundles(batch& work, const bundle_oids& bundles);

/// Which lease has which bundles: arrays of the same length.
statement insert_lease_bundles(const std::vector<std::string>& lease_ids,
                               const std::vector<std::string>& names,
                               const std::vector<std::string>& oids);

/// The login that an ephemeral grant makes.
new_login login_of(const grant_call& call, const checked_grant& checked,
                   const lease_settings& settings);

/// The credentials lead to the first database of the first bundle that has one.
void choose_database(grant_call& call, const checked_grant& checked);

/// The audit trail's entry.
audit_entry grant_entry(std::string action, const grant_call& call, const checked_grant& checked);

}  // namespace pgrant::detail
