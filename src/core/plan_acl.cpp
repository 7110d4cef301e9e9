#include "plan_acl.hpp"

#include <algorithm>

#include "pgrant/sql.hpp"

namespace pgrant::planning {
namespace {

/// Two are the rule; each more needs a chain of grant options that hangs on the one before.
constexpr int most_rounds = 8;

}  // namespace

void acl_planner::plan(const acl_target& target, std::span<const wish> wishes) {
  target_ = &target;
  const auto of_bundle = [&](const acl_item& item) {
    return ctx_.grantees.managed(item.grantee) != grantee_list::none ||
           ctx_.grantees.managed(item.grantor) != grantee_list::none;
  };
  const auto column_of_bundle = [&](const column_acl& c) {
    return std::ranges::any_of(c.acl.items(), of_bundle);
  };
  out_.begin(target);
  items_.clear();
  columns_.clear();
  bundles_.clear();
  if (wishes.empty()) {
    const bool concerned =
        ctx_.grantees.any_managed() && (std::ranges::any_of(target.list->items(), of_bundle) ||
                                        std::ranges::any_of(target.columns, column_of_bundle));
    if (!concerned) return;
  }
  items_ = effective_items(*target.list, target.kind, target.owner, ctx_.state.server_version);
  for (const column_acl& c : target.columns)
    columns_.push_back({c.column, {c.acl.items().begin(), c.acl.items().end()}});
  for (const wish& w : wishes) {
    if (w.why == purpose::direct) continue;
    auto at = std::ranges::find(bundles_, w.grantee, &bundle_wish::grantee);
    if (at == bundles_.end()) at = bundles_.insert(at, bundle_wish{w.grantee, {}, {}});
    (w.why == purpose::reach ? at->on_the_way : at->named) |= w.privileges;
  }
  // One change may move the grantor of another, or take from a third with CASCADE: again, until a
  // round changes nothing. What is left undone is told only then.
  for (int round = 0; round < most_rounds; ++round) {
    changed_ = false;
    undone_.clear();
    for (const wish& w : wishes)
      if (w.why == purpose::direct) give_directly(w);
    for (const bundle_wish& w : bundles_) give_to_bundle(w);
    if (ctx_.grantees.any_managed()) {
      revoke_surplus({});
      for (const column_acl& c : target.columns) revoke_surplus(c.column);
    }
    if (!changed_) break;
  }
  tell_undone();
  if (ctx_.grantees.any_managed()) tell_left_behind();
}

void acl_planner::tell_undone() {
  for (const shortfall& missing : undone_) out_.add(missing);
  undone_.clear();
}

// What a role passed on outlives its grant options where they were the table's and the entry is a
// column's. DROP ROLE fails on it.
void acl_planner::tell_left_behind() {
  const auto tell = [&](const acl_item& item, std::string_view column) {
    const std::uint32_t at = ctx_.grantees.managed(item.grantor);
    if (at == grantee_list::none || !ctx_.grantees[at].dropped) return;
    ctx_.undroppable.insert(at);
    shortfall left;
    left.revoke = true;
    left.grantee = ctx_.grantees.find_or_add(item.grantee, ctx_.state.role_name(item.grantee));
    left.privileges = item.privileges;
    left.why = obstacle::left_behind;
    left.owner = target_->owner;
    left.grantor = item.grantor;
    left.column = column;
    out_.add(left);
  };
  for (const acl_item& item : items_) tell(item, {});
  for (const column_state& c : columns_)
    for (const acl_item& item : c.items) tell(item, c.name);
}

// The server keeps one entry for each pair of grantee and grantor and looks at no other: so does
// this, or a bootstrap would end with fewer entries than the statements that it stands for.
void acl_planner::give_directly(const wish& w) {
  const oid grantee = ctx_.grantees[w.grantee].id;
  change what;
  what.grantee = w.grantee;
  what.why = w.why;
  what.reason = w.reason;
  privilege_set left = w.privileges;
  while (!left.empty()) {
    grantor_choice choice = executor_.choose_grantor(target_->owner, items_, left);
    if (!choice.granted.empty())
      choice = executor_.choose_grantor(target_->owner, items_, choice.granted);
    if (choice.granted.empty()) break;
    const privilege_set part = choice.granted;
    left = left - part;

    privilege_set have, have_option;
    if (const acl_item* entry = entry_of(grantee, choice.grantor)) {
      have = entry->privileges;
      have_option = entry->grantable;
    }
    what.grantor = choice.grantor;
    what.grantor_owns = choice.grantor == target_->owner;
    privilege_set possible = part;
    if (!what.grantor_owns && w.grant_option)
      possible = independent_options(choice.grantor, grantee, part);
    if (choice.grantor == grantee && !what.grantor_owns) {
      // Nobody gives to himself what he already has.
      have |= held_by(grantee);
      have_option |= grantable_by(grantee);
    } else if (possible != part) {
      const privilege_set circular = part - possible;
      have |= held_by(grantee) & circular;
      have_option |= grantable_by(grantee) & circular;
      const privilege_set missing =
          (circular - have) | (w.grant_option ? circular - have_option : privilege_set());
      if (!missing.empty()) {
        what.option = w.grant_option;
        report(what, missing, obstacle::circular);
        have |= missing;
        have_option |= missing;
      }
    }
    what.privileges = part - have;
    what.option = w.grant_option;
    what.undo_option = false;
    give(what, possible);
    if (w.grant_option) {
      // The first statement may have named more than was missing.
      if (const acl_item* entry = entry_of(grantee, choice.grantor))
        have_option |= entry->grantable;
      what.privileges = (part & have) - have_option;
      what.undo_option = true;
      give(what, possible);
    }
  }
  if (left.empty()) return;
  what.option = w.grant_option;
  const privilege_set have =
      w.grant_option ? held_by(grantee) & grantable_by(grantee) : held_by(grantee);
  report(what, left - have, obstacle::no_authority);
}

void acl_planner::give_to_bundle(const bundle_wish& w) {
  const oid grantee = ctx_.grantees[w.grantee].id;
  for (const purpose why : {purpose::bundle, purpose::reach}) {
    const bool named = why == purpose::bundle;
    privilege_set left = (named ? w.named : w.on_the_way) - held_by(grantee);
    change what;
    what.grantee = w.grantee;
    what.why = why;
    while (!left.empty()) {
      grantor_choice choice = executor_.choose_grantor(target_->owner, items_, left);
      if (!choice.granted.empty())
        choice = executor_.choose_grantor(target_->owner, items_, choice.granted);
      if (choice.granted.empty()) break;
      what.grantor = choice.grantor;
      what.grantor_owns = choice.grantor == target_->owner;
      what.privileges = choice.granted;
      give(what, what.privileges);
      left = left - choice.granted;
    }
    report(what, left, obstacle::no_authority);
  }
}

// For a part of the privileges the server may pick a nearer grantor than for the whole: then the
// statement names the whole. Another one may have become the nearest for that as well, such as the
// grantee, who cannot give to itself: the next round asks again.
void acl_planner::give(change what, privilege_set whole) {
  if (what.privileges.empty()) return;
  const auto goes_to = [&](privilege_set privileges) {
    return executor_.choose_grantor(target_->owner, items_, privileges).grantor;
  };
  if (goes_to(what.privileges) != what.grantor) {
    what.undo_privileges = what.privileges;
    what.privileges = whole;
    if (goes_to(whole) != what.grantor)
      return report(what, what.undo_privileges, obstacle::circular);
  }
  if (!nameable()) return report(what, what.privileges, obstacle::unnameable);
  if (!reachable_) return report(what, what.privileges, obstacle::no_usage);
  out_.add(what);
  apply_grant(what);
  changed_ = true;
}

void acl_planner::report(const change& what, privilege_set left, obstacle why) {
  if (left.empty()) return;
  shortfall missing;
  missing.revoke = what.revoke;
  missing.grantee = what.grantee;
  missing.privileges = left;
  missing.option = what.option;
  missing.why = why;
  missing.owner = target_->owner;
  missing.grantor = what.grantor;
  missing.column = what.column;
  if (why != obstacle::of_another) missing.grantor = 0;
  const bool way = what.why == purpose::reach;
  missing.public_has_it = way && (left - held_by(public_oid)).empty();
  undone_.push_back(missing);
}

void acl_planner::close(privilege_set privileges, std::uint32_t reason) {
  if (items_.empty()) {
    items_ =
        effective_items(*target_->list, target_->kind, target_->owner, ctx_.state.server_version);
  }
  for (const acl_item& entry : std::vector<acl_item>(items_)) {
    if (entry.grantee != public_oid) continue;
    change what;
    what.grantee = grantee_list::everybody;
    what.why = purpose::closed;
    what.reason = reason;
    revoke(entry, entry.privileges & privileges, what);
  }
  tell_undone();
}

// Bundles name no columns: what their roles have on one, from whomever, is surplus.
privilege_set acl_planner::wanted_by(std::uint32_t grantee) const {
  const auto w = std::ranges::find(bundles_, grantee, &bundle_wish::grantee);
  return w == bundles_.end() ? privilege_set() : w->named | w->on_the_way;
}

void acl_planner::revoke_surplus(std::string_view column) {
  const std::vector<acl_item>& list = list_of(column);
  for (const acl_item& seen : std::vector<acl_item>(list)) {
    const std::uint32_t at = ctx_.grantees.managed(seen.grantee);
    if (at == grantee_list::none) continue;
    const auto now = std::ranges::find_if(list, [&](const acl_item& item) {
      return item.grantee == seen.grantee && item.grantor == seen.grantor;
    });
    if (now == list.end()) continue;
    const acl_item entry = *now;
    const privilege_set wanted = column.empty() ? wanted_by(at) : privilege_set();
    const privilege_set surplus = entry.privileges - wanted;
    change what;
    what.grantee = at;
    what.why = ctx_.grantees[at].dropped ? purpose::dropped : purpose::surplus;
    what.column = column;
    what.undo_option = true;
    revoke(entry, surplus & entry.grantable, what);
    what.undo_option = false;
    revoke(entry, surplus - entry.grantable, what);
    what.option = what.undo_option = true;
    revoke(entry, entry.grantable & wanted, what);
  }
}

// The server picks one grantor for all privileges of a REVOKE, and another one perhaps for fewer.
void acl_planner::revoke(const acl_item& entry, privilege_set surplus, change what) {
  if (surplus.empty()) return;
  what.revoke = true;
  what.grantor = entry.grantor;
  what.grantor_owns = entry.grantor == target_->owner;
  const std::vector<acl_item>& seen = seen_by_grantor(what.column);
  const auto reachable = [&](privilege_set part) {
    const grantor_choice choice = executor_.choose_grantor(target_->owner, seen, part);
    return choice.grantor == entry.grantor && choice.granted == part;
  };
  privilege_set possible;
  if (reachable(surplus)) {
    possible = surplus;
  } else {
    surplus.for_each([&](privilege p) {
      if (reachable(p)) possible |= p;
    });
    if (!possible.empty() && !reachable(possible)) {
      // Together they would go to another grantor: one at a time.
      possible.for_each([&](privilege p) { revoke(entry, p, what); });
      surplus = surplus - possible;
      possible = {};
    }
  }
  report(what, surplus - possible, obstacle::of_another);
  if (possible.empty()) return;
  if (!nameable()) return report(what, possible, obstacle::unnameable);
  if (!reachable_) return report(what, possible, obstacle::no_usage);
  what.privileges = possible;
  what.cascade = passed_on(what, possible & entry.grantable);
  out_.add(what);
  changed_ = true;
  apply_revoke(what);
}

}  // namespace pgrant::planning
