// Who stands in the way of an apply.
#pragma once

#include <string>

#include "pgrant/error.hpp"
#include "pgrant/rows.hpp"

namespace pgrant::detail {

/// What a query for a lock's holder selects from pg_stat_activity, as `a`.
#define PGRANT_LOCK_HOLDER \
  "a.pid, a.usename, a.application_name, a.client_addr, a.backend_start::text"

/// `conflict`: another apply has the turn of `database` (empty: of the instance). `holders` are
/// rows of PGRANT_LOCK_HOLDER; none if it let go meanwhile.
error turn_taken(const std::string& database, const rows& holders);

}  // namespace pgrant::detail
