// Backends that have authenticated, but that the catalog cannot name yet: a client may make a
// backend sleep there (post_auth_delay).
#pragma once

#include "pgrant/sql.hpp"

namespace pgrant::detail {

/// Their process numbers.
inline constexpr sql_fragment hidden_backends_query =
    R"(SELECT DISTINCT l.pid FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'virtualxid' AND l.pid IS NOT NULL
  AND (a.pid IS NULL OR (a.usesysid IS NULL AND a.backend_type = 'client backend')))";

}  // namespace pgrant::detail
