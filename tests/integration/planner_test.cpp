// Random policies on random instances of real servers: what the planner says comes true, a second
// plan is empty, and the inverses of a plan take it back.
#include "pgrant/planner.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <cstdlib>

#include "pgrant/applier.hpp"
#include "pgrant/wait.hpp"
#include "property/random_authority_world.hpp"
#include "support/main_job.hpp"
#include "support/snapshots.hpp"

namespace {

namespace planner_on_server {

using pgrant::object_class;
using pgrant::object_kind;
using test::random_authority_world;

constexpr std::array bundle_names = {"one", "two"};

pgrant::grant_rule random_rule(test::random_source& random, int major, bool of_bundle) {
  pgrant::grant_rule rule;
  rule.objects.database = random_authority_world::database;
  rule.objects.on = std::array{object_class::database, object_class::schema,
                               object_class::table,    object_class::table,
                               object_class::sequence, object_class::routine}[random.below(6)];
  if (rule.objects.on != object_class::database)
    rule.objects.schema = random.word({"w", "*", "s*"});
  rule.objects.name = random.word({"*", "o.?"});
  const object_kind kind = rule.objects.on == object_class::database   ? object_kind::database
                           : rule.objects.on == object_class::schema   ? object_kind::schema
                           : rule.objects.on == object_class::table    ? object_kind::table
                           : rule.objects.on == object_class::sequence ? object_kind::sequence
                                                                       : object_kind::function;
  rule.all_privileges = random.one_in(4);
  while (!rule.all_privileges && rule.privileges.empty())
    all_privileges(kind, major * 10'000).for_each([&](pgrant::privilege p) {
      if (random.one_in(2)) rule.privileges |= p;
    });
  rule.grant_option = !of_bundle && random.one_in(2);
  const bool has_future =
      rule.objects.on != object_class::database && rule.objects.on != object_class::schema;
  if (has_future && random.one_in(3)) {
    rule.objects.name = "*";
    rule.future = true;
  }
  return rule;
}

pgrant::policy random_policy(test::random_source& random, const random_authority_world& world,
                             int major) {
  pgrant::policy desired;
  desired.best_effort = true;
  for (const char* name : bundle_names) {
    if (random.one_in(4)) continue;
    pgrant::bundle& b = desired.bundles.emplace_back();
    b.name = name;
    b.reachable = !random.one_in(3);
    b.accept = {"grade-d", "trigger", "references", "create-on-database", "create-on-schema"};
    for (std::size_t rules = 1 + random.below(3); rules > 0; --rules)
      b.grants.push_back(random_rule(random, major, true));
  }
  for (std::size_t grants = random.below(4); grants > 0; --grants) {
    pgrant::direct_grant& g = desired.grants.emplace_back();
    g.grantee = random.pick(std::span<const std::string>(world.roles()));
    g.rule = random_rule(random, major, false);
  }
  return desired;
}

// NULL and the built-in list are the same here: a REVOKE does not bring NULL back.
constexpr const char* all_entries = R"(
  WITH listed(subject, acl) AS (
    SELECT 'd' || datname, coalesce(datacl, acldefault('d', datdba)) FROM pg_database
    UNION ALL SELECT 'n' || nspname, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace
    UNION ALL
    SELECT 'c' || oid, coalesce(relacl,
      acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)) FROM pg_class
    UNION ALL SELECT 'p' || oid, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc
    UNION ALL SELECT 'a' || attrelid || '.' || attname, attacl FROM pg_attribute
    UNION ALL SELECT 'z' || defaclrole || '.' || defaclnamespace || defaclobjtype::text, defaclacl
    FROM pg_default_acl)
  SELECT subject || ' ' || grantee || ' ' || grantor || ' ' || privilege_type || ' ' || is_grantable
  FROM listed, aclexplode(acl)
  UNION ALL SELECT 'r' || rolname FROM pg_roles)";

/// One role's point of view on one server.
class planned_world {
 public:
  planned_world(test::server& where, random_authority_world& world, std::string executor)
      : where_(where), world_(world), executor_(std::move(executor)) {}

  pgrant::plan make(const pgrant::policy& desired) {
    pgrant::inspect_options here;
    here.databases({random_authority_world::database});
    auto made = pgrant::make_plan(test::take_snapshot(where_, executor_, here), desired);
    if (!made) {
      CHECK(made.error().code() != pgrant::errc::internal);
      return {};
    }
    return std::move(made).assume_value();
  }

  bool apply(const pgrant::plan& p) {
    boost::asio::io_context context;
    auto connector = test::socket_connector(context.get_executor(), where_, executor_);
    auto applied = pgrant::wait(context, pgrant::async_apply(connector, p, {}));
    CHECK_MESSAGE(applied, applied.error().describe());
    return applied.has_value();
  }

  test::table entries() {
    test::table all = world_.superuser().run(all_entries);
    std::ranges::sort(all);
    return all;
  }

  /// Everything that a GRANT of the plan names is so, says the server.
  void check_privileges(const pgrant::plan& p) {
    for (const pgrant::step& s : p.steps) {
      if (s.action != pgrant::step_action::grant) continue;
      for (const pgrant::step_target& t : s.targets)
        for (const std::string& role : s.roles) check_privileges(s, t, role);
    }
  }

  void take_back(const pgrant::plan& p) {
    for (auto s = p.steps.rbegin(); s != p.steps.rend(); ++s)
      CHECK_MESSAGE(test::psql_state(where_, random_authority_world::database, executor_,
                                     s->inverse) == "00000",
                    s->inverse << "\nafter " << s->sql);
  }

 private:
  void check_privileges(const pgrant::step& s, const pgrant::step_target& t,
                        const std::string& role) {
    const object_class on = class_of(t.kind);
    const std::string function = on == object_class::database   ? "has_database_privilege"
                                 : on == object_class::schema   ? "has_schema_privilege"
                                 : on == object_class::sequence ? "has_sequence_privilege"
                                 : on == object_class::routine  ? "has_function_privilege"
                                                                : "has_table_privilege";
    std::string sql = "SELECT true";
    s.privileges.for_each([&](pgrant::privilege each) {
      sql += " AND " + function + "(" + pgrant::quote_literal(role) + ", " + std::to_string(t.id) +
             "::oid, '" + std::string(pgrant::keyword(each)) +
             (s.grant_option ? " WITH GRANT OPTION')" : "')");
    });
    const auto answer = world_.superuser().run(sql);
    CHECK_MESSAGE(answer.at(0).at(0) == "t", s.sql << " on " << t.name << " for " << role);
  }

  test::server& where_;
  random_authority_world& world_;
  std::string executor_;
};

/// An inverse does not give back what CASCADE took from others.
bool can_be_taken_back(const pgrant::plan& p) {
  return std::ranges::none_of(p.steps, [](const pgrant::step& s) {
    return s.inverse.empty() || s.sql.ends_with(" CASCADE");
  });
}

std::string any_executor(test::random_source& random, test::server& where,
                         const random_authority_world& world) {
  if (random.one_in(3)) return where.superuser();
  if (random.one_in(2)) return where.admin();
  for (int i = 0; i < 40; ++i) {
    const std::string& name = random.pick(std::span<const std::string>(world.roles()));
    const auto able = test::psql_value(where, "postgres",
                                       "SELECT rolcanlogin AND rolcreaterole FROM pg_roles WHERE "
                                       "rolname = " +
                                           pgrant::quote_literal(name));
    const bool enters =
        test::psql_value(where, "postgres",
                         "SELECT has_database_privilege(" + pgrant::quote_literal(name) +
                             ", 'authority', 'CONNECT')") == "t";
    if (able == "t" && enters) return name;
  }
  return where.admin();
}

struct tally {
  int statements = 0, taken_back = 0;
};

void check_policies(test::server& where, test::random_source& random, int policies, tally& sum) {
  random_authority_world world(where, random);
  for (int i = 0; i < policies; ++i) {
    planned_world here(where, world, any_executor(random, where, world));
    const pgrant::policy desired = random_policy(random, world, where.major());
    const auto before = here.entries();
    const pgrant::plan first = here.make(desired);
    sum.statements += static_cast<int>(first.steps.size());
    INFO("as ", first.executor);
    if (first.empty() || !here.apply(first)) continue;
    here.check_privileges(first);
    for (const pgrant::step& left : here.make(desired).steps)
      FAIL_CHECK("left: " << left.sql << " -- " << left.reason);
    if (!can_be_taken_back(first)) continue;
    ++sum.taken_back;
    here.take_back(first);
    const auto after = here.entries();
    test::table changed;
    std::ranges::set_symmetric_difference(before, after, std::back_inserter(changed));
    for (const auto& entry : changed) FAIL_CHECK("not as before: " << entry[0]);
  }
}

}  // namespace planner_on_server

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("on a server a plan comes true, a second one is empty, and its inverses take it back") {
    const bool soak = std::getenv("PGRANT_SOAK") != nullptr;
    planner_on_server::tally sum;
    for (const int major : test::versions()) {
      for (const test::shape shape : {test::shape::superuser, test::shape::azure}) {
        test::for_random_cases(soak ? 40 : 2, [&](test::random_source& random) {
          const auto where = test::own_server(major, test::server_options().shape(shape));
          INFO(where->label());
          planner_on_server::check_policies(*where, random, soak ? 20 : 4, sum);
        });
      }
    }
    CHECK(sum.statements > 0);
    CHECK(sum.taken_back > 0);
  }

  TEST_CASE("the ledger keeps each bundle's grade, and a refused bundle is not applied") {
    for (const int major : {test::versions().front(), test::versions().back()}) {
      const auto where = test::own_server(major);
      INFO(where->label());
      test::main_job job(*where);
      job.bootstrap();
      pgrant::policy desired = test::shop_policy();
      desired.bundles[0].accept = {"existing-role", "prepared-transactions"};
      const pgrant::planned_bundle planned = job.apply(desired).bundles.at(0);
      REQUIRE(planned.grade);
      const auto kept = [&] {
        return test::psql(*where, "pgrant",
                          "SELECT name, grade, existing_role_grade, accepted FROM pgrant.bundle"
                          " WHERE name = '" +
                              desired.bundles[0].name + "'");
      };
      const std::string grade(to_string(*planned.grade));
      if (major >= 16) CHECK(grade == "A");
      CHECK(kept() == test::table{{desired.bundles[0].name, grade,
                                   std::string(to_string(*planned.existing_role_grade)),
                                   "{existing-role,prepared-transactions}"}});

      pgrant::grant_rule trigger = desired.bundles[0].grants.at(0);
      trigger.privileges = pgrant::privilege::trigger;
      desired.bundles[0].grants.push_back(trigger);
      desired.best_effort = true;
      const auto plan = test::value_of(job.run(job.connector().async_plan(desired)));
      const auto refused = job.run(job.connector().async_apply(plan));
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code() == pgrant::errc::denied);
      CHECK(refused.error().detail().find("trigger, tables") != std::string::npos);
      CHECK(kept().at(0).at(1) == grade);

      desired.bundles[0].accept.insert(desired.bundles[0].accept.end(), {"trigger", "grade-d"});
      job.apply(desired);
      CHECK(kept().at(0).at(1) == "D");
    }
  }
}
