#include <cstdio>
#include <map>
#include <set>

#include "command/connection.hpp"
#include "command/describe.hpp"
#include "command/terminal.hpp"
#include "command/verbs.hpp"
#include "pgrant/json/snapshot.hpp"
#include "pgrant/plan_text.hpp"

namespace pgrant::command {

namespace {

std::string role_text(const snapshot& state) {
  std::vector<std::vector<std::string>> rows = {{"ROLE", "KIND", "MAY", "MEMBER OF"}};
  for (const role& r : state.roles) {
    if (is_reserved_role(state.platform, r.name)) continue;
    std::string may, member_of;
    const auto add = [](std::string& list, const std::string& word) {
      list += (list.empty() ? "" : ", ") + word;
    };
    if (r.superuser) add(may, "superuser");
    if (r.create_role) add(may, "create roles");
    if (r.create_database) add(may, "create databases");
    if (r.replication) add(may, "replicate");
    if (r.bypass_rls) add(may, "bypass row security");
    std::set<std::string> groups;  // The same membership may come from several grantors.
    for (const membership& m : state.memberships)
      if (m.member == r.id) groups.insert(state.role_name(m.role));
    for (const std::string& group : groups) add(member_of, group);
    rows.push_back({r.name, r.login ? "login" : "group", may, member_of});
  }
  return table(rows);
}

std::string database_text(const snapshot& state, const database& db) {
  std::string text = styled("database " + printable(quote_identifier(db.name)), style::bold) +
                     ", owner " + printable(quote_identifier(state.role_name(db.owner))) + "\n";
  if (!db.inspected) return text + "  not inspected: " + printable(db.why_not_inspected) + "\n";
  std::map<oid, std::map<object_class, std::size_t>> counts;
  for (const object& o : db.objects) ++counts[o.schema][class_of(o.kind)];
  std::vector<std::vector<std::string>> rows = {
      {"  SCHEMA", "OWNER", "TABLES AND VIEWS", "SEQUENCES", "ROUTINES"}};
  for (const schema& s : db.schemas)
    rows.push_back({"  " + s.name, state.role_name(s.owner),
                    std::to_string(counts[s.id][object_class::table]),
                    std::to_string(counts[s.id][object_class::sequence]),
                    std::to_string(counts[s.id][object_class::routine])});
  return text + table(rows);
}

std::string object_text(const snapshot& state, const database& db) {
  std::vector<std::vector<std::string>> rows = {{"  SCHEMA", "KIND", "NAME", "OWNER"}};
  for (const object& o : db.objects) {
    const schema* in = db.find_schema(o.schema);
    const bool routine = class_of(o.kind) == object_class::routine;
    rows.push_back({"  " + (in ? in->name : std::string()), std::string(to_string(o.kind)),
                    o.name + (routine ? "(" + o.arguments + ")" : ""), state.role_name(o.owner)});
  }
  return table(rows);
}

}  // namespace

int run_inventory(const arguments& given) {
  auto opened = session::open(given, given.password_file);
  if (!opened) return report_error(opened.error(), given.json);
  session& s = opened.assume_value();
  inspect_options options;
  if (!given.databases.empty()) options.databases(given.databases);
  auto bar = std::make_shared<progress_bar>("inventory");
  options.on_progress([bar](const inspect_progress& p) { bar->show(p.done, p.total, p.database); });
  const auto read = s.run(s.client().async_inspect(std::move(options)));
  bar.reset();
  if (!read) return report_error(read.error(), given.json);
  const snapshot& state = read.assume_value();
  if (given.json) {
    std::fputs(to_json(state, snapshot_json_options().objects(given.objects)).c_str(), stdout);
    return exit_done;
  }
  for (const database& db : state.databases) {
    if (is_reserved_database(state.platform, db.name)) continue;
    std::fputs((database_text(state, db) + "\n").c_str(), stdout);
    if (given.objects && db.inspected) std::fputs((object_text(state, db) + "\n").c_str(), stdout);
  }
  std::fputs(role_text(state).c_str(), stdout);
  return exit_done;
}

}  // namespace pgrant::command
