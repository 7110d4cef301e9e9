// That an apply believes the catalogs, not the server's "GRANT", and what it says of steps that
// cannot run.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "pgrant/applier.hpp"
#include "support/main_job.hpp"

namespace {

using pgrant::step_action;

std::string verify_acl_state(const test::server& where, const std::string& database) {
  return test::psql_value(
      where, database,
      "SELECT string_agg(x, E'\\n' ORDER BY x COLLATE \"C\") FROM ("
      " SELECT 'd' || datname || coalesce(datacl::text, '-') FROM pg_database"
      " UNION ALL SELECT 'n' || nspname || coalesce(nspacl::text, '-') FROM pg_namespace"
      "  WHERE nspname !~ '^pg_(toast|temp)'"
      " UNION ALL SELECT 'c' || oid::regclass || coalesce(relacl::text, '-') FROM pg_class"
      "  WHERE relnamespace::regnamespace::text !~ '^pg_'"
      " UNION ALL SELECT 'm' || m::text FROM pg_auth_members m"
      " UNION ALL SELECT 'f' || defaclrole || defaclacl::text FROM pg_default_acl) s(x)");
}

pgrant::plan verify_part_of(const pgrant::plan& whole, const std::string& database) {
  pgrant::plan part = whole;
  std::erase_if(part.steps, [&](const pgrant::step& s) { return s.database != database; });
  part.bundles.clear();
  return part;
}

// Each step of one database in turn is replaced by one that does nothing and succeeds.
void check_each_effect_is_read_back(test::main_job& job, const pgrant::plan& plan,
                                    const std::string& database, std::set<step_action>& seen) {
  const pgrant::plan part = verify_part_of(plan, database);
  const std::string before = verify_acl_state(job.where(), database);
  for (std::size_t i = 0; i < part.steps.size(); ++i) {
    pgrant::plan changed = part;
    changed.steps[i].sql = "SELECT 1";
    const auto applied = job.run(job.connector().async_apply(changed));
    INFO(part.steps[i].sql);
    REQUIRE(!applied);
    CHECK_MESSAGE(applied.error().code() == pgrant::errc::not_granted, applied.error().describe());
    for (const pgrant::step_target& target : part.steps[i].targets)
      CHECK(applied.error().object().find(target.name) != std::string::npos);
    CHECK(verify_acl_state(job.where(), database) == before);
    seen.insert(part.steps[i].action);
  }
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("a statement that succeeds without its effect is a failure that names the object") {
    const auto where = test::own_server(test::versions().back());
    test::main_job job(*where);
    const auto bootstrap =
        test::value_of(job.run(job.admin().async_plan_bootstrap(job.bootstrap_options())));
    std::set<step_action> seen;
    const std::string bare = verify_acl_state(*where, "postgres");
    for (const step_action action : {step_action::create_role, step_action::grant_membership}) {
      auto changed = bootstrap;
      const auto at = std::ranges::find(changed.steps, action, &pgrant::step::action);
      REQUIRE(at != changed.steps.end());
      at->sql = "SELECT 1";
      at->secret.clear();
      CHECK(!job.run(job.admin().async_apply(changed, job.with_connector_password())));
      CHECK(verify_acl_state(*where, "postgres") == bare);
    }
    job.bootstrap();

    auto plan = test::value_of(job.run(job.connector().async_plan(test::shop_policy())));
    test::value_of(job.run(job.connector().async_apply(verify_part_of(plan, ""))));
    plan = test::value_of(job.run(job.connector().async_plan(test::shop_policy())));
    check_each_effect_is_read_back(job, plan, "shop", seen);
    check_each_effect_is_read_back(job, plan, "billing", seen);
    job.apply(test::shop_policy());

    // The way back: one bundle with less, the other gone.
    auto less = test::shop_policy();
    less.bundles.pop_back();
    less.bundles.front().grants.front().objects.name = "customers";
    less.dropped_bundles = {"orders-write"};
    plan = test::value_of(job.run(job.connector().async_plan(less)));
    check_each_effect_is_read_back(job, plan, "shop", seen);
    for (const step_action action : {step_action::grant, step_action::revoke,
                                     step_action::grant_default, step_action::revoke_default})
      CHECK_MESSAGE(seen.contains(action), to_string(action));

    job.apply(less);
    CHECK(test::value_of(job.run(job.connector().async_plan(less))).empty());
  }

  TEST_CASE("a role that is there already is a stale plan, and the error shows no verifier") {
    test::for_each_server(test::shape::azure, [](test::server& where) {
      test::main_job job(where);
      const auto plan =
          test::value_of(job.run(job.admin().async_plan_bootstrap(job.bootstrap_options())));
      test::psql(where, "postgres", "CREATE ROLE apono_connector");
      const auto applied = job.run(job.admin().async_apply(plan, job.with_connector_password()));
      test::psql(where, "postgres", "DROP ROLE apono_connector");
      REQUIRE(!applied);
      CHECK(applied.error().code() == pgrant::errc::stale);
      CHECK(applied.error().state().str() == "42710");
      const std::string text = applied.error().describe();
      CHECK(text.find(pgrant::secret_marker(pgrant::connector_secret)) != std::string::npos);
      CHECK(text.find("SCRAM-SHA-256") == std::string::npos);
      CHECK(text.find(job.connector_password()) == std::string::npos);
    });
  }

  TEST_CASE("a statement that takes too long ends by the limit of its apply") {
    const auto where = test::own_server(test::versions().back());
    test::main_job job(*where);
    job.bootstrap();
    auto plan = test::value_of(job.run(job.connector().async_plan(test::shop_policy())));
    plan.steps.front().sql = "SELECT pg_catalog.pg_sleep(30)";
    const auto applied = job.run(job.connector().async_apply(
        plan, pgrant::apply_options().statement_timeout(std::chrono::milliseconds(100))));
    REQUIRE(!applied);
    CHECK(applied.error().state().str() == "57014");
  }
}
