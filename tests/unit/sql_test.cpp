#include <doctest/doctest.h>

#include <type_traits>
#include <vector>

#include "pgrant/sql.hpp"

namespace {

// Built here, so that the test does not depend on the editor's normal form.
std::string sql_repeated(std::string_view piece, int times) {
  std::string text;
  while (times-- > 0) text += piece;
  return text;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("sql: names of 1 to 63 bytes pass, others say why they do not") {
    CHECK(pgrant::check_name("a", "role"));
    CHECK(pgrant::check_name(sql_repeated("x", 63), "role"));
    CHECK(pgrant::check_name(sql_repeated("é", 31) + "x", "role"));
    CHECK(pgrant::check_name(sql_repeated("😀", 15) + "abc", "role"));
    for (const std::string& name :
         {std::string(), sql_repeated("x", 64), sql_repeated("é", 32), sql_repeated("😀", 16),
          std::string("a\0b", 3), std::string(1, '\0')}) {
      CAPTURE(name);
      const auto checked = pgrant::check_name(name, "schema");
      REQUIRE_FALSE(checked);
      CHECK(checked.error().code() == pgrant::errc::invalid_argument);
      CHECK(checked.error().message().find("schema") != std::string::npos);
    }
    // The server would cut this one in the middle of what makes it unlike another.
    CHECK(pgrant::check_name(sql_repeated("é", 32), "role").error().message().find("64 bytes") !=
          std::string::npos);
  }

  TEST_CASE("sql: names are quoted where they need it") {
    CHECK(pgrant::quote_identifier("orders") == "orders");
    CHECK(pgrant::quote_identifier("_orders_2") == "_orders_2");
    for (const char* plain : {"name", "role", "public", "schema", "none_", "selects", "abort"}) {
      CHECK(pgrant::quote_identifier(plain) == plain);
    }
    for (const char* quoted : {"", "Orders", "2fast", "a b", "a.b", "a-b", "a$b", "é", "😀",
                               "SELECT", " ", "a\nb", "'"}) {
      CAPTURE(quoted);
      CHECK(pgrant::quote_identifier(quoted) == '"' + std::string(quoted) + '"');
    }
    CHECK(pgrant::quote_identifier("\"") == "\"\"\"\"");
    CHECK(pgrant::quote_identifier("a\"; DROP ROLE b; --") == "\"a\"\"; DROP ROLE b; --\"");
    CHECK(pgrant::quote_identifier("a\\") == "\"a\\\"");
  }

  TEST_CASE("sql: keywords of every version that needs it are quoted, in lower case") {
    for (const char* keyword :
         {"select", "user", "table", "current_schema", "authorization", "between", "values", "left",
          "none", "normalize", "xmltable", "system_user", "json", "json_table", "merge_action"}) {
      CAPTURE(keyword);
      CHECK(pgrant::is_quoted_keyword(keyword));
      CHECK(pgrant::quote_identifier(keyword) == '"' + std::string(keyword) + '"');
    }
    CHECK_FALSE(pgrant::is_quoted_keyword("SELECT"));
    CHECK_FALSE(pgrant::is_quoted_keyword(""));
    CHECK_FALSE(pgrant::is_quoted_keyword("selec"));
  }

  TEST_CASE("sql: a dot inside of a name does not separate") {
    CHECK(pgrant::quote_qualified("sales", "orders") == "sales.orders");
    CHECK(pgrant::quote_qualified("a.b", "c") == "\"a.b\".c");
    CHECK(pgrant::quote_qualified("a", "b.c") == "a.\"b.c\"");
    CHECK(pgrant::quote_qualified("Ä\"", "select") == "\"Ä\"\"\".\"select\"");
  }

  TEST_CASE("sql: literals") {
    CHECK(pgrant::quote_literal("") == "''");
    CHECK(pgrant::quote_literal("it's") == "'it''s'");
    CHECK(pgrant::quote_literal("a\"b") == "'a\"b'");
    CHECK(pgrant::quote_literal("\\") == "E'\\\\'");
    CHECK(pgrant::quote_literal("\\'; DROP ROLE a; --") == "E'\\\\''; DROP ROLE a; --'");
    CHECK(pgrant::check_literal("a'b\\", "comment"));
    CHECK_FALSE(pgrant::check_literal(std::string_view("a\0", 2), "comment"));
  }

  TEST_CASE("sql: statements are composed of constants and quoted pieces") {
    const std::vector<std::string> roles = {"ada", "Grace", "o\"x"};
    CHECK(pgrant::sql_text("GRANT SELECT ON TABLE ")
              .qualified("sales", "or.ders")
              .raw(" TO ")
              .names(roles)
              .str() == "GRANT SELECT ON TABLE sales.\"or.ders\" TO ada, \"Grace\", \"o\"\"x\"");
    static constexpr pgrant::sql_fragment keywords[] = {"SELECT", "INSERT"};
    pgrant::sql_text text("GRANT ");
    text.list(keywords).raw(" LIMIT ").number(-5).raw(" ").literal("x'");
    CHECK(text.str() == "GRANT SELECT, INSERT LIMIT -5 'x'''");
    const std::vector<int> none;
    CHECK(pgrant::sql_text()
              .names(std::vector<std::string>())
              .list(none, " ", [](auto&, int) {})
              .empty());
    const std::vector<std::pair<std::string, int>> limits = {{"a", 1}, {"B", 2}};
    CHECK(pgrant::sql_text()
              .list(limits, " AND ",
                    [](pgrant::sql_text& to, const auto& limit) {
                      to.name(limit.first).raw("=").number(limit.second);
                    })
              .str() == "a=1 AND \"B\"=2");
    CHECK(pgrant::sql_text("a").append(pgrant::sql_text("b")) == pgrant::sql_text("ab"));
  }

  TEST_CASE("sql: no text of run time becomes SQL without quotes") {
    static_assert(!std::is_convertible_v<std::string, pgrant::sql_fragment>);
    static_assert(!std::is_convertible_v<std::string_view, pgrant::sql_fragment>);
    static_assert(!std::is_constructible_v<pgrant::sql_text, std::string>);
    static_assert(!std::is_constructible_v<pgrant::sql_text, std::string_view>);
  }
}
