#include "plan_statement.hpp"

#include <algorithm>
#include <iterator>

#include "plan_words.hpp"
#include "policy_words.hpp"

namespace pgrant::planning {
namespace {

/// Kinds that share a statement have the same one of these.
object_kind statement_kind(object_kind kind) noexcept {
  if (kind == object_kind::procedure) return kind;
  return kind_of(class_of(kind));
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) noexcept {
  hash ^= value + 0x9e3779b97f4a7c15u + (hash << 6) + (hash >> 2);
  return hash * 0xff51afd7ed558ccdu;
}

std::uint64_t hash_of(const change& c) noexcept {
  std::uint64_t hash = mix(c.grantee, c.grantor);
  hash = mix(hash, c.privileges.bits() | std::uint64_t{c.revoke} << 16 |
                       std::uint64_t{c.option} << 17 | std::uint64_t{c.undo_option} << 18 |
                       std::uint64_t{c.cascade} << 19 | std::uint64_t{c.grantor_owns} << 20 |
                       std::uint64_t{c.phase} << 21);
  hash = mix(hash, c.reason | static_cast<std::uint64_t>(c.why) << 32);
  return mix(hash, std::hash<std::string_view>()(c.column));
}

std::uint64_t hash_of(const shortfall& s) noexcept {
  std::uint64_t hash = mix(s.grantee, s.grantor);
  hash = mix(hash, s.owner);
  hash = mix(hash, s.privileges.bits() | std::uint64_t{s.revoke} << 16 |
                       std::uint64_t{s.option} << 17 | static_cast<std::uint64_t>(s.why) << 24);
  return mix(hash, std::hash<std::string_view>()(s.column));
}

}  // namespace

std::uint32_t statement_writer::keep_current() {
  if (!current_is_kept_) {
    targets_.push_back(current_);
    current_is_kept_ = true;
  }
  return static_cast<std::uint32_t>(targets_.size() - 1);
}

template <class What>
std::size_t statement_writer::collect(groups<What>& into,
                                      std::unordered_multimap<std::uint64_t, std::size_t>& index,
                                      const What& what, std::size_t from) {
  const object_kind kind = statement_kind(current_.kind);
  const std::uint64_t hash = mix(hash_of(what), static_cast<std::uint64_t>(kind));
  auto [at, end] = index.equal_range(hash);
  while (at != end &&
         (at->second < from || into[at->second].kind != kind || into[at->second].what != what))
    ++at;
  std::size_t position = 0;
  if (at != end) {
    position = at->second;
  } else {
    position = into.size();
    index.emplace(hash, position);
    into.push_back({what, kind, {}, 0, {what.grantee}});
  }
  group<What>& g = into[position];
  const std::uint32_t target = keep_current();
  // The server refuses to change one object twice in a statement.
  if (!g.targets.empty() && g.targets.back() == target) return position;
  g.targets.push_back(target);
  g.targets_hash = mix(g.targets_hash, target);
  return position;
}

void statement_writer::add(change what) {
  if (!what.revoke && current_revoked_) ++phase_;
  current_revoked_ = what.revoke;
  what.phase = phase_;
  last_group_ = collect(changes_, change_index_, what, last_group_);
}

void statement_writer::add(const shortfall& what) {
  if (what.revoke) ctx_.undroppable.insert(what.grantee);
  collect(shortfalls_, shortfall_index_, what, 0);
}

// Whether the group may run in the place of an earlier one: whatever lies between and has targets
// in common must not care.
bool statement_writer::may_join(const groups<change>& all, std::size_t earlier,
                                const group<change>& g) {
  for (std::size_t i = earlier + 1; i < all.size(); ++i) {
    const group<change>& between = all[i];
    if (between.what.phase != g.what.phase || between.what.revoke != g.what.revoke) continue;
    if (between.what.steady() && g.what.steady()) continue;
    std::vector<std::uint32_t> common;
    std::ranges::set_intersection(between.targets, g.targets, std::back_inserter(common));
    if (!common.empty()) return false;
  }
  return true;
}

// Groups that differ only in the grantee and have the same targets become one; the order of the
// first ones stays.
template <class What>
statement_writer::groups<What> statement_writer::merged(groups<What> all) const {
  groups<What> result;
  std::unordered_multimap<std::uint64_t, std::size_t> index;
  for (group<What>& g : all) {
    What alike = g.what;
    alike.grantee = 0;
    const std::uint64_t hash = mix(hash_of(alike), g.targets_hash);
    auto [at, end] = index.equal_range(hash);
    const auto same = [&](const group<What>& other) {
      What theirs = other.what;
      theirs.grantee = 0;
      return other.kind == g.kind && theirs == alike && other.targets == g.targets;
    };
    while (at != end && !(same(result[at->second]) && may_join(result, at->second, g))) ++at;
    if (at != end) {
      result[at->second].grantees.push_back(g.what.grantee);
      continue;
    }
    index.emplace(hash, result.size());
    result.push_back(std::move(g));
  }
  for (group<What>& g : result) std::sort(g.grantees.begin(), g.grantees.end());
  return result;
}

void statement_writer::flush(step_list& out) {
  const auto longest = static_cast<std::size_t>(ctx_.options.objects_per_statement());
  groups<change> all_changes = merged(std::move(changes_));
  std::ranges::stable_sort(all_changes, {},
                           [](const group<change>& g) { return 2 * g.what.phase + g.what.revoke; });
  for (const group<change>& g : all_changes) {
    const std::span<const std::uint32_t> all = g.targets;
    for (std::size_t at = 0; at < all.size(); at += longest)
      write(g, all.subspan(at, std::min(longest, all.size() - at)), out);
  }
  for (const group<shortfall>& g : merged(std::move(shortfalls_))) write(g);
  changes_.clear();
  shortfalls_.clear();
  change_index_.clear();
  shortfall_index_.clear();
  targets_.clear();
  current_is_kept_ = false;
}

sql_text statement_writer::name_of(std::uint32_t target) const {
  const acl_target& t = targets_[target];
  sql_text text;
  if (t.schema.empty()) {
    text.name(t.name);
  } else if (class_of(t.kind) == object_class::routine) {
    text.routine(t.schema, t.name, t.arguments);
  } else {
    text.qualified(t.schema, t.name);
  }
  return text;
}

sql_text statement_writer::objects_of(object_kind kind, std::span<const std::uint32_t> part) const {
  return sql_text(grant_word(kind)).raw(" ").list(part, ", ", [&](sql_text& text, std::uint32_t t) {
    text.append(name_of(t));
  });
}

sql_text statement_writer::statement(const change& what, object_kind kind,
                                     std::span<const std::string> names,
                                     const sql_text& objects) const {
  sql_text text(what.revoke ? sql_fragment("REVOKE ") : sql_fragment("GRANT "));
  if (what.revoke && what.option) text.raw("GRANT OPTION FOR ");
  text.append(what.column.empty()
                  ? privilege_words(what.privileges, kind, ctx_.state.server_version)
                  : column_privilege_words(what.privileges, what.column));
  text.raw(" ON ").append(objects);
  text.raw(what.revoke ? sql_fragment(" FROM ") : sql_fragment(" TO "));
  text.append(grantee_words(names));
  if (!what.revoke && what.option) text.raw(" WITH GRANT OPTION");
  if (what.revoke && what.cascade) text.raw(" CASCADE");
  return text;
}

// A REVOKE on a table takes the same privileges on its columns with it, which the GRANT did not
// give.
bool statement_writer::undo_reaches_columns(const group<change>& g,
                                            std::span<const std::uint32_t> part) const {
  if (g.what.revoke || !g.what.column.empty()) return false;
  const auto taken_too = [&](const acl_item& item) {
    return item.grantor == g.what.grantor && !(item.privileges & g.what.privileges).empty() &&
           std::ranges::any_of(
               g.grantees, [&](std::uint32_t at) { return ctx_.grantees[at].id == item.grantee; });
  };
  return std::ranges::any_of(part, [&](std::uint32_t at) {
    return std::ranges::any_of(targets_[at].columns, [&](const column_acl& c) {
      return std::ranges::any_of(c.acl.items(), taken_too);
    });
  });
}

void statement_writer::write(const group<change>& g, std::span<const std::uint32_t> part,
                             step_list& out) const {
  const change& what = g.what;
  const sql_text objects = objects_of(g.kind, part);
  change undo = what;
  undo.revoke = !what.revoke;
  undo.option = what.undo_option;
  if (!what.undo_privileges.empty()) undo.privileges = what.undo_privileges;
  undo.cascade = false;

  step s;
  s.action = what.revoke ? step_action::revoke : step_action::grant;
  s.database = database_;
  s.roles = names_of(g.grantees);
  s.sql = statement(what, g.kind, s.roles, objects).str();
  if (!undo_reaches_columns(g, part)) s.inverse = statement(undo, g.kind, s.roles, objects).str();
  s.reason = reason_of(g, part);
  s.authority = (what.revoke ? "revoked as " : "granted by ") + ctx_.state.role_name(what.grantor) +
                (what.grantor_owns ? " (owner)" : " (grant option)");
  s.on = class_of(g.kind);
  s.privileges = what.privileges;
  s.grant_option = what.option;
  s.column = what.column;
  s.targets.reserve(part.size());
  for (const std::uint32_t at : part) {
    const acl_target& t = targets_[at];
    const pgrant::acl* list = t.list;
    for (const column_acl& c : t.columns)
      if (!what.column.empty() && c.column == what.column) list = &c.acl;
    s.targets.push_back({t.id, t.kind, name_of(at).str(), acl_hash(*list)});
  }
  std::vector<step>& to = what.revoke ? out.revokes : out.grants;
  (what.phase == 0 ? to : out.later).push_back(std::move(s));
}

}  // namespace pgrant::planning
