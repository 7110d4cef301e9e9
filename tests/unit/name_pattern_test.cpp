#include <doctest/doctest.h>

#include "core/name_pattern.hpp"
#include "pgrant/policy.hpp"

TEST_SUITE_BEGIN("unit");

namespace {

bool pattern_matches(std::string_view pattern, std::string_view name) {
  const auto compiled = pgrant::name_pattern::compile(pattern);
  REQUIRE(compiled);
  return compiled.assume_value().matches(name);
}

}  // namespace

TEST_CASE("a pattern without wildcards is a name, byte for byte") {
  CHECK(pattern_matches("orders", "orders"));
  CHECK_FALSE(pattern_matches("orders", "Orders"));
  CHECK_FALSE(pattern_matches("orders", "orders2"));
  CHECK(pattern_matches("a\\*b", "a*b"));
  CHECK_FALSE(pattern_matches("a\\*b", "axb"));
  CHECK(pattern_matches("a\\\\", "a\\"));
  CHECK(pgrant::name_pattern::compile("a\\?").assume_value().literal());
  CHECK(pgrant::name_pattern::compile("a\\?").assume_value().name() == "a?");
  CHECK_FALSE(pgrant::name_pattern().matches(""));
}

TEST_CASE("wildcards stand for any bytes and for one") {
  CHECK(pattern_matches("*", ""));
  CHECK(pattern_matches("*", "x\ny"));
  CHECK(pattern_matches("ord*", "ord"));
  CHECK(pattern_matches("*_2024_*", "sales_2024_01"));
  CHECK_FALSE(pattern_matches("*_2024_*", "sales_2025_01"));
  CHECK(pattern_matches("*ab*ab", "abxab"));
  CHECK_FALSE(pattern_matches("*ab*ab", "abx"));
  CHECK(pattern_matches("t?", "tx"));
  CHECK_FALSE(pattern_matches("t?", "t"));
  CHECK_FALSE(pattern_matches("t?", "txx"));
  CHECK(pattern_matches("a**b", "ab"));
  CHECK(pattern_matches("\\**", "*x"));
  CHECK_FALSE(pattern_matches("\\**", "x*"));
}

TEST_CASE("a pattern with many stars takes no exponential time") {
  std::string pattern, name(63, 'a');
  for (int i = 0; i < 20; ++i) pattern += "a*";
  CHECK_FALSE(pattern_matches(pattern + "b", name));
}

TEST_CASE("malformed patterns are refused") {
  for (const std::string_view bad :
       {std::string_view(""), std::string_view("a\\"), std::string_view("a\0b", 3)}) {
    const auto compiled = pgrant::name_pattern::compile(bad);
    REQUIRE_FALSE(compiled);
    CHECK(compiled.error().code() == pgrant::errc::invalid_argument);
  }
  CHECK_FALSE(pgrant::name_pattern::compile(std::string(64, 'a')));
  CHECK(pgrant::name_pattern::compile(std::string(80, 'a') + "*"));
}

TEST_CASE("exact_pattern selects one name whatever it is") {
  for (const std::string_view name : {"*", "a?b", "\\", "a\\*", "plain"}) {
    const auto compiled = pgrant::name_pattern::compile(pgrant::exact_pattern(name));
    REQUIRE(compiled);
    CHECK(compiled.assume_value().literal());
    CHECK(compiled.assume_value().name() == name);
  }
}

TEST_SUITE_END();
