// Roles that must exist, and those of bundles: cluster-wide steps.
#include <algorithm>

#include "pgrant/sql.hpp"
#include "planning.hpp"

namespace pgrant::planning {
namespace {

/// What CREATE ROLE and ALTER ROLE say, and their opposites.
struct role_clauses {
  sql_text wanted, before;
};

void role_flag(role_clauses& clauses, const std::optional<bool>& wanted, bool now, sql_fragment yes,
               sql_fragment no) {
  if (!wanted || *wanted == now) return;
  clauses.wanted.raw(" ").raw(*wanted ? yes : no);
  clauses.before.raw(" ").raw(now ? yes : no);
}

/// The difference between a rule and a role; a new role starts with the server's defaults.
role_clauses role_difference(const role_rule& rule, const role& now) {
  role_clauses clauses;
  role_flag(clauses, rule.login, now.login, "LOGIN", "NOLOGIN");
  role_flag(clauses, rule.create_role, now.create_role, "CREATEROLE", "NOCREATEROLE");
  role_flag(clauses, rule.create_database, now.create_database, "CREATEDB", "NOCREATEDB");
  role_flag(clauses, rule.inherit, now.inherit, "INHERIT", "NOINHERIT");
  if (rule.connection_limit && *rule.connection_limit != now.connection_limit) {
    clauses.wanted.raw(" CONNECTION LIMIT ").number(*rule.connection_limit);
    clauses.before.raw(" CONNECTION LIMIT ").number(now.connection_limit);
  }
  return clauses;
}

error no_right_to_create(const context& ctx, const std::string& role, const std::string& field) {
  const std::string executor = quote_identifier(ctx.executor_name());
  return error(errc::denied, executor + " may not create role " + quote_identifier(role))
      .with_field(field)
      .with_hint("as an administrator: ALTER ROLE " + executor + " CREATEROLE");
}

std::string with_secret(std::string sql, const std::string& secret) {
  return secret.empty() ? sql : sql + " PASSWORD " + secret_marker(secret);
}

void report_role(context& ctx, const std::string& role, std::string reason, std::string remedy) {
  not_granted missing;
  missing.object = "role " + quote_identifier(role);
  missing.grantee = role;
  missing.reason = std::move(reason);
  missing.remedy = std::move(remedy);
  ctx.plan.not_granted.push_back(std::move(missing));
}

std::string alter_requirement(const context& ctx, const std::string& role) {
  const std::string executor = ctx.executor_name();
  return ctx.has_version(version_with_membership_options)
             ? executor + " needs CREATEROLE and ADMIN OPTION on " + quote_identifier(role)
             : executor + " needs CREATEROLE";
}

result<void> plan_one_role(context& ctx, const role_rule& rule) {
  const role* found = ctx.state.find_role(rule.name);
  const std::string field = "roles." + rule.name;
  const role fresh;
  const role_clauses clauses = role_difference(rule, found ? *found : fresh);
  step s;
  s.roles = {rule.name};
  if (!found) {
    if (!ctx.executor.can_create_roles()) return no_right_to_create(ctx, rule.name, field);
    const role* self = ctx.state.find_role(ctx.state.current_role);
    const bool may_pass_createdb = !ctx.has_version(version_with_membership_options) ||
                                   ctx.executor.superuser() || (self && self->create_database);
    if (rule.create_database.value_or(false) && !may_pass_createdb) {
      return error(errc::denied, ctx.executor_name() + " has no CREATEDB and cannot give it to " +
                                     quote_identifier(rule.name))
          .with_field(field + ".create_database");
    }
    s.action = step_action::create_role;
    s.sql = with_secret(sql_text("CREATE ROLE ").name(rule.name).append(clauses.wanted).str(),
                        rule.password_secret);
    s.inverse = sql_text("DROP ROLE ").name(rule.name).str();
    s.secret = rule.password_secret;
    s.reason = rule.reason.empty() ? "policy: role " + quote_identifier(rule.name) : rule.reason;
    s.authority = "created by " + ctx.executor_name();
    ctx.plan.steps.push_back(std::move(s));
    return success();
  }
  const std::string secret = rule.reset_password ? rule.password_secret : std::string();
  if (clauses.wanted.empty() && secret.empty()) return success();
  const std::string sql =
      with_secret(sql_text("ALTER ROLE ").name(rule.name).append(clauses.wanted).str(), secret);
  if (!ctx.executor.can_alter(found->id)) {
    report_role(
        ctx, rule.name, alter_requirement(ctx, rule.name) + " to change it",
        "as a role that may: ALTER ROLE " + quote_identifier(rule.name) + clauses.wanted.str());
    return success();
  }
  s.action = step_action::alter_role;
  s.sql = sql;
  if (!clauses.before.empty())
    s.inverse = sql_text("ALTER ROLE ").name(rule.name).append(clauses.before).str();
  s.secret = secret;
  s.reason = rule.reason.empty() ? "policy: role " + quote_identifier(rule.name) : rule.reason;
  s.authority = "altered by " + ctx.executor_name();
  ctx.plan.steps.push_back(std::move(s));
  return success();
}

/// What a bundle role's comment says: by it a later plan knows the role.
std::string bundle_comment(const bundle& b) {
  std::string text = "pgrant bundle " + b.name;
  if (!b.description.empty()) text += ": " + b.description;
  return text;
}

void plan_comment(context& ctx, const bundle& b, const std::string& role, const std::string& now) {
  const std::string comment = bundle_comment(b);
  if (comment == now) return;
  step s;
  s.action = step_action::comment_on_role;
  s.roles = {role};
  s.sql = sql_text("COMMENT ON ROLE ").name(role).raw(" IS ").literal(comment).str();
  sql_text undo = sql_text("COMMENT ON ROLE ").name(role).raw(" IS ");
  if (now.empty()) {
    undo.raw("NULL");
  } else {
    undo.literal(now);
  }
  s.inverse = std::move(undo).str();
  s.reason = "bundle " + b.name + ": marks its role";
  s.authority = "set by " + ctx.executor_name();
  ctx.plan.steps.push_back(std::move(s));
}

result<void> plan_bundle_role(context& ctx, const bundle& b) {
  const std::string name = ctx.desired.role_of(b);
  const role* found = ctx.state.find_role(name);
  if (!found) {
    if (!ctx.executor.can_create_roles())
      return no_right_to_create(ctx, name, "bundles." + b.name + ".role");
    step s;
    s.action = step_action::create_role;
    s.roles = {name};
    s.sql = sql_text("CREATE ROLE ").name(name).raw(" NOLOGIN").str();
    s.inverse = sql_text("DROP ROLE ").name(name).str();
    s.reason = "bundle " + b.name + ": the role that holds its privileges";
    s.authority = "created by " + ctx.executor_name();
    ctx.plan.steps.push_back(std::move(s));
    plan_comment(ctx, b, name, {});
    return success();
  }
  if (ctx.executor.can_alter(found->id)) {
    plan_comment(ctx, b, name, found->comment);
  } else if (found->comment != bundle_comment(b)) {
    ctx.plan.warnings.push_back("the comment of role " + quote_identifier(name) +
                                " is not that of bundle " + b.name + ": " +
                                alter_requirement(ctx, name) + " to set it");
  }
  for (const membership& m : ctx.state.memberships) {
    if (m.member != found->id) continue;
    ctx.plan.warnings.push_back("role " + quote_identifier(name) + " of bundle " + b.name +
                                " is a member of " + quote_identifier(ctx.state.role_name(m.role)) +
                                " and may have more than the bundle says");
  }
  return success();
}

}  // namespace

result<void> plan_roles(context& ctx) {
  for (const role_rule& rule : ctx.desired.roles) {
    BOOST_OUTCOME_TRYV(plan_one_role(ctx, rule));
  }
  for (const bundle& b : ctx.desired.bundles) {
    BOOST_OUTCOME_TRYV(plan_bundle_role(ctx, b));
  }
  return success();
}

}  // namespace pgrant::planning
