// The entries of one object under the changes that are planned for it.
#include <algorithm>

#include "pgrant/sql.hpp"
#include "plan_acl.hpp"

namespace pgrant::planning {

const acl_item* acl_planner::entry_of(oid grantee, oid grantor) const noexcept {
  for (const acl_item& item : items_)
    if (item.grantee == grantee && item.grantor == grantor) return &item;
  return nullptr;
}

privilege_set acl_planner::held_by(oid grantee) const noexcept {
  privilege_set held;
  for (const acl_item& item : items_)
    if (item.grantee == grantee) held |= item.privileges;
  return held;
}

privilege_set acl_planner::grantable_by(oid grantee) const noexcept {
  privilege_set options;
  for (const acl_item& item : items_)
    if (item.grantee == grantee) options |= item.grantable;
  return options;
}

// A grant option goes from hand to hand, from the owner on. The server takes the grantee out of
// that chain and refuses (0LP01) if the grantor is no longer reached.
privilege_set acl_planner::independent_options(oid grantor, oid grantee,
                                               privilege_set privileges) const {
  privilege_set independent;
  privileges.for_each([&](privilege p) {
    std::vector<oid> reached{target_->owner};
    for (std::size_t next = 0; next < reached.size(); ++next) {
      for (const acl_item& item : items_) {
        if (item.grantor != reached[next] || !item.grantable.contains(p)) continue;
        if (item.grantee == grantee || item.grantee == public_oid) continue;
        if (std::ranges::find(reached, item.grantee) == reached.end())
          reached.push_back(item.grantee);
      }
    }
    if (std::ranges::find(reached, grantor) != reached.end()) independent |= p;
  });
  return independent;
}

// A REVOKE on a table reaches into its columns too.
bool acl_planner::passed_on(const change& what, privilege_set lost_options,
                            std::span<const acl_item> items) const {
  const oid grantee = ctx_.grantees[what.grantee].id;
  const auto takes = [&](privilege_set lost) {
    return [grantee, lost](const acl_item& item) {
      return item.grantor == grantee && !(item.privileges & lost).empty();
    };
  };
  if (std::ranges::any_of(items, takes(lost_options))) return true;
  if (what.option || !what.column.empty()) return false;
  return std::ranges::any_of(target_->columns, [&](const column_acl& c) {
    return std::ranges::any_of(c.acl.items(), takes(what.privileges));
  });
}

bool acl_planner::nameable() {
  if (class_of(target_->kind) != object_class::routine) return true;
  return check_argument_types(target_->arguments).has_value();
}

void acl_planner::apply_grant(const change& what) {
  const oid grantee = ctx_.grantees[what.grantee].id;
  for (acl_item& item : items_) {
    if (item.grantee != grantee || item.grantor != what.grantor) continue;
    item.privileges |= what.privileges;
    if (what.option) item.grantable |= what.privileges;
    return;
  }
  items_.push_back(
      {grantee, what.grantor, what.privileges, what.option ? what.privileges : privilege_set()});
}

void acl_planner::apply_revoke(const change& what) {
  table_revokes_.push_back(what);
  const oid grantee = ctx_.grantees[what.grantee].id;
  std::vector<std::pair<oid, privilege_set>> takers;
  for (acl_item& item : items_) {
    if (item.grantee != grantee || item.grantor != what.grantor) continue;
    item.grantable = item.grantable - what.privileges;
    if (!what.option) item.privileges = item.privileges - what.privileges;
  }
  if (what.cascade) {
    const privilege_set lost = what.privileges - grantable_by(grantee);
    takers.emplace_back(grantee, lost);
    for (std::size_t next = 0; next < takers.size(); ++next) {
      const auto [grantor, gone] = takers[next];
      for (acl_item& item : items_) {
        if (item.grantor != grantor || (item.privileges & gone).empty()) continue;
        const privilege_set here = item.privileges & gone;
        item.privileges = item.privileges - here;
        item.grantable = item.grantable - here;
        // The owner's grant options never end, and another grantor's may be left.
        if (item.grantee == target_->owner || takers.size() > items_.size()) continue;
        takers.emplace_back(item.grantee, here - grantable_by(item.grantee));
      }
    }
  }
  std::erase_if(items_, [](const acl_item& item) { return item.privileges.empty(); });
}

}  // namespace pgrant::planning
