#include "pgrant/planner.hpp"

#include <algorithm>

#include "pgrant/platform.hpp"
#include "pgrant/sql.hpp"
#include "planning.hpp"
#include "policy_words.hpp"

namespace pgrant {

planner_options& planner_options::objects_per_statement(int n) {
  objects_per_statement_ = std::max(1, n);
  return *this;
}

planner_options& planner_options::ledger_database(std::string name) {
  ledger_database_ = std::move(name);
  return *this;
}

namespace planning {
namespace {

/// The first finding, with the others below it.
result<void> check_policy(const policy& desired) {
  const std::vector<error> findings = validate(desired);
  if (findings.empty()) return success();
  if (findings.size() == 1) return findings.front();
  std::string rest = "and " + std::to_string(findings.size() - 1) + " more:";
  for (std::size_t i = 1; i < findings.size(); ++i)
    rest += "\n" + findings[i].field() + ": " + findings[i].message();
  return findings.front().with_detail(std::move(rest));
}

void append(std::vector<step>& to, std::vector<step>& from) {
  std::ranges::move(from, std::back_inserter(to));
}

void describe_bundles(context& ctx) {
  ctx.plan.safety = grade_bundles(ctx);
  for (std::size_t i = 0; i < ctx.desired.bundles.size(); ++i) {
    const bundle& b = ctx.desired.bundles[i];
    planned_bundle described;
    described.grade = ctx.plan.safety[i].grade;
    described.existing_role_grade = ctx.plan.safety[i].existing_role_grade;
    described.accepted = b.accept;
    described.name = b.name;
    described.role = ctx.desired.role_of(b);
    described.description = b.description;
    described.maximum_seconds = b.maximum_duration ? b.maximum_duration->count() : 0;
    const std::uint32_t grantee = ctx.grantees.find(described.role);
    for (const database& db : ctx.state.databases) {
      const auto grants_there = [&](const rule& r) {
        return r.grantee == grantee && r.why == purpose::bundle && selects_database(ctx, r, db) &&
               (db.inspected || r.source->objects.on == object_class::database);
      };
      if (std::ranges::any_of(ctx.rules, grants_there)) described.databases.push_back(db.name);
    }
    ctx.plan.bundles.push_back(std::move(described));
  }
  ctx.plan.dropped_bundles = ctx.desired.dropped_bundles;
}

/// What to do about a rule whose patterns find nothing.
std::string nothing_hint(const rule& r) {
  const selector& objects = r.source->objects;
  if (objects.on == object_class::schema) {
    return "no schema of database " + objects.database + " matches " + objects.schema +
           " (`pgrant inventory` lists them)";
  }
  std::string hint = "there is no such " + std::string(to_string(objects.on)) + " in schema " +
                     objects.schema + " of database " + objects.database +
                     " (`pgrant inventory` lists them)";
  if (objects.name == "*") hint += "; for those that come later say `future: true`";
  return hint;
}

}  // namespace

std::string databases_hint(const snapshot& state) {
  constexpr std::size_t most = 10;
  std::string names;
  std::size_t told = 0, more = 0;
  for (const database& db : state.databases) {
    if (is_reserved_database(state.platform, db.name) || !db.allow_connections) continue;
    if (told == most) {
      ++more;
      continue;
    }
    names += (told++ == 0 ? "" : ", ") + quote_identifier(db.name);
  }
  if (told == 0) return "the server has no database that can be managed";
  return "the server has " + names + (more == 0 ? "" : " and " + std::to_string(more) + " more");
}

result<void> check_selected(const context& ctx) {
  for (const rule& r : ctx.rules) {
    if (r.selected != 0) continue;
    const selector& objects = r.source->objects;
    const bool in_schema = objects.on != object_class::database;
    if (in_schema && r.schema.literal() && !r.schema_found) {
      nearest_name nearest(r.schema.name());
      for (const database& db : ctx.state.databases) {
        if (!selects_database(ctx, r, db)) continue;
        for (const schema& s : db.schemas) nearest.offer(s.name);
      }
      if (r.database.literal() && ctx.desired.best_effort &&
          !ctx.state.find_database(r.database.name())->inspected)
        continue;
      return error(errc::not_found, "schema " + quote_identifier(r.schema.name()) +
                                        " does not exist in database " + objects.database)
          .with_field(r.path + ".schema")
          .with_hint(nearest.hint());
    }
    if (ctx.desired.best_effort) continue;
    const std::string word(selector_word(objects));
    const error nothing =
        error(errc::invalid_argument, "the rule selects no object").with_field(r.path + "." + word);
    if (!in_schema) return nothing.with_hint(databases_hint(ctx.state));
    nearest_name nearest(r.name.name());
    for (const database& db : ctx.state.databases) {
      if (!selects_database(ctx, r, db) || !r.name.literal()) continue;
      for (const object& o : db.objects)
        if (class_of(o.kind) == objects.on) nearest.offer(o.name);
    }
    const std::string hint = nearest.hint();
    return nothing.with_hint(hint.empty() ? nothing_hint(r) : hint);
  }
  return success();
}

}  // namespace planning

result<plan> make_plan(const snapshot& state, const policy& desired,
                       const planner_options& options) {
  using namespace planning;
  BOOST_OUTCOME_TRYV(check_policy(desired));
  if (!state.find_role(state.current_role)) {
    return error(errc::invalid_argument, "the snapshot does not know the role that read it")
        .with_field("current_role");
  }
  context ctx(state, desired, options);
  plan& made = ctx.plan;
  made.system_identifier = state.system_identifier;
  made.server_version = state.server_version;
  made.executor = ctx.executor_name();
  made.snapshot_taken_at = state.taken_at;
  made.best_effort = desired.best_effort;
  ctx.reached.resize(state.databases.size());

  BOOST_OUTCOME_TRYV(resolve(ctx));
  BOOST_OUTCOME_TRYV(plan_roles(ctx));
  BOOST_OUTCOME_TRYV(plan_memberships(ctx));

  // Objects come first here and databases first in the plan: only the objects say which databases
  // a bundle must reach.
  std::vector<step> in_databases;
  for (std::size_t at = 0; at < state.databases.size(); ++at) {
    step_list steps;
    std::vector<default_wish> defaults;
    BOOST_OUTCOME_TRYV(plan_objects(ctx, at, steps, defaults));
    if (state.databases[at].inspected)
      plan_defaults(ctx, state.databases[at], std::move(defaults), steps);
    append(in_databases, steps.grants);
    append(in_databases, steps.revokes);
    append(in_databases, steps.later);
  }
  step_list cluster;
  plan_databases(ctx, cluster);
  BOOST_OUTCOME_TRYV(check_selected(ctx));
  append(made.steps, cluster.grants);
  append(made.steps, cluster.revokes);
  append(made.steps, cluster.later);
  append(made.steps, in_databases);
  plan_issuing(ctx);
  plan_drops(ctx);
  describe_bundles(ctx);
  return std::move(made);
}

}  // namespace pgrant
