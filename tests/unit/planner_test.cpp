#include "pgrant/planner.hpp"

#include <doctest/doctest.h>

#include "pgrant/bootstrap.hpp"
#include "support/made_snapshot.hpp"
#include "support/plan_simulator.hpp"

using pgrant::errc;
using pgrant::object_class;
using pgrant::object_kind;
using pgrant::plan;
using pgrant::policy;
using pgrant::privilege;

TEST_SUITE_BEGIN("unit");

namespace {

/// A shop: schema sales of app with two tables and a sequence, legacy of somebody else, a connector
/// that has app's privileges.
test::made_snapshot planner_test_shop(int version = 160004) {
  test::made_snapshot made(version);
  made.role("app");
  made.role("old");
  made.role("connector").create_role = true;
  made.member("app", "connector");
  pgrant::database& shop = made.database("shop", "app");
  const pgrant::oid sales = made.schema(shop, "sales", "app");
  made.object(shop, sales, object_kind::table, "orders", "app");
  made.object(shop, sales, object_kind::view, "Order\"s", "app");
  made.object(shop, sales, object_kind::sequence, "orders_id_seq", "app");
  made.object(shop, sales, object_kind::function, "total", "app").arguments = "date, \"Odd\"";
  const pgrant::oid legacy = made.schema(shop, "legacy", "old");
  made.object(shop, legacy, object_kind::table, "accounts", "old");
  made.read_by("connector");
  made.done();
  return made;
}

pgrant::grant_rule& planner_test_rule(policy& desired, const std::string& schema,
                                      object_class on = object_class::table) {
  if (desired.bundles.empty()) desired.bundles.emplace_back().name = "read";
  pgrant::grant_rule& rule = desired.bundles[0].grants.emplace_back();
  rule.objects.database = "shop";
  rule.objects.schema = schema;
  rule.objects.on = on;
  rule.privileges = on == object_class::routine ? privilege::execute : privilege::select;
  return rule;
}

plan planner_test_plan(const pgrant::snapshot& state, const policy& desired) {
  auto made = pgrant::make_plan(state, desired);
  REQUIRE_MESSAGE(made, made.error().describe());
  return std::move(made).assume_value();
}

pgrant::error planner_test_refusal(const pgrant::snapshot& state, const policy& desired) {
  const auto made = pgrant::make_plan(state, desired);
  REQUIRE_FALSE(made);
  return made.error();
}

std::vector<std::string> planner_test_sql(const plan& p) {
  std::vector<std::string> all;
  for (const pgrant::step& s : p.steps)
    all.push_back((s.database.empty() ? "" : s.database + ": ") + s.sql);
  return all;
}

}  // namespace

TEST_CASE("a bundle becomes a marked role with the way to its objects and their privileges") {
  test::made_snapshot made = planner_test_shop();
  policy desired;
  planner_test_rule(desired, "sales");
  planner_test_rule(desired, "sales", object_class::routine);
  desired.bundles[0].description = "it's";
  const plan first = planner_test_plan(made.state(), desired);
  CHECK(planner_test_sql(first) ==
        std::vector<std::string>{
            "CREATE ROLE pgrant_read NOLOGIN",
            "COMMENT ON ROLE pgrant_read IS 'pgrant bundle read: it''s'",
            "GRANT CONNECT ON DATABASE shop TO pgrant_read",
            "shop: GRANT USAGE ON SCHEMA sales TO pgrant_read",
            "shop: GRANT SELECT ON TABLE sales.orders, sales.\"Order\"\"s\" TO pgrant_read",
            "shop: GRANT EXECUTE ON FUNCTION sales.total(date, \"Odd\") TO pgrant_read",
        });
  CHECK(first.steps[4].reason == "bundle read: SELECT on 2 tables in schema sales");
  CHECK(first.steps[4].authority == "granted by app (owner)");
  CHECK(first.steps[4].inverse ==
        "REVOKE SELECT ON TABLE sales.orders, sales.\"Order\"\"s\" FROM pgrant_read");
  CHECK(first.not_granted.empty());
  REQUIRE(first.bundles.size() == 1);
  CHECK(first.bundles[0].databases == std::vector<std::string>{"shop"});

  test::plan_simulator(made.state()).run(first);
  CHECK(planner_test_plan(made.state(), desired).empty());
}

TEST_CASE("a bundle role loses what its bundle does not name") {
  test::made_snapshot made = planner_test_shop();
  policy desired;
  planner_test_rule(desired, "sales");
  test::plan_simulator(made.state()).run(planner_test_plan(made.state(), desired));
  pgrant::database& shop = made.state().databases[0];
  pgrant::object* orders = nullptr;
  for (pgrant::object& o : shop.objects)
    if (o.name == "orders") orders = &o;
  REQUIRE(orders);
  const pgrant::oid app = made.id("app"), bundle = made.id("pgrant_read");
  orders->acl =
      pgrant::acl({{app, app, privilege::select | privilege::insert, {}},
                   {bundle, app, privilege::select | privilege::update, privilege::select}});
  orders->columns.push_back({"Total", pgrant::acl({{bundle, app, privilege::insert, {}}})});
  const plan repair = planner_test_plan(made.state(), desired);
  CHECK(planner_test_sql(repair) ==
        std::vector<std::string>{
            "shop: REVOKE UPDATE ON TABLE sales.orders FROM pgrant_read",
            "shop: REVOKE GRANT OPTION FOR SELECT ON TABLE sales.orders FROM pgrant_read",
            "shop: REVOKE INSERT (\"Total\") ON TABLE sales.orders FROM pgrant_read"});
  CHECK(repair.steps[1].inverse ==
        "GRANT SELECT ON TABLE sales.orders TO pgrant_read WITH GRANT OPTION");
  test::plan_simulator(made.state()).run(repair);
  CHECK(planner_test_plan(made.state(), desired).empty());

  policy gone;
  gone.dropped_bundles = {"read"};
  const plan drop = planner_test_plan(made.state(), gone);
  CHECK(drop.steps.back().sql == "DROP ROLE pgrant_read");
  test::plan_simulator(made.state()).run(drop);
  CHECK(planner_test_plan(made.state(), gone).empty());
}

TEST_CASE("what the executor cannot grant is named, with the remedy, and the rest is planned") {
  test::made_snapshot made = planner_test_shop();
  policy desired;
  planner_test_rule(desired, "legacy");
  planner_test_rule(desired, "sales");
  const plan p = planner_test_plan(made.state(), desired);
  REQUIRE(p.not_granted.size() == 2);
  const pgrant::not_granted& table = p.not_granted[0];
  CHECK(table.database == "shop");
  CHECK(table.object == "table legacy.accounts");
  CHECK(table.grantee == "pgrant_read");
  CHECK(table.privileges == privilege::select);
  CHECK(table.reason == "owned by old; connector has neither its privileges nor a grant option");
  CHECK(
      table.remedy ==
      "as old: GRANT SELECT ON TABLE legacy.accounts TO pgrant_read; or let connector act for it: "
      "GRANT old TO connector");
  CHECK(p.not_granted[1].object == "schema legacy");
  CHECK(p.steps.back().sql.starts_with("GRANT SELECT ON TABLE sales.orders"));
}

TEST_CASE("an entry that another grantor made is told, not revoked in vain") {
  test::made_snapshot made = planner_test_shop();
  policy desired;
  planner_test_rule(desired, "sales");
  test::plan_simulator(made.state()).run(planner_test_plan(made.state(), desired));
  const pgrant::oid app = made.id("app"), old = made.id("old"), bundle = made.id("pgrant_read");
  for (pgrant::object& o : made.state().databases[0].objects) {
    if (o.name != "orders") continue;
    o.acl = pgrant::acl({{app, app, privilege::select, {}},
                         {old, app, privilege::delete_, privilege::delete_},
                         {bundle, app, privilege::select, {}},
                         {bundle, old, privilege::delete_, {}}});
  }
  const plan p = planner_test_plan(made.state(), desired);
  CHECK(p.empty());
  REQUIRE(p.not_granted.size() == 1);
  CHECK(p.not_granted[0].remedy == "as old: REVOKE DELETE ON TABLE sales.orders FROM pgrant_read");
}

TEST_CASE("without USAGE on its schema nothing is granted on an object") {
  test::made_snapshot made = planner_test_shop();
  pgrant::database& shop = made.state().databases[0];
  const pgrant::oid old = made.id("old"), connector = made.id("connector");
  pgrant::object* accounts = nullptr;
  for (pgrant::object& o : shop.objects)
    if (o.name == "accounts") accounts = &o;
  REQUIRE(accounts);
  accounts->acl = pgrant::acl({{connector, old, privilege::select, privilege::select}});
  policy desired;
  planner_test_rule(desired, "legacy");
  desired.bundles[0].reachable = false;
  const plan blocked = planner_test_plan(made.state(), desired);
  REQUIRE(blocked.not_granted.size() == 1);
  CHECK(blocked.not_granted[0].object == "table legacy.accounts");
  CHECK(blocked.not_granted[0].reason ==
        "connector has no USAGE on schema legacy, which a GRANT on what is in it needs");
  CHECK(blocked.not_granted[0].remedy ==
        "as old: GRANT USAGE ON SCHEMA legacy TO connector, then plan again");

  for (pgrant::schema& s : shop.schemas)
    if (s.name == "legacy")
      s.acl = pgrant::acl(
          {{old, old, privilege::usage, privilege::usage}, {connector, old, privilege::usage, {}}});
  const plan open = planner_test_plan(made.state(), desired);
  CHECK(open.not_granted.empty());
  CHECK(open.steps.back().sql == "GRANT SELECT ON TABLE legacy.accounts TO pgrant_read");
}

TEST_CASE("default privileges are of creators, and the connector must act for them") {
  test::made_snapshot made = planner_test_shop();
  policy desired;
  pgrant::grant_rule& rule = planner_test_rule(desired, "sales");
  rule.future = true;
  rule.existing = false;
  rule.creators = {"app", "old"};
  const plan p = planner_test_plan(made.state(), desired);
  CHECK(p.steps.back().sql ==
        "ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA sales GRANT SELECT ON TABLES TO "
        "pgrant_read");
  CHECK(p.steps.back().inverse ==
        "ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA sales REVOKE SELECT ON TABLES FROM "
        "pgrant_read");
  REQUIRE(p.not_granted.size() == 1);
  CHECK(p.not_granted[0].reason == "connector cannot act for old");
  CHECK(p.not_granted[0].remedy.starts_with("GRANT old TO connector; or as old: ALTER DEFAULT"));
  test::plan_simulator(made.state()).run(p);
  CHECK(planner_test_plan(made.state(), desired).empty());
}

TEST_CASE("statements are merged, cut, and the same every time") {
  test::made_snapshot made = planner_test_shop();
  pgrant::database& shop = made.state().databases[0];
  const pgrant::oid sales = shop.find_schema("sales")->id;
  for (int i = 0; i < 1'100; ++i)
    made.object(shop, sales, object_kind::table, "t" + std::to_string(i), "app");
  made.done();
  policy desired;
  planner_test_rule(desired, "sales");
  desired.bundles.push_back(desired.bundles[0]);
  desired.bundles[1].name = "also-read";
  const plan p = planner_test_plan(made.state(), desired);
  REQUIRE(p.steps.size() == 4 + 1 + 1 + 3);
  std::size_t targets = 0;
  for (const pgrant::step& s : p.steps) {
    if (s.on != object_class::table || s.action != pgrant::step_action::grant) continue;
    CHECK(s.sql.ends_with(" TO pgrant_read, pgrant_also_read"));
    CHECK(s.targets.size() <= 500);
    targets += s.targets.size();
  }
  CHECK(targets == 1'102);
  CHECK(planner_test_plan(made.state(), desired) == p);
}

TEST_CASE("names that do not exist are refused, with what may have been meant") {
  test::made_snapshot made = planner_test_shop();
  policy desired;
  pgrant::grant_rule& rule = planner_test_rule(desired, "sales");
  const auto refused = [&](errc code, const std::string& field, const std::string& hint) {
    const pgrant::error why = planner_test_refusal(made.state(), desired);
    CHECK(why.code() == code);
    CHECK(why.field() == "bundles.read.grants[0]." + field);
    CHECK(why.hint() == hint);
  };
  SUBCASE("database") {
    rule.objects.database = "shpo";
    refused(errc::not_found, "database", "did you mean \"shop\"?");
  }
  SUBCASE("schema") {
    rule.objects.schema = "Sales";
    refused(errc::not_found, "schema", "did you mean \"sales\"?");
  }
  SUBCASE("table") {
    rule.objects.name = "order";
    refused(errc::invalid_argument, "tables", "did you mean \"orders\"?");
  }
  SUBCASE("nothing of that pattern") {
    rule.objects.name = "x*";
    refused(errc::invalid_argument, "tables",
            "there is no such table in schema sales of database shop (`pgrant inventory` lists "
            "them)");
  }
  SUBCASE("nothing at all") {
    made.schema(made.state().databases[0], "empty", "app");
    made.done();
    rule.objects.schema = "empty";
    refused(errc::invalid_argument, "tables",
            "there is no such table in schema empty of database shop (`pgrant inventory` lists "
            "them); for those that come later say `future: true`");
  }
  SUBCASE("a database like no other") {
    rule.objects.database = "warehouse";
    refused(errc::not_found, "database", "the server has shop");
  }
  SUBCASE("creator") {
    rule.future = true;
    rule.creators = {"apq"};
    refused(errc::not_found, "future.creators[0]", "did you mean \"app\"?");
  }
  SUBCASE("a privilege of a newer server") {
    rule.privileges = privilege::maintain;
    refused(errc::invalid_argument, "privileges", "");
  }
  SUBCASE("reserved and ledger databases") {
    rule.objects.database = "template0";
    refused(errc::invalid_argument, "database", "");
    rule.objects.database = "pgrant";
    refused(errc::invalid_argument, "database", "");
  }
}

TEST_CASE("a role in the place of a bundle role is a conflict") {
  test::made_snapshot made = planner_test_shop();
  policy desired;
  planner_test_rule(desired, "sales");
  pgrant::role& taken = made.role("pgrant_read");
  const auto conflict = [&] {
    made.done();
    const auto plan = pgrant::make_plan(made.state(), desired);
    if (plan) return std::string("planned");
    CHECK(plan.error().code() == errc::conflict);
    CHECK(plan.error().field() == "bundles.read.role");
    return plan.error().message();
  };
  SUBCASE("a login") {
    taken.login = true;
    CHECK(conflict().ends_with("it may log in"));
  }
  SUBCASE("powerful") {
    taken.bypass_rls = true;
    CHECK(conflict().ends_with("it bypasses row-level security"));
  }
  SUBCASE("of another bundle") {
    taken.comment = "pgrant bundle reader";
    CHECK(conflict().ends_with("it belongs to another bundle"));
  }
  SUBCASE("in use") {
    made.member("pgrant_read", "old");
    CHECK(conflict().ends_with("it is in use"));
  }
  SUBCASE("not in use: adopted") {
    CHECK(conflict() == "planned");
  }
}

TEST_CASE("wildcards leave alone what nobody means by all") {
  test::made_snapshot made = planner_test_shop();
  for (const char* name : {"template1", "pgrant", "closed"}) {
    pgrant::database& db = made.database(name, "app");
    db.is_template = db.name == "template1";
    db.allow_connections = db.name != "closed";
    made.object(db, made.schema(db, "public", "app"), object_kind::table, "t", "app");
  }
  pgrant::database& shop = made.state().databases[0];
  made.object(shop, made.schema(shop, "pg_catalog", "app"), object_kind::table, "t", "app");
  made.object(shop, made.schema(shop, "pgx_tools", "app"), object_kind::table, "t", "app");
  made.done();
  policy desired;
  planner_test_rule(desired, "*").objects.database = "*";
  desired.bundles[0].grants[0].objects.name = "t";
  std::string touched;
  for (const pgrant::step& s : planner_test_plan(made.state(), desired).steps)
    for (const pgrant::step_target& t : s.targets) touched += t.name + " ";
  CHECK(touched == "shop pgx_tools pgx_tools.t ");
}

TEST_CASE("the connector needs CREATEROLE for roles that the policy needs") {
  test::made_snapshot made = planner_test_shop();
  made.state().roles[1].create_role = false;
  for (pgrant::role& r : made.state().roles)
    if (r.name == "connector") r.create_role = false;
  policy desired;
  planner_test_rule(desired, "sales");
  const pgrant::error why = planner_test_refusal(made.done(), desired);
  CHECK(why.code() == errc::denied);
  CHECK(why.field() == "bundles.read.role");
}

TEST_CASE("a secret stands in a plan as its marker, once, and is asked for once") {
  test::made_snapshot made = planner_test_shop();
  policy desired;
  pgrant::role_rule& r = desired.roles.emplace_back();
  r.name = "<secret '\"new>";
  r.login = true;
  r.password_secret = "new";
  const plan p = planner_test_plan(made.state(), desired);
  REQUIRE(p.steps.size() == 1);
  CHECK(p.steps[0].secret == "new");
  CHECK(p.steps[0].sql == "CREATE ROLE \"<secret '\"\"new>\" LOGIN PASSWORD <secret '\"new>");
  test::plan_simulator(made.state()).run(p);
  CHECK(planner_test_plan(made.state(), desired).empty());
}

TEST_SUITE_END();
