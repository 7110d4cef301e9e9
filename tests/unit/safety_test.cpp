// Every row of docs/safety.md: what is found, how it is graded, and what a policy can accept.
#include "pgrant/safety.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "pgrant/json/plan.hpp"
#include "pgrant/plan_text.hpp"
#include "pgrant/planner.hpp"
#include "support/made_snapshot.hpp"

TEST_SUITE_BEGIN("unit");

namespace {

namespace safety_rows {

using pgrant::bundle_safety;
using pgrant::object_class;
using pgrant::object_kind;
using pgrant::privilege;
using pgrant::privilege_set;
using pgrant::safety_finding;
using enum pgrant::safety_grade;
using enum pgrant::safety_severity;

/// A shop of an application, read by a connector, and a bundle "b" without rules.
struct shop {
  explicit shop(int version = 160'004) : made(version) {
    made.role("app");
    made.role("connector").create_role = true;
    made.member("app", "connector");
    pgrant::database& db = made.database("shop", "app");
    const pgrant::oid sales = made.schema(db, "sales", "app");
    made.object(db, sales, object_kind::table, "orders", "app");
    made.object(db, sales, object_kind::sequence, "ids", "app");
    made.object(db, sales, object_kind::function, "total", "app");
    made.read_by("connector");
    made.done();
    desired.bundles.emplace_back().name = "b";
  }

  pgrant::grant_rule& give(privilege_set privileges, object_class on = object_class::table) {
    pgrant::grant_rule& rule = desired.bundles[0].grants.emplace_back();
    rule.objects.database = "shop";
    if (on != object_class::database) rule.objects.schema = "sales";
    rule.objects.on = on;
    rule.privileges = privileges;
    return rule;
  }

  /// The bundle's role is there already.
  pgrant::role& role() {
    pgrant::role& r = made.role("pgrant_b");
    r.comment = "pgrant bundle b";
    return r;
  }

  pgrant::database& database() {
    for (pgrant::database& db : made.state().databases)
      if (db.name == "shop") return db;
    FAIL("no shop");
    return made.state().databases[0];
  }

  bundle_safety safety() {
    made.done();
    auto graded = assess_safety(made.state(), desired, pgrant::planner_options());
    REQUIRE_MESSAGE(graded, graded.error().describe());
    REQUIRE(graded.assume_value().size() == 1);
    return graded.assume_value()[0];
  }

  safety_finding finding(std::string_view name) {
    const bundle_safety all = safety();
    for (const safety_finding& f : all.findings)
      if (f.name == name) return f;
    return {};
  }

  void check(std::string_view name, pgrant::safety_severity severity, pgrant::safety_grade grade,
             pgrant::safety_grade existing, std::string_view object) {
    const safety_finding found = finding(name);
    CHECK(found.name == name);
    CHECK(found.severity == severity);
    CHECK(found.grade == grade);
    CHECK(found.existing_role_grade == existing);
    CHECK(found.object == object);
    CHECK_FALSE(found.reason.empty());
    CHECK(std::ranges::binary_search(pgrant::safety_finding_names(), name));
    CHECK(safety().grade >= grade);
    CHECK(safety().existing_role_grade >= existing);
  }

  test::made_snapshot made;
  pgrant::policy desired;
};

constexpr std::string_view tables = "tables * in schema sales of database shop";

}  // namespace safety_rows

using namespace safety_rows;

}  // namespace

TEST_CASE("reading alone on 16 and later is grade A, for roles that exist anyway C") {
  shop s;
  s.give(privilege::select);
  CHECK(s.safety().grade == a);
  CHECK(s.safety().existing_role_grade == c);
  CHECK(s.safety().findings.size() == 1);
  s.check("existing-role", note, a, c, "leases of existing roles");
}

TEST_CASE("before 16 reading is grade B, and existing roles are a question") {
  shop s(150'004);
  s.give(privilege::select);
  CHECK(s.safety().grade == b);
  s.check("set-role", note, b, b, "role pgrant_b");
  s.check("existing-role", question, a, c, "leases of existing roles");
}

TEST_CASE("privileges and what they leave behind") {
  shop s;
  SUBCASE("writing") {
    s.give(privilege::select | privilege::insert);
    s.check("writes-data", note, b, b, tables);
    CHECK(s.safety().grade == b);
  }
  SUBCASE("trigger") {
    s.give(privilege::trigger);
    s.check("trigger", refusal, d, d, tables);
  }
  SUBCASE("references") {
    s.give(privilege::references);
    s.check("references", refusal, d, d, tables);
  }
  SUBCASE("all on tables has both") {
    s.give({}).all_privileges = true;
    s.check("references", refusal, d, d, tables);
    s.check("trigger", refusal, d, d, tables);
    CHECK(s.finding("trigger").remedy == "say SELECT, INSERT, UPDATE, DELETE instead of ALL");
  }
  SUBCASE("create on a database") {
    s.give(privilege::create, object_class::database);
    s.check("create-on-database", refusal, d, d, "database shop");
  }
  SUBCASE("create on a schema") {
    s.give(privilege::create, object_class::schema);
    s.check("create-on-schema", question, c, c, "schema sales of database shop");
  }
  SUBCASE("usage of sequences") {
    s.give(privilege::usage, object_class::sequence);
    s.check("sequence-usage", note, b, b, "sequences * in schema sales of database shop");
  }
  SUBCASE("update of sequences") {
    s.give(privilege::update, object_class::sequence);
    s.check("sequence-update", question, c, c, "sequences * in schema sales of database shop");
  }
  SUBCASE("routines") {
    s.give(privilege::execute, object_class::routine);
    s.check("runs-code", note, b, b, "routines * in schema sales of database shop");
  }
  SUBCASE("future objects") {
    s.give(privilege::select).future = true;
    s.check("default-privileges", question, b, b, tables);
  }
  SUBCASE("schema cron, by its name alone") {
    pgrant::grant_rule& rule = s.give(privilege::usage, object_class::schema);
    s.made.schema(s.database(), "cron", "app");
    rule.objects.schema = "*";
    CHECK(s.finding("cron").name.empty());
    rule.objects.schema = "cron";
    s.check("cron", question, c, c, "schema cron of database shop");
  }
}

TEST_CASE("before 16 CREATE on a schema is refused, also where PUBLIC has it it is grade D") {
  shop s(150'004);
  SUBCASE("of the bundle") {
    s.give(privilege::create, object_class::schema);
    s.check("create-on-schema", refusal, d, d, "schema sales of database shop");
  }
  SUBCASE("of PUBLIC") {
    s.give(privilege::select);
    const pgrant::oid app = s.made.id("app");
    for (pgrant::schema& in : s.database().schemas)
      in.acl = pgrant::acl({{pgrant::public_oid, app, privilege::create, {}}});
    s.check("public-create", question, d, d, "schema sales of database shop");
    CHECK(s.finding("public-create").remedy == "REVOKE CREATE ON SCHEMA sales FROM PUBLIC");
  }
}

TEST_CASE("what the bundle's role is, owns and is a member of") {
  shop s;
  s.give(privilege::select);
  SUBCASE("a login") {
    s.role().login = true;
    const auto graded = assess_safety(s.made.done(), s.desired, pgrant::planner_options());
    REQUIRE_FALSE(graded);
    CHECK(graded.error().code() == pgrant::errc::conflict);
  }
  SUBCASE("powerful predefined roles, through others too") {
    s.role();
    s.made.role("helpers");
    s.made.role("pg_write_all_data");
    s.made.member("helpers", "pgrant_b");
    s.made.member("pg_write_all_data", "helpers");
    s.check("predefined-role", refusal, d, d, "membership in role pg_write_all_data");
  }
  SUBCASE("whoever may create roles") {
    s.role();
    s.made.role("boss").create_role = true;
    s.made.member("boss", "pgrant_b");
    s.check("predefined-role", refusal, d, d, "membership in role boss");
  }
  SUBCASE("a membership that the policy makes") {
    s.made.role("pg_signal_backend");
    s.desired.memberships.emplace_back().role = "pg_signal_backend";
    s.desired.memberships[0].member = "pgrant_b";
    s.check("predefined-role", refusal, d, d, "membership in role pg_signal_backend");
  }
  SUBCASE("reading everything") {
    s.role();
    s.made.role("pg_read_all_data");
    s.made.member("pg_read_all_data", "pgrant_b");
    s.check("read-all-data", question, c, c, "membership in role pg_read_all_data");
  }
  SUBCASE("ADMIN for somebody") {
    s.made.role("ada");
    s.desired.memberships.emplace_back().role = "pgrant_b";
    s.desired.memberships[0].member = "ada";
    CHECK(s.finding("admin-option").name.empty());
    s.desired.memberships[0].admin = true;
    s.check("admin-option", refusal, d, d, "membership of role ada");
  }
  SUBCASE("an object") {
    s.role();
    s.made.object(s.database(), s.database().find_schema("sales")->id, object_kind::function,
                  "leftover", "pgrant_b");
    s.check("owned-objects", refusal, d, d, "role pgrant_b");
    CHECK(s.finding("owned-objects").reason.find("function sales.leftover in database shop") !=
          std::string::npos);
  }
}

TEST_CASE("what databases and the server bring along") {
  shop s;
  s.give(privilege::select);
  SUBCASE("policies that name the bundle's role") {
    s.role();
    s.made.done();
    s.database().policies.push_back({"orders", "mine", true, {s.made.id("app")}});
    CHECK(s.finding("row-level-policy").name.empty());
    s.database().policies.push_back({"orders", "theirs", true, {s.made.id("pgrant_b")}});
    s.check("row-level-policy", question, b, b, "policy theirs on table orders in database shop");
    s.database().policies.back().permissive = false;
    s.check("row-level-policy", question, c, c, "policy theirs on table orders in database shop");
  }
  SUBCASE("dblink, where the bundle reaches") {
    pgrant::database& other = s.made.database("other", "app");
    s.made.object(other, s.made.schema(other, "public", "app"), object_kind::function,
                  "dblink_send_query", "app");
    CHECK(s.finding("dblink").name.empty());
    s.made.object(s.database(), s.database().find_schema("sales")->id, object_kind::function,
                  "dblink_send_query", "app");
    s.check("dblink", question, b, b, "database shop");
  }
  SUBCASE("prepared transactions") {
    s.made.state().max_prepared_transactions = 0;
    CHECK(s.safety().grade == a);
    s.made.state().max_prepared_transactions = 10;
    s.check("prepared-transactions", question, b, c, "max_prepared_transactions = 10");
    // Without authority over the login nobody can roll them back.
    s.role();
    for (pgrant::role& r : s.made.state().roles)
      if (r.name == "connector") r.create_role = false;
    s.check("prepared-transactions", refusal, d, d, "max_prepared_transactions = 10");
    s.made.role("pgrant_issuer_1");
    s.check("prepared-transactions", question, b, c, "max_prepared_transactions = 10");
  }
}

TEST_CASE("a policy accepts by name: questions also by grade, refusals only with grade-d as well") {
  shop s;
  s.give(privilege::select | privilege::trigger);
  s.give(privilege::create, object_class::schema);
  const auto open = [&](std::vector<std::string> accept) {
    s.desired.bundles[0].accept = std::move(accept);
    std::string names;
    for (const auto severity : {refusal, question})
      for (const safety_finding& f : not_accepted(s.safety(), severity)) names += f.name + " ";
    return names;
  };
  CHECK(open({}) == "trigger create-on-schema ");
  CHECK(open({"create-on-schema"}) == "trigger ");
  CHECK(open({"grade-b"}) == "trigger create-on-schema ");
  CHECK(open({"grade-c"}) == "trigger ");
  CHECK(open({"trigger"}) == "trigger create-on-schema ");
  CHECK(open({"grade-d"}) == "trigger ");
  CHECK(open({"grade-d", "trigger"}).empty());
  // Accepted or not, the grade is what it is.
  CHECK(s.safety().grade == d);

  CHECK(pgrant::check_acceptable("trigger"));
  CHECK(pgrant::check_acceptable("grade-c"));
  CHECK_FALSE(pgrant::check_acceptable("grade-a"));
  CHECK(pgrant::check_acceptable("triger").error().hint() == "did you mean \"trigger\"?");
  for (const char* never : {"admin-option", "grant-option", "ledger", "login-role", "powerful-role",
                            "predefined-role"}) {
    CHECK_FALSE(pgrant::check_acceptable(never));
    safety_finding f;
    f.name = never;
    f.severity = refusal;
    CHECK_FALSE(accepts(std::vector<std::string>{never, "grade-d"}, f));
  }
  s.desired.bundles[0].accept = {"trigger", "predefined-role"};
  const auto findings = validate(s.desired);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].field() == "bundles.b.accept[1]");
}

TEST_CASE("a plan has its bundles' grades, shows what is open, and is the same from JSON") {
  shop s(150'004);
  s.give(privilege::trigger);
  s.desired.bundles[0].accept = {"grade-c"};
  const pgrant::plan p = pgrant::make_plan(s.made.done(), s.desired).assume_value();
  CHECK(p.refused());
  REQUIRE(p.bundles.size() == 1);
  CHECK(p.bundles[0].grade == d);
  CHECK(p.bundles[0].existing_role_grade == d);
  CHECK(p.bundles[0].accepted == std::vector<std::string>{"grade-c"});
  const std::string text = render(p);
  CHECK(text.find("bundle b: grade D\n  - refusal: trigger, tables * in schema sales") !=
        std::string::npos);
  CHECK(text.find("- accepted: existing-role, leases of existing roles\n") != std::string::npos);
  CHECK(text.find(", 1 refusal\n") != std::string::npos);
  CHECK(pgrant::plan_from_json(to_json(p).assume_value()).assume_value() == p);

  s.desired.bundles[0].accept = {"grade-d", "trigger"};
  CHECK_FALSE(pgrant::make_plan(s.made.done(), s.desired).assume_value().refused());
}

TEST_CASE("what an existing role owns waits for its next lease") {
  shop s;
  s.made.role("ada");
  pgrant::database& db = s.database();
  const pgrant::oid sales = db.find_schema("sales")->id;
  s.made.object(db, sales, object_kind::function, "plain", "ada");
  s.made.object(db, sales, object_kind::table, "hers", "ada");
  pgrant::object& definer = s.made.object(db, sales, object_kind::function, "f", "ada");
  definer.security_definer = true;
  definer.arguments = "date";
  s.made.object(db, sales, object_kind::view, "v", "ada");
  s.made.done();
  std::vector<std::string> objects;
  for (const auto& o : owned_definers(s.made.state(), s.made.id("ada")))
    objects.push_back(o.object);
  std::ranges::sort(objects);
  CHECK(objects == std::vector<std::string>{"function sales.f(date)", "view sales.v"});

  using pgrant::refusal_for_existing_role;
  CHECK_FALSE(refusal_for_existing_role(std::nullopt, {}));
  CHECK_FALSE(refusal_for_existing_role(c, {}));
  CHECK(refusal_for_existing_role(d, {}));
  CHECK_FALSE(refusal_for_existing_role(d, std::vector<std::string>{"grade-d"}));
}

TEST_SUITE_END();
