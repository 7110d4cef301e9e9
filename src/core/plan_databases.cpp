// Databases: those that must exist, and the ACLs of all.
#include <algorithm>
#include <deque>

#include "pgrant/platform.hpp"
#include "pgrant/sql.hpp"
#include "plan_acl.hpp"
#include "planning.hpp"

namespace pgrant::planning {
namespace {

constexpr privilege_set privileges_of_users =
    privilege::connect | privilege::create | privilege_set(privilege::temporary);
constexpr privilege_set privileges_of_everybody = privilege::connect | privilege::temporary;

bool may_create_databases(const context& ctx) {
  const role* self = ctx.state.find_role(ctx.state.current_role);
  return ctx.executor.superuser() || (self && self->create_database);
}

void create_database(context& ctx, const database_rule& rule) {
  const std::string sql =
      sql_text("CREATE DATABASE ").name(rule.name).raw(" TEMPLATE template0").str();
  if (!may_create_databases(ctx)) {
    not_granted missing;
    missing.object = "database " + quote_identifier(rule.name);
    missing.grantee = ctx.executor_name();
    missing.reason = ctx.executor_name() + " may not create databases";
    missing.remedy = "as a role with CREATEDB: " + sql;
    ctx.plan.not_granted.push_back(std::move(missing));
    return;
  }
  step s;
  s.action = step_action::create_database;
  s.sql = sql;
  s.reason = rule.reason.empty() ? "policy: database " + quote_identifier(rule.name) : rule.reason;
  s.authority = "created by " + ctx.executor_name();
  s.inverse = sql_text("DROP DATABASE ").name(rule.name).str();
  s.own_transaction = true;
  s.on = object_class::database;
  s.targets.push_back({0, object_kind::database, quote_identifier(rule.name), acl_hash({})});
  ctx.plan.steps.push_back(std::move(s));
}

std::vector<wish> database_wishes(context& ctx, const database& db, std::size_t at) {
  std::vector<wish> wishes;
  for (rule& r : ctx.rules) {
    if (r.source->objects.on != object_class::database || !selects_database(ctx, r, db)) continue;
    ++r.selected;
    wish w;
    w.grantee = r.grantee;
    w.privileges = r.source->all_privileges
                       ? all_privileges(object_kind::database, ctx.state.server_version)
                       : r.source->privileges;
    w.grant_option = r.source->grant_option;
    w.why = r.why;
    w.reason = r.reason;
    wishes.push_back(w);
  }
  if (at >= ctx.reached.size()) return wishes;
  for (const std::uint32_t grantee : ctx.reached[at]) {
    wish way;
    way.grantee = grantee;
    way.privileges = privilege::connect;
    way.why = purpose::reach;
    wishes.push_back(way);
  }
  return wishes;
}

void plan_database(context& ctx, acl_planner& planner, const database& db, std::size_t at) {
  const auto is_it = [&](const database_rule& d) { return d.name == db.name; };
  const auto demand = std::ranges::find_if(ctx.desired.databases, is_it);
  const bool demanded = demand != ctx.desired.databases.end();
  std::vector<wish> wishes;
  std::uint32_t reason = 0;
  if (demanded) {
    reason = ctx.add_reason(demand->reason);
    for (const std::string& user : demand->users) {
      wish w;
      w.grantee = ctx.grantees.find(user);
      w.privileges = privileges_of_users;
      w.reason = reason;
      wishes.push_back(w);
    }
  }
  std::ranges::move(database_wishes(ctx, db, at), std::back_inserter(wishes));
  acl_target target;
  target.kind = object_kind::database;
  target.id = db.id;
  target.owner = db.owner;
  target.list = &db.acl;
  target.name = db.name;
  planner.plan(target, wishes);
  if (demanded) planner.close(privileges_of_everybody, reason);
}

}  // namespace

bool selects_database(const context& ctx, const rule& r, const database& db) {
  if (r.database.literal()) return r.database.name() == db.name;
  const auto closed = [&](const database_rule& d) { return d.name == db.name; };
  if (std::ranges::any_of(ctx.desired.databases, closed)) return false;
  return db.allow_connections && !db.is_template && db.name != ctx.options.ledger_database() &&
         !is_reserved_database(ctx.state.platform, db.name) && r.database.matches(db.name);
}

void plan_databases(context& ctx, step_list& out) {
  std::deque<database> fresh;
  for (const database_rule& rule : ctx.desired.databases) {
    if (ctx.state.find_database(rule.name)) continue;
    create_database(ctx, rule);
    if (!may_create_databases(ctx)) continue;
    database& db = fresh.emplace_back();
    db.name = rule.name;
    db.owner = ctx.state.current_role;
  }
  statement_writer writer(ctx, {}, {});
  acl_planner planner(ctx, ctx.executor, writer);
  for (const database& db : fresh) plan_database(ctx, planner, db, ctx.reached.size());
  for (std::size_t at = 0; at < ctx.state.databases.size(); ++at)
    plan_database(ctx, planner, ctx.state.databases[at], at);
  writer.flush(out);
}

}  // namespace pgrant::planning
