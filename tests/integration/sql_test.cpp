// Quoting and verifiers, with the server as judge.
#include "pgrant/sql.hpp"

#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "pgrant/password.hpp"
#include "pgrant/scram.hpp"
#include "support/psql.hpp"
#include "support/random_text.hpp"
#include "support/servers.hpp"

namespace {

// A valid name of random characters.
std::string sql_random_name(test::random_source& random) {
  for (;;) {
    std::string name = random.utf8(63);
    if (pgrant::check_name(name, "name")) return name;
  }
}

std::string sql_login_role(const char* what) {
  return "sql_test_" + std::string(what);
}

void sql_create_login(test::server& where, const std::string& role,
                      const pgrant::secret& verifier) {
  test::psql(where, "postgres",
             pgrant::sql_text("DROP ROLE IF EXISTS ")
                 .name(role)
                 .raw("; CREATE ROLE ")
                 .name(role)
                 .raw(" LOGIN PASSWORD ")
                 .literal(verifier.reveal())
                 .str());
}

void sql_drop(test::server& where, const std::string& role) {
  test::psql(where, "postgres", pgrant::sql_text("DROP ROLE ").name(role).str());
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("sql: every word that the server wants quoted is quoted") {
    test::for_each_server(test::shape::superuser, [](test::server& where) {
      const auto rows = test::psql(
          where, "postgres", "SELECT word, catcode, quote_ident(word) FROM pg_get_keywords()");
      REQUIRE(rows.size() > 400);
      for (const auto& row : rows) {
        CAPTURE(row[0]);
        if (row[1] != "U") CHECK(pgrant::is_quoted_keyword(row[0]));
        if (row[2] != row[0]) CHECK(pgrant::quote_identifier(row[0]) == row[2]);
      }
    });
  }

  TEST_CASE("sql: the server reads back what was quoted, byte for byte") {
    test::for_each_server(test::shape::superuser, [](test::server& where) {
      for (const char* conforming : {"on", "off"}) {
        CAPTURE(conforming);
        test::session session(where, "postgres", where.superuser());
        session.run("SET escape_string_warning = off; SET client_encoding = 'UTF8'");
        session.run(pgrant::sql_text("SET standard_conforming_strings = ").name(conforming).str());
        test::for_random_cases(5, [&](test::random_source& random) {
          std::vector<std::string> values(200);
          for (std::string& value : values) value = random.utf8(40);
          const auto rows =
              session.run(pgrant::sql_text("SELECT ")
                              .list(values, ", ",
                                    [](pgrant::sql_text& query, const std::string& value) {
                                      query.literal(value);
                                    })
                              .str());
          REQUIRE(rows.size() == 1);
          CHECK(rows[0] == values);
        });
      }
    });
  }

  TEST_CASE("sql: a quoted name names exactly that") {
    test::for_each_server(test::shape::superuser, [](test::server& where) {
      test::for_random_cases(5, [&](test::random_source& random) {
        std::set<std::string> names;
        while (names.size() < 200) names.insert(sql_random_name(random));
        test::session session(where, "postgres", where.superuser());
        session.run("SET client_encoding = 'UTF8'");
        session.run(pgrant::sql_text("CREATE TEMPORARY VIEW sql_test AS SELECT ")
                        .list(names, ", ",
                              [](pgrant::sql_text& query, const std::string& name) {
                                query.raw("1 AS ").name(name);
                              })
                        .str());
        const auto rows = session.run(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'sql_test'::regclass "
            "ORDER BY attname COLLATE \"C\"");
        REQUIRE(rows.size() == names.size());
        std::size_t i = 0;
        for (const std::string& name : names) CHECK(rows[i++][0] == name);
      });
    });
  }

  TEST_CASE("scram: one logs in with the password of a verifier that was made here") {
    test::for_each_server(test::shape::azure, [](test::server& where) {
      const auto generated = pgrant::generate_password();
      REQUIRE(generated);
      for (const std::string& password :
           {std::string(generated.value().reveal()), std::string("a"),
            std::string("it's \\ \"x\" "), std::string("p\xc3\xa4ss\xe2\x85\xa8 \xf0\x9f\x98\x80"),
            std::string(200, 'x')}) {
        for (int iterations : {4'096, 1, 7'777}) {
          const auto verifier = pgrant::scram_verifier(
              pgrant::secret::copy_of(password), pgrant::scram_options().iterations(iterations));
          if (!verifier && verifier.error().code() == pgrant::errc::unsupported) continue;
          REQUIRE(verifier);
          CAPTURE(iterations);
          const std::string role = sql_login_role("scram");
          sql_create_login(where, role, verifier.value());
          // Stored as it was sent: not taken for a password.
          CHECK(test::psql_value(
                    where, "postgres",
                    "SELECT rolpassword FROM pg_authid WHERE rolname = 'sql_test_scram'") ==
                verifier.value().reveal());
          CHECK(test::login_state(where, "postgres", role, password) == "00000");
          CHECK(test::login_state(where, "postgres", role, password + "x") == "28P01");
          sql_drop(where, role);
        }
      }
    });
  }

  TEST_CASE("scram: the server takes for a verifier what we take for one") {
    test::server& where = test::shared_server(test::shape::superuser);
    const auto verifier = pgrant::scram_verifier(pgrant::secret("pencil"));
    REQUIRE(verifier);
    test::for_random_cases(150, [&](test::random_source& random) {
      std::string text(verifier.value().reveal());
      random.mutate(text, "AZaz09$:+/=-. '");
      CAPTURE(text);
      const std::string role = sql_login_role("shape");
      sql_create_login(where, role, pgrant::secret::copy_of(text));
      const std::string stored = test::psql_value(
          where, "postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'sql_test_shape'");
      // Whatever we take for one, the server stores as it is; it never hashes it.
      if (pgrant::is_scram_verifier(text)) CHECK(stored == text);
      sql_drop(where, role);
    });
  }
}
