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

/// The memberships of one snapshot by member, as they are seen from one database: its owner is,
/// there alone and without a row in the catalog, a member of pg_database_owner, which owns schema
/// `public` on 15 and later. The snapshot must outlive the graph; const use is thread-safe.
class role_graph {
 public:
  /// `seen_from` belongs to `state`; null: no role is a member of pg_database_owner.
  explicit role_graph(const snapshot& state, const database* seen_from = nullptr);

  /// `member` and every role whose privileges it has without SET ROLE, nearest first: the order in
  /// which the server looks for a grantor. A superuser has more privileges than these.
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
  enum class edges { all, inherited, settable };
  std::vector<oid> walk(oid member, edges follow) const;
  bool reaches(oid member, oid role, edges follow) const;
  std::span<const membership* const> memberships_of(oid member) const noexcept;

  const snapshot& state_;
  oid database_owner_ = 0;
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
  /// May GRANT and REVOKE membership in `role`: superuser, or ADMIN option, which on 16 and later
  /// the actor must hold itself or inherit from a holder. Before 16 a member that does not inherit
  /// will do, and so does CREATEROLE. Superuser roles are for superusers alone, and nobody can be
  /// made a member of pg_database_owner.
  bool can_administer(oid role) const;
  /// The grantor that the server records for a membership in `role`; 0 if the actor may not grant
  /// it. On 16 and later that is the bootstrap superuser for every superuser, else the nearest
  /// holder of ADMIN option among `inherited(actor)`; before 16 the actor.
  oid membership_grantor(oid role) const;
  /// May ALTER and DROP `role`: CREATEROLE and, on 16 and later, ADMIN on it (held by any role
  /// that the actor is a member of). Superusers, and before 16 roles with REPLICATION, are for
  /// superusers alone; predefined roles (pg_…) are for nobody. Which attributes the actor may set
  /// is another question: on 16 and later those of CREATEDB, REPLICATION and BYPASSRLS that it has
  /// itself.
  bool can_alter(oid role) const;
  /// May create roles: CREATEROLE or superuser.
  bool can_create_roles() const noexcept;
  /// Has USAGE on a schema of the graph's database, by ACL or by a predefined role
  /// (pg_read_all_data, pg_write_all_data). Without it a GRANT on anything in the schema fails with
  /// 42501, whatever `choose_grantor` says.
  bool can_use(const schema& in) const;
  /// May ALTER DEFAULT PRIVILEGES FOR ROLE `creator`: the creator's privileges, before 16
  /// membership.
  bool can_set_defaults_of(oid creator) const;

  /// What `GRANT privileges` (or REVOKE) by the actor does on an object with this owner and these
  /// effective entries: the server's own choice of the grantor. With all grant options at hand
  /// `granted` is `privileges`; with some, that part of the best holder; with none, empty, and
  /// `grantor` is the actor. For GRANT on a column the entries are the table's and the column's.
  ///
  /// The server warns of less than everything (01007, 01006), but not if ALL PRIVILEGES was asked
  /// for, nor if every privilege of a column was: then only the ACL tells.
  grantor_choice choose_grantor(oid owner, std::span<const acl_item> items,
                                privilege_set privileges) const;

 private:
  const role& role_or_none(oid id) const noexcept;

  const role_graph& graph_;
  oid actor_;
  bool superuser_ = false, create_role_ = false;
  /// The position of each role in `inherited(actor)`.
  std::unordered_map<oid, std::uint32_t> inherited_;
  std::unordered_set<oid> memberships_;
  /// For each role: the nearest inherited holder of ADMIN option on it.
  std::unordered_map<oid, oid> admin_by_inheritance_;
  std::unordered_set<oid> admin_by_membership_;
};

}  // namespace pgrant
