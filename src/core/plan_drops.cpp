// The end of bundles: their roles are dropped when nothing names them any more.
#include <algorithm>

#include "pgrant/sql.hpp"
#include "planning.hpp"

namespace pgrant::planning {
namespace {

/// Something that the role owns, for people; empty: nothing that the snapshot knows.
std::string owned_by(const snapshot& state, oid id) {
  for (const database& db : state.databases) {
    if (db.owner == id) return "database " + quote_identifier(db.name);
    const std::string where = " in database " + quote_identifier(db.name);
    for (const schema& s : db.schemas)
      if (s.owner == id) return "schema " + quote_identifier(s.name) + where;
    for (const object& o : db.objects) {
      if (o.owner != id) continue;
      const schema* s = db.find_schema(o.schema);
      return std::string(to_string(o.kind)) + " " + quote_qualified(s ? s->name : "", o.name) +
             where;
    }
    for (const default_privileges& d : db.default_privileges)
      if (d.creator == id) return "default privileges" + where;
  }
  return {};
}

void report_kept(context& ctx, const grantee& g, std::string reason, std::string remedy) {
  not_granted missing;
  missing.object = "role " + quote_identifier(g.name);
  missing.grantee = g.name;
  missing.reason = "cannot be dropped: " + std::move(reason);
  missing.remedy = std::move(remedy);
  ctx.plan.not_granted.push_back(std::move(missing));
}

}  // namespace

void plan_drops(context& ctx) {
  for (std::uint32_t at = 0; at < ctx.grantees.size(); ++at) {
    const grantee& g = ctx.grantees[at];
    if (!g.dropped) continue;
    if (const std::string owned = owned_by(ctx.state, g.id); !owned.empty()) {
      report_kept(ctx, g, "it owns " + owned, "give it another owner, or drop it");
      continue;
    }
    if (ctx.undroppable.contains(at)) {
      report_kept(ctx, g, "it keeps privileges that are listed here",
                  "follow their remedies first");
      continue;
    }
    const auto granted_by_it = std::ranges::find(ctx.state.memberships, g.id, &membership::grantor);
    if (granted_by_it != ctx.state.memberships.end() &&
        ctx.has_version(version_with_membership_options)) {
      const std::string group = quote_identifier(ctx.state.role_name(granted_by_it->role));
      const std::string member = quote_identifier(ctx.state.role_name(granted_by_it->member));
      report_kept(
          ctx, g, "it granted " + group + " to " + member,
          "REVOKE " + group + " FROM " + member + " GRANTED BY " + quote_identifier(g.name));
      continue;
    }
    if (!ctx.executor.can_alter(g.id)) {
      const bool options = ctx.has_version(version_with_membership_options);
      report_kept(ctx, g,
                  ctx.executor_name() +
                      (options ? " needs CREATEROLE and ADMIN OPTION on it" : " needs CREATEROLE"),
                  "as a role that may: DROP ROLE " + quote_identifier(g.name));
      continue;
    }
    for (const database& db : ctx.state.databases) {
      if (db.inspected || !db.allow_connections) continue;
      ctx.plan.warnings.push_back("database " + quote_identifier(db.name) +
                                  " was not inspected: privileges of " + quote_identifier(g.name) +
                                  " in it, if there are any, stop DROP ROLE");
    }
    step s;
    s.action = step_action::drop_role;
    s.roles = {g.name};
    s.sql = sql_text("DROP ROLE ").name(g.name).str();
    s.reason = "bundle " + g.bundle + " to be dropped";
    s.authority = "dropped by " + ctx.executor_name();
    ctx.plan.steps.push_back(std::move(s));
  }
}

}  // namespace pgrant::planning
