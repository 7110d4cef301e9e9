// What one object needs: its entries, worked through as the server would, one wish after another.
#pragma once

#include <span>
#include <vector>

#include "plan_statement.hpp"

namespace pgrant::planning {

/// Compares the ACLs of targets with wishes. Keeps its buffers from target to target.
class acl_planner {
 public:
  /// `executor` is the authority as seen from the database of the targets.
  acl_planner(context& ctx, const authority& executor, statement_writer& out)
      : ctx_(ctx), executor_(executor), out_(out) {}

  /// Writes what `wishes` (all about this target, direct ones first) and the bundle roles in the
  /// ACL ask for.
  void plan(const acl_target& target, std::span<const wish> wishes);
  /// The entries of the last target as the steps for it leave them.
  std::vector<acl_item> entries_left() const;
  /// False: the executor has no USAGE on the schema of the following targets, so that a server
  /// refuses every statement about them (42501).
  void reach(bool possible) { reachable_ = possible; }
  /// Takes from PUBLIC what it has; after `plan`, on the same target.
  void close(privilege_set privileges, std::uint32_t reason);

 private:
  struct bundle_wish {
    std::uint32_t grantee = 0;
    privilege_set named, on_the_way;
  };
  struct column_state {
    std::string_view name;
    std::vector<acl_item> items;
  };

  void give_directly(const wish& w);
  void give_to_bundle(const bundle_wish& w);
  void give(change what, privilege_set whole);
  void report(const change& what, privilege_set left, obstacle why);
  void revoke_surplus(std::string_view column);
  void tell_undone();
  void tell_left_behind();
  void revoke(const acl_item& entry, privilege_set surplus, change what);
  void apply_grant(const change& what);
  void apply_revoke(const change& what);
  bool passed_on(const change& what, privilege_set lost_options);
  privilege_set wanted_by(std::uint32_t grantee) const;

  const acl_item* entry_of(oid grantee, oid grantor) const noexcept;
  std::vector<acl_item>& list_of(std::string_view column) noexcept;
  const std::vector<acl_item>& seen_by_grantor(std::string_view column);
  privilege_set held_by(oid grantee) const noexcept;
  privilege_set grantable_by(oid grantee) const noexcept;
  privilege_set independent_options(oid grantor, oid grantee, privilege_set privileges) const;
  bool nameable();

  context& ctx_;
  const authority& executor_;
  statement_writer& out_;

  const acl_target* target_ = nullptr;
  std::vector<acl_item> items_;        // as the steps so far leave them
  std::vector<column_state> columns_;  // the same
  std::vector<acl_item> seen_;
  std::vector<bundle_wish> bundles_;
  std::vector<shortfall> undone_;
  bool changed_ = false, reachable_ = true;
};

}  // namespace pgrant::planning
