// What the server says about the grants that wait, for all of them together.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lease/grant_check.hpp"

namespace pgrant::detail {

/// What the server said about all of the calls.
struct grant_facts {
  lease_executor executor;
  std::vector<ledger_lease> earlier;
  std::map<std::string, error> without_verifier;                        // By the call's id.
  std::vector<std::string> times;                                       // One for each call.
  std::vector<std::pair<std::string, result<checked_bundle>>> bundles;  // In the order of OIDs.
  std::vector<std::string> all_bundles;                                 // Only if one is unknown.
  rows grantees;
  std::map<std::pair<oid, std::string>, checked_membership> memberships;  // In the role itself.
  rows open_cohorts, known_cohorts;  // None where no bundle has cohorts.
};

/// One round trip, and another one if a bundle has cohorts. Passwords that have no verifier yet get
/// one while the server is busy with its answer.
lease_task<grant_facts> ask_grant_facts(lease_engine& engine, connection_ptr where,
                                        const grant_queue::requests& calls);

}  // namespace pgrant::detail
