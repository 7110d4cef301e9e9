// The argument types that a snapshot has for a routine name it, and nothing else, in a GRANT.
#include <doctest/doctest.h>

#include <map>

#include "pgrant/sql.hpp"
#include "support/psql.hpp"
#include "support/snapshots.hpp"

namespace {

constexpr const char* routine_identity_objects = R"sql(
  CREATE SCHEMA "Odd.T";
  CREATE TYPE "Odd.T"."My ""type""" AS (a int);
  CREATE TYPE "Odd.T"."int" AS ENUM ('a');
  CREATE DOMAIN "Odd.T".text AS pg_catalog.text;
  CREATE SCHEMA f;
  CREATE FUNCTION f.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION f.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION f.f(int, VARIADIC text[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION f.f(VARIADIC "any") RETURNS int LANGUAGE internal AS 'pg_num_nulls';
  CREATE FUNCTION f.f("char", char, varchar(3), numeric(4, 2), bit(3), timestamptz, interval)
    RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION f.f("Odd.T"."My ""type""", "Odd.T"."int"[], "Odd.T".text)
    RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION f.f(a int, INOUT b text, OUT c int) LANGUAGE sql AS $$SELECT '', 1$$;
  CREATE FUNCTION f.f(a int, b date DEFAULT now()) RETURNS TABLE (x int, y int)
    LANGUAGE sql AS 'SELECT 1, 1';
  CREATE FUNCTION f.f(anyelement, anyarray) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE AGGREGATE f.a(int) (SFUNC = int4pl, STYPE = int);
  CREATE AGGREGATE f.a(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
  CREATE AGGREGATE f.a(float8 ORDER BY anyelement)
    (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final,
     FINALFUNC_EXTRA);
  CREATE FUNCTION f.w() RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number';
  CREATE FUNCTION f."It's ""odd"", a.b(int)"(int)RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE f.p() LANGUAGE sql AS '';
CREATE PROCEDURE f.p(int) LANGUAGE sql AS '';
CREATE PROCEDURE f.p(int, text) LANGUAGE sql AS '';
CREATE PROCEDURE f.alone(INOUT int) LANGUAGE sql AS 'SELECT 1';
)sql";

// From 14 on: by its input arguments it is (int), by all of them (int, text), as another one is.
constexpr const char* routine_identity_ambiguous = R"sql(
  CREATE PROCEDURE f.q(int, OUT text) LANGUAGE sql AS $$SELECT ''$$;
  CREATE PROCEDURE f.q(int, text) LANGUAGE sql AS '';
  CREATE PROCEDURE f.q(OUT int, text) LANGUAGE sql AS 'SELECT 1';
)sql";

}  // namespace

TEST_SUITE("integration inspector") {
  TEST_CASE("each routine of a snapshot can be named in a GRANT") {
    test::for_each_server(test::shape::superuser, [](test::server& server) {
      test::psql(server, "postgres", "CREATE DATABASE routines");
      test::psql(server, "postgres", "CREATE ROLE caller");
      {
        test::session ask(server, "routines", server.superuser());
        ask.run(routine_identity_objects);
        ask.run(routine_identity_ambiguous);
        // A signature far beyond the 63 bytes of a name.
        std::string many;
        for (int i = 0; i < 90; ++i) many += (i ? ", " : "") + std::string("double precision");
        ask.run("CREATE FUNCTION f.long(" + many + ") RETURNS int LANGUAGE sql AS 'SELECT 1'");

        const pgrant::snapshot state = test::take_snapshot(
            server, server.superuser(), pgrant::inspect_options().databases({"routines"}));
        const pgrant::database& here = *state.find_database("routines");
        const auto routines = here.objects_in(here.find_schema("f")->id);
        CHECK(routines.size() == 22);
        // As the planner writes it, on the search path that pgrant's connections have.
        ask.run("SET search_path = pg_catalog, pg_temp");
        for (const pgrant::object& o : routines) {
          const std::string grant = "GRANT EXECUTE ON " + std::string(grant_keyword(o.kind)) + ' ' +
                                    pgrant::quote_qualified("f", o.name) + '(' + o.arguments +
                                    ") TO caller";
          INFO(grant);
          ask.run("BEGIN");
          CHECK(ask.state(grant) == "00000");
          const auto granted = ask.run(
              "SELECT p.oid FROM pg_proc p, aclexplode(p.proacl) a"
              " WHERE a.grantee = 'caller'::regrole");
          CHECK(granted == test::table{{std::to_string(o.id)}});
          ask.run("ROLLBACK");
        }
      }
      test::psql(server, "postgres", "DROP DATABASE routines");
      test::psql(server, "postgres", "DROP ROLE caller");
    });
  }
}
