// Requests and filters as JSON, and the times in them.
#include <doctest/doctest.h>

#include "json/time.hpp"
#include "pgrant/json/lease_request.hpp"

namespace {

using pgrant::json_text::parse_iso_time;

template <class T>
std::string refused_json_field(const pgrant::result<T>& outcome) {
  if (outcome) return "accepted";
  CHECK(outcome.error().code() == pgrant::errc::invalid_argument);
  return outcome.error().field();
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("times are read in UTC, to the microsecond, and nothing else") {
    const auto nine =
        std::chrono::sys_days(std::chrono::year(2026) / 11 / 24) + std::chrono::hours(9);
    CHECK(parse_iso_time("2026-11-24T09:00:00Z") == nine);
    CHECK(parse_iso_time("2026-11-24 09:00Z") == nine);
    CHECK(parse_iso_time("2026-11-24T09:00:00.000000Z") == nine);
    CHECK(parse_iso_time("2026-11-24T09:00:00.25Z") == nine + std::chrono::milliseconds(250));
    CHECK(parse_iso_time("2026-11-24") == nine - std::chrono::hours(9));
    for (const char* text :
         {"", "2026", "2026-13-01", "2026-02-30", "2026-11-24T24:00Z", "2026-11-24T09:60Z",
          "2026-11-24T09:00", "2026-11-24T09:00+01:00", "2026-11-24T09:00:00.Z",
          "2026-11-24T09:00:00.1234567Z", "2026-11-24T09:00Zx", "x2026-11-24"}) {
      INFO(text);
      CHECK(!parse_iso_time(text));
    }
    const auto again = parse_iso_time(
        pgrant::json_text::iso_time(pgrant::server_time(nine + std::chrono::microseconds(1))));
    CHECK(again == nine + std::chrono::microseconds(1));
  }

  TEST_CASE("a request in JSON says everything that one in C++ can") {
    const auto read = pgrant::grant_request_from_json(R"({"bundles": ["a", "b"], "to": "ada",
      "for": "8h", "reason": "r", "starting_at": "2026-11-24T22:00:00Z", "requester": "grace",
      "ticket": "OPS-17", "labels": {"team": "data"}, "connection_limit": 2, "key": "k",
      "ad_hoc": [{"database": "shop", "schema": "sales", "tables": "orders",
                  "privileges": ["SELECT"]}]})");
    REQUIRE(read);
    const auto& request = read.assume_value();
    CHECK(request.bundles() == std::vector<std::string>{"a", "b"});
    REQUIRE(request.ad_hoc().size() == 1);
    CHECK(request.ad_hoc()[0].objects.name == "orders");
    CHECK(request.person() == "ada");
    CHECK(request.duration() == std::chrono::hours(8));
    CHECK(request.start().has_value());
    CHECK(request.requester() == "grace");
    CHECK(request.ticket() == "OPS-17");
    CHECK(request.labels().at("team") == "data");
    CHECK(request.connection_limit() == 2);
    CHECK(request.key() == "k");
    const auto later = pgrant::grant_request_from_json(
        R"({"bundles": ["a"], "to_role": "grace", "for": "1h", "starting_in": "30m"})");
    REQUIRE(later);
    CHECK(later.assume_value().role() == "grace");
    CHECK(later.assume_value().delay() == std::chrono::minutes(30));
  }

  TEST_CASE("a request in JSON that cannot be granted is refused with its field") {
    const auto field = [](std::string_view text) {
      return refused_json_field(pgrant::grant_request_from_json(text));
    };
    CHECK(field(R"({"bundles": ["a"], "to": "x"})") == "for");
    CHECK(field(R"({"bundles": ["a"], "to": "x", "for": "1"})") == "for");
    CHECK(field(R"({"bundles": ["a"], "to": "x", "for": "1h", "bundle": "b"})") == "bundle");
    CHECK(field(R"({"bundles": ["a"], "for": "1h"})") == "grantee");
    CHECK(field(R"({"to": "x", "for": "1h"})").empty());
    CHECK(field(R"({"bundles": ["a"], "to": "x", "for": "1h", "labels": {"a b": "x"}})") ==
          "labels");
    CHECK(field(R"({"bundles": ["a"], "to": "x", "for": "1h", "starting_at": "now"})") ==
          "starting_at");
    CHECK(field(R"({"bundles": ["a"], "to": "x", "for": "1h", "starting_in": "91d"})") ==
          "starting_in");
    CHECK(field(R"({"bundles": ["a"], "to": "x", "for": "1h", "connection_limit": 0})") ==
          "connection_limit");
    CHECK(field(R"({"ad_hoc": [{"database": "d", "schema": "s", "tables": "t",
      "privileges": ["SELECT"], "future": true}], "to": "x", "for": "1h"})") == "ad_hoc[0].future");
    CHECK(field(R"({"ad_hoc": [{"database": "d", "schema": "s", "tables": "t",
      "privileges": ["EXECUTE"]}], "to": "x", "for": "1h"})") == "ad_hoc[0].privileges");
  }

  TEST_CASE("extensions and filters are read from JSON, strictly") {
    const auto longer = pgrant::extend_request_from_json(
        R"({"lease": "abc", "by": "1h30m", "reason": "r", "key": "k"})");
    REQUIRE(longer);
    CHECK(longer.assume_value().lease() == "abc");
    CHECK(longer.assume_value().by() == std::chrono::minutes(90));
    CHECK(refused_json_field(pgrant::extend_request_from_json(R"({"lease": "abc"})")) == "by");
    CHECK(refused_json_field(pgrant::extend_request_from_json(R"({"lease": "abc", "by": "0s"})")) ==
          "by");
    const auto filter = pgrant::lease_filter_from_json(
        R"({"states": ["active", "held"], "labels": {"team": "data"}, "limit": 5,
            "expiring_within": "2h"})");
    REQUIRE(filter);
    CHECK(filter.assume_value().states().size() == 2);
    CHECK(filter.assume_value().limit() == 5);
    CHECK(filter.assume_value().expires_within() == std::chrono::hours(2));
    CHECK(refused_json_field(pgrant::lease_filter_from_json(R"({"states": ["gone"]})")) ==
          "states[0]");
    CHECK(refused_json_field(pgrant::lease_filter_from_json(R"({"limit": 0})")) == "limit");
    CHECK(pgrant::lease_filter_from_json("{}"));
    const auto trail = pgrant::audit_filter_from_json(R"({"action": "grant", "within": "1d"})");
    REQUIRE(trail);
    CHECK(trail.assume_value().within() == std::chrono::hours(24));
    CHECK(refused_json_field(pgrant::audit_filter_from_json(R"({"limit": 100001})")) == "limit");
  }
}
