#include "property/random_authority_world.hpp"

#include "pgrant/privilege.hpp"

namespace test {

namespace {

// What people name roles, and what only a parser's enemy would.
const std::vector<std::string> world_role_names = {
    "ada",   "a.b",    "Quote\"d",   "\"",    "🐘",           "ünï",    "back\\slash",
    "b,{}",  "null",   " space ",    "it's",  "x=r*/ada",     "UPPER",  "12345",
    "group", "PUBLIC", "\ttab\nend", "pub_1", "CURRENT_USER", "müller", "user"};

const char* prepare_world_database(server& where) {
  psql(where, "postgres", "CREATE DATABASE authority TEMPLATE template0");
  return random_authority_world::database;
}

}  // namespace

std::string random_privileges(random_source& random, pgrant::object_kind kind, int major) {
  std::string list;
  pgrant::all_privileges(kind, major * 10000).for_each([&](pgrant::privilege p) {
    if (!random.one_in(3)) return;
    if (!list.empty()) list += ", ";
    list += pgrant::keyword(p);
  });
  return list.empty() ? "ALL PRIVILEGES" : list;
}

std::string random_authority_world::quoted(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) text += c == '"' ? "\"\"" : std::string(1, c);
  return text + '"';
}

random_authority_world::random_authority_world(server& where, random_source& random)
    : major_(where.major()), superuser_(where, prepare_world_database(where), where.superuser()) {
  make_roles(random);
  make_memberships(random);
  make_objects(random);
  make_grants(random);
}

void random_authority_world::try_as(const std::string& actor, const std::string& sql) {
  superuser_.run("SET SESSION AUTHORIZATION " + quoted(actor));
  superuser_.state(sql);
  superuser_.run("RESET SESSION AUTHORIZATION");
}

random_authority_world::outcome random_authority_world::attempt(const std::string& actor,
                                                                const std::string& sql,
                                                                const std::string& question) {
  superuser_.run("BEGIN; SET LOCAL SESSION AUTHORIZATION " + quoted(actor));
  outcome what;
  what.state = superuser_.state(sql);
  if (!what.failed()) {
    superuser_.run("RESET SESSION AUTHORIZATION");
    if (!question.empty()) what.answer = superuser_.run(question);
  }
  superuser_.run("ROLLBACK");
  return what;
}

void random_authority_world::make_roles(random_source& random) {
  superuser_.run(std::string("CREATE ROLE ") + stranger);
  for (const std::string& name : world_role_names) {
    if (random.one_in(4)) continue;
    std::string sql = "CREATE ROLE " + quoted(name);
    if (random.one_in(12)) sql += " SUPERUSER";
    if (random.one_in(3)) sql += " CREATEROLE";
    if (random.one_in(8)) sql += " REPLICATION";
    if (random.one_in(4)) sql += " NOINHERIT";
    if (random.one_in(2)) sql += " LOGIN";
    superuser_.run(sql);
    roles_.push_back(name);
  }
}

// Loops are refused, and so are grants by those who may not: the rest is the graph.
void random_authority_world::make_memberships(random_source& random) {
  std::vector<std::string> groups = roles_;
  groups.insert(groups.end(), {"pg_read_all_data", "pg_monitor", "pg_signal_backend"});
  for (std::size_t i = 0; i < roles_.size() * 3; ++i) {
    std::string sql = "GRANT " + quoted(random.pick(std::span<const std::string>(groups))) +
                      " TO " + quoted(random.pick(std::span<const std::string>(roles_)));
    if (major_ < 16) {
      if (random.one_in(3)) sql += " WITH ADMIN OPTION";
    } else {
      sql += random.one_in(3) ? " WITH ADMIN TRUE" : " WITH ADMIN FALSE";
      sql += random.one_in(3) ? ", INHERIT FALSE" : ", INHERIT TRUE";
      sql += random.one_in(3) ? ", SET FALSE" : ", SET TRUE";
    }
    if (random.one_in(2))
      superuser_.state(sql);
    else
      try_as(random.pick(std::span<const std::string>(roles_)), sql);
  }
}

void random_authority_world::make_objects(random_source& random) {
  using pgrant::object_kind;
  const std::span<const std::string> owners(roles_);
  superuser_.run("CREATE SCHEMA w; GRANT USAGE ON SCHEMA w TO PUBLIC");
  superuser_.run("ALTER DATABASE authority OWNER TO " + quoted(random.pick(owners)));
  objects_.push_back({object_kind::database, "DATABASE authority", "", ""});
  objects_.push_back({object_kind::schema, "SCHEMA public", "", ""});
  for (int i = 0; i < 12; ++i) {
    const std::string name = "w." + quoted("o." + std::to_string(i));
    granted_object next;
    std::string create, alter;
    switch (i % 6) {
      case 0:
        next = {object_kind::table, "TABLE " + name, name, ""};
        create = "CREATE TABLE " + name + " (id int, \"Odd \"\"col\" text)";
        break;
      case 1:
        next = {object_kind::sequence, "SEQUENCE " + name, "", ""};
        create = "CREATE " + next.sql;
        break;
      case 2:
        next = {object_kind::function, "FUNCTION " + name + "(int, w.\"t.0\"[])", "", ""};
        superuser_.state("CREATE DOMAIN w.\"t.0\" AS text");
        create = "CREATE " + next.sql + " RETURNS int LANGUAGE sql AS 'SELECT 1'";
        break;
      case 3:
        next = {object_kind::schema, "SCHEMA " + quoted("s." + std::to_string(i)), "", ""};
        create = "CREATE " + next.sql;
        break;
      case 4:
        next = {object_kind::view, "TABLE " + name, name, ""};
        create = "CREATE VIEW " + name + " AS SELECT 1 AS id";
        alter = "ALTER VIEW " + name;
        break;
      default:
        next = {object_kind::procedure, "PROCEDURE " + name + "(int)", "", ""};
        create = "CREATE " + next.sql + " LANGUAGE sql AS ''";
    }
    next.owner = random.pick(owners);
    superuser_.run(create);
    superuser_.run((alter.empty() ? "ALTER " + next.sql : alter) + " OWNER TO " +
                   quoted(next.owner));
    objects_.push_back(next);
  }
}

void random_authority_world::make_grants(random_source& random) {
  const std::span<const std::string> roles(roles_);
  for (int i = 0; i < 160; ++i) {
    const granted_object& on = random.pick(std::span<const granted_object>(objects_));
    const bool to_public = random.one_in(10);
    const std::string target = to_public ? "PUBLIC" : quoted(random.pick(roles));
    const bool on_column = !on.relation.empty() && random.one_in(3);
    const std::string what =
        on_column
            ? std::string(random.word({"SELECT", "UPDATE", "REFERENCES"})) + " (id) ON " + on.sql
            : random_privileges(random, on.kind, major_) + " ON " + on.sql;
    std::string sql = "GRANT " + what + " TO " + target;
    if (!to_public && random.one_in(2)) sql += " WITH GRANT OPTION";
    if (random.one_in(5)) sql = "REVOKE " + what + " FROM " + target + " CASCADE";
    // Half of them as roles that may have been given the option before, half as owners do.
    if (random.one_in(2))
      superuser_.state(sql);
    else
      try_as(random.pick(roles), sql);
  }
  // Owners may lose all of their own: an empty list is not NULL.
  for (const granted_object& on : objects_)
    if (!on.owner.empty() && random.one_in(5))
      superuser_.state("REVOKE ALL ON " + on.sql + " FROM PUBLIC, " + quoted(on.owner) +
                       (random.one_in(2) ? " CASCADE" : ""));
  for (int i = 0; i < 6; ++i)
    try_as(random.pick(roles),
           "ALTER DEFAULT PRIVILEGES " +
               std::string(random.word({"", "IN SCHEMA w ", "IN SCHEMA public "})) +
               (random.one_in(2) ? "GRANT SELECT ON TABLES TO " : "GRANT EXECUTE ON ROUTINES TO ") +
               quoted(random.pick(roles)));
}

}  // namespace test
