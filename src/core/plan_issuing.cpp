// Issuers and granters: their functions in the ledger's database, and the bundles they may give.
#include <algorithm>

#include "issuer_sql.hpp"
#include "pgrant/platform.hpp"
#include "pgrant/sql.hpp"
#include "planning.hpp"

namespace pgrant::planning {
namespace {

using issuing::schema_name;

constexpr std::string_view bundle_mark = "pgrant bundle ";

/// A 64-bit FNV-1a of names, for the comment that says which bundles granters know.
std::string digest_of(const std::vector<std::string>& names) {
  std::uint64_t state = 0xcbf29ce484222325u;
  for (const std::string& name : names) {
    for (const unsigned char c : name) state = (state ^ c) * 0x100000001b3u;
    state = (state ^ 0xff) * 0x100000001b3u;
  }
  std::string hex(16, '0');
  for (std::size_t i = 16; i-- > 0; state >>= 4) hex[i] = "0123456789abcdef"[state & 15];
  return hex;
}

class issuing_planner {
 public:
  issuing_planner(context& ctx, std::string database)
      : ctx_(ctx), database_(std::move(database)), db_(ctx.state.find_database(database_)) {
    if (db_ != nullptr) schema_ = db_->find_schema(schema_name);
  }

  void plan(const issuing_rule& rule) {
    if (const std::string why = obstacle_here(); !why.empty()) {
      not_granted missing;
      missing.database = database_;
      missing.object = "issuers and granters";
      missing.grantee = rule.connector;
      missing.reason = why;
      missing.remedy = "run the bootstrap as the owner of the database and of that schema";
      ctx_.plan.not_granted.push_back(std::move(missing));
      return;
    }
    connector_ = rule.connector;
    std::vector<int> issuers = outdated("issuer", rule.issuers);
    std::vector<int> granters = outdated("granter", rule.granters);
    const bool structure = is_structure_missing() ||
                           std::ranges::count(issuers, 1) + std::ranges::count(granters, 1) > 0;
    if (structure) plan_structure();
    if (structure || !issuers.empty() || !granters.empty()) plan_rules(rule);
    for (const int k : issuers) plan_door("issuer", k);
    for (const int k : granters) plan_door("granter", k);
    plan_bundles(structure);
  }

  /// For plans that are not about issuers: new bundles.
  void plan_bundles_alone() {
    const role* first = ctx_.state.find_role(std::string_view("pgrant_granter_1"));
    if (!first || !first->comment.starts_with("pgrant granter 1, ") || schema_ == nullptr ||
        !ctx_.executor.can_alter(first->id) || !obstacle_here().empty())
      return;
    plan_bundles(false);
  }

 private:
  /// Why nothing can be made here; empty if it can.
  std::string obstacle_here() const {
    if (db_ == nullptr) return {};  // the same plan makes it
    if (!db_->inspected) return "the ledger's database could not be inspected";
    if (schema_ != nullptr) {
      if (ctx_.executor.has_privileges_of(schema_->owner)) return {};
      return "schema pgrant_issue belongs to " + ctx_.state.role_name(schema_->owner);
    }
    const auto items =
        effective_items(db_->acl, object_kind::database, db_->owner, ctx_.state.server_version);
    const bool may_create =
        ctx_.executor.superuser() || std::ranges::any_of(items, [this](const acl_item& item) {
          return item.privileges.contains(privilege::create) &&
                 (item.grantee == public_oid || ctx_.executor.has_privileges_of(item.grantee));
        });
    return may_create ? std::string() : ctx_.executor_name() + " may not create schemas there";
  }

  bool has_object(std::string_view name) const {
    if (schema_ == nullptr) return false;
    return std::ranges::any_of(db_->objects_in(schema_->id),
                               [&](const object& o) { return o.name == name; });
  }

  bool is_structure_missing() const {
    if (schema_ == nullptr || !has_object("turn")) return true;
    for (const issuing::table_text& t : issuing::tables())
      if (!has_object(t.name)) return true;
    for (const auto group : issuing::routines())
      for (const issuing::routine_text& r : group)
        if (!has_object(r.name)) return true;
    return false;
  }

  /// What the comment of an issuer or granter starts with when its door is up to date.
  std::string mark_of(std::string_view kind, int k) const {
    return "pgrant " + std::string(kind) + " " + std::to_string(k) + ", version " +
           std::to_string(issuing::routines_version) + ", for " + quote_identifier(connector_);
  }

  std::vector<int> outdated(std::string_view kind, int count) const {
    std::vector<int> list;
    for (int k = 1; k <= count; ++k) {
      const std::string door = std::string(kind) + "_" + std::to_string(k);
      const role* owner = ctx_.state.find_role("pgrant_" + door);
      const std::string mark = mark_of(kind, k);
      const bool current = owner && has_object(door) &&
                           (owner->comment == mark || owner->comment.starts_with(mark + ";"));
      if (!current) list.push_back(k);
    }
    return list;
  }

  step& add(step_action action, std::string sql, std::string reason, std::string inverse) {
    step s;
    s.action = action;
    s.database = database_;
    s.sql = std::move(sql);
    s.reason = std::move(reason);
    s.inverse = std::move(inverse);
    s.authority = "made by " + ctx_.executor_name();
    return ctx_.plan.steps.emplace_back(std::move(s));
  }

  static void defines(step& s, object_kind kind, object_class on, std::string name) {
    s.on = on;
    s.targets.push_back({0, kind, std::move(name), acl_hash({})});
  }

  void plan_structure() {
    if (schema_ == nullptr) {
      step& s = add(step_action::define, sql_text("CREATE SCHEMA ").name(schema_name).str(),
                    "issuers: the schema of their functions",
                    sql_text("DROP SCHEMA ").name(schema_name).str());
      defines(s, object_kind::schema, object_class::schema, std::string(schema_name));
    }
    for (const issuing::table_text& t : issuing::tables()) {
      if (has_object(t.name)) continue;
      const std::string name = quote_qualified(schema_name, t.name);
      step& s = add(step_action::define, std::string(t.sql.view()),
                    "issuers: " + std::string(t.purpose), "DROP TABLE " + name);
      defines(s, object_kind::table, object_class::table, name);
    }
    if (!has_object("turn")) {
      step& s = add(step_action::define, "CREATE SEQUENCE pgrant_issue.turn",
                    "issuers: whose turn it is", "DROP SEQUENCE pgrant_issue.turn");
      defines(s, object_kind::sequence, object_class::sequence, "pgrant_issue.turn");
    }
    plan_routines();
    plan_connector_rights();
  }

  static std::string signature(const issuing::routine_text& r) {
    return quote_qualified(schema_name, r.name) + "(" + std::string(r.arguments) + ")";
  }

  void plan_routines() {
    sql_text closed("REVOKE ALL ON FUNCTION "), undo("GRANT EXECUTE ON FUNCTION ");
    std::vector<step_target> all;
    for (const auto group : issuing::routines()) {
      for (const issuing::routine_text& r : group) {
        step& s = add(step_action::define, std::string(r.sql.view()),
                      "issuers: " + std::string(r.purpose),
                      has_object(r.name) ? std::string() : "DROP FUNCTION " + signature(r));
        defines(s, object_kind::function, object_class::routine, signature(r));
        if (!all.empty()) closed.raw(", "), undo.raw(", ");
        closed.routine(schema_name, r.name, r.arguments);
        undo.routine(schema_name, r.name, r.arguments);
        all.push_back(s.targets.front());
      }
    }
    step& s = add(step_action::revoke, closed.raw(" FROM PUBLIC").str(),
                  "issuers: nobody but whom they are for calls their functions",
                  undo.raw(" TO PUBLIC").str());
    s.on = object_class::routine;
    s.roles = {"public"};
    s.privileges = privilege::execute;
    s.targets = std::move(all);
  }

  void grant_to_connector(sql_text objects, sql_fragment privilege_word, privilege what,
                          object_class on, std::vector<step_target> targets) {
    const sql_text of = sql_text(privilege_word).raw(" ON ").append(objects);
    step& s =
        add(step_action::grant, sql_text("GRANT ").append(of).raw(" TO ").name(connector_).str(),
            "issuers: what the connector calls and reads",
            sql_text("REVOKE ").append(of).raw(" FROM ").name(connector_).str());
    s.on = on;
    s.roles = {connector_};
    s.privileges = what;
    s.targets = std::move(targets);
  }

  void plan_connector_rights() {
    const auto one = [](object_kind kind, std::string name) {
      return std::vector<step_target>{{0, kind, std::move(name), acl_hash({})}};
    };
    grant_to_connector(sql_text("SCHEMA ").name(schema_name), "USAGE", privilege::usage,
                       object_class::schema, one(object_kind::schema, std::string(schema_name)));
    grant_to_connector(sql_text("SEQUENCE pgrant_issue.turn"), "USAGE", privilege::usage,
                       object_class::sequence, one(object_kind::sequence, "pgrant_issue.turn"));
    sql_text tables("TABLE "), routines("FUNCTION ");
    std::vector<step_target> table_targets, routine_targets;
    for (const issuing::table_text& t : issuing::tables()) {
      if (!table_targets.empty()) tables.raw(", ");
      tables.qualified(schema_name, t.name);
      table_targets.push_back(
          {0, object_kind::table, quote_qualified(schema_name, t.name), acl_hash({})});
    }
    for (const issuing::routine_text& r : issuing::connector_routines()) {
      if (!routine_targets.empty()) routines.raw(", ");
      routines.routine(schema_name, r.name, r.arguments);
      routine_targets.push_back({0, object_kind::function, signature(r), acl_hash({})});
    }
    grant_to_connector(std::move(tables), "SELECT", privilege::select, object_class::table,
                       std::move(table_targets));
    grant_to_connector(std::move(routines), "EXECUTE", privilege::execute, object_class::routine,
                       std::move(routine_targets));
  }

  void plan_rules(const issuing_rule& rule) {
    add(step_action::define,
        sql_text("INSERT INTO pgrant_issue.rules (connector, issuers, granters) VALUES (")
            .literal(rule.connector)
            .raw(", ")
            .number(std::max(rule.issuers, marked("issuer")))
            .raw(", ")
            .number(std::max(rule.granters, marked("granter")))
            .raw(") ON CONFLICT (only_row) DO UPDATE SET connector = excluded.connector,"
                 " issuers = excluded.issuers, granters = excluded.granters")
            .str(),
        "issuers: how many there are, and for whom", {});
  }

  /// How many there are already, without a gap; fewer are never asked for, because each may have
  /// logins or bundles.
  int marked(std::string_view kind) const {
    int k = 0;
    for (;;) {
      const std::string name = "pgrant_" + std::string(kind) + "_" + std::to_string(k + 1);
      const role* found = ctx_.state.find_role(name);
      if (!found || !found->comment.starts_with("pgrant " + std::string(kind))) return k;
      ++k;
    }
  }

  void comment(const std::string& role_name, const std::string& text, std::string reason) {
    const role* now = ctx_.state.find_role(role_name);
    sql_text undo = sql_text("COMMENT ON ROLE ").name(role_name).raw(" IS ");
    if (!now || now->comment.empty()) {
      undo.raw("NULL");
    } else {
      undo.literal(now->comment);
    }
    step& s = add(step_action::comment_on_role,
                  sql_text("COMMENT ON ROLE ").name(role_name).raw(" IS ").literal(text).str(),
                  std::move(reason), std::move(undo).str());
    s.roles = {role_name};
  }

  void plan_door(std::string_view kind, int k) {
    const bool issuer = kind == "issuer";
    const std::string number = std::to_string(k), door = std::string(kind) + "_" + number;
    sql_text call("SELECT ");
    call.qualified(schema_name, "set_up_" + std::string(kind)).raw("(").number(k).raw(")");
    step& s = add(step_action::define, std::move(call).str(),
                  door + ": the function through which the connector " +
                      (issuer ? "makes and ends logins" : "gives and takes bundles"),
                  has_object(door) ? std::string() : "DROP FUNCTION pgrant_issue." + door);
    s.roles = {"pgrant_" + door};
    defines(s, object_kind::function, object_class::routine,
            "pgrant_issue." + door +
                (issuer ? "(text, text[], text[], timestamp with time zone[], integer)"
                        : "(text, text[], boolean)"));
    if (issuer || k != 1) comment("pgrant_" + door, mark_of(kind, k), door + ": its version");
  }

  /// The roles of all bundles, also of those that this plan makes, that the executor may hand to a
  /// granter. Sorted.
  std::vector<std::string> bundle_roles(bool& fresh) const {
    std::vector<std::string> names;
    std::string of_others;
    for (const role& r : ctx_.state.roles) {
      if (!r.comment.starts_with(bundle_mark) || r.login) continue;
      const std::uint32_t at = ctx_.grantees.find(r.name);
      if (at != grantee_list::none && ctx_.grantees[at].dropped) continue;
      if (ctx_.executor.can_administer(r.id)) {
        names.push_back(r.name);
      } else {
        of_others += (of_others.empty() ? "" : ", ") + quote_identifier(r.name);
      }
    }
    for (const bundle& b : ctx_.desired.bundles) {
      std::string name = ctx_.desired.role_of(b);
      if (ctx_.state.find_role(name)) continue;
      names.push_back(std::move(name));
      fresh = true;
    }
    if (!of_others.empty()) {
      ctx_.plan.warnings.push_back("granters cannot give " + of_others + ": " +
                                   ctx_.executor_name() + " has no ADMIN OPTION there");
    }
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  void plan_bundles(bool structure) {
    const std::string keeper = "pgrant_granter_1";
    const role* first = ctx_.state.find_role(keeper);
    bool fresh = structure;
    const std::vector<std::string> names = bundle_roles(fresh);
    const std::string known = first ? first->comment.substr(0, first->comment.find(';')) : "";
    const std::string mark = connector_.empty() ? known : mark_of("granter", 1);
    const std::string text = mark + "; bundles " + digest_of(names);
    if (!fresh && first && first->comment == text) return;
    sql_text call("SELECT pgrant_issue.set_bundles(ARRAY[");
    call.list(names, ", ", [](sql_text& to, const std::string& name) { to.literal(name); });
    call.raw("]::text[])");
    step& s = add(step_action::define, std::move(call).str(),
                  "granters: the bundles that they may give", {});
    s.of_role = keeper;
    comment(keeper, text, "granters: marks which bundles they know");
  }

  context& ctx_;
  std::string database_, connector_;
  const database* db_ = nullptr;
  const schema* schema_ = nullptr;
};

}  // namespace

void plan_issuing(context& ctx) {
  if (ctx.desired.issuing) {
    issuing_planner(ctx, ctx.desired.issuing->database).plan(*ctx.desired.issuing);
  } else if (!ctx.desired.bundles.empty() || !ctx.desired.dropped_bundles.empty()) {
    issuing_planner(ctx, ctx.options.ledger_database()).plan_bundles_alone();
  }
}

}  // namespace pgrant::planning
