// The entries of one object under the changes that are planned for it.
#include <algorithm>

#include "pgrant/sql.hpp"
#include "plan_acl.hpp"

namespace pgrant::planning {
namespace {

privilege_set options_of(std::span<const acl_item> items, oid grantee) {
  privilege_set options;
  for (const acl_item& item : items)
    if (item.grantee == grantee) options |= item.grantable;
  return options;
}

/// Who had it from `grantee` loses it, unless `grantee` has the option from another yet.
void take_passed_on(std::vector<acl_item>& items, oid owner, oid grantee, privilege_set lost) {
  if (grantee == owner) return;
  lost = lost - options_of(items, grantee);
  for (std::size_t i = 0; i < items.size() && !lost.empty(); ++i) {
    acl_item& item = items[i];
    if (item.grantor != grantee || (item.privileges & lost).empty()) continue;
    const privilege_set further = item.grantable & lost;
    item.privileges = item.privileges - lost;
    item.grantable = item.grantable - lost;
    take_passed_on(items, owner, item.grantee, further);
  }
}

void take(std::vector<acl_item>& items, oid owner, oid grantee, oid grantor, const change& what) {
  for (acl_item& item : items) {
    if (item.grantee != grantee || item.grantor != grantor) continue;
    const privilege_set options = item.grantable & what.privileges;
    item.grantable = item.grantable - options;
    if (!what.option) item.privileges = item.privileges - what.privileges;
    if (what.cascade) take_passed_on(items, owner, grantee, options);
    break;
  }
  std::erase_if(items, [](const acl_item& item) { return item.privileges.empty(); });
}

}  // namespace

std::vector<acl_item> acl_planner::entries_left() const {
  if (!items_.empty()) return items_;
  return effective_items(*target_->list, target_->kind, target_->owner, ctx_.state.server_version);
}

std::vector<acl_item>& acl_planner::list_of(std::string_view column) noexcept {
  for (column_state& c : columns_)
    if (!column.empty() && c.name == column) return c.items;
  return items_;
}

// Whoever may grant on the table may do so on its columns.
const std::vector<acl_item>& acl_planner::seen_by_grantor(std::string_view column) {
  if (column.empty()) return items_;
  const std::vector<acl_item>& own = list_of(column);
  seen_.assign(items_.begin(), items_.end());
  seen_.insert(seen_.end(), own.begin(), own.end());
  return seen_;
}

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
  return options_of(items_, grantee);
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
bool acl_planner::passed_on(const change& what, privilege_set lost_options) {
  const oid grantee = ctx_.grantees[what.grantee].id;
  const auto takes = [grantee](privilege_set lost) {
    return [grantee, lost](const acl_item& item) {
      return item.grantor == grantee && !(item.privileges & lost).empty();
    };
  };
  if (std::ranges::any_of(list_of(what.column), takes(lost_options))) return true;
  return what.column.empty() && std::ranges::any_of(columns_, [&](const column_state& c) {
           return std::ranges::any_of(c.items, takes(what.privileges));
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
  const oid grantee = ctx_.grantees[what.grantee].id;
  if (!what.column.empty())
    return take(list_of(what.column), target_->owner, grantee, what.grantor, what);
  for (column_state& column : columns_) {
    const privilege_set here = what.privileges & column_privileges;
    if (here.empty()) break;
    // As for a statement of its own: the server looks for the grantor once more.
    const oid grantor =
        executor_.choose_grantor(target_->owner, seen_by_grantor(column.name), here).grantor;
    change there = what;
    there.privileges = here;
    take(column.items, target_->owner, grantee, grantor, there);
  }
  take(items_, target_->owner, grantee, what.grantor, what);
}

}  // namespace pgrant::planning
