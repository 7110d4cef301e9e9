// Leases that are rebuilt from what the server shows, after the ledger was lost.
#pragma once

#include <string>
#include <vector>

#include "pgrant/lease.hpp"
#include "pgrant/ledger.hpp"

namespace pgrant {

/// Whether to look only, or to write what was found.
enum class adopt_mode { show, write };

/// Something that cannot be adopted, and what to do about it.
struct unadopted {
  std::string role;
  std::vector<std::string> bundles;  ///< Of which it is a member.
  std::string why;
  std::string remedy;
};

/// What the server shows and the ledger does not know.
struct adopt_report {
  bool written = false;
  /// Bundles by the comments of their roles. What a comment does not say (databases, the longest
  /// lease) comes back with the next `apply` of the policy.
  std::vector<planned_bundle> bundles;
  /// Leases of ephemeral logins: bundles from their memberships, the end from VALID UNTIL, the
  /// person from the name. Before they are written they have no id.
  std::vector<lease> leases;
  /// Existing roles in bundle roles (nobody can tell until when, or whether a lease gave it), and
  /// logins without an end.
  std::vector<unadopted> left;
};

}  // namespace pgrant
