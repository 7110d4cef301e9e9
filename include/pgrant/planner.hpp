// Snapshot + policy -> plan. Pure and deterministic: the same input gives the same plan, byte for
// byte. Runs in time linear in the objects that the policy selects.
#pragma once

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

 private:
  int objects_per_statement_ = 500;
};

/// Works out the steps that make `desired` true on the server of `state`, as the role
/// `state.current_role`.
///
/// Statements are merged: one GRANT names all objects of a schema that need the same privileges for
/// the same grantees. An existing entry is enough only if the grantor that the server would pick has
/// it; a second plan after `apply` is empty. Bundle roles lose what their bundle does not name;
/// other roles lose nothing.
///
/// Fails with `invalid_argument` (`validate` found something, or a rule selects no object) and
/// `not_found` (a database, schema, role or creator that is named without a pattern does not exist),
/// with `field()`; `denied` only if the executor may not create roles that the policy needs.
/// What the executor may not grant is no failure here: see `plan::not_granted`.
result<plan> make_plan(const snapshot& state, const policy& desired,
                       const planner_options& options = planner_options());

}  // namespace pgrant
