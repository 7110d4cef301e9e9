#include "pgrant/sqlstate.hpp"

#include <doctest/doctest.h>

using pgrant::sqlstate;
using pgrant::operator""_sqlstate;

TEST_SUITE("unit") {
  TEST_CASE("a SQLSTATE is five characters of [0-9A-Z], and nothing else") {
    CHECK(sqlstate::parse("42501").str() == "42501");
    CHECK(sqlstate::parse("XX000").str() == "XX000");
    for (const char* bad : {"", "4250", "425011", "42 01", "4250a", "42-01",
                            "\xc3\x84"
                            "501"})
      CHECK(sqlstate::parse(bad).empty());
    CHECK(sqlstate().str().empty());
    CHECK(!sqlstate());
  }

  TEST_CASE("states compare by value and know their class") {
    CHECK("42501"_sqlstate == sqlstate::parse("42501"));
    CHECK("08001"_sqlstate < "42501"_sqlstate);
    CHECK("08006"_sqlstate.in_class("08"));
    CHECK(!"57P01"_sqlstate.in_class("58"));
    CHECK(!sqlstate().in_class("00"));
    CHECK(!"42501"_sqlstate.in_class("4"));
  }

  TEST_CASE("the advice follows what can help") {
    using pgrant::retry;
    for (const char* state : {"40001", "40P01", "55P03", "XX000", "57014", "53200"})
      CHECK_MESSAGE(retry_advice(sqlstate::parse(state)) == retry::again, state);
    for (const char* state : {"08006", "08P01", "57P01", "57P02", "57P03", "53300", "25006"})
      CHECK_MESSAGE(retry_advice(sqlstate::parse(state)) == retry::reconnect, state);
    for (const char* state : {"28P01", "28000", "3D000", "42501", "42704", "2BP01", "22023"})
      CHECK_MESSAGE(retry_advice(sqlstate::parse(state)) == retry::never, state);
    CHECK(retry_advice(sqlstate()) == retry::never);
  }
}
