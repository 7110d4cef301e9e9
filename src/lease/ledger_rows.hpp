// Leases as the ledger's table holds them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lease/lease_task.hpp"
#include "pgrant/acl.hpp"
#include "pgrant/lease.hpp"
#include "pgrant/statement.hpp"

namespace pgrant::detail {

/// A lease with what only pgrant needs to know.
struct ledger_lease {
  pgrant::lease lease;
  std::string attempt;  ///< The call that granted it: who asks again knows whether it was theirs.
  std::string idempotency_key;
  oid grantee_oid = 0;
  std::int64_t seconds = 0;
};

/// "SELECT …" of the columns that `read_lease` reads, from `pgrant.lease l`.
sql_text select_leases();
/// "… RETURNING" the same columns.
sql_fragment returning_lease();

result<ledger_lease> read_lease(const row& r);
result<std::vector<ledger_lease>> read_leases(const rows& answer);

/// The server's timestamps: microseconds since 1970.
result<server_time> read_server_time(const cell& value);

}  // namespace pgrant::detail
