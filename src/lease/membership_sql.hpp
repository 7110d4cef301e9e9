// The statements that count memberships, and the guards that check them, by server version.
#pragma once

#include <string>
#include <vector>

#include "lease/lease_engine.hpp"

namespace pgrant::detail {

/// Memberships that leases need, each once: in how many leases, and what the ledger or the catalog
/// shows before. Sorted by role, the order in which all lock.
struct counted_membership {
  lease_membership membership;
  oid role_oid = 0;
  oid grantor_oid = 0;
  int leases = 0;
  bool in_cohort = false;
};

/// Counts the leases in the rows of these memberships, with what was there before the first. Raises
/// PGR04 where a row is not as expected, was cut, or a member is gone.
statement count_memberships_up(const lease_executor& us,
                               const std::vector<counted_membership>& memberships);
/// These leases less, for all of their bundles; the bundles' rows are locked. Gives
/// `ended_membership` rows.
statement count_memberships_down(const std::vector<std::string>& lease_ids);

struct ended_membership {
  oid role_oid = 0;
  oid member_oid = 0;
  lease_membership membership;
  bool last = false;       ///< No other lease needs it.
  bool role_gone = false;  ///< The bundle's role was dropped, and the membership with it.
  bool member_gone = false;
  bool there = false;  ///< The entry of our grantor: somebody else may have taken it.
};
result<ended_membership> read_ended_membership(const row& r);

/// Raises PGR02 unless each member has a membership in its role that gives its privileges, PGR04
/// where somebody else made it since `count_memberships_up`. Behind the GRANT, in its transaction.
statement insist_given(const lease_executor& us,
                       const std::vector<counted_membership>& memberships);
/// Raises PGR03 unless what no lease needs any more gives no more than before the first.
statement insist_taken(const lease_executor& us, const std::vector<std::string>& lease_ids);

}  // namespace pgrant::detail
