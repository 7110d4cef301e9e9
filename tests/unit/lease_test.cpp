// Requests for leases, settings, and the names that leases are given.
#include "pgrant/lease.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "lease/lease_names.hpp"
#include "pgrant/leases.hpp"
#include "pgrant/sql.hpp"

namespace {

pgrant::grant_request proper_grant_request() {
  return pgrant::grant_request("sales-read").to("ada").lasting(std::chrono::hours(1));
}

std::string refused_grant_field(const pgrant::grant_request& request) {
  const auto outcome = request.validate();
  if (outcome) return "accepted";
  CHECK(outcome.error().code() == pgrant::errc::invalid_argument);
  return outcome.error().field();
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a proper request for a lease is accepted") {
    CHECK(proper_grant_request().validate());
    CHECK(proper_grant_request().also("other").because("x").idempotency_key("k").validate());
    CHECK(
        pgrant::grant_request("b").to_role("a \"b\"").lasting(std::chrono::seconds(1)).validate());
  }

  TEST_CASE("a request that cannot be granted is refused with its field") {
    using std::chrono::hours;
    using std::chrono::seconds;
    CHECK(refused_grant_field(pgrant::grant_request("").to("ada").lasting(hours(1))) ==
          "bundles[0]");
    CHECK(refused_grant_field(proper_grant_request().also(std::string(64, 'x'))) == "bundles[1]");
    CHECK(refused_grant_field(proper_grant_request().also("b").also("sales-read")) == "bundles[2]");
    CHECK(refused_grant_field(proper_grant_request().also(std::string("a\0b", 3))) == "bundles[1]");
    CHECK(refused_grant_field(pgrant::grant_request("b").lasting(hours(1))) == "grantee");
    CHECK(refused_grant_field(proper_grant_request().to_role("ada")) == "grantee");
    CHECK(refused_grant_field(
              pgrant::grant_request("b").to_role(std::string(64, 'x')).lasting(hours(1))) ==
          "grantee");
    CHECK(refused_grant_field(proper_grant_request().to(std::string("a\0b", 3))) == "grantee");
    CHECK(refused_grant_field(proper_grant_request().to(std::string(201, 'x'))) == "grantee");
    CHECK(refused_grant_field(proper_grant_request().because(std::string(2001, 'x'))) == "reason");
    CHECK(refused_grant_field(proper_grant_request().requested_by(std::string("\0", 1))) ==
          "requester");
    CHECK(refused_grant_field(proper_grant_request().idempotency_key(std::string(201, 'k'))) ==
          "idempotency_key");
    CHECK(refused_grant_field(pgrant::grant_request("b").to("ada")) == "duration");
    CHECK(refused_grant_field(proper_grant_request().lasting(seconds(0))) == "duration");
    CHECK(refused_grant_field(proper_grant_request().lasting(seconds(-5))) == "duration");
  }

  TEST_CASE("settings of leases out of their range are refused with their field") {
    const auto field = [](const pgrant::lease_settings& settings) {
      const auto outcome = settings.validate();
      return outcome ? "accepted" : outcome.error().field();
    };
    using pgrant::lease_settings;
    CHECK(field(lease_settings()) == "accepted");
    CHECK(field(lease_settings().login_prefix("a")) == "accepted");
    for (const auto* prefix :
         {"", "Lease_", "lease-", "1ease_", "pg_lease_", "_x", "seventeen_letters", "l\"e"}) {
      CHECK(field(lease_settings().login_prefix(prefix)) == "login_prefix");
    }
    CHECK(field(lease_settings().ledger_database("")) == "ledger_database");
    CHECK(field(lease_settings().connection_limit(0)) == "connection_limit");
    CHECK(field(lease_settings().password_iterations(0)) == "password_iterations");
    CHECK(field(lease_settings().maximum_duration(std::chrono::seconds(0))) == "maximum_duration");
    CHECK(field(lease_settings().end_timeout(std::chrono::milliseconds(0))) == "end_timeout");
  }

  TEST_CASE("states of leases have names that read back") {
    using pgrant::lease_state;
    for (const lease_state state : {lease_state::active, lease_state::ending, lease_state::ended,
                                    lease_state::held, lease_state::failed}) {
      CHECK(pgrant::parse_lease_state(to_string(state)) == state);
    }
    CHECK(!pgrant::parse_lease_state("Active"));
    CHECK(!pgrant::parse_lease_state(""));
  }

  TEST_CASE("a login's name is plain, fits, and never comes twice") {
    std::set<std::string> names;
    for (const std::string person :
         {"Ada Lovelace", "ada", "", "\"; DROP ROLE x; --", "Zoë Ångström", "日本", "a__b", "_a_",
          "x@example.com", "0", "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-abcdefgh"}) {
      for (int i = 0; i < 50; ++i) {
        const std::string name = pgrant::detail::login_name("lease_", person).value();
        CHECK(name.size() <= pgrant::max_name_bytes);
        CHECK(name.starts_with("lease_"));
        CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos);
        CHECK(name.find("__") == std::string::npos);
        CHECK(names.insert(name).second);
      }
    }
    CHECK(pgrant::detail::login_name("lease_", "Ada Lovelace")
              .value()
              .starts_with("lease_ada_lovelace_"));
    CHECK(pgrant::detail::login_name("lease_", "日本").value().size() == 6 + 12);
  }

  TEST_CASE("random words use their whole alphabet") {
    std::set<char> seen;
    for (int i = 0; i < 100; ++i) {
      const std::string word = pgrant::detail::random_word(16).value();
      seen.insert(word.begin(), word.end());
    }
    CHECK(seen.size() == 32);
  }

  TEST_CASE("a name that was mistyped finds what was meant") {
    using pgrant::detail::near_names;
    const std::vector<std::string> known = {"sales-read", "sales-write", "billing", "b"};
    CHECK(near_names("sales-raed", known).front() == "sales-read");
    CHECK(near_names("bilings", known) == std::vector<std::string>{"billing"});
    CHECK(near_names("something else", known).empty());
    CHECK(near_names("", {}).empty());
  }
}
