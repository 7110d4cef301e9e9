// What a stolen connector could try with the functions of issuers and granters.
// None gets through.
#include <doctest/doctest.h>

#include "integration/issuer_world.hpp"
#include "pgrant/password.hpp"
#include "pgrant/scram.hpp"

namespace test {
namespace {

constexpr const char* verifier_for_attacks =
    "SCRAM-SHA-256$4096:MTIzNDU2Nzg5MDEyMzQ1Ng==$"
    "dNEWIrNdMrPEGaE0TjoU4r4ZR4hZjiHKRhUv1F2WvYE="
    ":dNEWIrNdMrPEGaE0TjoU4r4ZR4hZjiHKRhUv1F2WvYE=";

struct hostile_call {
  std::string sql;
  std::string state;
};

// SQL expressions of arrays.
std::string create_call(const std::string& names, const std::string& verifiers = "",
                        const std::string& untils = "", const std::string& sessions = "5") {
  const std::string v =
      verifiers.empty() ? "ARRAY['" + std::string(verifier_for_attacks) + "']" : verifiers;
  const std::string u = untils.empty() ? "ARRAY[now() + interval '1 hour']" : untils;
  return "SELECT pgrant_issue.issuer_1('create', " + names + ", " + v + ", " + u + ", " + sessions +
         ")";
}

std::string change_call(const std::string& action, const std::string& names,
                        const std::string& untils = "NULL") {
  return "SELECT pgrant_issue.issuer_1(" + action + ", " + names + ", NULL, " + untils + ", NULL)";
}

std::string member_call(const std::string& bundle, const std::string& member, bool give) {
  return "SELECT pgrant_issue.granter_1('" + bundle + "', ARRAY['" + member + "'], " +
         (give ? "true" : "false") + ")";
}

std::vector<hostile_call> calls_with_bad_arguments() {
  std::vector<hostile_call> calls;
  for (const char* names :
       {"ARRAY['postgres']", "ARRAY['lease_']", "ARRAY['LEASE_A']", "ARRAY['lease_\"; x']",
        "ARRAY[E'lease_a\\n']", "ARRAY['lease_\u00e4']", "ARRAY['lease_a b']",
        "ARRAY[NULL]::text[]", "NULL", "ARRAY[]::text[]", "ARRAY['lease_' || repeat('a', 58)]",
        "ARRAY['pgrant_issuer_9']", "ARRAY[['lease_a'], ['lease_b']]",
        "ARRAY['lease_a', 'lease_b']",
        "(SELECT array_agg('lease_a' || i) FROM generate_series(1, 1001) i)", "ARRAY['xlease_a']"})
    calls.push_back({create_call(names), "22023"});
  const std::string good = verifier_for_attacks;
  for (const std::string& v :
       {std::string("hunter2"), "md5" + std::string(32, 'a'), good.substr(0, 60), good + "=",
        " " + good, good + "\n", std::string("SCRAM-SHA-256$0:") + good.substr(19),
        std::string("SCRAM-SHA-256$2147483647:") + good.substr(19), std::string(),
        std::string("x'' SUPERUSER PASSWORD ''y")})
    calls.push_back({create_call("ARRAY['lease_a']", "ARRAY['" + v + "']"), "22023"});
  calls.push_back({create_call("ARRAY['lease_a']", "ARRAY[NULL]::text[]"), "22023"});
  calls.push_back({create_call("ARRAY['lease_a']", "NULL"), "22023"});
  for (const char* until : {"'infinity'", "'-infinity'", "now() - interval '1 second'",
                            "now() + interval '32 days'", "NULL"})
    calls.push_back(
        {create_call("ARRAY['lease_a']", "", "ARRAY[" + std::string(until) + "]::timestamptz[]"),
         "22023"});
  for (const char* sessions : {"0", "-1", "101", "NULL"})
    calls.push_back({create_call("ARRAY['lease_a']", "", "", sessions), "22023"});
  return calls;
}

std::vector<hostile_call> calls_on_others(const issuer_world& world) {
  std::vector<hostile_call> calls;
  for (const std::string& victim :
       {world.where().admin(), world.where().superuser(), world.connector(), std::string("ada"),
        std::string("pgrant_issuer_1"), std::string("pgrant_issuer_2"),
        std::string("pgrant_world_read"), std::string("azure_pg_admin"),
        std::string("lease_stranger"), std::string("lease_remade"), std::string("lease_other")}) {
    const std::string names = "ARRAY['" + victim + "']";
    for (const char* action : {"'drop'", "'disable'", "'enable'", "'lend'", "'take_back'"})
      calls.push_back({change_call(action, names), "42501"});
    calls.push_back({change_call("'expire'", names, "ARRAY[now() + interval '1 hour']"), "42501"});
  }
  calls.push_back(
      {change_call("'drop'", "ARRAY['lease_mine', '" + world.where().admin() + "']"), "42501"});
  calls.push_back({change_call("'drop'", "ARRAY['lease_gone']"), "42704"});
  calls.push_back({change_call("'superuser'", "ARRAY['lease_mine']"), "22023"});
  calls.push_back({change_call("NULL", "ARRAY['lease_mine']"), "22023"});
  for (const char* until : {"'infinity'", "NULL", "now() + interval '32 days'"})
    calls.push_back({change_call("'expire'", "ARRAY['lease_mine']",
                                 "ARRAY[" + std::string(until) + "]::timestamptz[]"),
                     "22023"});
  calls.push_back({change_call("'expire'", "ARRAY['lease_mine']"), "22023"});

  for (const char* bundle : {"azure_pg_admin", "pg_read_all_data", "pg_write_all_data", "ada",
                             "pgrant_issuer_1", "pgrant_unknown", "pgrant_fake", "pgadmin"})
    calls.push_back({member_call(bundle, "lease_mine", true), "42501"});
  for (const std::string& member :
       {world.where().admin(), world.connector(), std::string("pg_monitor"),
        std::string("pgrant_world_write"), std::string("azure_pg_admin"),
        std::string("pgrant_granter_1"), std::string("replication")})
    calls.push_back({member_call("pgrant_world_read", member, true), "42501"});
  calls.push_back({member_call("pgrant_world_read", "nobody", true), "42704"});
  calls.push_back({member_call("pgrant_world_read", "PUBLIC", true), "42704"});
  // Given by the administrator, and never by a granter.
  calls.push_back({member_call("pgrant_world_read", "ada", false), "42501"});
  calls.push_back({member_call("azure_pg_admin", world.where().admin(), false), "42501"});
  return calls;
}

std::vector<hostile_call> calls_around_the_doors() {
  std::vector<hostile_call> calls;
  for (const char* sql : {"SELECT pgrant_issue.create_as_issuer(1, NULL, NULL, NULL, 1)",
                          "SELECT pgrant_issue.drop_as_issuer(1, ARRAY['lease_mine'])",
                          "SELECT pgrant_issue.own_login(1, 'lease_mine')",
                          "SELECT pgrant_issue.change_as_granter(1, 'pgrant_world_read', "
                          "ARRAY['ada'], true)",
                          "SELECT pgrant_issue.make_door('issuer_1', '', 'BEGIN END')",
                          "SELECT pgrant_issue.set_up_issuer(1)",
                          "SELECT pgrant_issue.set_bundles('{}')",
                          "INSERT INTO pgrant_issue.login VALUES ('ada'::regrole, 'ada', 1)",
                          "UPDATE pgrant_issue.login SET issuer = 2",
                          "DELETE FROM pgrant_issue.login",
                          "UPDATE pgrant_issue.rules SET longest = '99 years'",
                          "TRUNCATE pgrant_issue.rules",
                          "INSERT INTO pgrant_issue.bundle VALUES ('ada'::regrole, 'ada', 1)",
                          "CREATE TABLE pgrant_issue.x (i int)",
                          "CREATE FUNCTION pgrant_issue.x() RETURNS int LANGUAGE sql AS 'SELECT "
                          "1'",
                          "DROP FUNCTION pgrant_issue.issuer_1",
                          "ALTER FUNCTION pgrant_issue.issuer_1 RENAME TO x",
                          "ALTER FUNCTION pgrant_issue.issuer_1 RESET search_path",
                          "ALTER SCHEMA pgrant_issue RENAME TO x",
                          "DROP SCHEMA pgrant_issue CASCADE",
                          "SET ROLE pgrant_issuer_1",
                          "GRANT pgrant_issuer_1 TO lease_keeper",
                          "GRANT pgrant_world_read TO ada",
                          "REVOKE pgrant_world_read FROM ada",
                          "CREATE ROLE lease_x",
                          "DROP ROLE lease_mine",
                          "ALTER ROLE lease_mine SUPERUSER",
                          "SET SESSION AUTHORIZATION pgrant_issuer_1"})
    calls.push_back({sql, "42501"});
  calls.push_back({"GRANT EXECUTE ON FUNCTION pgrant_issue.issuer_1 TO PUBLIC", "01007"});
  return calls;
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("the functions of issuers and granters refuse what is not theirs") {
    for (const int major : versions()) {
      CAPTURE(major);
      issuer_world world(major);
      server& where = world.where();
      const std::string good = verifier_for_attacks;
      const auto superuser = [&](const std::string& sql) { psql(where, "pgrant", sql); };
      superuser(
          "CREATE ROLE ada LOGIN; CREATE ROLE lease_stranger LOGIN; "
          "CREATE ROLE pgrant_fake");
      psql(where, "pgrant", where.admin(), "GRANT pgrant_world_read TO ada");
      for (const char* name : {"lease_mine", "lease_remade"})
        REQUIRE(world.state(create_call("ARRAY['" + std::string(name) + "']")) == "00000");
      REQUIRE(world.state("SELECT pgrant_issue.issuer_2('create', "
                          "ARRAY['lease_other'], ARRAY['" +
                          good + "'], ARRAY[now() + interval '1 h'], 5)") == "00000");
      superuser("DROP ROLE lease_remade; CREATE ROLE lease_remade LOGIN SUPERUSER");
      // A bundle whose role was made again by somebody else is none.
      superuser("INSERT INTO pgrant_issue.bundle VALUES (1, 'pgrant_fake', 1)");
      const std::string before = access_state(where, "pgrant");
      const std::string registry = world.value(
          "SELECT string_agg(l::text, ' ' ORDER BY oid) FROM "
          "pgrant_issue.login l");

      std::vector<std::vector<hostile_call>> all = {
          calls_with_bad_arguments(), calls_on_others(world), calls_around_the_doors()};
      for (const auto& group : all) {
        for (const hostile_call& call : group) {
          CAPTURE(call.sql);
          CHECK(world.state(call.sql) == call.state);
        }
      }
      CHECK(access_state(where, "pgrant") == before);
      CHECK(world.value("SELECT string_agg(l::text, ' ' ORDER BY oid) FROM "
                        "pgrant_issue.login l") == registry);
      // Nobody else may call anything.
      for (const char* sql : {"SELECT pgrant_issue.issuer_1('drop', ARRAY['lease_mine'], NULL, "
                              "NULL, NULL)",
                              "SELECT FROM pgrant_issue.login",
                              "SELECT pgrant_issue.create_logins(NULL, NULL, NULL, 1)"})
        CHECK(psql_state(where, "pgrant", "ada", sql) != "00000");
      // And the name's next owner is not taken for the login that it was.
      CHECK(world.state("SELECT pgrant_issue.change_logins('drop', "
                        "ARRAY['lease_remade'], NULL)") == "42501");
    }
  }

  TEST_CASE("settings and temporary objects of the caller change nothing") {
    for (const int major : versions()) {
      CAPTURE(major);
      issuer_world world(major);
      server& where = world.where();
      psql(where, "pgrant", "CREATE ROLE ada LOGIN");
      session caller(where, "pgrant", world.connector());
      caller.run(R"(
CREATE TEMP TABLE login (oid oid, name text, issuer int);
CREATE TEMP TABLE rules AS SELECT true AS only_row, 'ada'::text AS connector, 1 AS issuers,
  1 AS granters, ''::text AS login_prefix, interval '100 years' AS longest;
CREATE TEMP TABLE pg_roles AS SELECT oid, rolname, false AS rolsuper FROM pg_catalog.pg_roles;
CREATE TEMP TABLE bundle (role_oid oid, role_name text, granter int);
INSERT INTO login VALUES ('ada'::regrole, 'ada', 1);
INSERT INTO bundle VALUES ('azure_pg_admin'::regrole, 'azure_pg_admin', 1);
CREATE FUNCTION pg_temp.format(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS
  $$ SELECT 'ALTER ROLE ada SUPERUSER' $$;
CREATE FUNCTION pg_temp.starts_with(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
SET search_path = pg_temp, pg_catalog;
SET datestyle = 'SQL, DMY'; SET timezone = 'Pacific/Kiritimati'; SET intervalstyle = 'sql_standard';
SET standard_conforming_strings = off; SET backslash_quote = on; SET quote_all_identifiers = on;
SET row_security = off; SET transform_null_equals = on; SET array_nulls = off;
SET enable_indexscan = off; SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan;
SET extra_float_digits = -15; SET check_function_bodies = off; SET escape_string_warning = off;)");
      if (major >= 16) caller.run("SET createrole_self_grant = 'set, inherit'");
      const std::string good = verifier_for_attacks;
      CHECK(caller.state(create_call("ARRAY['ada2']")) == "22023");
      CHECK(caller.state(change_call("'drop'", "ARRAY['ada']")) == "42501");
      CHECK(caller.state(change_call("'lend'", "ARRAY['ada']")) == "42501");
      CHECK(caller.state(member_call("azure_pg_admin", "ada", true)) == "42501");
      CHECK(caller.state("SELECT pgrant_issue.change_members('azure_pg_admin', "
                         "ARRAY['ada'], true)") == "42501");
      const std::string until = world.value("SELECT clock_timestamp() + interval '1 day'");
      CHECK(caller.state("SELECT pgrant_issue.create_logins(ARRAY['lease_good'], ARRAY['" + good +
                         "'], ARRAY['" + until + "'::timestamptz - interval '1 hour'], 7)") ==
            "00000");
      CHECK(caller.state("SELECT pgrant_issue.change_logins('expire', "
                         "ARRAY['lease_good'], ARRAY['" +
                         until + "'::timestamptz])") == "00000");
      CHECK(world.value("SELECT rolvaliduntil = '" + until +
                        "' FROM pg_roles WHERE rolname = 'lease_good'") == "t");
      CHECK(world.value("SELECT count(*) FROM pgrant_issue.login") == "1");
      CHECK(world.value("SELECT count(*) FROM pg_auth_members m WHERE m.roleid = "
                        "'lease_good'::regrole AND (NOT m.admin_option OR m.member = '" +
                        world.connector() + "'::regrole)") == "0");
      CHECK(world.value("SELECT rolsuper OR rolconnlimit <> 7 FROM pg_roles "
                        "WHERE rolname IN "
                        "('lease_good')") == "f");
      CHECK(world.value("SELECT rolsuper FROM pg_roles WHERE rolname = 'ada'") == "f");
    }
  }

  TEST_CASE("no verifier stands in an error, or in what the server logs of it") {
    for (const int major : versions()) {
      CAPTURE(major);
      issuer_world world(major);
      server& where = world.where();
      psql(where, "pgrant", "CREATE ROLE lease_taken");
      std::string good = verifier_for_attacks;
      good.replace(0, std::string("SCRAM-SHA-256$4096").size(), "SCRAM-SHA-256$99999");
      auto connection = must(world.run(
          boost::asio::async_initiate<const boost::asio::deferred_t,
                                      void(pgrant::result<std::shared_ptr<pgrant::connection>>)>(
              [source = world.open(world.connector())](auto handler) {
                source->open("pgrant", std::move(handler));
              },
              boost::asio::deferred)));
      const auto create = [&](const std::string& name, const std::string& settings) {
        must(world.run(connection->async_execute(
            pgrant::statement::trusted("SET statement_timeout = " + settings))));
        const auto made = world.run(connection->async_execute(
            pgrant::statement("SELECT pgrant_issue.create_logins($1::text[], $2::text[], "
                              "ARRAY[pg_catalog.now() + interval '1 hour'], 5)")
                .bind("{" + name + "}")
                .bind("{" + good + "}")));
        REQUIRE(!made);
        CHECK(made.error().describe().find("MTIzNDU2") == std::string::npos);
        return std::string(made.error().state().str());
      };
      CHECK(create("lease_taken", "0") == "42710");
      CHECK(create("lease_slow", "20") == "57014");
      CHECK(where.log().find("MTIzNDU2") == std::string::npos);
      CHECK(where.log().find("a name is taken") != std::string::npos);
    }
  }
}

}  // namespace test
