// The rules on small graphs made by hand; tests/property/authority_test.cpp asks real servers.
#include "pgrant/role_graph.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using pgrant::acl_item;
using pgrant::oid;
using pgrant::privilege;
using pgrant::privilege_set;

namespace {

constexpr oid pg_database_owner = 6171;

// Roles 1 to 9, named after their numbers.
pgrant::snapshot role_graph_test_state(int version, std::vector<pgrant::membership> edges) {
  pgrant::snapshot state;
  state.server_version = version;
  for (oid id = 1; id <= 9; ++id) {
    pgrant::role r;
    r.id = id;
    r.name = "r" + std::to_string(id);
    state.roles.push_back(r);
  }
  pgrant::role owner_of_databases;
  owner_of_databases.id = pg_database_owner;
  owner_of_databases.name = "pg_database_owner";
  state.roles.push_back(owner_of_databases);
  state.memberships = std::move(edges);
  state.index();
  return state;
}

pgrant::role& role_graph_test_role(pgrant::snapshot& state, oid id) {
  for (pgrant::role& r : state.roles)
    if (r.id == id) return r;
  throw std::logic_error("no such role");
}

pgrant::membership role_graph_test_edge(oid role, oid member, bool admin, bool inherit, bool set) {
  pgrant::membership m;
  m.role = role, m.member = member, m.grantor = 9;
  m.admin = admin, m.inherit = inherit, m.set = set;
  return m;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("role graph: nearest first, each role once, loops and gone roles do no harm") {
    const auto edge = [](oid role, oid member) {
      return role_graph_test_edge(role, member, false, true, true);
    };
    const auto state = role_graph_test_state(
        160000, {edge(3, 1), edge(2, 1), edge(4, 2), edge(4, 3), edge(1, 4), edge(777, 2)});
    const pgrant::role_graph graph(state);
    CHECK(graph.inherited(1) == std::vector<oid>{1, 2, 3, 4, 777});
    CHECK(graph.inherited(5) == std::vector<oid>{5});
    CHECK(graph.has_privileges_of(1, 4));
    CHECK(!graph.has_privileges_of(5, 4));
    CHECK(graph.has_privileges_of(5, 5));
  }

  TEST_CASE("role graph: options are walked one by one") {
    const auto state =
        role_graph_test_state(160000, {role_graph_test_edge(2, 1, false, false, true),
                                       role_graph_test_edge(3, 2, false, true, false),
                                       role_graph_test_edge(4, 1, false, true, false)});
    const pgrant::role_graph graph(state);
    CHECK(graph.is_member_of(1, 3));
    CHECK(!graph.has_privileges_of(1, 3));
    CHECK(!graph.has_privileges_of(1, 2));
    CHECK(graph.has_privileges_of(1, 4));
    CHECK(graph.can_set_role(1, 2));
    CHECK(!graph.can_set_role(1, 3));
    CHECK(!graph.can_set_role(1, 4));
  }

  TEST_CASE("role graph: a database's owner is in pg_database_owner there and nowhere else") {
    auto state = role_graph_test_state(150000, {role_graph_test_edge(2, 1, false, true, true)});
    pgrant::database shop;
    shop.owner = 2;
    CHECK(pgrant::role_graph(state, &shop).has_privileges_of(1, pg_database_owner));
    CHECK(!pgrant::role_graph(state).has_privileges_of(1, pg_database_owner));
    role_graph_test_role(state, 2).inherit = false;
    CHECK(!pgrant::role_graph(state, &shop).has_privileges_of(1, pg_database_owner));
    CHECK(pgrant::role_graph(state, &shop).is_member_of(1, pg_database_owner));
    state.server_version = 160000;  // the attribute says nothing about existing edges
    CHECK(pgrant::role_graph(state, &shop).has_privileges_of(1, pg_database_owner));
    CHECK(
        !pgrant::authority(pgrant::role_graph(state, &shop), 2).can_administer(pg_database_owner));
  }

  TEST_CASE("authority: ADMIN option has to be inherited from 16 on") {
    auto state = role_graph_test_state(160000, {role_graph_test_edge(5, 2, true, false, false),
                                                role_graph_test_edge(2, 1, false, true, true),
                                                role_graph_test_edge(2, 3, false, false, true)});
    role_graph_test_role(state, 3).create_role = true;
    const pgrant::role_graph graph(state);
    CHECK(pgrant::authority(graph, 2).membership_grantor(5) == 2);
    CHECK(pgrant::authority(graph, 1).membership_grantor(5) == 2);
    CHECK(!pgrant::authority(graph, 3).can_administer(5));
    CHECK(pgrant::authority(graph, 3).can_alter(5));
    CHECK(!pgrant::authority(graph, 1).can_alter(5));  // no CREATEROLE

    state.server_version = 150000;
    CHECK(pgrant::authority(graph, 1).membership_grantor(5) == 1);
    CHECK(pgrant::authority(graph, 3).can_administer(5));
    CHECK(pgrant::authority(graph, 3).can_administer(6));  // CREATEROLE was enough
    role_graph_test_role(state, 6).superuser = true;
    CHECK(!pgrant::authority(graph, 3).can_administer(6));
  }

  TEST_CASE("authority: the grantor is the nearest role with all grant options") {
    const auto state =
        role_graph_test_state(160000, {role_graph_test_edge(2, 1, false, true, true),
                                       role_graph_test_edge(3, 2, false, true, true),
                                       role_graph_test_edge(8, 3, false, true, true)});
    const pgrant::role_graph graph(state);
    const pgrant::authority actor(graph, 1);
    const privilege_set read = privilege::select, write = privilege::insert;
    const std::vector<acl_item> items = {{2, 8, read | write, read},
                                         {3, 8, read | write, read | write},
                                         {7, 8, read | write, read | write},
                                         {pgrant::public_oid, 8, read, {}}};
    const auto choose = [&](privilege_set wanted, oid owner = 9) {
      return actor.choose_grantor(owner, items, wanted);
    };
    CHECK(choose(read).grantor == 2);
    CHECK(choose(read | write).grantor == 3);
    CHECK(choose(read | write).granted == (read | write));
    CHECK(choose(privilege::delete_).granted.empty());
    CHECK(choose(privilege::delete_).grantor == 1);
    CHECK(choose(read | privilege::delete_).grantor == 2);  // as good as 3, and nearer
    CHECK(choose(read | privilege::delete_).granted == read);
    CHECK(choose(read | write | privilege::delete_).grantor == 3);
    CHECK(choose(read | write, 8).grantor == 3);  // the owner is further away
    CHECK(choose(read | privilege::delete_, 8).grantor == 8);
    CHECK(choose(read, 1).grantor == 1);
  }

  TEST_CASE("authority: a superuser grants as the owner") {
    auto state = role_graph_test_state(180000, {});
    role_graph_test_role(state, 1).superuser = true;
    const pgrant::role_graph graph(state);
    const pgrant::authority actor(graph, 1);
    CHECK(actor.choose_grantor(7, {}, privilege::select).grantor == 7);
    CHECK(actor.membership_grantor(5) == 10);
    CHECK(actor.has_privileges_of(5));
    CHECK(actor.can_create_roles());
    CHECK(actor.can_alter(5));
    CHECK(!actor.can_alter(pg_database_owner));
  }
}
