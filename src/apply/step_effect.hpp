// Whether a step may run on what the catalogs say, and whether it had its effect.
#pragma once

#include <string>
#include <vector>

#include "apply/catalog_state.hpp"

namespace pgrant::detail {

/// "table sales.orders in database shop"; without the database for what is cluster-wide.
std::string in_database_of(const step& s, std::string object);

/// The first object whose ACL is not the one that the plan was made for: `stale`, naming it.
result<void> check_unchanged(std::span<const step> steps, const catalog_state& before);

/// What the step promised and the catalogs do not show: names of objects, or of roles where the
/// step has none. Empty: the step had its effect.
std::vector<std::string> missing_effects(const step& s, const catalog_state& before,
                                         const catalog_state& after, int server_version);

/// Whether the server took back in a notice what its answer to the step said: 01007, 01006 and
/// the other warnings, or "already a member".
const notice* contradiction(const step& s, const rows& answer) noexcept;

}  // namespace pgrant::detail
