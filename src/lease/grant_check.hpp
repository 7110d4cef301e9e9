// What has to be true before leases are granted, asked in one round trip for all that wait.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lease/grant_call.hpp"

namespace pgrant::detail {

struct checked_bundle {
  std::string name;
  std::string role;
  oid role_oid = 0;
  oid grantor_oid = 0;  ///< As whom we grant it; 0 before 16, where the server does not care.
  std::string grantor;
  std::int64_t longest = 0;  ///< Seconds; 0: no limit of its own.
  std::vector<std::string> databases;
  /// Why its leases are for ephemeral logins alone: its grade, unless the policy accepts that.
  std::optional<std::string> no_existing_role;
  int people = 0;       ///< Whom leases gave it directly; counted up to the size of a cohort.
  int last_cohort = 0;  ///< The highest number that one has; 0: there are none.
};

/// A membership to be given, and as it is expected to be counted: by the ledger's row, if there is
/// one, else by what the catalog shows.
struct checked_membership {
  lease_membership membership;
  oid role_oid = 0;  ///< The bundle's role, or a cohort.
  oid grantor_oid = 0;
  bool in_cohort = false;
  bool there = false;  ///< Known to the ledger or the catalog.
  bool cut = false;    ///< With the whole bundle; it goes with the leases that it has.
};

/// Cohorts that a bundle needs before its grants.
struct cohort_wish {
  checked_bundle bundle;
  int count = 0;
};

/// A request that may be granted.
struct checked_grant {
  std::vector<checked_bundle> bundles;  ///< In the order of their OIDs, the order of the locks.
  std::vector<checked_membership> memberships;  ///< One for each bundle.
  std::string valid_until;  ///< The server's time plus the duration, as a literal.
  /// The lease that has the request's idempotency key, or the id; nothing else is filled in then.
  std::optional<ledger_lease> earlier;
};

struct checked_grants {
  lease_executor executor;
  std::vector<result<checked_grant>> each;  ///< In the order of the calls.
  std::vector<cohort_wish> wishes;          ///< To be fulfilled first, and all checked again.
};

/// Fails only where nothing can be said about any of them.
lease_task<checked_grants> check_grants(lease_engine& engine, connection_ptr where,
                                        const grant_queue::requests& calls);

}  // namespace pgrant::detail
