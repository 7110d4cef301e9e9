// Memberships that must exist: cluster-wide steps.
#include "pgrant/sql.hpp"
#include "planning.hpp"

namespace pgrant::planning {
namespace {

/// What the memberships of one role in another say together, or those of one grantor alone.
struct membership_sum {
  bool found = false, admin = false, inherit = false, set = false;

  bool satisfies(const context& ctx, const membership_rule& rule) const {
    if (!found || (rule.admin && !admin)) return false;
    if (!ctx.has_version(version_with_membership_options)) return true;
    return inherit == rule.inherit.value_or(inherit) && set == rule.set.value_or(set);
  }
};

membership_sum sum_memberships(const context& ctx, oid role, oid member, oid grantor = 0) {
  membership_sum sum;
  for (const membership& m : ctx.state.memberships) {
    if (m.role != role || m.member != member || (grantor != 0 && m.grantor != grantor)) continue;
    sum.found = true;
    sum.admin = sum.admin || m.admin;
    sum.inherit = sum.inherit || m.inherit;
    sum.set = sum.set || m.set;
  }
  return sum;
}

sql_text membership_statement(const context& ctx, const membership_rule& rule) {
  sql_text text = sql_text("GRANT ").name(rule.role).raw(" TO ").name(rule.member);
  if (!ctx.has_version(version_with_membership_options)) {
    if (rule.admin) text.raw(" WITH ADMIN OPTION");
    return text;
  }
  sql_text options;
  const auto option = [&](sql_fragment name, bool value) {
    options.raw(options.empty() ? sql_fragment(" WITH ") : sql_fragment(", ")).raw(name);
    options.raw(value ? sql_fragment(" TRUE") : sql_fragment(" FALSE"));
  };
  if (rule.admin) option("ADMIN", true);
  if (rule.inherit) option("INHERIT", *rule.inherit);
  if (rule.set) option("SET", *rule.set);
  return text.append(options);
}

/// What takes the membership back to where it is now; empty if it cannot be said in one statement.
std::string membership_inverse(const context& ctx, const membership_rule& rule, oid role,
                               oid member, oid grantor) {
  for (const membership& m : ctx.state.memberships) {
    if (m.role != role || m.member != member) continue;
    if (ctx.has_version(version_with_membership_options) && m.grantor != grantor) continue;
    const bool only_admin = rule.admin && !m.admin && !rule.inherit && !rule.set;
    if (!only_admin) return {};
    return sql_text("REVOKE ADMIN OPTION FOR ")
        .name(rule.role)
        .raw(" FROM ")
        .name(rule.member)
        .str();
  }
  return sql_text("REVOKE ").name(rule.role).raw(" FROM ").name(rule.member).str();
}

result<void> plan_membership(context& ctx, const membership_rule& rule, const std::string& field) {
  const grantee& role = ctx.grantees[ctx.grantees.find(rule.role)];
  const grantee& member = ctx.grantees[ctx.grantees.find(rule.member)];
  if (sum_memberships(ctx, role.id, member.id).satisfies(ctx, rule)) return success();
  const pgrant::role* group = ctx.state.find_role(role.id);
  if (group && !group->superuser && !member.created && ctx.graph.is_member_of(role.id, member.id)) {
    return error(errc::conflict, quote_identifier(rule.role) + " is itself a member of " +
                                     quote_identifier(rule.member) +
                                     ": PostgreSQL allows no circle")
        .with_field(field);
  }
  const std::string sql = membership_statement(ctx, rule).str();
  const oid grantor =
      role.created ? ctx.state.current_role : ctx.executor.membership_grantor(role.id);
  if (grantor == 0) {
    not_granted missing;
    missing.object = "membership in role " + quote_identifier(rule.role);
    missing.grantee = rule.member;
    missing.reason = ctx.executor_name() + " has no ADMIN OPTION on " + quote_identifier(rule.role);
    missing.remedy = "as a role that has it: " + sql;
    ctx.plan.not_granted.push_back(std::move(missing));
    return success();
  }
  if (sum_memberships(ctx, role.id, member.id, grantor).satisfies(ctx, rule)) {
    // The options of all grantors add up, and a GRANT changes those of one.
    ctx.plan.warnings.push_back("membership of " + quote_identifier(rule.member) + " in " +
                                quote_identifier(rule.role) +
                                " has more options than asked for, from another grantor");
    return success();
  }
  step s;
  s.action = step_action::grant_membership;
  s.sql = sql;
  s.reason = rule.reason.empty() ? "policy: " + quote_identifier(rule.member) + " is a member of " +
                                       quote_identifier(rule.role)
                                 : rule.reason;
  s.authority = "granted by " + ctx.state.role_name(grantor);
  s.inverse = membership_inverse(ctx, rule, role.id, member.id, grantor);
  s.roles = {rule.member};
  s.of_role = rule.role;
  s.grant_option = rule.admin;
  ctx.plan.steps.push_back(std::move(s));
  return success();
}

}  // namespace

result<void> plan_memberships(context& ctx) {
  for (std::size_t i = 0; i < ctx.desired.memberships.size(); ++i) {
    const std::string field = "memberships[" + std::to_string(i) + "]";
    BOOST_OUTCOME_TRYV(plan_membership(ctx, ctx.desired.memberships[i], field));
  }
  return success();
}

}  // namespace pgrant::planning
