// pgrant's picture of ACLs, memberships and authority against the server's own answers.
#include "pgrant/role_graph.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "property/random_authority_world.hpp"
#include "support/snapshots.hpp"

namespace {

using test::random_authority_world;

// What is compared, as text: one line for each privilege of each entry.
using acl_lines = std::set<std::string>;

void add_acl_lines(acl_lines& lines, const std::string& subject,
                   std::span<const pgrant::acl_item> items) {
  for (const pgrant::acl_item& item : items)
    item.privileges.for_each([&](pgrant::privilege p) {
      lines.insert(subject + ' ' + std::to_string(item.grantee) + ' ' +
                   std::to_string(item.grantor) + ' ' + std::string(pgrant::keyword(p)) + ' ' +
                   (item.grantable.contains(p) ? 't' : 'f'));
    });
}

// Everything with an ACL, as acldefault() wants it.
constexpr const char* all_acls = R"(
  WITH scope AS (SELECT oid FROM pg_namespace
                 WHERE nspname IN ('w', 'public') OR nspname LIKE 's.%'),
  listed(subject, acl, kind, owner) AS (
    SELECT 'd' || oid, datacl, 'd'::"char", datdba FROM pg_database
    UNION ALL
    SELECT 'n' || oid, nspacl, 'n', nspowner FROM pg_namespace WHERE oid IN (TABLE scope)
    UNION ALL
    SELECT 'c' || oid, relacl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner
    FROM pg_class
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND relnamespace IN (TABLE scope)
    UNION ALL
    SELECT 'p' || oid, proacl, 'f', proowner FROM pg_proc WHERE pronamespace IN (TABLE scope)
    UNION ALL
    SELECT 'a' || attrelid || '.' || attname, attacl, 'c', relowner
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace IN (TABLE scope)
    UNION ALL
    SELECT 'z' || defaclrole || '.' || defaclnamespace || defaclobjtype::text, defaclacl, NULL, NULL
    FROM pg_default_acl)
  SELECT subject, grantee, grantor, privilege_type, is_grantable FROM listed, aclexplode()";

acl_lines acl_lines_of_server(test::session& ask, bool with_defaults) {
  const std::string list = with_defaults ? "coalesce(acl, acldefault(kind, owner)))" : "acl)";
  acl_lines lines;
  for (const auto& row : ask.run(all_acls + list))
    lines.insert(row[0] + ' ' + row[1] + ' ' + row[2] + ' ' + row[3] + ' ' + row[4]);
  return lines;
}

acl_lines acl_lines_of_snapshot(const pgrant::snapshot& state, const pgrant::database& here,
                                bool with_defaults) {
  using pgrant::object_kind;
  acl_lines lines;
  const auto add = [&](const std::string& subject, const pgrant::acl& list, object_kind kind,
                       pgrant::oid owner) {
    if (with_defaults)
      add_acl_lines(lines, subject, effective_items(list, kind, owner, state.server_version));
    else
      add_acl_lines(lines, subject, list.items());
  };
  for (const auto& d : state.databases)
    add("d" + std::to_string(d.id), d.acl, object_kind::database, d.owner);
  for (const auto& s : here.schemas)
    add("n" + std::to_string(s.id), s.acl, object_kind::schema, s.owner);
  for (const auto& o : here.objects) {
    const bool routine = class_of(o.kind) == pgrant::object_class::routine;
    add((routine ? "p" : "c") + std::to_string(o.id), o.acl, o.kind, o.owner);
    for (const auto& c : o.columns)
      add_acl_lines(lines, "a" + std::to_string(o.id) + '.' + c.column, c.acl.items());
  }
  for (const auto& z : here.default_privileges) {
    const char letter = z.on == pgrant::object_class::routine ? 'f' : 'r';
    add_acl_lines(lines, "z" + std::to_string(z.creator) + '.' + std::to_string(z.schema) + letter,
                  z.acl.items());
  }
  return lines;
}

// One world, its snapshot, and the comparisons.
class authority_comparison {
 public:
  authority_comparison(test::server& where, test::random_source& random)
      : random_(random),
        major_(where.major()),
        world_(where, random),
        state_(test::take_snapshot(where)),
        here_(*state_.find_database(random_authority_world::database)),
        graph_(state_, &here_) {}

  void acls() {
    for (const bool with_defaults : {false, true}) {
      const acl_lines ours = acl_lines_of_snapshot(state_, here_, with_defaults);
      const acl_lines theirs = acl_lines_of_server(world_.superuser(), with_defaults);
      CHECK(ours.size() > 20);
      std::vector<std::string> differences;
      std::set_symmetric_difference(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                                    std::back_inserter(differences));
      for (const std::string& line : differences)
        FAIL_CHECK((ours.contains(line) ? "only pgrant: " : "only the server: ") << line);
    }
  }

  void memberships() {
    const std::string set = major_ >= 16 ? "'SET'" : "'MEMBER'";
    const auto answer = world_.superuser().run(
        "SELECT a.oid, b.oid, pg_has_role(a.oid, b.oid, 'USAGE'),"
        " pg_has_role(a.oid, b.oid, 'MEMBER'), pg_has_role(a.oid, b.oid, " +
        set + ") FROM pg_roles a, pg_roles b");
    CHECK(answer.size() == state_.roles.size() * state_.roles.size());
    for (const auto& row : answer) {
      const auto a = static_cast<pgrant::oid>(std::stoul(row[0]));
      const auto b = static_cast<pgrant::oid>(std::stoul(row[1]));
      INFO(state_.role_name(a) << " and " << state_.role_name(b));
      CHECK(graph_.has_privileges_of(a, b) == (row[2] == "t"));
      CHECK(pgrant::authority(graph_, a).has_privileges_of(b) == (row[2] == "t"));
      CHECK(graph_.is_member_of(a, b) == (row[3] == "t"));
      CHECK(graph_.can_set_role(a, b) == (row[4] == "t"));
    }
  }

  void grantors() {
    for (int i = 0; i < 150; ++i) {
      const auto& on = random_.pick(std::span<const test::granted_object>(world_.objects()));
      const std::string actor = any_role();
      const bool column = !on.relation.empty() && random_.one_in(3);
      compare_grantor(actor, on, column);
    }
  }

  void administration() {
    for (int i = 0; i < 120; ++i) {
      const std::string actor = any_role();
      const std::string target =
          random_.one_in(6)
              ? std::string(random_.word({"pg_read_all_data", "pg_monitor", "pg_database_owner"}))
              : any_role();
      INFO(actor << " and " << target);
      const pgrant::authority may(graph_, id_of(actor));
      compare_membership(may, actor, target);
      compare_alter(may, actor, target);
      const auto defaults = world_.attempt(actor,
                                           "ALTER DEFAULT PRIVILEGES FOR ROLE " +
                                               random_authority_world::quoted(target) +
                                               " GRANT SELECT ON TABLES TO stranger",
                                           "");
      CHECK(may.can_set_defaults_of(id_of(target)) == !defaults.failed());
      CHECK(may.can_create_roles() == !world_.attempt(actor, "CREATE ROLE another", "").failed());
    }
  }

  void schema_usage() {
    for (const auto& row :
         world_.superuser().run("SELECT r.oid, n.oid, has_schema_privilege(r.oid, n.oid, 'USAGE')"
                                " FROM pg_roles r, pg_namespace n"
                                " WHERE n.nspname IN ('w', 'public') OR n.nspname LIKE 's.%'")) {
      const auto role = static_cast<pgrant::oid>(std::stoul(row[0]));
      const auto* in = here_.find_schema(static_cast<pgrant::oid>(std::stoul(row[1])));
      REQUIRE(in);
      INFO(state_.role_name(role) << " in " << in->name);
      CHECK(pgrant::authority(graph_, role).can_use(*in) == (row[2] == "t"));
    }
  }

 private:
  const std::string& any_role() {
    return random_.pick(std::span<const std::string>(world_.roles()));
  }
  pgrant::oid id_of(const std::string& name) const {
    const pgrant::role* found = state_.find_role(name);
    if (!found) FAIL("no role " << name);
    return found->id;
  }

  // Owner and entries of what a GRANT would be about; the catalog and condition to find it in.
  struct acl_place {
    pgrant::oid owner;
    std::vector<pgrant::acl_item> items;
    std::string acl_query;
  };

  acl_place place_of(const test::granted_object& on, bool column) {
    using pgrant::object_kind;
    const auto effective = [&](const auto& found, object_kind kind) {
      return effective_items(found.acl, kind, found.owner, state_.server_version);
    };
    if (on.kind == object_kind::database)
      return {here_.owner, effective(here_, on.kind),
              "SELECT datacl AS acl FROM pg_database WHERE datname = 'authority'"};
    if (on.kind == object_kind::schema) {
      std::string name = on.sql.substr(std::string("SCHEMA ").size());
      std::erase(name, '"');
      const pgrant::schema* found = here_.find_schema(name);
      REQUIRE(found);
      return {found->owner, effective(*found, on.kind),
              "SELECT nspacl AS acl FROM pg_namespace WHERE oid = " + std::to_string(found->id)};
    }
    const std::size_t from = on.sql.find("\"o.") + 1;
    const std::string name = on.sql.substr(from, on.sql.find('"', from) - from);
    const auto found = std::find_if(here_.objects.begin(), here_.objects.end(),
                                    [&](const pgrant::object& o) { return o.name == name; });
    REQUIRE(found != here_.objects.end());
    acl_place place{found->owner, effective(*found, on.kind), ""};
    const std::string id = std::to_string(found->id);
    if (class_of(on.kind) == pgrant::object_class::routine)
      place.acl_query = "SELECT proacl AS acl FROM pg_proc WHERE oid = " + id;
    else if (!column)
      place.acl_query = "SELECT relacl AS acl FROM pg_class WHERE oid = " + id;
    else
      place.acl_query =
          "SELECT attacl AS acl FROM pg_attribute WHERE attrelid = " + id + " AND attname = 'id'";
    if (column)
      for (const auto& c : found->columns)
        if (c.column == "id")
          place.items.insert(place.items.end(), c.acl.items().begin(), c.acl.items().end());
    return place;
  }

  void compare_grantor(const std::string& actor, const test::granted_object& on, bool column) {
    pgrant::privilege_set wanted;
    (column ? pgrant::column_privileges : pgrant::all_privileges(on.kind, state_.server_version))
        .for_each([&](pgrant::privilege p) {
          if (random_.one_in(2)) wanted |= p;
        });
    if (wanted.empty()) return;
    std::string list;
    wanted.for_each([&](pgrant::privilege p) {
      list += (list.empty() ? "" : ", ") + std::string(pgrant::keyword(p));
      if (column) list += " (id)";
    });
    const acl_place place = place_of(on, column);
    const pgrant::grantor_choice ours =
        pgrant::authority(graph_, id_of(actor)).choose_grantor(place.owner, place.items, wanted);
    const std::string sql = "GRANT " + list + " ON " + on.sql + " TO stranger";
    INFO(actor << ": " << sql);
    const auto theirs =
        world_.attempt(actor, sql,
                       "SELECT a.grantor, a.privilege_type FROM (" + place.acl_query +
                           ") o,"
                           " aclexplode(o.acl) a WHERE a.grantee = 'stranger'::regrole");
    if (ours.granted.empty()) {
      const bool told = theirs.state == "01007" || theirs.state == "42501";
      CHECK_MESSAGE(told, theirs.state);
      CHECK(theirs.answer.empty());
      return;
    }
    // Naming every privilege of a column is ALL PRIVILEGES to the server, which grants what it can.
    const bool in_full = ours.granted == wanted || (column && wanted == pgrant::column_privileges);
    CHECK(theirs.state == (in_full ? "00000" : "01007"));
    pgrant::privilege_set granted;
    for (const auto& row : theirs.answer) {
      CHECK(row[0] == std::to_string(ours.grantor));
      granted |= pgrant::parse_privilege(row[1]).value();
    }
    CHECK(to_string(granted) == to_string(ours.granted));
  }

  void compare_membership(const pgrant::authority& may, const std::string& actor,
                          const std::string& target) {
    const auto granted =
        world_.attempt(actor, "GRANT " + random_authority_world::quoted(target) + " TO stranger",
                       "SELECT grantor FROM pg_auth_members WHERE member = 'stranger'::regrole");
    CHECK(may.can_administer(id_of(target)) == !granted.failed());
    if (granted.failed()) return;
    REQUIRE(granted.answer.size() == 1);
    CHECK(granted.answer[0][0] == std::to_string(may.membership_grantor(id_of(target))));
  }

  void compare_alter(const pgrant::authority& may, const std::string& actor,
                     const std::string& target) {
    const std::string role = random_authority_world::quoted(target);
    const auto altered = world_.attempt(actor, "ALTER ROLE " + role + " CONNECTION LIMIT 7", "");
    const auto dropped = world_.attempt(actor, "DROP ROLE " + role, "");
    if (may.can_alter(id_of(target))) {
      CHECK(altered.state == "00000");
      // Privileges that depend on it, or being the actor, are other matters than authority.
      const bool authorized =
          dropped.state == "00000" || dropped.state == "2BP01" || dropped.state == "55006";
      CHECK_MESSAGE(authorized, dropped.state);
    } else {
      CHECK_MESSAGE(altered.failed(), altered.state);
      if (major_ >= 16 && !target.starts_with("pg_") && actor != target)
        CHECK(dropped.state == "42501");
    }
  }

  test::random_source& random_;
  int major_;
  random_authority_world world_;
  pgrant::snapshot state_;
  const pgrant::database& here_;
  pgrant::role_graph graph_;
};

}  // namespace

TEST_SUITE("integration authority") {
  TEST_CASE("ACLs, memberships and authority are what the server says they are") {
    int round = 0;
    for (const int major : test::versions())
      for (const auto shape : {test::shape::superuser, test::shape::azure}) {
        const std::uint64_t seed = test::base_seed() + static_cast<std::uint64_t>(round++);
        INFO("PGRANT_TEST_SEED=", test::base_seed());
        const auto where = test::own_server(major, test::server_options().shape(shape));
        INFO(where->label());
        test::random_source random(seed);
        authority_comparison compare(*where, random);
        compare.acls();
        compare.memberships();
        compare.schema_usage();
        compare.grantors();
        compare.administration();
      }
  }
}
