#include "pgrant/bootstrap.hpp"

#include <doctest/doctest.h>

#include "pgrant/planner.hpp"
#include "support/made_snapshot.hpp"
#include "support/plan_simulator.hpp"

using pgrant::errc;
using pgrant::object_kind;
using pgrant::plan;

TEST_SUITE_BEGIN("unit");

namespace {

test::made_snapshot bootstrap_test_azure(int version) {
  test::made_snapshot made(version);
  made.state().platform = pgrant::platform::azure;
  made.role("azuresu").superuser = true;
  made.role("azure_pg_admin");
  pgrant::role& admin = made.role("pgadmin");
  admin.create_role = admin.create_database = admin.login = true;
  made.member("azure_pg_admin", "pgadmin", true);
  made.role("legacy_owner");
  for (const char* name : {"template0", "azure_sys", "template1"}) made.database(name, "azuresu");
  pgrant::database& shop = made.database("shop", "pgadmin");
  const pgrant::oid open = made.schema(shop, "public", "azure_pg_admin");
  made.object(shop, open, object_kind::table, "orders", "pgadmin");
  made.object(shop, open, object_kind::function, "f", "pgadmin");
  made.object(shop, open, object_kind::procedure, "p", "pgadmin");
  const pgrant::oid legacy = made.schema(shop, "legacy", "legacy_owner");
  made.object(shop, legacy, object_kind::table, "accounts", "legacy_owner");
  made.schema(shop, "cron", "azuresu");
  made.read_by("pgadmin");
  made.done();
  return made;
}

plan bootstrap_test_plan(const pgrant::snapshot& state, const pgrant::bootstrap_options& options) {
  const auto desired = bootstrap_policy(state, options);
  REQUIRE_MESSAGE(desired, desired.error().describe());
  auto made = make_plan(state, desired.assume_value());
  REQUIRE_MESSAGE(made, made.error().describe());
  return std::move(made).assume_value();
}

}  // namespace

TEST_CASE("a bootstrap is the guide's statements, and a second one is empty") {
  for (const int version : {140010, 160004, 170002}) {
    CAPTURE(version);
    test::made_snapshot made = bootstrap_test_azure(version);
    const pgrant::bootstrap_options options("apono_connector");
    const plan first = bootstrap_test_plan(made.state(), options);
    std::string all;
    for (const pgrant::step& s : first.steps) all += s.sql + "\n";
    for (const char* statement :
         {"CREATE ROLE apono_connector LOGIN CREATEROLE PASSWORD <secret '\"connector>\n",
          "GRANT azure_pg_admin TO apono_connector\n",
          "CREATE DATABASE pgrant TEMPLATE template0\n",
          "REVOKE CONNECT, TEMPORARY ON DATABASE pgrant FROM PUBLIC\n",
          "GRANT ALL PRIVILEGES ON DATABASE pgrant TO apono_connector\n",
          "GRANT ALL PRIVILEGES ON DATABASE shop TO azure_pg_admin WITH GRANT OPTION\n",
          "GRANT ALL PRIVILEGES ON SCHEMA public TO azure_pg_admin WITH GRANT OPTION\n",
          "GRANT ALL PRIVILEGES ON TABLE public.orders TO azure_pg_admin WITH GRANT OPTION\n",
          "GRANT EXECUTE ON FUNCTION public.f() TO azure_pg_admin WITH GRANT OPTION\n",
          "FOR ROLE pgadmin GRANT ALL PRIVILEGES ON TABLES TO azure_pg_admin WITH GRANT OPTION\n",
          "FOR ROLE pgadmin GRANT ALL PRIVILEGES ON SCHEMAS TO azure_pg_admin WITH GRANT OPTION\n",
          "FOR ROLE pgadmin GRANT EXECUTE ON FUNCTIONS TO azure_pg_admin WITH GRANT OPTION\n"})
      CHECK_MESSAGE(all.find(statement) != std::string::npos, statement << "not in\n" << all);
    for (const char* never : {"template0 TO", "azure_sys", "cron", "public.p(", "legacy"})
      CHECK_MESSAGE(all.find(never) == std::string::npos, never << " in\n" << all);
    // The owner's own entry gets its grant options, as the guide's statement gives them.
    for (const pgrant::step& s : first.steps)
      if (s.sql.starts_with("GRANT ALL PRIVILEGES ON SCHEMA public"))
        CHECK(s.inverse ==
              "REVOKE GRANT OPTION FOR ALL PRIVILEGES ON SCHEMA public FROM azure_pg_admin");
    std::string missing;
    for (const pgrant::not_granted& m : first.not_granted) missing += m.object + "; ";
    CHECK(missing == "table legacy.accounts; schema legacy; database template1; ");
    CHECK(first.best_effort);

    test::plan_simulator(made.state()).run(first);
    CHECK(bootstrap_test_plan(made.state(), options).steps.empty());
  }
}

TEST_CASE("on a generic server the connector itself takes the privileges") {
  test::made_snapshot made;
  pgrant::database& shop = made.database("shop", "postgres");
  made.schema(shop, "public", "postgres");
  made.done();
  const pgrant::bootstrap_options options = pgrant::bootstrap_options("c").ledger_database("");
  const plan first = bootstrap_test_plan(made.state(), options);
  CHECK(first.not_granted.empty());
  bool granted = false;
  for (const pgrant::step& s : first.steps)
    granted |= s.sql == "GRANT ALL PRIVILEGES ON SCHEMA public TO c WITH GRANT OPTION";
  CHECK(granted);
  test::plan_simulator(made.state()).run(first);
  CHECK(bootstrap_test_plan(made.state(), options).steps.empty());
}

TEST_CASE("options of a bootstrap that cannot be met are refused") {
  test::made_snapshot made = bootstrap_test_azure(160004);
  const auto refused = [&](const pgrant::bootstrap_options& options, errc code,
                           const std::string& field) {
    const auto desired = bootstrap_policy(made.state(), options);
    REQUIRE_FALSE(desired);
    CHECK(desired.error().code() == code);
    CHECK(desired.error().field() == field);
  };
  using options = pgrant::bootstrap_options;
  refused(options("azure_pg_admin"), errc::invalid_argument, "connector");
  refused(options("pg_x"), errc::invalid_argument, "connector");
  refused(options(std::string(64, 'c')), errc::invalid_argument, "connector");
  refused(options("c").ledger_database("azure_sys"), errc::invalid_argument, "ledger_database");
  refused(options("c").databases({"shop", "shpo"}), errc::not_found, "databases[1]");
  refused(options("c").creators({"nobody"}), errc::not_found, "creators[0]");
}

TEST_CASE("creators become the connector's groups, without SET where the server knows it") {
  test::made_snapshot made = bootstrap_test_azure(160004);
  made.state().roles.reserve(20);
  made.member("legacy_owner", "pgadmin", true);
  made.done();
  const plan p =
      bootstrap_test_plan(made.state(), pgrant::bootstrap_options("c").creators({"legacy_owner"}));
  bool found = false;
  for (const pgrant::step& s : p.steps)
    found |= s.sql == "GRANT legacy_owner TO c WITH INHERIT TRUE, SET FALSE";
  CHECK(found);
}

TEST_SUITE_END();
