#include <algorithm>
#include <vector>

#include "pgrant/role_graph.hpp"

namespace pgrant {

namespace {

// Both fixed by the server's catalog data (pg_authid.dat).
constexpr oid bootstrap_superuser_oid = 10;
constexpr oid unjoinable_role_oid = 6171;  // pg_database_owner

constexpr int version_where_admin_rules = 160000;
constexpr int version_without_self_admin = 150000;

}  // namespace

authority::authority(const role_graph& graph, oid actor) : graph_(graph), actor_(actor) {
  const role& self = role_or_none(actor);
  superuser_ = self.superuser;
  create_role_ = self.superuser || self.create_role;
  for (const oid id : graph.walk(actor, role_graph::edges::inherited)) {
    inherited_.emplace(id, static_cast<std::uint32_t>(inherited_.size()));
    for (const membership* edge : graph.memberships_of(id))
      if (edge->admin) admin_by_inheritance_.emplace(edge->role, id);
  }
  for (const oid id : graph.walk(actor, role_graph::edges::all)) {
    memberships_.insert(id);
    for (const membership* edge : graph.memberships_of(id))
      if (edge->admin) admin_by_membership_.insert(edge->role);
  }
}

const role& authority::role_or_none(oid id) const noexcept {
  static const role none;
  const role* found = graph_.state().find_role(id);
  return found ? *found : none;
}

bool authority::has_privileges_of(oid role) const noexcept {
  return superuser_ || inherited_.contains(role);
}

bool authority::can_administer(oid role) const {
  return membership_grantor(role) != 0;
}

oid authority::membership_grantor(oid role) const {
  if (role == unjoinable_role_oid) return 0;
  const int version = graph_.state().server_version;
  if (version >= version_where_admin_rules) {
    if (superuser_) return bootstrap_superuser_oid;
    if (role_or_none(role).superuser) return 0;
    const auto holder = admin_by_inheritance_.find(role);
    return holder == admin_by_inheritance_.end() ? 0 : holder->second;
  }
  if (superuser_) return actor_;
  if (role_or_none(role).superuser) return 0;
  // On 14 a login may hand out the membership in itself.
  const bool self = version < version_without_self_admin && role == actor_;
  return create_role_ || self || admin_by_membership_.contains(role) ? actor_ : 0;
}

bool authority::can_alter(oid role) const {
  const pgrant::role& target = role_or_none(role);
  if (target.name.starts_with("pg_")) return false;
  if (superuser_) return true;
  if (!create_role_ || target.superuser) return false;
  if (graph_.state().server_version < version_where_admin_rules) return !target.replication;
  return admin_by_membership_.contains(role);
}

bool authority::can_create_roles() const noexcept {
  return create_role_;
}

bool authority::can_use(const schema& in) const {
  if (superuser_) return true;
  const auto items =
      effective_items(in.acl, object_kind::schema, in.owner, graph_.state().server_version);
  for (const acl_item& item : items)
    if (item.privileges.contains(privilege::usage) &&
        (item.grantee == public_oid || inherited_.contains(item.grantee)))
      return true;
  for (const char* name : {"pg_read_all_data", "pg_write_all_data"})
    if (const role* predefined = graph_.state().find_role(name))
      if (inherited_.contains(predefined->id)) return true;
  return false;
}

bool authority::can_set_defaults_of(oid creator) const {
  if (graph_.state().server_version >= version_where_admin_rules) return has_privileges_of(creator);
  return superuser_ || memberships_.contains(creator);
}

grantor_choice authority::choose_grantor(oid owner, std::span<const acl_item> items,
                                         privilege_set privileges) const {
  if (superuser_ || actor_ == owner) return {owner, privileges};

  // What each role of the walk could grant. The server asks them one by one, each with a look at
  // the whole list; one pass over the list and the few candidates in it say the same.
  struct candidate {
    std::uint32_t position;
    oid id;
    privilege_set options;
  };
  std::vector<candidate> candidates;
  const auto note = [&](oid id, privilege_set options) {
    if (options.empty()) return;
    const auto found = inherited_.find(id);
    if (found == inherited_.end()) return;
    for (candidate& c : candidates) {
      if (c.id != id) continue;
      c.options |= options;
      return;
    }
    candidates.push_back({found->second, id, options});
  };
  note(owner, privileges);
  for (const acl_item& item : items)
    if (item.grantee != public_oid) note(item.grantee, item.grantable & privileges);

  // The nearest one that has them all, else the one that has most, the nearest of equals.
  std::sort(candidates.begin(), candidates.end(),
            [](const candidate& a, const candidate& b) { return a.position < b.position; });
  grantor_choice best{actor_, {}};
  for (const candidate& c : candidates) {
    if (c.options.size() > best.granted.size()) best = {c.id, c.options};
  }
  return best;
}

}  // namespace pgrant
