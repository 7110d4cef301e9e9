#include "pgrant/privilege.hpp"

#include <doctest/doctest.h>

#include <string>

using pgrant::object_kind;
using pgrant::privilege;
using pgrant::privilege_set;

namespace {

// The letters of a set, as an aclitem has them.
std::string privilege_test_letters(privilege_set set) {
  std::string letters;
  set.for_each([&](privilege p) { letters += pgrant::acl_letter(p); });
  return letters;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("privilege: keywords and letters are read back") {
    for (int i = 0; i < pgrant::privilege_count; ++i) {
      const auto p = static_cast<privilege>(i);
      CAPTURE(pgrant::keyword(p));
      CHECK(pgrant::parse_privilege(pgrant::keyword(p)) == p);
      CHECK(pgrant::privilege_of_letter(pgrant::acl_letter(p)) == p);
    }
    CHECK(pgrant::parse_privilege("alter system") == privilege::alter_system);
    CHECK(pgrant::parse_privilege("Temp") == privilege::temporary);
    CHECK(pgrant::parse_privilege("delete") == privilege::delete_);
    for (const char* wrong : {"", "ALL", "SELEC", "SELECTS", "RULE", "ALTER  SYSTEM"})
      CHECK_MESSAGE(!pgrant::parse_privilege(wrong), wrong);
    for (const char wrong : {'\0', '*', '/', 'R', 'q'}) CHECK(!pgrant::privilege_of_letter(wrong));
  }

  TEST_CASE("privilege: sets are sets") {
    const privilege_set read = privilege::select;
    const privilege_set both = privilege::select | privilege::update;
    CHECK(both.contains(read));
    CHECK(!read.contains(both));
    CHECK(read.contains({}));
    CHECK((both - read) == privilege_set(privilege::update));
    CHECK((both & read) == read);
    CHECK(both.size() == 2);
    CHECK(privilege_set().empty());
    CHECK(pgrant::to_string(both | privilege::alter_system) == "SELECT, UPDATE, ALTER SYSTEM");
    CHECK(pgrant::to_string(privilege_set()).empty());
    CHECK(privilege_set::from_bits(0xffffffffu).size() == pgrant::privilege_count);
  }

  TEST_CASE("privilege: each kind has its own, by version") {
    const auto all = [](object_kind kind, int version) {
      return privilege_test_letters(pgrant::all_privileges(kind, version));
    };
    for (const object_kind relation :
         {object_kind::table, object_kind::partitioned_table, object_kind::view,
          object_kind::materialized_view, object_kind::foreign_table}) {
      CHECK(all(relation, 160004) == "rawdDxt");
      CHECK(all(relation, 170000) == "rawdDxtm");
    }
    CHECK(all(object_kind::sequence, 180000) == "rwU");
    CHECK(all(object_kind::database, 140000) == "CcT");
    CHECK(all(object_kind::schema, 140000) == "UC");
    CHECK(all(object_kind::aggregate, 140000) == "X");
    CHECK(all(object_kind::procedure, 140000) == "X");
    CHECK(all(object_kind::parameter, 140012).empty());
    CHECK(all(object_kind::parameter, 150000) == "sA");
    CHECK(all(object_kind::large_object, 140000) == "rw");
    CHECK(privilege_test_letters(pgrant::column_privileges) == "rawx");

    CHECK(pgrant::public_privileges(object_kind::database) ==
          (privilege::connect | privilege::temporary));
    CHECK(pgrant::public_privileges(object_kind::function) == privilege::execute);
    CHECK(pgrant::public_privileges(object_kind::type) == privilege::usage);
    CHECK(pgrant::public_privileges(object_kind::table).empty());
    CHECK(pgrant::public_privileges(object_kind::schema).empty());
    CHECK(pgrant::public_privileges(object_kind::parameter).empty());
  }

  TEST_CASE("object kind: names are read back, keywords are GRANT's") {
    for (int i = 0; i <= static_cast<int>(object_kind::large_object); ++i) {
      const auto kind = static_cast<object_kind>(i);
      CHECK(pgrant::parse_object_kind(to_string(kind)) == kind);
    }
    CHECK(!pgrant::parse_object_kind("TABLE"));
    CHECK(!pgrant::parse_object_kind("routine"));
    CHECK(pgrant::grant_keyword(object_kind::materialized_view) == "TABLE");
    CHECK(pgrant::grant_keyword(object_kind::aggregate) == "FUNCTION");
    CHECK(pgrant::grant_keyword(object_kind::procedure) == "PROCEDURE");
    CHECK(pgrant::class_of(object_kind::sequence) == pgrant::object_class::sequence);
    CHECK(to_string(pgrant::object_class::routine) == "routine");
  }
}
