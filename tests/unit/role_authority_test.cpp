// The statements by which logins and memberships change: the connector's own, and those through
// issuers and granters.
#include "lease/role_authority.hpp"

#include <doctest/doctest.h>

namespace {

using pgrant::detail::direct_authority;
using pgrant::detail::issuer_authority;
using pgrant::detail::lease_membership;
using pgrant::detail::new_login;
using names = std::vector<std::string>;

lease_membership membership_of(std::string member, std::string grantor = "connector") {
  lease_membership m;
  m.role = "sales read";
  m.member = std::move(member);
  m.grantor = std::move(grantor);
  return m;
}

// The texts with their parameters, a line each.
std::string all_of(const std::vector<pgrant::statement>& work) {
  std::string all;
  for (const pgrant::statement& s : work) {
    all += (all.empty() ? "" : "\n") + s.text();
    for (const auto& p : s.parameters()) all += " | " + p.value_or("NULL");
  }
  return all.empty() ? "none" : all;
}
std::string all_of(const std::optional<pgrant::statement>& work) {
  return work ? all_of(std::vector<pgrant::statement>{*work}) : "none";
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("the connector's own statements for one login and one membership") {
    const auto old = direct_authority(150020, false, "connector");
    const auto now = direct_authority(160000, false, "connector");
    const auto super = direct_authority(180000, true, "postgres");
    std::vector<lease_membership> m = {membership_of("Ada")};

    CHECK(all_of(old->give(m)) == R"(GRANT "sales read" TO "Ada")");
    CHECK(all_of(now->give(m)) ==
          R"(GRANT "sales read" TO "Ada" WITH INHERIT TRUE, SET FALSE GRANTED BY connector)");
    CHECK(all_of(old->take(m)) == R"(REVOKE "sales read" FROM "Ada")");
    CHECK(all_of(now->take(m)) == R"(REVOKE "sales read" FROM "Ada" GRANTED BY connector)");

    m[0].own_before = m[0].own_set = m[0].own_admin = true;
    CHECK(all_of(old->give(m)) == "none");
    CHECK(all_of(old->take(m)) == "none");
    CHECK(all_of(now->give(m)) ==
          R"(GRANT "sales read" TO "Ada" WITH INHERIT TRUE GRANTED BY connector)");
    CHECK(all_of(now->take(m)) ==
          R"(REVOKE INHERIT OPTION FOR "sales read" FROM "Ada" GRANTED BY connector)");
    m[0].own_inherit = true;
    CHECK(all_of(now->give(m)) == "none");
    CHECK(all_of(now->take(m)) == "none");

    CHECK(all_of(old->lend_login("l")) == "GRANT l TO connector");
    CHECK(all_of(now->lend_login("l")) == "GRANT l TO connector WITH INHERIT TRUE, SET TRUE");
    CHECK(all_of(now->take_back_login("l")) == "REVOKE l FROM connector GRANTED BY connector");
    CHECK(all_of(super->lend_login("l")) == "none");
  }

  TEST_CASE("what many leases need alike is one statement") {
    const auto now = direct_authority(160000, false, "connector");
    std::vector<lease_membership> m = {membership_of("a"), membership_of("b"),
                                       membership_of("c", "other"), membership_of("d")};
    m[3].own_before = true;
    CHECK(all_of(now->give(m)) ==
          "GRANT \"sales read\" TO a, b WITH INHERIT TRUE, SET FALSE GRANTED BY connector\n"
          "GRANT \"sales read\" TO c WITH INHERIT TRUE, SET FALSE GRANTED BY other\n"
          "GRANT \"sales read\" TO d WITH INHERIT TRUE GRANTED BY connector");
    CHECK(all_of(now->drop_logins(names{"a", "B"})) == "DROP ROLE a, \"B\"");
    CHECK(all_of(now->disable_logins(names{"a", "b"})) ==
          "ALTER ROLE a NOLOGIN\nALTER ROLE b NOLOGIN");
    CHECK(all_of(now->enable_logins(names{"a"})) == "ALTER ROLE a LOGIN");
    for (const auto& authority :
         {direct_authority(150000, false, "c"), issuer_authority(150000, "c")}) {
      CHECK(authority->create_logins({}).empty());
      CHECK(authority->expire_logins({}).empty());
      CHECK(authority->drop_logins({}).empty());
      CHECK(authority->disable_logins({}).empty());
      CHECK(authority->give({}).empty());
      CHECK(authority->take({}).empty());
    }
  }

  TEST_CASE("through issuers a batch of logins is one call, and no verifier stands in a text") {
    const auto issuers = issuer_authority(170000, "connector");
    std::vector<new_login> logins(101);
    for (std::size_t i = 0; i < logins.size(); ++i) {
      logins[i].name = "lease_" + std::to_string(i);
      logins[i].verifier = "SCRAM-SHA-256$1:x";
      logins[i].valid_until = "2030-01-01";
    }
    const auto made = issuers->create_logins(logins);
    REQUIRE(made.size() == 2);
    CHECK(made[0].text() ==
          "SELECT pgrant_issue.create_logins($1::text[], $2::text[], $3::timestamptz[], $4::int)");
    CHECK(made[1].parameters() == std::vector<std::optional<std::string>>{"{\"lease_100\"}",
                                                                          "{\"SCRAM-SHA-256$1:x\"}",
                                                                          "{\"2030-01-01\"}", "5"});
    CHECK(all_of(issuers->drop_logins(names{"a", "b"})) ==
          "SELECT pgrant_issue.change_logins($1::text, $2::text[], NULL) | drop | {\"a\",\"b\"}");
    CHECK(all_of(issuers->lend_login("a")) == "SELECT pgrant_issue.lend_login($1::text, true) | a");
    CHECK(issuers->drop_logins(names(2001, "a")).size() == 3);
  }

  TEST_CASE("granters change what granters gave, and the connector what it gave") {
    std::vector<lease_membership> m = {membership_of("a", "pgrant_granter_7"), membership_of("b"),
                                       membership_of("c", "pgrant_granter_7")};
    const auto now = issuer_authority(160000, "connector");
    CHECK(all_of(now->take(m)) ==
          "SELECT pgrant_issue.granter_7($1::text, $2::text[], $3::boolean) | sales read | "
          "{\"a\",\"c\"} | false\n"
          "REVOKE \"sales read\" FROM b GRANTED BY connector");
    for (lease_membership& each : m) each.grantor.clear();
    m[2].own_before = true;
    CHECK(all_of(issuer_authority(150000, "connector")->give(m)) ==
          "SELECT pgrant_issue.change_members($1::text, $2::text[], $3::boolean) | sales read | "
          "{\"a\",\"b\"} | true");
    // A role may be called so that it seems to end the name of a function.
    m = {membership_of("a", "pgrant_granter_1\"; DROP ROLE x; --")};
    CHECK(all_of(now->give(m)).find("\"granter_1\"\"; DROP") != std::string::npos);
  }
}
