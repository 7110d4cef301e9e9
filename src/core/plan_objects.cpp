// Schemas, relations and routines of one database: which rules select them, and what they need.
#include <algorithm>

#include "pgrant/platform.hpp"
#include "pgrant/sql.hpp"
#include "plan_acl.hpp"
#include "planning.hpp"

namespace pgrant::planning {
namespace {

bool selects_schema(const context& ctx, const rule& r, const schema& s) {
  if (r.schema.literal()) return r.schema.name() == s.name;
  return !is_skipped_schema(ctx.state.platform, s.name) && r.schema.matches(s.name);
}

/// Calls `f(position, object)` for the rule's objects among those of one schema, which are sorted
/// by kind, then name.
template <class F>
void for_each_selected(const rule& r, std::span<const object> objects, F&& f) {
  const auto kind_of_object = [](const object& o) { return o.kind; };
  for (int k = 0; k <= static_cast<int>(object_kind::large_object); ++k) {
    if (!(r.kinds >> k & 1)) continue;
    auto range = std::ranges::equal_range(objects, static_cast<object_kind>(k), {}, kind_of_object);
    if (r.name.literal()) {
      const auto named = std::ranges::equal_range(range, r.name.name(), {}, &object::name);
      range = {named.begin(), named.end()};
    }
    for (auto at = range.begin(); at != range.end(); ++at) {
      if (r.name.literal() || r.name.matches(at->name))
        f(static_cast<std::uint32_t>(at - objects.begin()), *at);
    }
  }
}

/// Wishes in the order of their targets; those of one target stay in the order of the rules.
class wish_board {
 public:
  void clear(std::size_t targets) {
    wishes_.clear();
    starts_.assign(targets + 1, 0);
  }
  void add(wish w) {
    ++starts_[w.target + 1];
    wishes_.push_back(w);
  }
  void sort() {
    for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
    sorted_.resize(wishes_.size());
    std::vector<std::uint32_t> next(starts_.begin(), starts_.end() - 1);
    for (const wish& w : wishes_) sorted_[next[w.target]++] = w;
  }
  std::span<const wish> of(std::size_t target) const noexcept {
    return std::span(sorted_).subspan(starts_[target], starts_[target + 1] - starts_[target]);
  }

 private:
  std::vector<wish> wishes_, sorted_;
  std::vector<std::uint32_t> starts_;
};

wish wish_of(const context& ctx, const rule& r, object_kind kind, std::uint32_t target) {
  wish w;
  w.target = target;
  w.grantee = r.grantee;
  w.privileges = r.source->all_privileges ? all_privileges(kind, ctx.state.server_version)
                                          : r.source->privileges;
  w.grant_option = r.source->grant_option;
  w.why = r.why;
  w.reason = r.reason;
  return w;
}

/// One pass over one database.
class object_pass {
 public:
  object_pass(context& ctx, std::size_t at, std::vector<rule*> rules,
              std::vector<default_wish>& defaults)
      : ctx_(ctx),
        at_(at),
        db_(ctx.state.databases[at]),
        rules_(std::move(rules)),
        defaults_(defaults),
        graph_(ctx.state, &db_),
        executor_(graph_, ctx.state.current_role) {}

  void run(step_list& out) {
    statement_writer schemas(ctx_, db_.name, {});
    acl_planner schema_planner(ctx_, executor_, schemas);
    step_list objects;
    acl_target target;
    for (const schema& s : db_.schemas) {
      select(s);
      target.kind = object_kind::schema;
      target.id = s.id;
      target.owner = s.owner;
      target.list = &s.acl;
      target.name = s.name;
      schema_planner.plan(target, schema_wishes_);
      plan_objects_of(s, usable(s, schema_planner), objects);
    }
    schemas.flush(out);
    out.append(std::move(objects));
    plan_everywhere();
  }

 private:
  /// Whether the executor may name what is in the schema, once the plan has come to it.
  bool usable(const schema& s, const acl_planner& planned) const {
    if (executor_.superuser()) return true;
    schema then;
    then.owner = s.owner;
    then.acl = acl(planned.entries_left());
    return executor_.can_use(then);
  }

  void select(const schema& s) {
    const std::span<const object> objects = db_.objects_in(s.id);
    schema_wishes_.clear();
    board_.clear(objects.size());
    for (rule* r : rules_) {
      if (r->source->objects.on == object_class::database || !selects_schema(ctx_, *r, s)) continue;
      r->schema_found = true;
      select(*r, s, objects);
    }
    board_.sort();
  }

  void plan_objects_of(const schema& s, bool usable, step_list& out) {
    const std::span<const object> objects = db_.objects_in(s.id);
    statement_writer writer(ctx_, db_.name, s.name);
    acl_planner planner(ctx_, executor_, writer);
    planner.reach(usable);
    acl_target target;
    target.schema = s.name;
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const object& o = objects[i];
      target.kind = o.kind;
      target.id = o.id;
      target.owner = o.owner;
      target.list = &o.acl;
      target.name = o.name;
      target.arguments = o.arguments;
      target.columns = o.columns;
      planner.plan(target, board_.of(i));
    }
    writer.flush(out);
  }

  void select(rule& r, const schema& s, std::span<const object> objects) {
    std::uint64_t found = 0;
    std::set<oid> owners{s.owner};
    if (r.source->objects.on == object_class::schema) {
      found = 1;
      if (r.source->existing) schema_wishes_.push_back(wish_of(ctx_, r, object_kind::schema, 0));
    } else {
      oid last_owner = s.owner;
      for_each_selected(r, objects, [&](std::uint32_t i, const object& o) {
        ++found;
        if (o.owner != last_owner) owners.insert(last_owner = o.owner);
        if (r.source->existing) board_.add(wish_of(ctx_, r, o.kind, i));
      });
      if (r.source->future) {
        found = std::max<std::uint64_t>(found, 1);
        wish_future(r, s.id, owners);
      }
    }
    if (found != 0 && r.source->future_everywhere) owners_everywhere_[&r].merge(owners);
    r.selected += found;
    if (!r.reachable || found == 0) return;
    ctx_.reached[at_].insert(r.grantee);
    if (r.source->objects.on == object_class::schema) return;
    wish way;
    way.grantee = r.grantee;
    way.privileges = privilege::usage;
    way.why = purpose::reach;
    schema_wishes_.push_back(way);
  }

  void plan_everywhere() {
    for (rule* r : rules_) {
      if (!r->source->future_everywhere) continue;
      ++r->selected;
      if (r->reachable) ctx_.reached[at_].insert(r->grantee);
      wish_future(*r, 0, owners_everywhere_[r]);
    }
  }

  void wish_future(const rule& r, oid in_schema, const std::set<oid>& owners) {
    const object_class on = r.source->objects.on;
    const object_kind kind = on == object_class::schema     ? object_kind::schema
                             : on == object_class::sequence ? object_kind::sequence
                             : on == object_class::routine  ? object_kind::function
                                                            : object_kind::table;
    std::set<oid> creators(r.creators.begin(), r.creators.end());
    if (r.source->creators.empty()) {
      for (const oid owner : owners) creators.insert(creator_behind(owner));
    }
    for (const oid creator : creators) {
      default_wish d;
      d.creator = creator;
      d.schema = in_schema;
      d.on = on;
      d.what = wish_of(ctx_, r, kind, 0);
      defaults_.push_back(d);
    }
  }

  /// Nobody creates anything as pg_database_owner: its one member, the database's owner, does.
  oid creator_behind(oid owner) const {
    const role* r = ctx_.state.find_role(owner);
    return r && r->name == "pg_database_owner" ? db_.owner : owner;
  }

  context& ctx_;
  std::size_t at_;
  const database& db_;
  std::vector<rule*> rules_;
  std::vector<default_wish>& defaults_;
  role_graph graph_;
  authority executor_;
  wish_board board_;
  std::vector<wish> schema_wishes_;
  std::unordered_map<const rule*, std::set<oid>> owners_everywhere_;
};

}  // namespace

result<void> plan_objects(context& ctx, std::size_t at, step_list& out,
                          std::vector<default_wish>& defaults) {
  const database& db = ctx.state.databases[at];
  std::vector<rule*> rules;
  for (rule& r : ctx.rules) {
    if (r.source->objects.on == object_class::database || !selects_database(ctx, r, db)) continue;
    if (db.inspected) {
      rules.push_back(&r);
      continue;
    }
    const std::string what =
        "database " + quote_identifier(db.name) + " was not inspected: " +
        (db.why_not_inspected.empty() ? "nobody asked for it" : db.why_not_inspected);
    if (r.database.literal() && !ctx.desired.best_effort)
      return error(errc::denied, what).with_field(r.path + ".database");
    if (ctx.plan.warnings.empty() || ctx.plan.warnings.back() != what)
      ctx.plan.warnings.push_back(what);
  }
  if (!db.inspected || (rules.empty() && !ctx.grantees.any_managed())) return success();
  object_pass(ctx, at, std::move(rules), defaults).run(out);
  return success();
}

}  // namespace pgrant::planning
