// Who acts with whose privileges: the memberships of a snapshot, walked as the server walks them.
//
// Source: src/backend/utils/adt/acl.c of PostgreSQL 14 to 18 (roles_is_member_of,
// select_best_grantor, is_admin_of_role) and the manual, section "Role Membership".
#pragma once

#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "pgrant/snapshot.hpp"

namespace pgrant {

/// The memberships of one snapshot by member. The snapshot must outlive it; const use is
/// thread-safe.
class role_graph {
 public:
  explicit role_graph(const snapshot& state);

  /// `member` and every role whose privileges it has without SET ROLE, nearest first: the order in
  /// which the server looks for a grantor.
  std::vector<oid> inherited(oid member) const;

  /// pg_has_role(member, role, 'USAGE'); also true for the role itself and for superusers.
  bool has_privileges_of(oid member, oid role) const;
  /// pg_has_role(member, role, 'MEMBER'): a member at any distance, whatever the options.
  bool is_member_of(oid member, oid role) const;
  /// May SET ROLE to it: 'SET' on 16 and later, 'MEMBER' before.
  bool can_set_role(oid member, oid role) const;

  const snapshot& state() const noexcept { return state_; }

 private:
  friend class authority;
  std::vector<oid> walk(oid member, bool membership::*option) const;

  const snapshot& state_;
  std::unordered_map<oid, std::vector<const membership*>> by_member_;
};

/// The grantor that the server would record, and the part that it would really grant.
struct grantor_choice {
  oid grantor = 0;
  privilege_set granted;  ///< Empty: no effect, with WARNING 01007 or ERROR 42501.
};

/// What one role may do, worked out once. The graph must outlive it; const use is thread-safe.
class authority {
 public:
  authority(const role_graph& graph, oid actor);

  oid actor() const noexcept { return actor_; }
  bool superuser() const noexcept { return superuser_; }
  /// As `role_graph::has_privileges_of`, for the actor, in constant time.
  bool has_privileges_of(oid role) const noexcept;
  /// May GRANT and REVOKE membership in `role`: ADMIN option, held directly or inherited, or
  /// superuser; before 16 also CREATEROLE, unless `role` is a superuser.
  bool can_administer(oid role) const;
  /// May ALTER and DROP `role`: CREATEROLE and, on 16 and later, ADMIN on it.
  bool can_alter(oid role) const;
  /// May create roles: CREATEROLE or superuser.
  bool can_create_roles() const noexcept;
  /// May ALTER DEFAULT PRIVILEGES FOR ROLE `creator`: the creator's privileges, before 16
  /// membership.
  bool can_set_defaults_of(oid creator) const;

  /// What `GRANT privileges` (or REVOKE) by the actor does on an object with this owner and these
  /// effective entries: the server's own choice of the grantor. With all grant options at hand
  /// `granted` is `privileges`; with some, that part; with none, empty.
  grantor_choice choose_grantor(oid owner, std::span<const acl_item> items,
                                privilege_set privileges) const;

 private:
  const role_graph& graph_;
  oid actor_;
  bool superuser_ = false, create_role_ = false;
  std::vector<oid> inherited_;
  std::unordered_set<oid> inherited_set_;
};

}  // namespace pgrant
