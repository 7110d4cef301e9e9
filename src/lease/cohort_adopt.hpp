// Cohorts that a lost ledger knew.
#pragma once

#include <string>
#include <vector>

#include "pgrant/rows.hpp"
#include "pgrant/statement.hpp"

namespace pgrant::detail {

/// A role that is a cohort by all that the server shows. OIDs and number as texts.
struct lost_cohort {
  std::string bundle, role, role_oid, bundle_oid, number, grantor_oid, bundle_grantor_oid;
  bool cut = false;  ///< It has no bundle any more.
};

/// From 16 on. The arguments: bundles that the ledger does not know either, of the same length.
statement lost_cohorts_query(const std::vector<std::string>& bundles,
                             const std::vector<std::string>& oids);
lost_cohort read_lost_cohort(const row& r);
/// After the memberships: counts them.
statement insert_adopted_cohort(const lost_cohort& found);

}  // namespace pgrant::detail
