#include "pgrant/policy.hpp"

#include <doctest/doctest.h>

#include "pgrant/json/policy.hpp"

using pgrant::bundle;
using pgrant::grant_rule;
using pgrant::object_class;
using pgrant::policy;
using pgrant::privilege;

TEST_SUITE_BEGIN("unit");

namespace {

/// A policy that nothing is wrong with.
policy policy_test_good() {
  policy desired;
  bundle& b = desired.bundles.emplace_back();
  b.name = "sales-read";
  grant_rule& rule = b.grants.emplace_back();
  rule.objects.database = "shop";
  rule.objects.schema = "sales";
  rule.privileges = privilege::select;
  return desired;
}

grant_rule& policy_test_rule(policy& desired) {
  return desired.bundles[0].grants[0];
}

/// The fields of all findings, with spaces between.
std::string policy_test_fields(const policy& desired) {
  std::string fields;
  for (const pgrant::error& finding : validate(desired)) {
    CHECK(finding.code() == pgrant::errc::invalid_argument);
    CHECK_FALSE(finding.message().empty());
    fields += (fields.empty() ? "" : " ") + finding.field();
  }
  return fields;
}

pgrant::result<policy> policy_test_read(std::string_view text) {
  return pgrant::policy_from_json(text);
}

std::string policy_test_refusal(std::string_view text) {
  const auto read = policy_test_read(text);
  if (read) return "read";
  CHECK(read.error().code() == pgrant::errc::invalid_argument);
  return read.error().field();
}

std::string policy_test_rule_refusal(const std::string& rule) {
  return policy_test_refusal(R"({"version": 1, "bundles": {"b": {"grants": [)" + rule + "]}}}");
}

}  // namespace

TEST_CASE("a well-formed policy has no findings") {
  CHECK(policy_test_fields(policy_test_good()) == "");
  CHECK(policy_test_fields(policy()) == "");
}

TEST_CASE("each malformed rule is found, with its field") {
  policy desired = policy_test_good();
  grant_rule& rule = policy_test_rule(desired);
  const std::string at = "bundles.sales-read.grants[0].";
  SUBCASE("no privileges") {
    rule.privileges = {};
    CHECK(policy_test_fields(desired) == at + "privileges");
  }
  SUBCASE("a privilege that the class has not") {
    rule.privileges = privilege::select | privilege::execute;
    CHECK(policy_test_fields(desired) == at + "privileges");
  }
  SUBCASE("MAINTAIN is for the server to judge") {
    rule.privileges = privilege::maintain;
    CHECK(policy_test_fields(desired) == "");
  }
  SUBCASE("ALL and more") {
    rule.all_privileges = true;
    CHECK(policy_test_fields(desired) == at + "privileges");
  }
  SUBCASE("grant option in a bundle") {
    rule.grant_option = true;
    CHECK(policy_test_fields(desired) == at + "grant_option");
  }
  SUBCASE("empty patterns") {
    rule.objects.database = rule.objects.schema = rule.objects.name = "";
    CHECK(policy_test_fields(desired) == at + "database " + at + "schema " + at + "tables");
  }
  SUBCASE("a name that is too long") {
    rule.objects.name = std::string(64, 'x');
    CHECK(policy_test_fields(desired) == at + "tables");
  }
  SUBCASE("kinds of another class") {
    rule.objects.kinds = {pgrant::object_kind::view, pgrant::object_kind::sequence};
    CHECK(policy_test_fields(desired) == at + "kinds");
  }
  SUBCASE("future objects have no names yet") {
    rule.future = true;
    rule.objects.name = "ord*";
    CHECK(policy_test_fields(desired) == at + "tables");
  }
  SUBCASE("future databases") {
    rule.objects.on = object_class::database;
    rule.objects.schema = "";
    rule.privileges = privilege::connect;
    rule.future = true;
    CHECK(policy_test_fields(desired) == at + "future");
  }
  SUBCASE("creators without future") {
    rule.creators = {"app"};
    CHECK(policy_test_fields(desired) == at + "future");
  }
  SUBCASE("neither existing nor future") {
    rule.existing = false;
    CHECK(policy_test_fields(desired) == at + "existing");
  }
  SUBCASE("a class that no policy knows") {
    rule.objects.on = object_class::language;
    CHECK(policy_test_fields(desired) == "bundles.sales-read.grants[0]");
  }
}

TEST_CASE("each malformed bundle is found") {
  policy desired = policy_test_good();
  bundle& b = desired.bundles[0];
  SUBCASE("without grants") {
    b.grants.clear();
    CHECK(policy_test_fields(desired) == "bundles.sales-read.grants");
  }
  SUBCASE("name") {
    for (const std::string& name : {std::string(""), std::string("Sales"), std::string("1st"),
                                    std::string("a.b"), std::string(64, 'a')}) {
      b.name = name;
      CHECK(policy_test_fields(desired).starts_with("bundles." + name));
    }
  }
  SUBCASE("a role name over 63 bytes because of the prefix") {
    b.name = std::string(60, 'a');
    CHECK(policy_test_fields(desired) == "bundles." + b.name + ".role");
  }
  SUBCASE("two bundles with one role") {
    desired.bundles.push_back(b);
    desired.bundles[1].name = "sales_read";
    CHECK(policy_test_fields(desired) == "bundles.sales_read.role");
  }
  SUBCASE("no time at all") {
    b.maximum_duration = std::chrono::seconds(0);
    CHECK(policy_test_fields(desired) == "bundles.sales-read.maximum_duration");
  }
  SUBCASE("kept and dropped") {
    desired.dropped_bundles = {"sales-read"};
    CHECK(policy_test_fields(desired).starts_with("dropped_bundles[0]"));
  }
  SUBCASE("description with a NUL byte") {
    b.description = std::string("a\0b", 3);
    CHECK(policy_test_fields(desired) == "bundles.sales-read.description");
  }
}

TEST_CASE("malformed roles, memberships, grants and databases are found") {
  policy desired;
  desired.roles.emplace_back().name = "public";
  desired.roles.emplace_back().name = "ada";
  desired.roles.back().connection_limit = -2;
  desired.roles.back().password_secret = "a'b";
  desired.roles.emplace_back().name = "bob";
  desired.roles.back().reset_password = true;
  desired.memberships.push_back(
      {.role = "a", .member = "a", .inherit = {}, .set = {}, .reason = {}});
  pgrant::direct_grant& grant = desired.grants.emplace_back();
  grant.grantee = "public";
  grant.rule.objects.database = "shop";
  grant.rule.objects.schema = "sales";
  grant.rule.privileges = privilege::select;
  grant.rule.grant_option = true;
  desired.databases.emplace_back().name = std::string(64, 'd');
  CHECK(policy_test_fields(desired) ==
        "roles.public roles.ada.connection_limit roles.ada.password_secret "
        "roles.bob.reset_password memberships[0].member grants[0].grant_option databases." +
            std::string(64, 'd'));
}

TEST_CASE("a policy is read from JSON") {
  const auto read = policy_test_read(R"({
    "version": 1,
    "bundles": {
      "sales-read": {
        "description": "Read the sales schema", "maximum_duration": "8h30m",
        "grants": [
          {"database": "shop", "schema": "sales", "tables": "*", "privileges": ["select"]},
          {"database": "shop", "schema": "sales", "sequences": "*", "privileges": ["USAGE"],
           "future": {"creators": ["app_owner"]}},
          {"database": "shop", "privileges": ["TEMP"]},
          {"database": "shop", "schema": "api", "privileges": ["USAGE"]},
          {"database": "shop", "schema": "api", "functions": "get_*", "privileges": "all"},
          {"database": "shop", "schema": "api", "procedures": "*", "privileges": ["ALL"]},
          {"database": "shop", "schema": "api", "tables": "*", "kinds": ["view", "materialized view"],
           "privileges": ["SELECT"], "existing": true}]}},
    "roles": {"reporting": {"login": true, "connection_limit": 5}},
    "memberships": [{"role": "pg_monitor", "member": "reporting", "set": false}],
    "grants": [{"grantee": "reporting", "database": "shop", "schema": "sales", "tables": "*",
                "privileges": ["SELECT"], "grant_option": true}],
    "databases": {"archive": {"users": ["reporting"]}},
    "dropped_bundles": ["old"], "best_effort": true})");
  REQUIRE_MESSAGE(read, read.error().describe());
  const policy& desired = read.assume_value();
  REQUIRE(desired.bundles.size() == 1);
  const bundle& b = desired.bundles[0];
  CHECK(b.name == "sales-read");
  CHECK(b.maximum_duration == std::chrono::seconds(30'600));
  REQUIRE(b.grants.size() == 7);
  CHECK(b.grants[0].objects.on == object_class::table);
  CHECK(b.grants[0].privileges == privilege::select);
  CHECK(b.grants[1].future);
  CHECK(b.grants[1].creators == std::vector<std::string>{"app_owner"});
  CHECK(b.grants[2].objects.on == object_class::database);
  CHECK(b.grants[2].privileges == privilege::temporary);
  CHECK(b.grants[3].objects.on == object_class::schema);
  CHECK(b.grants[4].objects.kinds.size() == 2);
  CHECK(b.grants[4].all_privileges);
  CHECK(b.grants[5].objects.kinds == std::vector{pgrant::object_kind::procedure});
  CHECK(b.grants[6].objects.kinds.size() == 2);
  CHECK(desired.roles[0].login == true);
  CHECK(desired.memberships[0].set == false);
  CHECK_FALSE(desired.memberships[0].inherit);
  CHECK(desired.grants[0].rule.grant_option);
  CHECK(desired.databases[0].users == std::vector<std::string>{"reporting"});
  CHECK(desired.best_effort);
  CHECK(policy_test_fields(desired) == "");

  const auto again = policy_test_read(pgrant::to_json(desired));
  REQUIRE_MESSAGE(again, again.error().describe());
  CHECK(again.assume_value() == desired);
}

TEST_CASE("a policy's mistakes are refused with the field") {
  CHECK(policy_test_refusal("{}") == "version");
  CHECK(policy_test_refusal(R"({"version": 2})") == "version");
  CHECK(policy_test_refusal(R"({"version": 1, "bundels": {}})") == "bundels");
  CHECK(policy_test_refusal(R"({"version": 1, "bundles": []})") == "bundles");
  CHECK(policy_test_refusal(R"({"version": 1, "bundles": {"b": {}}})") == "bundles.b.grants");
  const std::string at = "bundles.b.grants[0].";
  CHECK(policy_test_rule_refusal(R"({"schema": "s"})") == at + "database");
  CHECK(policy_test_rule_refusal(R"({"database": "d"})") == at + "privileges");
  CHECK(policy_test_rule_refusal(R"({"database": "d", "tabels": "*"})") == at + "tabels");
  CHECK(policy_test_rule_refusal(R"({"database": "d", "tables": "*"})") == at + "schema");
  CHECK(policy_test_rule_refusal(
            R"({"database": "d", "schema": "s", "tables": "*", "sequences": "*"})") ==
        at + "sequences");
  CHECK(policy_test_rule_refusal(
            R"({"database": "d", "schema": "s", "functions": "*", "kinds": ["view"]})") ==
        at + "kinds");
  CHECK(policy_test_rule_refusal(R"({"database": "d", "privileges": "SELECT"})") ==
        at + "privileges");
  CHECK(policy_test_rule_refusal(R"({"database": "d", "privileges": ["CONNECT", "READ"]})") ==
        at + "privileges[1]");
  CHECK(policy_test_rule_refusal(
            R"({"database": "d", "privileges": ["CONNECT"], "future": {"by": []}})") ==
        at + "future.by");
  CHECK(policy_test_refusal(
            R"({"version": 1, "bundles": {"b": {"maximum_duration": "8 h", "grants": []}}})") ==
        "bundles.b.maximum_duration");
}

TEST_CASE("durations") {
  const auto seconds = [](std::string_view text) {
    const auto read = pgrant::parse_duration(text);
    return read ? read.assume_value().count() : -1;
  };
  CHECK(seconds("8h") == 28'800);
  CHECK(seconds("8h30m") == 30'600);
  CHECK(seconds("1d1s") == 86'401);
  CHECK(seconds("90m") == 5'400);
  for (const std::string_view bad : {"", "8", "h", "8h8h", "30m8h", "8 h", "-8h", "8h ", "1.5h",
                                     "99999999999999999999h", "8H", "1w"})
    CHECK_MESSAGE(seconds(bad) == -1, bad);
  for (const std::string_view text : {"0s", "1s", "8h30m", "2d", "1d2h3m4s"}) {
    const auto read = pgrant::parse_duration(text);
    REQUIRE(read);
    CHECK(pgrant::to_string(read.assume_value()) == text);
  }
}

TEST_CASE("the schema is JSON and names every key of the reader") {
  const std::string schema = pgrant::policy_schema();
  for (const std::string_view key :
       {"version",        "bundle_role_prefix", "bundles",      "dropped_bundles",
        "roles",          "memberships",        "grants",       "databases",
        "best_effort",    "maximum_duration",   "reachable",    "tables",
        "sequences",      "functions",          "procedures",   "routines",
        "kinds",          "privileges",         "future",       "creators",
        "everywhere",     "existing",           "grant_option", "grantee",
        "password_secret"})
    CHECK_MESSAGE(schema.find("\"" + std::string(key) + "\"") != std::string::npos, key);
}

TEST_SUITE_END();
