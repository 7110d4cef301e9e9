// The statements that count memberships, and the guards that check them, by server version.
#pragma once

#include <string>
#include <vector>

#include "lease/lease_engine.hpp"

namespace pgrant::detail {

/// One more lease needs the membership of `member` in the role: the row that counts them, with what
/// was there before the first. Gives the columns that `read_membership` reads.
statement count_membership_up(const lease_executor& us, oid role_oid, oid grantor_oid,
                              const std::string& member);
/// One lease less, for all bundles of a lease. Gives `ended_membership` rows.
statement count_memberships_down(const std::string& lease_id);

/// A membership as its row says; role and member are the caller's.
result<lease_membership> read_membership(const row& r);

struct ended_membership {
  std::string bundle;
  oid role_oid = 0;
  lease_membership membership;
  bool last = false;       ///< No other lease needs it.
  bool role_gone = false;  ///< The bundle's role was dropped, and the membership with it.
  bool member_gone = false;
};
result<ended_membership> read_ended_membership(const row& r);

/// Raises PGR02 unless `member` has a membership in each role that gives its privileges.
statement insist_given(const lease_executor& us, const std::vector<std::string>& role_oids,
                       const std::string& member);
/// Raises PGR03 unless what no lease needs any more is as it was before the first.
statement insist_taken(const lease_executor& us, const std::string& lease_id);

}  // namespace pgrant::detail
