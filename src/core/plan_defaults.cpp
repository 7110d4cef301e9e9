// Default privileges: what objects get that a creator makes later.
#include <algorithm>
#include <map>
#include <tuple>

#include "pgrant/sql.hpp"
#include "plan_words.hpp"
#include "planning.hpp"
#include "policy_words.hpp"

namespace pgrant::planning {
namespace {

/// A row of pg_default_acl, or where one could be.
struct default_key {
  oid creator = 0, schema = 0;
  object_class on = object_class::table;
  friend auto operator<=>(const default_key&, const default_key&) = default;
};

struct default_slot {
  const default_privileges* row = nullptr;
  std::vector<wish> wishes;  // one for each grantee
};

/// One ALTER DEFAULT PRIVILEGES but for its grantees.
struct default_change {
  bool revoke = false, option = false, undo_option = false;
  privilege_set privileges;
  purpose why = purpose::direct;
  std::uint32_t reason = 0;
  friend auto operator<=>(const default_change&, const default_change&) = default;
};

class default_planner {
 public:
  default_planner(context& ctx, const database& db, step_list& out)
      : ctx_(ctx),
        db_(db),
        out_(out),
        graph_(ctx.state, &db),
        executor_(graph_, ctx.state.current_role) {}

  void plan(const default_key& key, const default_slot& slot) {
    key_ = &key;
    std::vector<acl_item> items;
    if (slot.row) {
      const auto given = slot.row->acl.items();
      items.assign(given.begin(), given.end());
    } else if (key.schema == 0) {
      items = default_acl(kind_of(key.on), key.creator, ctx_.state.server_version);
    }
    changes_.clear();
    for (const wish& w : slot.wishes) give(w, items);
    for (const acl_item& item : items) take(item, slot);
    for (auto& [change, grantees] : changes_) write(change, grantees);
  }

 private:
  void give(const wish& w, std::span<const acl_item> items) {
    privilege_set have, have_option;
    for (const acl_item& item : items) {
      if (item.grantee != ctx_.grantees[w.grantee].id) continue;
      have |= item.privileges;
      have_option |= item.grantable;
    }
    default_change change;
    change.why = w.why;
    change.reason = w.reason;
    change.option = w.grant_option;
    change.privileges = w.privileges - have;
    note(change, w.grantee);
    if (!w.grant_option) return;
    change.privileges = (w.privileges & have) - have_option;
    change.undo_option = true;
    note(change, w.grantee);
  }

  void take(const acl_item& item, const default_slot& slot) {
    const std::uint32_t at = ctx_.grantees.managed(item.grantee);
    if (at == grantee_list::none) return;
    privilege_set wanted;
    for (const wish& w : slot.wishes)
      if (w.grantee == at) wanted |= w.privileges;
    const privilege_set surplus = item.privileges - wanted;
    default_change change;
    change.revoke = true;
    change.why = ctx_.grantees[at].dropped ? purpose::dropped : purpose::surplus;
    change.privileges = surplus - item.grantable;
    note(change, at);
    change.undo_option = true;
    change.privileges = surplus & item.grantable;
    note(change, at);
    change.option = true;
    change.privileges = item.grantable & wanted;
    note(change, at);
  }

  void note(const default_change& change, std::uint32_t grantee) {
    if (!change.privileges.empty()) changes_[change].push_back(grantee);
  }

  sql_text statement(const default_change& change, std::span<const std::string> names) const {
    sql_text text =
        sql_text("ALTER DEFAULT PRIVILEGES FOR ROLE ").name(ctx_.state.role_name(key_->creator));
    if (key_->schema != 0) text.raw(" IN SCHEMA ").name(schema_name());
    text.raw(change.revoke ? sql_fragment(" REVOKE ") : sql_fragment(" GRANT "));
    if (change.revoke && change.option) text.raw("GRANT OPTION FOR ");
    text.append(privilege_words(change.privileges, kind_of(key_->on), ctx_.state.server_version));
    text.raw(" ON ").raw(default_word(key_->on));
    text.raw(change.revoke ? sql_fragment(" FROM ") : sql_fragment(" TO "));
    text.append(grantee_words(names));
    if (!change.revoke && change.option) text.raw(" WITH GRANT OPTION");
    return text;
  }

  std::string schema_name() const {
    const schema* s = db_.find_schema(key_->schema);
    return s ? s->name : std::to_string(key_->schema);
  }

  std::string reason(const default_change& change, std::span<const std::uint32_t> grantees) const {
    if (change.why == purpose::direct && !ctx_.reasons[change.reason].empty())
      return ctx_.reasons[change.reason];
    std::string who = "policy";
    for (const std::uint32_t at : grantees) {
      const std::string& bundle = ctx_.grantees[at].bundle;
      if (!bundle.empty()) who = (who == "policy" ? "bundle " : who + ", ") + bundle;
    }
    if (change.why == purpose::dropped) return who + " to be dropped";
    if (change.why == purpose::surplus) who = "not in " + who;
    return who + ": " + to_string(change.privileges) + " on " + future_objects();
  }

  std::string future_objects() const {
    std::string text = "future " + std::string(plural(kind_of(key_->on))) + " of " +
                       quote_identifier(ctx_.state.role_name(key_->creator));
    if (key_->schema != 0) text += " in schema " + quote_identifier(schema_name());
    return text;
  }

  void write(const default_change& change, std::vector<std::uint32_t>& grantees) {
    std::ranges::sort(grantees);
    std::vector<std::string> names;
    for (const std::uint32_t at : grantees) names.push_back(ctx_.grantees[at].name);
    const std::string sql = statement(change, names).str();
    const std::string creator = ctx_.state.role_name(key_->creator);
    const std::string executor = ctx_.executor_name();
    if (!executor_.can_set_defaults_of(key_->creator)) {
      if (change.revoke) ctx_.undroppable.insert(grantees.begin(), grantees.end());
      not_granted missing;
      missing.database = db_.name;
      missing.object = future_objects();
      for (const std::string& name : names)
        missing.grantee += (missing.grantee.empty() ? "" : ", ") + name;
      missing.privileges = change.privileges;
      missing.reason = executor + " cannot act for " + creator;
      missing.remedy = "GRANT " + quote_identifier(creator) + " TO " + quote_identifier(executor) +
                       "; or as " + creator + ": " + sql + "; or name other creators in the rule";
      ctx_.plan.not_granted.push_back(std::move(missing));
      return;
    }
    default_change undo = change;
    undo.revoke = !change.revoke;
    undo.option = change.undo_option;
    step s;
    s.action = change.revoke ? step_action::revoke_default : step_action::grant_default;
    s.database = db_.name;
    s.sql = sql;
    s.reason = reason(change, grantees);
    s.authority = "default privileges of " + creator;
    s.inverse = statement(undo, names).str();
    s.roles = std::move(names);
    s.of_role = creator;
    if (key_->schema != 0) s.in_schema = schema_name();
    s.on = key_->on;
    s.privileges = change.privileges;
    s.grant_option = change.option;
    (change.revoke ? out_.revokes : out_.grants).push_back(std::move(s));
  }

  context& ctx_;
  const database& db_;
  step_list& out_;
  role_graph graph_;
  authority executor_;
  const default_key* key_ = nullptr;
  std::map<default_change, std::vector<std::uint32_t>> changes_;
};

}  // namespace

void plan_defaults(context& ctx, const database& db, std::vector<default_wish> wishes,
                   step_list& out) {
  std::map<default_key, default_slot> slots;
  for (const default_wish& w : wishes) {
    std::vector<wish>& all = slots[{w.creator, w.schema, w.on}].wishes;
    const auto same = [&](const wish& other) {
      return other.grantee == w.what.grantee && other.grant_option == w.what.grant_option;
    };
    if (const auto at = std::ranges::find_if(all, same); at != all.end()) {
      at->privileges |= w.what.privileges;
    } else {
      all.push_back(w.what);
    }
  }
  for (const default_privileges& row : db.default_privileges) {
    const default_key key{row.creator, row.schema, row.on};
    const auto managed = [&](const acl_item& item) {
      return ctx.grantees.managed(item.grantee) != grantee_list::none;
    };
    if (slots.contains(key) || std::ranges::any_of(row.acl.items(), managed)) slots[key].row = &row;
  }
  if (slots.empty()) return;
  default_planner planner(ctx, db, out);
  for (const auto& [key, slot] : slots) planner.plan(key, slot);
}

}  // namespace pgrant::planning
