// Random instances, random policies: a plan that is carried out leaves nothing for a second one,
// and bundle roles have exactly what their bundles say.
#include "pgrant/planner.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "pgrant/json/plan.hpp"
#include "pgrant/role_graph.hpp"
#include "support/made_snapshot.hpp"
#include "support/plan_simulator.hpp"
#include "support/random_text.hpp"

TEST_SUITE_BEGIN("property");

namespace {

namespace planner_property {

using pgrant::acl_item;
using pgrant::object_class;
using pgrant::object_kind;
using pgrant::oid;
using pgrant::privilege_set;

constexpr std::array role_names = {"ada", "bob", "Carl \"C\"", "dora", "eve.x", "f'f"};
constexpr std::array schema_names = {"sales", "Odd Schema", "pg_like"};
constexpr std::array object_names = {"a", "b.c", "d\"e", "f"};
constexpr std::array bundle_names = {"one", "two", "three"};
constexpr std::array<object_kind, 5> kinds = {object_kind::table, object_kind::view,
                                              object_kind::sequence, object_kind::function,
                                              object_kind::procedure};

/// A random part of a set, never empty.
privilege_set part_of(test::random_source& random, privilege_set all) {
  privilege_set part;
  while (part.empty())
    all.for_each([&](pgrant::privilege p) {
      if (random.one_in(2)) part |= p;
    });
  return part;
}

class world {
 public:
  explicit world(test::random_source& random)
      : random_(random), made_(random.one_in(2) ? 150004 : 170004) {
    for (const char* name : role_names) {
      pgrant::role& r = made_.role(name);
      r.create_role = random.one_in(2);
      r.create_database = random.one_in(2);
      r.login = random.one_in(2);
    }
    for (std::size_t group = 0; group < role_names.size(); ++group)
      for (std::size_t member = 0; member < group; ++member)
        if (random.one_in(4)) made_.member(role_names[group], role_names[member], random.one_in(3));
    // Bundle roles that an earlier plan made, with privileges of all origins.
    for (const char* name : bundle_names) {
      if (random.one_in(2)) continue;
      made_.role("pgrant_" + std::string(name)).comment = "pgrant bundle " + std::string(name);
    }
    for (const char* name : {"shop", "crm"}) fill(made_.database(name, any_role()));
    made_.read_by(random.one_in(4) ? "postgres" : any_role());
    made_.done();
    for (int i = 0; i < 60; ++i) grant_something();
    made_.done();
  }

  pgrant::snapshot& state() { return made_.state(); }

 private:
  const char* any_role() { return role_names[random_.below(role_names.size())]; }

  void fill(pgrant::database& db) {
    for (const char* name : schema_names) {
      const oid in = made_.schema(db, name, any_role());
      for (const char* object : object_names) {
        pgrant::object& o =
            made_.object(db, in, kinds[random_.below(kinds.size())], object, any_role());
        if (class_of(o.kind) == object_class::routine) o.arguments = "integer, \"Odd) Type\"";
      }
    }
  }

  oid any_grantee() {
    const auto& roles = made_.state().roles;
    if (random_.one_in(8)) return pgrant::public_oid;
    return roles[random_.below(roles.size())].id;
  }

  /// As a server would do it for some actor; what it refuses does not happen.
  void grant_something() {
    pgrant::database& db = made_.state().databases[random_.below(2)];
    const auto& roles = made_.state().roles;
    const oid actor = roles[random_.below(roles.size())].id;
    test::plan_simulator::grant what;
    const oid grantee = any_grantee();
    what.grantees = {grantee};
    what.option = grantee != pgrant::public_oid && random_.one_in(2);
    const auto attempt = [&](object_kind kind, oid owner, pgrant::acl& list) {
      const int version = made_.state().server_version;
      what.privileges = part_of(random_, all_privileges(kind, version));
      pgrant::acl changed = list;
      if (test::plan_simulator(made_.state()).change(db, actor, kind, owner, changed, what) ==
          "00000")
        list = changed;
    };
    switch (random_.below(6)) {
      case 0:
        return attempt(object_kind::database, db.owner, db.acl);
      case 1: {
        pgrant::schema& s = db.schemas[random_.below(db.schemas.size())];
        return attempt(object_kind::schema, s.owner, s.acl);
      }
      case 2: {
        pgrant::object& o = db.objects[random_.below(db.objects.size())];
        if (class_of(o.kind) != object_class::table) return;
        const std::vector<acl_item> table =
            effective_items(o.acl, o.kind, o.owner, made_.state().server_version);
        what.privileges = part_of(random_, pgrant::column_privileges);
        if (o.columns.empty()) o.columns.push_back({"col", {}});
        pgrant::acl changed = o.columns[0].acl;
        if (test::plan_simulator(made_.state())
                .change(db, actor, o.kind, o.owner, changed, what, &table) == "00000")
          o.columns[0].acl = changed;
        return;
      }
      default: {
        pgrant::object& o = db.objects[random_.below(db.objects.size())];
        return attempt(o.kind, o.owner, o.acl);
      }
    }
  }

  test::random_source& random_;
  test::made_snapshot made_;
};

pgrant::grant_rule random_rule(test::random_source& random, bool of_bundle) {
  pgrant::grant_rule rule;
  rule.objects.database = random.word({"shop", "crm", "*"});
  rule.objects.on = std::array{object_class::database, object_class::schema,
                               object_class::table,    object_class::table,
                               object_class::sequence, object_class::routine}[random.below(6)];
  if (rule.objects.on != object_class::database)
    rule.objects.schema = random.word({"sales", "Odd Schema", "*", "?*"});
  rule.objects.name = random.word({"*", "*", "*", "?.c", "a"});
  const object_kind kind = rule.objects.on == object_class::database   ? object_kind::database
                           : rule.objects.on == object_class::schema   ? object_kind::schema
                           : rule.objects.on == object_class::table    ? object_kind::table
                           : rule.objects.on == object_class::sequence ? object_kind::sequence
                                                                       : object_kind::function;
  rule.all_privileges = random.one_in(3);
  if (!rule.all_privileges) rule.privileges = part_of(random, all_privileges(kind, 150000));
  rule.grant_option = !of_bundle && random.one_in(2);
  const bool may_be_future =
      rule.objects.on != object_class::database && rule.objects.on != object_class::schema;
  if (may_be_future && random.one_in(3)) {
    rule.objects.name = "*";
    rule.future_everywhere = random.one_in(3);
    rule.future = !rule.future_everywhere;
    if (random.one_in(2)) rule.creators = {role_names[random.below(role_names.size())]};
  }
  return rule;
}

pgrant::policy random_policy(test::random_source& random) {
  pgrant::policy desired;
  desired.best_effort = true;
  for (const char* name : bundle_names) {
    if (random.one_in(5)) {
      desired.dropped_bundles.emplace_back(name);
      continue;
    }
    if (random.one_in(4)) continue;
    pgrant::bundle& b = desired.bundles.emplace_back();
    b.name = name;
    b.reachable = !random.one_in(3);
    for (std::size_t rules = 1 + random.below(3); rules > 0; --rules)
      b.grants.push_back(random_rule(random, true));
  }
  for (std::size_t grants = random.below(4); grants > 0; --grants) {
    pgrant::direct_grant& g = desired.grants.emplace_back();
    g.grantee = role_names[random.below(role_names.size())];
    g.rule = random_rule(random, false);
  }
  if (random.one_in(3)) desired.databases.push_back({"archive", {"ada", "eve.x"}, ""});
  return desired;
}

/// Whatever a bundle role has on objects of a database, and is not wanted, must be told.
void check_surplus(const pgrant::snapshot& state, const pgrant::plan& second) {
  const auto told = [&](const std::string& role) {
    return std::ranges::any_of(second.not_granted, [&](const pgrant::not_granted& missing) {
      return missing.grantee.find(role) != std::string::npos;
    });
  };
  for (const pgrant::planned_bundle& b : second.bundles) {
    const oid role = state.find_role(b.role)->id;
    for (const pgrant::database& db : state.databases) {
      for (const pgrant::object& o : db.objects) {
        for (const acl_item& item : o.acl.items()) {
          if (item.grantee != role || item.grantable.empty()) continue;
          // A grant option of a bundle role: only where it could not be taken away.
          CHECK(told(b.role));
        }
      }
    }
  }
}

struct tally {
  int made = 0, steps = 0;
};

void check_second_plan(test::random_source& random, tally& sum) {
  world made(random);
  const pgrant::policy desired = random_policy(random);
  const auto first = pgrant::make_plan(made.state(), desired);
  if (!first) {
    // Random rules may contradict the instance, never the planner.
    CHECK(first.error().code() != pgrant::errc::internal);
    return;
  }
  ++sum.made;
  sum.steps += static_cast<int>(first.assume_value().steps.size());
  CHECK(pgrant::make_plan(made.state(), desired).assume_value() == first.assume_value());
  const auto text = to_json(first.assume_value());
  REQUIRE(text);
  CHECK(pgrant::plan_from_json(text.assume_value()).assume_value() == first.assume_value());

  test::plan_simulator(made.state()).run(first.assume_value());
  const auto second = pgrant::make_plan(made.state(), desired);
  REQUIRE_MESSAGE(second, second.error().describe());
  for (const pgrant::step& left : second.assume_value().steps)
    FAIL_CHECK("left: " << left.sql << " -- " << left.reason);
  check_surplus(made.state(), second.assume_value());
}

}  // namespace planner_property

}  // namespace

TEST_CASE("a plan that is carried out leaves an empty second plan") {
  planner_property::tally sum;
  test::for_random_cases(
      400, [&](test::random_source& random) { planner_property::check_second_plan(random, sum); });
  CHECK(sum.made > 200);
  CHECK(sum.steps > 5 * sum.made);
}

TEST_CASE("instances that a plan once did not settle") {
  planner_property::tally sum;
  const auto check = [&](std::uint64_t seed) {
    INFO("seed ", seed);
    test::random_source random(seed);
    planner_property::check_second_plan(random, sum);
  };
  check(1'244'391'741);  // a column privilege that a bundle role had passed on to itself
  check(7'000'225);      // a second GRANT of what the first had to name with the rest: 0LP01
  check(2'533);          // column privileges that a bundle role to be dropped had passed on
  check(122'027);        // a grant by a role that another statement makes a holder first
  check(125'113);        // a grant whose grantor loses his option in the same plan
  // As g++ evaluates arguments; another compiler draws other cases from the same seeds.
  CHECK(sum.made > 2);
}

TEST_SUITE_END();
