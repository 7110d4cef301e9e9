#include "pgrant/role_graph.hpp"

#include <algorithm>

namespace pgrant {

namespace {

// Fixed by the server's catalog data (pg_authid.dat).
constexpr oid pg_database_owner_oid = 6171;

constexpr int version_with_membership_options = 160000;

}  // namespace

role_graph::role_graph(const snapshot& state, const database* seen_from)
    : state_(state), database_owner_(seen_from ? seen_from->owner : 0) {
  // Memberships are sorted by role, so each member's list is in the order in which the server
  // reads it from its index on (member, role, grantor).
  for (const membership& edge : state.memberships) by_member_[edge.member].push_back(&edge);
}

std::span<const membership* const> role_graph::memberships_of(oid member) const noexcept {
  const auto at = by_member_.find(member);
  if (at == by_member_.end()) return {};
  return at->second;
}

// Breadth first, each role once.
std::vector<oid> role_graph::walk(oid member, edges follow) const {
  std::vector<oid> order{member};
  std::unordered_set<oid> seen{member};
  for (std::size_t next = 0; next < order.size(); ++next) {
    const oid at = order[next];
    for (const membership* edge : memberships_of(at)) {
      if (follow == edges::inherited && !edge->inherit) continue;
      if (follow == edges::settable && !edge->set) continue;
      if (seen.insert(edge->role).second) order.push_back(edge->role);
    }
    if (at != database_owner_ || at == 0) continue;
    if (follow == edges::inherited && state_.server_version < version_with_membership_options) {
      const role* owner = state_.find_role(at);
      if (owner && !owner->inherit) continue;
    }
    if (seen.insert(pg_database_owner_oid).second) order.push_back(pg_database_owner_oid);
  }
  return order;
}

bool role_graph::reaches(oid member, oid role, edges follow) const {
  if (member == role) return true;
  const pgrant::role* actor = state_.find_role(member);
  if (actor && actor->superuser) return true;
  const std::vector<oid> reached = walk(member, follow);
  return std::find(reached.begin(), reached.end(), role) != reached.end();
}

std::vector<oid> role_graph::inherited(oid member) const {
  return walk(member, edges::inherited);
}

bool role_graph::has_privileges_of(oid member, oid role) const {
  return reaches(member, role, edges::inherited);
}

bool role_graph::is_member_of(oid member, oid role) const {
  return reaches(member, role, edges::all);
}

bool role_graph::can_set_role(oid member, oid role) const {
  return reaches(member, role, edges::settable);
}

}  // namespace pgrant
