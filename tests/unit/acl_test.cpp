#include "pgrant/acl.hpp"

#include <doctest/doctest.h>

#include <map>

using pgrant::acl;
using pgrant::acl_item;
using pgrant::object_kind;
using pgrant::oid;
using pgrant::privilege;
using pgrant::privilege_set;

namespace {

pgrant::result<std::vector<acl_item>> acl_test_parse(std::string_view text) {
  static const std::map<std::string, oid, std::less<>> roles = {
      {"owner", 100}, {"ada", 101},   {"Odd \"name\"", 102}, {"a.b", 103},
      {"ünï", 104},   {"🐘", 105},    {"a,b{}", 106},        {"back\\slash", 107},
      {"\"", 108},    {"16400", 109}, {"a=r/b", 110},        {"null", 111}};
  return pgrant::parse_acl(text, [&](std::string_view name) -> std::optional<oid> {
    const auto at = roles.find(name);
    if (at == roles.end()) return std::nullopt;
    return at->second;
  });
}

// The only entry of a text, whose grantee is what most cases are about.
oid acl_test_grantee(std::string_view text) {
  const auto items = acl_test_parse(text);
  REQUIRE_MESSAGE(items, text);
  REQUIRE(items.assume_value().size() == 1);
  return items.assume_value().front().grantee;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("acl: entries, grant options and PUBLIC are read") {
    const auto items = acl_test_parse("{owner=arwdDxtm/owner,ada=r*w/owner,=U/ada}");
    REQUIRE(items);
    const privilege_set read = privilege::select;
    CHECK(items.assume_value() ==
          std::vector<acl_item>{{100, 100, pgrant::all_privileges(object_kind::table, 170000), {}},
                                {101, 100, read | privilege::update, read},
                                {pgrant::public_oid, 101, privilege::usage, {}}});
    REQUIRE(acl_test_parse("{}"));
    CHECK(acl_test_parse("{}").assume_value().empty());
    REQUIRE(acl_test_parse("{ada=/owner}"));
    CHECK(acl_test_parse("{ada=/owner}").assume_value().front().privileges.empty());
  }

  TEST_CASE("acl: every quoting of a name that servers write") {
    // The array's quoting outside, the item's inside.
    CHECK(acl_test_grantee(R"({"\"Odd \"\"name\"\"\"=r/owner"})") == 102);
    CHECK(acl_test_grantee(R"({"\"a.b\"=r/owner"})") == 103);
    CHECK(acl_test_grantee(R"({ünï=r/owner})") == 104);
    CHECK(acl_test_grantee(R"({"\"ünï\"=r/owner"})") == 104);
    CHECK(acl_test_grantee(R"({"\"🐘\"=r/owner"})") == 105);
    CHECK(acl_test_grantee(R"({"\"a,b{}\"=r/owner"})") == 106);
    CHECK(acl_test_grantee(R"({"\"back\\slash\"=r/owner"})") == 107);
    CHECK(acl_test_grantee(R"({"\"\"\"\"=r/owner"})") == 108);
    CHECK(acl_test_grantee(R"({"\"a=r/b\"=r/owner"})") == 110);
    CHECK(acl_test_grantee(R"({null=r/owner})") == 111);
  }

  TEST_CASE("acl: a number is a role of that name, else one that is gone") {
    CHECK(acl_test_grantee("{16400=r/owner}") == 109);
    CHECK(acl_test_grantee("{16401=r/owner}") == 16401);
    CHECK(acl_test_parse("{ada=r/4294967295}").assume_value().front().grantor == 4294967295u);
    CHECK(!acl_test_parse("{4294967296=r/owner}"));
  }

  TEST_CASE("acl: what is malformed is refused") {
    for (const char* text : {"",
                             "{",
                             "}",
                             "ada=r/owner",
                             "{ada=r/owner",
                             "{ada=r/owner}x",
                             "{ada=r/owner,}",
                             "{ada=r}",
                             "{ada}",
                             "{ada=q/owner}",
                             "{ada=*r/owner}",
                             "{ada=r/}",
                             "{nobody=r/owner}",
                             "{ada=r/nobody}",
                             "{\"ada=r/owner}",
                             "{\"\\\"ada=r/owner\"}",
                             "{\"ada=r/owner\\",
                             "{\"ada=r/owner\"x}",
                             "{{ada=r/owner}}",
                             "{0=r/owner}",
                             "[0:0]={ada=r/owner}"}) {
      const auto items = acl_test_parse(text);
      REQUIRE_MESSAGE(!items, text);
      CHECK(items.error().code() == pgrant::errc::invalid_argument);
    }
  }

  TEST_CASE("acl: NULL is not empty, order does not matter") {
    const acl_item first{101, 100, privilege::select, {}}, second{102, 100, privilege::update, {}};
    CHECK(acl() == acl());
    CHECK(acl() != acl(std::vector<acl_item>()));
    CHECK(acl().is_null());
    CHECK(!acl(std::vector<acl_item>()).is_null());
    CHECK(acl(std::vector{first, second}) == acl(std::vector{second, first}));
    CHECK(acl(std::vector{first}) != acl(std::vector{second}));
    CHECK(acl(std::vector{second, first}).items().front() == first);
  }

  TEST_CASE("acl: NULL stands for the defaults of its kind") {
    const oid owner = 100;
    CHECK(pgrant::effective_items(acl(), object_kind::database, owner, 150000) ==
          std::vector<acl_item>{
              {pgrant::public_oid, owner, privilege::connect | privilege::temporary, {}},
              {owner, owner, pgrant::all_privileges(object_kind::database, 150000), {}}});
    CHECK(pgrant::default_acl(object_kind::table, owner, 170000).size() == 1);
    const acl nothing{std::vector<acl_item>()};
    CHECK(pgrant::effective_items(nothing, object_kind::database, owner, 150000).empty());
  }
}
