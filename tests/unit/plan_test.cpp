#include "pgrant/plan.hpp"

#include <doctest/doctest.h>

#include <set>

#include "pgrant/json/plan.hpp"
#include "pgrant/plan_text.hpp"
#include "pgrant/sql.hpp"

using pgrant::acl;
using pgrant::acl_hash;
using pgrant::plan;
using pgrant::privilege;
using pgrant::step;

TEST_SUITE_BEGIN("unit");

namespace {

plan plan_test_sample() {
  plan p;
  p.system_identifier = "7341000000000000001";
  p.server_version = 160004;
  p.executor = "pg admin";
  p.snapshot_taken_at = "2026-11-24T09:00:00Z";
  step role;
  role.action = pgrant::step_action::create_role;
  role.sql = "CREATE ROLE c LOGIN PASSWORD " + pgrant::secret_marker("connector");
  role.secret = "connector";
  role.roles = {"c"};
  p.steps.push_back(role);
  step grant;
  grant.database = "shop";
  grant.sql = "GRANT SELECT ON TABLE sales.orders TO \"x\"";
  grant.reason = "bundle b: SELECT on table sales.orders";
  grant.authority = "granted by app (owner)";
  grant.inverse = "REVOKE SELECT ON TABLE sales.orders FROM \"x\"";
  grant.roles = {"x", "y"};
  grant.privileges = privilege::select | privilege::maintain;
  grant.column = "id";
  grant.targets = {
      {16402, pgrant::object_kind::materialized_view, "sales.orders", 0xfedcba9876543210u}};
  p.steps.push_back(grant);
  step defaults;
  defaults.action = pgrant::step_action::revoke_default;
  defaults.database = "shop";
  defaults.sql = "ALTER DEFAULT PRIVILEGES ...";
  defaults.of_role = "app";
  defaults.in_schema = "sales";
  defaults.on = pgrant::object_class::routine;
  defaults.privileges = privilege::execute;
  defaults.grant_option = true;
  p.steps.push_back(defaults);
  p.bundles = {{"b", "pgrant_b", "what for", 3600, {"shop"}}};
  p.dropped_bundles = {"old"};
  p.not_granted = {{"shop", "table legacy.accounts", "x", privilege::select, "owned by y", "as y"}};
  p.warnings = {"careful"};
  p.best_effort = true;
  return p;
}

}  // namespace

TEST_CASE("acl_hash tells lists apart and is the documented FNV-1a") {
  CHECK(acl_hash(acl()) == 0xaf63bd4c8601b7dfu);                                 // one byte 0
  CHECK(acl_hash(acl(std::vector<pgrant::acl_item>())) == 0xaf63bc4c8601b62cu);  // one byte 1
  const acl one({{1, 2, privilege::select, {}}});
  const std::set<std::uint64_t> all = {
      acl_hash(acl()),
      acl_hash(acl(std::vector<pgrant::acl_item>())),
      acl_hash(one),
      acl_hash(acl({{1, 2, privilege::select, privilege::select}})),
      acl_hash(acl({{2, 1, privilege::select, {}}})),
      acl_hash(acl({{1, 2, privilege::insert, {}}})),
      acl_hash(acl({{1, 2, privilege::select, {}}, {0, 2, privilege::select, {}}})),
  };
  CHECK(all.size() == 7);
  CHECK(acl_hash(acl({{3, 2, privilege::select, {}}, {1, 2, privilege::insert, {}}})) ==
        acl_hash(acl({{1, 2, privilege::insert, {}}, {3, 2, privilege::select, {}}})));
}

TEST_CASE("no name and no literal can forge a secret's marker") {
  const std::string marker = pgrant::secret_marker("connector");
  CHECK(marker == "<secret '\"connector>");
  std::set<std::string> attempts = {
      marker,      "'" + marker,   marker + "'", "\"" + marker,
      "<secret '", "\"connector>", "connector>", "<secret '\"\"connector>"};
  for (const std::string& a : std::set<std::string>(attempts))
    for (const std::string& b : {std::string("'"), std::string("\""), std::string("\\")})
      attempts.insert({a + b, b + a, b + a + b});
  for (const std::string& attempt : attempts) {
    CHECK(pgrant::quote_identifier(attempt).find(marker) == std::string::npos);
    CHECK(pgrant::quote_literal(attempt).find(marker) == std::string::npos);
    const std::string statement = "CREATE ROLE " + pgrant::quote_identifier(attempt) + " IN ROLE " +
                                  pgrant::quote_identifier(attempt) + " PASSWORD " + marker;
    CHECK(statement.find(marker) == statement.size() - marker.size());
  }
}

TEST_CASE("a plan comes back from JSON as it was") {
  const plan p = plan_test_sample();
  const auto text = to_json(p);
  REQUIRE(text);
  const auto back = pgrant::plan_from_json(text.assume_value());
  REQUIRE_MESSAGE(back, back.error().describe());
  CHECK(back.assume_value() == p);
  CHECK(to_json(back.assume_value()).assume_value() == text.assume_value());
  const auto empty = pgrant::plan_from_json(to_json(plan()).assume_value());
  REQUIRE(empty);
  CHECK(empty.assume_value() == plan());
}

TEST_CASE("a tampered plan is refused with the field") {
  const std::string good = to_json(plan_test_sample()).assume_value();
  const auto field_after = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    const auto read = pgrant::plan_from_json(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code() == pgrant::errc::invalid_argument);
    return read.error().field();
  };
  CHECK(field_after("pgrant.plan/1", "pgrant.plan/2") == "format");
  CHECK(field_after("create_role", "create_rule") == "steps[0].action");
  CHECK(field_after("PASSWORD <secret", "PASSWORD <public") == "steps[0]");
  CHECK(field_after("\"sql\"", "\"sqll\"") == "steps[0].sqll");
  CHECK(field_after("fedcba9876543210", "fedcba987654321") == "steps[1].targets[0].acl_before");
  CHECK(field_after("MAINTAIN", "MAINTAINS") == "steps[1].privileges[1]");
}

TEST_CASE("a name that is not UTF-8 is refused, not changed") {
  plan p = plan_test_sample();
  p.steps[1].targets[0].name = "sales.\xff";
  const auto text = to_json(p);
  REQUIRE_FALSE(text);
  CHECK(text.error().code() == pgrant::errc::unsupported);
  CHECK(text.error().field() == "steps[1]");
}

TEST_CASE("the text of a plan shows everything and obeys nothing") {
  plan p = plan_test_sample();
  p.steps[1].sql += " \x1b[2J\r\n\xe2\x80\xae\xc2\x9b";
  p.not_granted[0].remedy = "as \"y\x07\"";
  const std::string text = render(p);
  CHECK(text.find("cluster-wide\n    1. CREATE ROLE c LOGIN") != std::string::npos);
  CHECK(text.find("\ndatabase shop\n") != std::string::npos);
  CHECK(text.find("who: granted by app (owner)") != std::string::npos);
  CHECK(text.find("remedy: as \"y\\x07\"") != std::string::npos);
  CHECK(text.find("\\x1b[2J\\x0d\\x0a\\xe2\\x80\\xae\\xc2\\x9b") != std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("\xe2\x80\xae") == std::string::npos);
  CHECK(text.ends_with("\n3 statements, 1 that cannot be done, 1 warning\n"));
  CHECK(render(plan()).ends_with("\nnothing to do\n"));
  CHECK(render(p, pgrant::plan_text_options().longest_statement(20))
            .find("GRANT SELECT ON TABL ... (") != std::string::npos);
}

TEST_SUITE_END();
