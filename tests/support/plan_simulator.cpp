#include "support/plan_simulator.hpp"

#include "pgrant/sql.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace test::simulation {

using namespace pgrant;

namespace {

using simulated_items = std::vector<acl_item>;

privilege_set simulated_options(const simulated_items& items, oid owner, oid grantee,
                                object_kind kind, int version) {
  if (grantee == owner) return all_privileges(kind, version);
  privilege_set options;
  for (const acl_item& item : items)
    if (item.grantee == grantee) options |= item.grantable;
  return options;
}

/// recursive_revoke of acl.c: who had it from `grantee` loses it, as far as `grantee` has no grant
/// option left.
bool simulated_recursive_revoke(simulated_items& items, oid owner, oid grantee, privilege_set lost,
                                bool cascade) {
  if (grantee == owner) return true;
  privilege_set still;
  for (const acl_item& item : items)
    if (item.grantee == grantee) still |= item.grantable;
  lost = lost - still;
  if (lost.empty()) return true;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].grantor != grantee || (items[i].privileges & lost).empty()) continue;
    if (!cascade) return false;
    const privilege_set gone = items[i].grantable & lost;
    items[i].privileges = items[i].privileges - lost;
    items[i].grantable = items[i].grantable - lost;
    const oid next = items[i].grantee;
    if (!simulated_recursive_revoke(items, owner, next, gone, true)) return false;
    i = static_cast<std::size_t>(-1);
  }
  return true;
}

std::string simulated_unquote(std::string_view literal) {
  const bool escapes = literal.starts_with('E');
  if (escapes) literal.remove_prefix(1);
  std::string text;
  for (std::size_t i = 1; i + 1 < literal.size(); ++i) {
    if (literal[i] == '\'' || (escapes && literal[i] == '\\')) ++i;
    text += literal[i];
  }
  return text;
}

bool simulated_word(const std::string& sql, std::string_view word) {
  return (sql + " ").find(" " + std::string(word) + " ") != std::string::npos;
}

}  // namespace

std::string plan_simulator::change(const pgrant::database& seen_from, oid actor, object_kind kind,
                                   oid owner, acl& list, const grant& what,
                                   const simulated_items* table) const {
  const int version = state_.server_version;
  simulated_items items = table ? simulated_items(list.items().begin(), list.items().end())
                                : effective_items(list, kind, owner, version);
  // select_best_grantor
  simulated_items seen = items;
  if (table) seen.insert(seen.end(), table->begin(), table->end());
  oid grantor = actor;
  privilege_set usable;
  if (state_.find_role(actor)->superuser || actor == owner) {
    grantor = owner;
    usable = what.privileges;
  } else {
    for (const oid candidate : role_graph(state_, &seen_from).inherited(actor)) {
      const privilege_set options =
          simulated_options(seen, owner, candidate, kind, version) & what.privileges;
      if (options.size() <= usable.size()) continue;
      grantor = candidate;
      usable = options;
      if (options == what.privileges) break;
    }
  }
  if (usable.empty()) return "01007";
  for (const oid grantee : what.grantees) {
    auto at = std::find_if(items.begin(), items.end(), [&](const acl_item& i) {
      return i.grantee == grantee && i.grantor == grantor;
    });
    if (!what.revoke) {
      if (what.option && grantor != owner) {
        // check_circularity: without the grantee's options, does the grantor still have his?
        simulated_items without = items;
        for (acl_item& i : without) {
          if (i.grantee != grantee || i.grantable.empty()) continue;
          const privilege_set gone = i.grantable;
          i.grantable = {};
          simulated_recursive_revoke(without, owner, grantee, gone, true);
        }
        if (!simulated_options(without, owner, grantor, kind, version).contains(usable))
          return "0LP01";
      }
      if (at == items.end()) at = items.insert(at, acl_item{grantee, grantor, {}, {}});
      at->privileges |= usable;
      if (what.option) at->grantable |= usable;
      continue;
    }
    if (at == items.end()) continue;
    const privilege_set lost = at->grantable & usable;
    at->grantable = at->grantable - usable;
    if (!what.option) at->privileges = at->privileges - usable;
    if (!simulated_recursive_revoke(items, owner, grantee, lost, what.cascade)) return "2BP01";
  }
  std::erase_if(items, [](const acl_item& i) { return i.privileges.empty(); });
  list = table && items.empty() ? acl() : acl(std::move(items));
  return usable == what.privileges ? "00000" : "01006";
}

oid plan_simulator::role_id(std::string_view name) const {
  if (name == "public") return public_oid;
  const auto at = std::find_if(state_.roles.begin(), state_.roles.end(),
                               [&](const role& r) { return r.name == name; });
  REQUIRE_MESSAGE(at != state_.roles.end(), "no role " << std::string(name));
  return at->id;
}

std::vector<oid> plan_simulator::role_ids(const std::vector<std::string>& names) const {
  std::vector<oid> ids;
  for (const std::string& name : names) ids.push_back(role_id(name));
  return ids;
}

pgrant::database& plan_simulator::database(std::string_view name) {
  const auto at = std::find_if(state_.databases.begin(), state_.databases.end(),
                               [&](const pgrant::database& d) { return d.name == name; });
  REQUIRE_MESSAGE(at != state_.databases.end(), "no database " << std::string(name));
  return *at;
}

plan_simulator::target plan_simulator::find(const step& s, const step_target& t) {
  target found;
  if (t.kind == object_kind::database) {
    for (pgrant::database& db : state_.databases) {
      const bool same = t.id == 0 ? quote_identifier(db.name) == t.name : db.id == t.id;
      if (same) found = {db.owner, &db.acl, {}, nullptr, &db};
    }
    REQUIRE_MESSAGE(found.list, "no database " << t.name);
    return found;
  }
  pgrant::database& db = database(s.database);
  found.seen_from = &db;
  if (t.kind == object_kind::schema) {
    for (schema& each : db.schemas)
      if (each.id == t.id) found = {each.owner, &each.acl, {}, nullptr, &db};
  } else {
    for (object& each : db.objects)
      if (each.id == t.id && each.kind == t.kind) found = {each.owner, &each.acl, {}, &each, &db};
  }
  REQUIRE_MESSAGE(found.list, "no object " << t.name);
  if (s.column.empty()) return found;
  found.table = effective_items(*found.list, t.kind, found.owner, state_.server_version);
  for (column_acl& c : found.relation->columns)
    if (c.column == s.column) found.list = &c.acl;
  return found;
}

// LookupExplicitNamespace: by ACL, as owner, or by a predefined role.
bool plan_simulator::may_name(const step_target& t) const {
  if (state_.find_role(executor_)->superuser) return true;
  for (const pgrant::database& db : state_.databases) {
    for (const object& o : db.objects) {
      if (o.id != t.id || o.kind != t.kind) continue;
      const schema* in = db.find_schema(o.schema);
      const role_graph graph(state_, &db);
      const auto items =
          effective_items(in->acl, object_kind::schema, in->owner, state_.server_version);
      return std::ranges::any_of(items, [&](const acl_item& i) {
        return i.privileges.contains(privilege::usage) &&
               (i.grantee == public_oid || graph.has_privileges_of(executor_, i.grantee));
      });
    }
  }
  return false;
}

void plan_simulator::check_targets(const plan& p) {
  for (const step& s : p.steps) {
    for (const step_target& t : s.targets) {
      if (t.id == 0) continue;
      CHECK_MESSAGE(acl_hash(*find(s, t).list) == t.acl_before, t.name);
    }
  }
}

void plan_simulator::run_grant(const step& s) {
  grant what;
  what.revoke = s.action == step_action::revoke;
  what.privileges = s.privileges;
  what.option = s.grant_option;
  what.cascade = s.sql.ends_with(" CASCADE");
  what.grantees = role_ids(s.roles);
  REQUIRE(!s.targets.empty());
  for (const step_target& t : s.targets) {
    const target where = find(s, t);
    if (t.kind != object_kind::database && t.kind != object_kind::schema)
      CHECK_MESSAGE(may_name(t), s.sql << ": no USAGE on the schema of " << t.name);
    const auto table = where.relation ? effective_items(where.relation->acl, t.kind, where.owner,
                                                        state_.server_version)
                                      : simulated_items();
    const std::string state = change(*where.seen_from, executor_, t.kind, where.owner, *where.list,
                                     what, s.column.empty() ? nullptr : &where.table);
    CHECK_MESSAGE(state == "00000", s.sql << " on " << t.name << ": " << s.authority);
    // A table's REVOKE takes the same privileges on its columns with it.
    if (!what.revoke || !where.relation || !s.column.empty()) continue;
    grant of_column = what;
    of_column.privileges = what.privileges & column_privileges;
    if (of_column.privileges.empty()) continue;
    for (column_acl& c : where.relation->columns) {
      const std::string below =
          change(*where.seen_from, executor_, t.kind, where.owner, c.acl, of_column, &table);
      CHECK_MESSAGE(below != "2BP01", s.sql << " on column " << c.column);
    }
  }
}

void plan_simulator::run_default(const step& s) {
  pgrant::database& db = database(s.database);
  const oid creator = role_id(s.of_role);
  oid in_schema = 0;
  for (const schema& each : db.schemas)
    if (!s.in_schema.empty() && each.name == s.in_schema) in_schema = each.id;
  const role_graph graph(state_, &db);
  CHECK_MESSAGE(authority(graph, executor_).can_set_defaults_of(creator), s.sql);
  const object_kind kind = s.on == object_class::table      ? object_kind::table
                           : s.on == object_class::sequence ? object_kind::sequence
                           : s.on == object_class::schema   ? object_kind::schema
                                                            : object_kind::function;
  const auto built_in =
      in_schema == 0 ? default_acl(kind, creator, state_.server_version) : simulated_items();
  auto row = std::find_if(db.default_privileges.begin(), db.default_privileges.end(),
                          [&](const default_privileges& d) {
                            return d.creator == creator && d.schema == in_schema && d.on == s.on;
                          });
  if (row == db.default_privileges.end())
    row = db.default_privileges.insert(row, {creator, in_schema, s.on, acl(built_in)});
  grant what;
  what.revoke = s.action == step_action::revoke_default;
  what.privileges = s.privileges;
  what.option = s.grant_option;
  what.cascade = true;
  what.grantees = role_ids(s.roles);
  CHECK(change(db, creator, kind, creator, row->acl, what) == "00000");
  if (row->acl == acl(built_in)) db.default_privileges.erase(row);
}

void plan_simulator::set_attributes(role& r, const std::string& sql) {
  const auto flag = [&](bool& to, const std::string& word) {
    if (simulated_word(sql, word)) to = true;
    if (simulated_word(sql, "NO" + word)) to = false;
  };
  flag(r.login, "LOGIN");
  flag(r.create_role, "CREATEROLE");
  flag(r.create_database, "CREATEDB");
  flag(r.inherit, "INHERIT");
  if (const auto at = sql.find(" CONNECTION LIMIT "); at != std::string::npos)
    r.connection_limit = std::stoi(sql.substr(at + 18));
}

void plan_simulator::create_role(const step& s) {
  oid next = 20'000;
  for (const role& r : state_.roles) next = std::max(next, r.id + 1);
  for (const role& r : state_.roles) REQUIRE(r.name != s.roles.at(0));
  role fresh;
  fresh.id = next;
  fresh.name = s.roles.at(0);
  set_attributes(fresh, s.sql);
  const role* creator = state_.find_role(executor_);
  CHECK((creator->superuser || creator->create_role));
  if (state_.server_version >= 160000 && !creator->superuser)
    state_.memberships.push_back({next, executor_, 10, true, false, false});
  state_.roles.push_back(std::move(fresh));
}

void plan_simulator::drop_role(const step& s) {
  const oid gone = role_id(s.roles.at(0));
  const auto named = [&](const acl& list) {
    return std::ranges::any_of(
        list.items(), [&](const acl_item& i) { return i.grantee == gone || i.grantor == gone; });
  };
  for (const pgrant::database& db : state_.databases) {
    CHECK_FALSE(named(db.acl));
    CHECK(db.owner != gone);
    for (const schema& each : db.schemas) CHECK_FALSE(named(each.acl));
    for (const default_privileges& d : db.default_privileges) CHECK_FALSE(named(d.acl));
    for (const object& o : db.objects) {
      CHECK_FALSE(named(o.acl));
      for (const column_acl& c : o.columns) CHECK_FALSE(named(c.acl));
    }
  }
  std::erase_if(state_.roles, [&](const role& r) { return r.id == gone; });
  std::erase_if(state_.memberships,
                [&](const membership& m) { return m.role == gone || m.member == gone; });
}

void plan_simulator::grant_membership(const step& s) {
  const oid group = role_id(s.of_role), member = role_id(s.roles.at(0));
  const role_graph graph(state_);
  const oid grantor = authority(graph, executor_).membership_grantor(group);
  CHECK_MESSAGE(grantor != 0, s.sql);
  const bool options = state_.server_version >= 160000;
  auto at =
      std::find_if(state_.memberships.begin(), state_.memberships.end(), [&](const membership& m) {
        return m.role == group && m.member == member && (!options || m.grantor == grantor);
      });
  if (at == state_.memberships.end()) {
    membership fresh{group, member, grantor, false, true, true};
    fresh.inherit = state_.find_role(member)->inherit;
    at = state_.memberships.insert(at, fresh);
  }
  if (s.grant_option) at->admin = true;
  if (s.sql.find("INHERIT TRUE") != std::string::npos) at->inherit = true;
  if (s.sql.find("INHERIT FALSE") != std::string::npos) at->inherit = false;
  if (s.sql.find("SET TRUE") != std::string::npos) at->set = true;
  if (s.sql.find("SET FALSE") != std::string::npos) at->set = false;
}

void plan_simulator::run_step(const step& s) {
  switch (s.action) {
    case step_action::create_database: {
      pgrant::database fresh;
      fresh.id = 30'000 + static_cast<oid>(state_.databases.size());
      fresh.owner = executor_;
      fresh.name = s.targets.at(0).name;
      if (fresh.name.starts_with('"')) fresh.name = fresh.name.substr(1, fresh.name.size() - 2);
      fresh.inspected = true;
      state_.databases.push_back(std::move(fresh));
      break;
    }
    case step_action::create_role:
      create_role(s);
      break;
    case step_action::alter_role:
      for (role& r : state_.roles)
        if (r.name == s.roles.at(0)) set_attributes(r, s.sql);
      break;
    case step_action::drop_role:
      drop_role(s);
      break;
    case step_action::define:
      FAIL("the simulated server has no issuers");
      break;
    case step_action::comment_on_role:
      for (role& r : state_.roles)
        if (r.name == s.roles.at(0))
          r.comment = simulated_unquote(std::string_view(s.sql).substr(s.sql.find(" IS ") + 4));
      break;
    case step_action::grant_membership:
      grant_membership(s);
      break;
    case step_action::grant:
    case step_action::revoke:
      run_grant(s);
      break;
    case step_action::grant_default:
    case step_action::revoke_default:
      run_default(s);
      break;
    default:
      FAIL("the plans of these tests do nothing else: " << s.sql);
  }
  state_.index();
}

void plan_simulator::run(const plan& p) {
  executor_ = role_id(p.executor);
  check_targets(p);
  for (const step& s : p.steps) run_step(s);
}

}  // namespace test::simulation
