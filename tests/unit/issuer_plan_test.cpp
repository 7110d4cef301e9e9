// How a bootstrap plans issuers and granters.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/issuer_sql.hpp"
#include "pgrant/bootstrap.hpp"
#include "pgrant/json/plan.hpp"
#include "pgrant/planner.hpp"
#include "support/made_snapshot.hpp"

namespace {

using pgrant::bootstrap_options;
using pgrant::object_kind;
using pgrant::plan;
using pgrant::step_action;

test::made_snapshot issuer_plan_server(int version) {
  test::made_snapshot made(version);
  made.state().platform = pgrant::platform::azure;
  made.role("azuresu").superuser = true;
  made.role("azure_pg_admin");
  pgrant::role& admin = made.role("pgadmin");
  admin.create_role = admin.create_database = admin.login = true;
  made.role("pg_signal_backend");
  made.member("azure_pg_admin", "pgadmin", true);
  made.member("pg_signal_backend", "azure_pg_admin", true);
  made.read_by("pgadmin");
  return made;
}

bootstrap_options issuer_plan_options() {
  return bootstrap_options("keeper").profile(pgrant::bootstrap_profile::least).issuers(2);
}

pgrant::result<plan> issuer_plan(test::made_snapshot& made, const bootstrap_options& options) {
  const auto desired = bootstrap_policy(made.done(), options);
  if (!desired) return desired.error();
  return make_plan(made.state(), desired.assume_value());
}

bool has_step(const plan& p, std::string_view sql) {
  return std::ranges::any_of(p.steps, [&](const auto& s) { return s.sql == sql; });
}

// As if the plan of two issuers had been applied.
void with_issuers_made(test::made_snapshot& made) {
  made.role("keeper").login = true;
  made.member("pg_signal_backend", "keeper");
  pgrant::database& ledger = made.database("pgrant", "pgadmin");
  const pgrant::oid schema = made.schema(ledger, "pgrant_issue", "pgadmin");
  for (const auto& t : pgrant::issuing::tables())
    made.object(ledger, schema, object_kind::table, std::string(t.name), "pgadmin");
  made.object(ledger, schema, object_kind::sequence, "turn", "pgadmin");
  for (const auto group : pgrant::issuing::routines())
    for (const auto& r : group)
      made.object(ledger, schema, object_kind::function, std::string(r.name), "pgadmin");
  for (const std::string door : {"issuer_1", "issuer_2", "granter_1"}) {
    pgrant::role& owner = made.role("pgrant_" + door);
    owner.create_role = door != "granter_1" || made.state().server_version < 160000;
    std::string words = door;
    words[words.find('_')] = ' ';
    owner.comment = "pgrant " + words + ", version 1, for keeper";
    if (door == "granter_1") owner.comment += "; bundles cbf29ce484222325";
    made.member("pgrant_" + door, "pgadmin", true);
    made.object(ledger, schema, object_kind::function, door, "pgrant_" + door);
  }
}

std::vector<std::string> issuing_steps(const plan& p) {
  std::vector<std::string> texts;
  for (const pgrant::step& s : p.steps)
    if (s.database == "pgrant") texts.push_back(s.sql);
  return texts;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("profile least plans issuers, granters, their functions, and a weak connector") {
    for (const int version : {140010, 160004}) {
      CAPTURE(version);
      test::made_snapshot made = issuer_plan_server(version);
      const plan p = issuer_plan(made, issuer_plan_options()).value();
      CHECK(has_step(p, "CREATE ROLE keeper LOGIN PASSWORD <secret '\"connector>"));
      CHECK(has_step(p, "GRANT pg_signal_backend TO keeper"));
      CHECK(has_step(p, "CREATE ROLE pgrant_issuer_2 CREATEROLE"));
      CHECK(has_step(p, version < 160000 ? "CREATE ROLE pgrant_granter_1 CREATEROLE"
                                         : "CREATE ROLE pgrant_granter_1"));
      CHECK(!has_step(p, "GRANT azure_pg_admin TO keeper"));
      const auto steps = issuing_steps(p);
      CHECK(steps.front() == "CREATE SCHEMA pgrant_issue");
      CHECK(has_step(p, "SELECT pgrant_issue.set_up_issuer(2)"));
      CHECK(has_step(p, "SELECT pgrant_issue.set_bundles(ARRAY[]::text[])"));
      CHECK(has_step(p, "GRANT USAGE ON SCHEMA pgrant_issue TO keeper"));
      CHECK(steps.back() ==
            "COMMENT ON ROLE pgrant_granter_1 IS 'pgrant granter 1, version 1, for "
            "keeper; bundles cbf29ce484222325'");
      for (const pgrant::step& s : p.steps) {
        CHECK(!s.reason.empty());
        if (s.action == step_action::define && !s.targets.empty()) CHECK(!s.inverse.empty());
      }
      const auto text = to_json(p);
      REQUIRE(text);
      CHECK(pgrant::plan_from_json(text.assume_value()).value() == p);
    }
  }

  TEST_CASE("a second bootstrap with issuers plans nothing, one with more plans only those") {
    for (const int version : {140010, 160004}) {
      CAPTURE(version);
      test::made_snapshot made = issuer_plan_server(version);
      with_issuers_made(made);
      auto options = issuer_plan_options();
      CHECK(issuing_steps(issuer_plan(made, options).value()).empty());
      CHECK(issuing_steps(issuer_plan(made, options.issuers(1)).value()).empty());
      const auto more = issuing_steps(issuer_plan(made, options.issuers(3)).value());
      REQUIRE(more.size() == 3);
      CHECK(more[0].find("'keeper', 3, 1)") != std::string::npos);
      CHECK(more[1] == "SELECT pgrant_issue.set_up_issuer(3)");
    }
  }

  TEST_CASE("granters learn of a bundle with the plan that makes it") {
    test::made_snapshot made = issuer_plan_server(160004);
    with_issuers_made(made);
    pgrant::database& shop = made.database("shop", "pgadmin");
    made.object(shop, made.schema(shop, "sales", "pgadmin"), object_kind::table, "t", "pgadmin");
    pgrant::policy desired;
    pgrant::bundle& b = desired.bundles.emplace_back();
    b.name = "sales-read";
    b.grants.emplace_back().objects = {"shop", "sales", pgrant::object_class::table, "t", {}};
    b.grants[0].privileges = pgrant::privilege::select;
    const auto steps = issuing_steps(make_plan(made.done(), desired).value());
    REQUIRE(steps.size() == 2);
    CHECK(steps[0] == "SELECT pgrant_issue.set_bundles(ARRAY['pgrant_sales_read']::text[])");
  }

  TEST_CASE("what stands in the place of issuers is not touched") {
    test::made_snapshot made = issuer_plan_server(160004);
    made.role("pgrant_issuer_2").login = true;
    const auto refused = issuer_plan(made, issuer_plan_options());
    REQUIRE(!refused);
    CHECK(refused.error().code() == pgrant::errc::conflict);
    CHECK(refused.error().field() == "issuers");

    // A connector that made the schema before us could read and change what is put into it.
    test::made_snapshot squatted = issuer_plan_server(160004);
    squatted.role("keeper").login = true;
    pgrant::database& ledger = squatted.database("pgrant", "pgadmin");
    squatted.schema(ledger, "pgrant_issue", "keeper");
    const plan p = issuer_plan(squatted, issuer_plan_options()).value();
    CHECK(issuing_steps(p).empty());
    REQUIRE(p.not_granted.size() >= 1);
    CHECK(p.not_granted.back().reason == "schema pgrant_issue belongs to keeper");

    test::made_snapshot closed = issuer_plan_server(160004);
    closed.database("pgrant", "pgadmin").inspected = false;
    CHECK(issuing_steps(issuer_plan(closed, issuer_plan_options()).value()).empty());

    for (const int count : {-1, 1001}) {
      test::made_snapshot fresh = issuer_plan_server(160004);
      const auto wrong = issuer_plan(fresh, issuer_plan_options().issuers(count));
      REQUIRE(!wrong);
      CHECK(wrong.error().field() == "issuers");
    }
    test::made_snapshot fresh = issuer_plan_server(160004);
    CHECK(issuer_plan(fresh, issuer_plan_options().ledger_database("")).error().field() ==
          "issuers");
  }
}
