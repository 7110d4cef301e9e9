// Snapshot + policy -> plan. Pure and deterministic: the same input gives the same plan, byte for
// byte. Runs in time linear in the objects that the policy selects.
#pragma once

#include <string>

#include "pgrant/plan.hpp"
#include "pgrant/policy.hpp"
#include "pgrant/snapshot.hpp"

namespace pgrant {

/// How statements are cut. The defaults suit servers of any size.
class planner_options {
 public:
  planner_options() = default;
  /// At most this many objects in one GRANT; 1 or more, default 500.
  planner_options& objects_per_statement(int n);
  int objects_per_statement() const noexcept { return objects_per_statement_; }
  /// The ledger's database, default "pgrant": wildcards do not reach it, and no bundle may name it.
  planner_options& ledger_database(std::string name);
  const std::string& ledger_database() const noexcept { return ledger_database_; }

 private:
  int objects_per_statement_ = 500;
  std::string ledger_database_ = "pgrant";
};

/// Works out the steps that make `desired` true on the server of `state`, as the role
/// `state.current_role`.
///
/// Statements are merged: one GRANT names all objects of a schema that need the same privileges for
/// the same grantees. A second plan after `apply` is empty.
///
/// Direct grants are compared with the entries of the grantor that the server would pick for the
/// executor: what the grantee has from somebody else does not count, as it does not for a GRANT
/// statement, unless that grantor holds its options from the grantee itself and the server would
/// refuse. A bundle role has a privilege whoever granted it; it loses what its bundle does not
/// name, also grant options and column privileges, in all databases that were inspected. Entries of
/// grantors that the server would not pick cannot be revoked: see `plan::not_granted`. Other roles
/// lose nothing.
///
/// A role that has the name of a bundle role must be one: NOLOGIN, without any attribute of power,
/// and marked by its comment (`pgrant bundle NAME`), or not in use at all.
///
/// Fails with `invalid_argument` (`validate` found something, a rule selects no object, the
/// platform reserves a name, the server is too old for a privilege), `not_found` (a database,
/// schema, role or creator that is named without a pattern does not exist) and `conflict` (a role
/// in the place of a bundle role, a circular membership), with `field()`; `denied` only if the
/// executor may not create roles that the policy needs, or a database that the policy names could
/// not be inspected. What the executor may not grant is no failure here: see `plan::not_granted`.
/// With `policy::best_effort` a rule that selects no object is none either.
result<plan> make_plan(const snapshot& state, const policy& desired,
                       const planner_options& options = planner_options());

}  // namespace pgrant
