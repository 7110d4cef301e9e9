// CPU time of a plan, and of the second, empty one, for 5 databases of N tables each.
//   bench_planner N      prints: objects, plan s, second plan s
#include <pgrant/planner.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

namespace {

using namespace pgrant;

constexpr oid owner_id = 10, read_id = 20'000, write_id = 20'001;
constexpr privilege_set read_set = privilege::select;
const privilege_set write_set =
    privilege::select | privilege::insert | privilege::update | privilege::delete_;

acl list_of(object_kind kind, privilege_set reads, privilege_set writes, bool granted,
            int version) {
  std::vector<acl_item> items = default_acl(kind, owner_id, version);
  if (!granted) return acl();
  items.push_back({read_id, owner_id, reads, {}});
  items.push_back({write_id, owner_id, writes, {}});
  return acl(std::move(items));
}

role named_role(oid id, std::string name) {
  role r;
  r.id = id;
  r.name = std::move(name);
  return r;
}

snapshot make_state(int tables, bool granted) {
  snapshot state;
  state.server_version = 180000;
  state.system_identifier = "1";
  state.current_role = owner_id;
  state.roles.push_back(named_role(owner_id, "admin"));
  state.roles.back().superuser = true;
  for (oid i = 0; i < 1000; ++i)
    state.roles.push_back(named_role(30'000 + i, "person_" + std::to_string(i)));
  if (granted) {
    state.roles.push_back(named_role(read_id, "pgrant_read_all"));
    state.roles.back().comment = "pgrant bundle read-all";
    state.roles.push_back(named_role(write_id, "pgrant_write_all"));
    state.roles.back().comment = "pgrant bundle write-all";
  }
  oid next = 100'000;
  for (int d = 0; d < 5; ++d) {
    database db;
    db.id = next++;
    db.owner = owner_id;
    db.name = "db" + std::to_string(d);
    db.inspected = true;
    db.acl = list_of(object_kind::database, privilege::connect, privilege::connect, granted,
                     state.server_version);
    for (int s = 0; s < 100; ++s) {
      schema one;
      one.id = next++;
      one.owner = owner_id;
      one.name = "s" + std::to_string(s);
      one.acl = list_of(object_kind::schema, privilege::usage, privilege::usage, granted,
                        state.server_version);
      for (int t = 0; t < tables / 100; ++t) {
        object table;
        table.id = next++;
        table.schema = one.id;
        table.owner = owner_id;
        table.name = "table_number_" + std::to_string(t);
        table.acl = list_of(object_kind::table, read_set, write_set, granted, state.server_version);
        db.objects.push_back(std::move(table));
      }
      db.schemas.push_back(std::move(one));
    }
    state.databases.push_back(std::move(db));
  }
  state.index();
  return state;
}

bundle bundle_of(std::string name, privilege_set privileges) {
  bundle b;
  b.name = std::move(name);
  grant_rule rule;
  rule.objects.database = "db*";
  rule.objects.schema = "s*";
  rule.privileges = privileges;
  b.grants = {rule};
  return b;
}

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// The shortest of three.
double time_plan(const snapshot& state, const policy& desired, bool empty) {
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const double start = cpu_seconds();
    const auto made = make_plan(state, desired);
    best = std::min(best, cpu_seconds() - start);
    if (!made) std::fprintf(stderr, "%s\n", made.error().describe().c_str()), std::exit(1);
    if (made.assume_value().empty() != empty)
      std::fprintf(stderr, "not the plan expected\n"), std::exit(1);
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  const int tables = argc > 1 ? std::atoi(argv[1]) : 10'000;
  policy desired;
  desired.bundles = {bundle_of("read-all", read_set), bundle_of("write-all", write_set)};
  const double first = time_plan(make_state(tables, false), desired, false);
  const double second = time_plan(make_state(tables, true), desired, true);
  std::printf("%d %.3f %.3f\n", 5 * tables, first, second);
}
