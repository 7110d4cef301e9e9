// What has to be true before a lease is granted, asked in one round trip.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lease/lease_engine.hpp"

namespace pgrant::detail {

struct checked_bundle {
  std::string name;
  std::string role;
  oid role_oid = 0;
  oid grantor_oid = 0;  ///< As whom we grant it; 0 before 16, where the server does not care.
  std::string grantor;
  std::vector<std::string> databases;
};

/// A request that may be granted.
struct checked_grant {
  lease_executor executor;
  std::vector<checked_bundle> bundles;  ///< In the order of their OIDs, the order of the locks.
  std::string valid_until;              ///< The server's time plus the duration, as a literal.
  /// The lease that has the request's idempotency key, or the id; nothing else is filled in then.
  std::optional<ledger_lease> earlier;
};

/// `id`: the lease's id, looked for in case that an earlier try was committed.
lease_task<checked_grant> check_grant(connection_ptr where, const lease_settings& settings,
                                      const grant_request& request, const std::string& id);

}  // namespace pgrant::detail
