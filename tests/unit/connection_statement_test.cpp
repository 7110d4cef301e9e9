#include <doctest/doctest.h>
#include <libpq-fe.h>

#include "connection/array_text.hpp"
#include "pgrant/rows.hpp"
#include "pgrant/statement.hpp"

using pgrant::detail::parse_array;

namespace {

/// One row with the given values; nullptr is NULL. Columns are named c0, c1, ….
pgrant::rows statement_rows_of(std::vector<const char*> values) {
  PGresult* made = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < values.size(); ++i) names.push_back("c" + std::to_string(i));
  std::vector<PGresAttDesc> columns;
  for (std::string& name : names) columns.push_back({name.data(), 0, 0, 0, 25, -1, -1});
  PQsetResultAttrs(made, static_cast<int>(columns.size()), columns.data());
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::string text = values[i] ? values[i] : "";
    PQsetvalue(made, 0, static_cast<int>(i), values[i] ? text.data() : nullptr,
               values[i] ? static_cast<int>(text.size()) : -1);
  }
  return {std::shared_ptr<const pg_result>(made, PQclear), {}};
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("array literals read back as what they were made of") {
    const std::vector<std::vector<std::string>> cases = {{},
                                                         {"a"},
                                                         {"", "NULL", "null"},
                                                         {"a,b", "{c}", "\"d\"", "e\\f"},
                                                         {" ", "\t"},
                                                         {"\xF0\x9F\x90\x98", "it's"},
                                                         {"\\\"", "{", "}", "a\nb"}};
    for (const auto& values : cases) {
      const auto back = parse_array(pgrant::array_literal(values));
      REQUIRE(back.has_value());
      REQUIRE(back->size() == values.size());
      for (std::size_t i = 0; i < values.size(); ++i) CHECK((*back)[i] == values[i]);
    }
  }

  TEST_CASE("arrays as the server writes them") {
    const auto plain = parse_array("{alice=arwdDxt/alice,NULL,\"two words\",\"NULL\"}");
    REQUIRE(plain.has_value());
    CHECK((*plain)[0] == "alice=arwdDxt/alice");
    CHECK_FALSE((*plain)[1].has_value());
    CHECK((*plain)[2] == "two words");
    CHECK((*plain)[3] == "NULL");
    CHECK(parse_array("[0:1]={a,b}")->size() == 2);
    for (const char* bad : {"", "{", "}", "a", "{a", "{a,}", "{,a}", "{\"a}", "{a}b", "{{a}}",
                            "{a,{b}}", "[0:1]{a}", "{\"a\"b}", "{a\\", "[1:1][1:1]={{a}}"}) {
      CAPTURE(bad);
      CHECK_FALSE(parse_array(bad).has_value());
    }
  }

  TEST_CASE("statements own their texts and know their size") {
    auto made = pgrant::statement("SELECT $1, $2").bind(std::string("x")).bind_null();
    CHECK(made.text() == "SELECT $1, $2");
    REQUIRE(made.parameters().size() == 2);
    CHECK(made.parameters()[0] == "x");
    CHECK_FALSE(made.parameters()[1].has_value());
    const auto small = made.wire_size();
    made.bind(std::string(1000, 'x'));
    CHECK(made.wire_size() == small + 1004);
    CHECK(pgrant::statement(pgrant::sql_text("SELECT ").name("Ada")).text() == "SELECT \"Ada\"");
  }

  TEST_CASE("a batch knows where its groups end") {
    auto work =
        pgrant::batch().add(pgrant::statement("A")).sync().sync().add(pgrant::statement("B"));
    work.add(pgrant::statement("C"));
    REQUIRE(work.size() == 3);
    CHECK(work.ends_group(0));
    CHECK_FALSE(work.ends_group(1));
    CHECK(work.ends_group(2));
    CHECK(pgrant::batch().sync().empty());
  }

  TEST_CASE("cells read as what they hold, and say what they are not") {
    const auto rows = statement_rows_of({"42", "-7", "t", "{a,b}", nullptr, "text"});
    const auto row = rows[0];
    CHECK(row[0].int64().value() == 42);
    CHECK(row[0].oid().value() == 42);
    CHECK(row[1].int64().value() == -7);
    CHECK_FALSE(row[1].oid().has_value());
    CHECK(row[2].boolean().value());
    CHECK(row[3].array().value().size() == 2);
    CHECK(row[4].is_null());
    CHECK_FALSE(row[4].optional_text().has_value());
    CHECK(row["c5"].text() == "text");
    const auto wrong = row[5].int64();
    REQUIRE_FALSE(wrong.has_value());
    CHECK(wrong.error().object() == "column \"c5\"");
    CHECK_FALSE(row[4].int64().has_value());
  }

  TEST_CASE("what is not there reads as NULL") {
    const auto rows = statement_rows_of({"1"});
    CHECK(rows.at(0, 1).is_null());
    CHECK(rows.at(1, 0).is_null());
    CHECK(rows.text(9, 9).empty());
    CHECK(rows[0]["nosuch"].is_null());
    CHECK(rows.column_name(5).empty());
    CHECK_FALSE(rows.column_index("nosuch").has_value());
    CHECK(rows.column_index("c0") == 0);
    const pgrant::rows none;
    CHECK(none.empty());
    CHECK(none.begin() == none.end());
    CHECK(none.at(0, 0).is_null());
    CHECK(none.command_tag().empty());
    CHECK(none.notices().empty());
  }
}
