#include "pgrant/snapshot.hpp"

#include <doctest/doctest.h>

namespace {

pgrant::role snapshot_test_role(pgrant::oid id, const char* name) {
  pgrant::role r;
  r.id = id;
  r.name = name;
  return r;
}

pgrant::schema snapshot_test_schema(pgrant::oid id, const char* name) {
  pgrant::schema s;
  s.id = id;
  s.name = name;
  return s;
}

pgrant::object snapshot_test_object(pgrant::oid schema, pgrant::object_kind kind, const char* name,
                                    const char* arguments = "") {
  pgrant::object o;
  o.schema = schema;
  o.kind = kind;
  o.name = name;
  o.arguments = arguments;
  return o;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("snapshot: index sorts, and look-ups find what is there") {
    using pgrant::object_kind;
    pgrant::snapshot state;
    state.roles = {snapshot_test_role(20, "zoe"), snapshot_test_role(30, "Ada"),
                   snapshot_test_role(10, "ada")};
    state.memberships = {{20, 10, 30}, {10, 30, 20}, {20, 10, 10}};
    state.databases.resize(2);
    state.databases[0].name = "shop";
    state.databases[1].name = "Shop";
    pgrant::database& shop = state.databases[0];
    shop.schemas = {snapshot_test_schema(7, "sales"), snapshot_test_schema(9, "app"),
                    snapshot_test_schema(8, "zoo")};
    shop.objects = {snapshot_test_object(9, object_kind::function, "f", "text"),
                    snapshot_test_object(9, object_kind::function, "f", "integer"),
                    snapshot_test_object(7, object_kind::view, "a"),
                    snapshot_test_object(7, object_kind::table, "b")};
    state.index();

    CHECK(state.roles.front().name == "Ada");
    CHECK(state.find_role("ada")->id == 10);
    CHECK(state.find_role(30)->name == "Ada");
    CHECK(!state.find_role("ad"));
    CHECK(!state.find_role("adam"));
    CHECK(!state.find_role(11));
    CHECK(state.memberships.front().role == 10);
    CHECK(state.memberships[1].grantor == 10);

    const pgrant::database* found = state.find_database("shop");
    REQUIRE(found);
    CHECK(!state.find_database("SHOP"));
    CHECK(found->find_schema("app")->id == 9);
    CHECK(found->find_schema(7)->name == "sales");
    CHECK(found->find_schema(8)->name == "zoo");
    CHECK(!found->find_schema(10));
    CHECK(!found->find_schema(""));
    REQUIRE(found->objects_in(7).size() == 2);
    CHECK(found->objects_in(7)[0].name == "b");  // tables before views
    REQUIRE(found->objects_in(9).size() == 2);
    CHECK(found->objects_in(9)[0].arguments == "integer");
    CHECK(found->objects_in(8).empty());

    CHECK(state.role_name(pgrant::public_oid) == "PUBLIC");
    CHECK(state.role_name(20) == "zoe");
    CHECK(state.role_name(999) == "999");
  }

  TEST_CASE("snapshot: nothing is found in an empty one") {
    pgrant::snapshot state;
    state.index();
    CHECK(!state.find_role("x"));
    CHECK(!state.find_role(pgrant::public_oid));
    CHECK(!state.find_database("x"));
    CHECK(!pgrant::database().find_schema("x"));
    CHECK(pgrant::database().objects_in(1).empty());
  }
}
