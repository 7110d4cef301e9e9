// The bootstrap beside the statements of the vendor guide, on copies of one server.
#include "pgrant/bootstrap.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "pgrant/plan_text.hpp"
#include "support/main_job.hpp"

namespace {

constexpr const char* guide_cluster_part[] = {
    "CREATE USER apono_connector WITH ENCRYPTED PASSWORD 'password'",
    "ALTER USER apono_connector WITH CREATEROLE", "GRANT azure_pg_admin TO apono_connector",
    R"sql(DO $$ DECLARE database_name text; BEGIN
  FOR database_name IN (SELECT datname FROM pg_database WHERE datname != 'template0'
                        AND datname != 'azure_sys' AND datname != 'azure_maintenance') LOOP
    EXECUTE 'GRANT ALL PRIVILEGES ON DATABASE ' || quote_ident(database_name)
            || ' TO azure_pg_admin WITH GRANT OPTION';
  END LOOP; END; $$)sql"};

constexpr const char* guide_database_part = R"sql(DO $$ DECLARE schema text; BEGIN
  FOR schema IN (SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT LIKE 'pg_%'
                 AND schema_name != 'information_schema' AND schema_name != 'cron') LOOP
    EXECUTE 'GRANT ALL PRIVILEGES ON SCHEMA ' || quote_ident(schema) || ' TO azure_pg_admin WITH GRANT OPTION';
    EXECUTE 'GRANT ALL PRIVILEGES ON ALL TABLES IN SCHEMA ' || quote_ident(schema) || ' TO azure_pg_admin WITH GRANT OPTION';
    EXECUTE 'GRANT ALL PRIVILEGES ON ALL SEQUENCES IN SCHEMA ' || quote_ident(schema) || ' TO azure_pg_admin WITH GRANT OPTION';
    EXECUTE 'GRANT ALL PRIVILEGES ON ALL FUNCTIONS IN SCHEMA ' || quote_ident(schema) || ' TO azure_pg_admin WITH GRANT OPTION';
  END LOOP;
  EXECUTE 'ALTER DEFAULT PRIVILEGES GRANT ALL PRIVILEGES ON TABLES TO azure_pg_admin WITH GRANT OPTION';
  EXECUTE 'ALTER DEFAULT PRIVILEGES GRANT ALL PRIVILEGES ON SEQUENCES TO azure_pg_admin WITH GRANT OPTION';
  EXECUTE 'ALTER DEFAULT PRIVILEGES GRANT ALL PRIVILEGES ON FUNCTIONS TO azure_pg_admin WITH GRANT OPTION';
  EXECUTE 'ALTER DEFAULT PRIVILEGES GRANT ALL PRIVILEGES ON SCHEMAS TO azure_pg_admin WITH GRANT OPTION';
END; $$)sql";

// Each entry of each list: where, what, grantee, grantor, privileges with grant options. A GRANT
// that grants nothing still turns a NULL list into the explicit form of its default: the same
// entries.
constexpr const char* all_entries_sql = R"sql(
SELECT k || ' ' || o || ': ' || coalesce(g::regrole::text, '?') || ' ' || e.grantee::regrole
       || ' ' || e.privilege_type || CASE WHEN e.is_grantable THEN '*' ELSE '' END
  FROM (
    SELECT 'schema', nspname::text, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace
    UNION ALL SELECT 'relation', oid::regclass::text,
      coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, relowner))
      FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL SELECT 'routine', oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc
    UNION ALL SELECT 'default ' || defaclobjtype::text || ' ' || defaclnamespace, defaclrole::regrole::text, defaclacl
      FROM pg_default_acl
  ) s(k, o, a), aclexplode(a) e, LATERAL (SELECT e.grantor) l(g)
 WHERE e.grantee <> 0)sql";

constexpr const char* cluster_entries_sql = R"sql(
SELECT 'database ' || datname || ': ' || e.grantor::regrole || ' ' || e.grantee::regrole || ' '
       || e.privilege_type || CASE WHEN e.is_grantable THEN '*' ELSE '' END
  FROM pg_database, aclexplode(datacl) e WHERE e.grantee <> 0
UNION ALL
SELECT 'membership ' || roleid::regrole || ' ' || member::regrole || ' ' || grantor::regrole || admin_option
  FROM pg_auth_members
UNION ALL
SELECT 'role ' || rolname || rolcreaterole || rolcanlogin || rolinherit || rolcreatedb FROM pg_roles)sql";

std::set<std::string> entries_of(const test::server& where,
                                 const std::vector<std::string>& databases) {
  std::set<std::string> all;
  for (const auto& row : test::psql(where, "postgres", cluster_entries_sql)) all.insert(row[0]);
  for (const std::string& name : databases)
    for (const auto& row : test::psql(where, name, all_entries_sql))
      all.insert(name + ": " + row[0]);
  return all;
}

/// Runs the guide's statements as a person would: each block is on its own, and one that fails has
/// no effect.
int run_guide(const test::server& where, const std::vector<std::string>& databases) {
  int failed = 0;
  const auto run = [&](const std::string& database, const char* sql) {
    const std::string state = test::psql_state(where, database, where.admin(), sql);
    if (state != "00000" && state != "01007" && state != "01006") ++failed;
  };
  for (const char* sql : guide_cluster_part) run("postgres", sql);
  for (const std::string& name : databases) run(name, guide_database_part);
  return failed;
}

void compare_with_guide(int major, test::shape shape, bool with_legacy) {
  const std::vector<std::string> databases = {"postgres", "shop", "billing", "template1"};
  const auto by_hand = test::own_server(major, test::server_options().shape(shape));
  const auto by_pgrant = test::own_server(major, test::server_options().shape(shape));
  if (!with_legacy) {
    for (const test::server* one : {by_hand.get(), by_pgrant.get()}) {
      test::psql(*one, "shop", "DROP SCHEMA legacy CASCADE");
      if (shape == test::shape::azure)
        test::psql(*one, "postgres", "DROP SCHEMA IF EXISTS entra_stand_in CASCADE");
    }
  }
  const int failed = run_guide(*by_hand, databases);
  if (!with_legacy) CHECK(failed == 0);

  test::main_job job(*by_pgrant);
  const auto options = pgrant::bootstrap_options(job.connector_name()).ledger_database("");
  const auto plan = test::value_of(job.run(job.admin().async_plan_bootstrap(options)));
  test::value_of(job.run(job.admin().async_apply(plan, job.with_connector_password())));

  const auto wanted = entries_of(*by_hand, databases);
  const auto made = entries_of(*by_pgrant, databases);
  for (const std::string& entry : wanted) CHECK_MESSAGE(made.contains(entry), "missing: ", entry);
  // Where the guide's blocks all succeeded, nothing else is there either.
  if (!with_legacy)
    for (const std::string& entry : made) CHECK_MESSAGE(wanted.contains(entry), "more: ", entry);

  const auto again = test::value_of(job.run(job.admin().async_plan_bootstrap(options)));
  CHECK_MESSAGE(again.empty(), pgrant::render(again));
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("the guide profile leaves what the guide's own statements leave") {
    for (int major : test::versions()) {
      for (bool with_legacy : {false, true}) {
        const std::string name =
            std::to_string(major) + (with_legacy ? " with objects of others" : "");
        SUBCASE(name.c_str()) {
          compare_with_guide(major, test::shape::azure, with_legacy);
        }
      }
    }
  }

  TEST_CASE("a bootstrap by a superuser of a stock server gives the connector what it needs") {
    for (int major : test::versions()) {
      const auto where =
          test::own_server(major, test::server_options().shape(test::shape::superuser));
      INFO(where->label());
      test::main_job job(*where);
      job.bootstrap();
      const auto again =
          test::value_of(job.run(job.admin().async_plan_bootstrap(job.bootstrap_options())));
      CHECK_MESSAGE(again.empty(), pgrant::render(again));
      CHECK(again.not_granted.empty());
      CHECK(test::psql_value(*where, "shop",
                             "SELECT has_table_privilege('apono_connector', 'legacy.ledger_1998', "
                             "'SELECT WITH GRANT OPTION')") == "t");
    }
  }

  TEST_CASE("what cannot be granted is reported, with the owner and the remedy") {
    auto& where = test::shared_server();
    test::main_job job(where);
    const auto plan =
        test::value_of(job.run(job.admin().async_plan_bootstrap(job.bootstrap_options())));
    const auto legacy = std::ranges::find_if(plan.not_granted, [](const pgrant::not_granted& one) {
      return one.object.find("legacy.ledger_1998") != std::string::npos;
    });
    REQUIRE(legacy != plan.not_granted.end());
    CHECK(legacy->database == "shop");
    CHECK(legacy->reason.find("legacy_owner") != std::string::npos);
    CHECK(legacy->remedy.find("GRANT") != std::string::npos);
  }
}
