// What keeps access through a bundle from ending cleanly, finding by finding.
#include <algorithm>
#include <array>
#include <map>

#include "pgrant/platform.hpp"
#include "pgrant/sql.hpp"
#include "planning.hpp"
#include "policy_words.hpp"

namespace pgrant::planning {
namespace {

using enum safety_grade;
using enum safety_severity;

constexpr privilege_set safety_writes = privilege::insert | privilege::update |
                                        privilege_set(privilege::delete_) | privilege::truncate |
                                        privilege::maintain;

/// Predefined roles whose members can do lasting harm, or end what should not end.
constexpr std::array<std::string_view, 9> safety_powerful_roles{
    "pg_create_subscription",      "pg_execute_server_program",   "pg_maintain",
    "pg_read_server_files",        "pg_signal_autovacuum_worker", "pg_signal_backend",
    "pg_use_reserved_connections", "pg_write_all_data",           "pg_write_server_files"};

constexpr std::array<std::string_view, 5> safety_reading_roles{
    "pg_monitor", "pg_read_all_data", "pg_read_all_settings", "pg_read_all_stats",
    "pg_stat_scan_tables"};

std::string database_words(std::string_view name) {
  return "database " + quote_identifier(name);
}

std::string selector_words(const selector& objects) {
  if (objects.on == object_class::database) return "database " + objects.database;
  const std::string place = "schema " + objects.schema + " of database " + objects.database;
  if (objects.on == object_class::schema) return place;
  return std::string(selector_word(objects)) + " " + objects.name + " in " + place;
}

/// What all bundles share, read from the snapshot once.
struct safety_ground {
  std::vector<bool> has_dblink;          ///< For each database.
  std::vector<std::string> open_schema;  ///< One where PUBLIC may create, or empty.
  std::map<oid, std::string> owned;      ///< For each bundle role something that it owns.
  bool can_act_as_login = false;

  explicit safety_ground(const context& ctx) {
    for (const database& db : ctx.state.databases) look_at(ctx, db);
    can_act_as_login =
        ctx.executor.can_create_roles() || std::ranges::any_of(ctx.state.roles, [](const role& r) {
          return r.name.starts_with("pgrant_issuer_");
        });
  }

 private:
  void look_at(const context& ctx, const database& db) {
    const auto owns = [&](oid owner, const std::string& what) {
      if (ctx.grantees.managed(owner) != grantee_list::none)
        owned.emplace(owner, what + " in " + database_words(db.name));
    };
    has_dblink.push_back(false);
    open_schema.emplace_back();
    for (const schema& s : db.schemas) {
      owns(s.owner, "schema " + quote_identifier(s.name));
      const auto items =
          effective_items(s.acl, object_kind::schema, s.owner, ctx.state.server_version);
      const bool open = std::ranges::any_of(items, [](const acl_item& item) {
        return item.grantee == public_oid && item.privileges.contains(privilege::create);
      });
      if (open && open_schema.back().empty()) open_schema.back() = s.name;
    }
    for (const object& o : db.objects) {
      if (ctx.grantees.managed(o.owner) != grantee_list::none) {
        const schema* in = db.find_schema(o.schema);
        owns(o.owner,
             std::string(to_string(o.kind)) + " " + quote_qualified(in ? in->name : "", o.name));
      }
      if (o.kind == object_kind::function && o.name == "dblink_send_query")
        has_dblink.back() = true;
    }
  }
};

class bundle_grader {
 public:
  bundle_grader(const context& ctx, const safety_ground& ground, const bundle& b)
      : ctx_(ctx),
        ground_(ground),
        bundle_(b),
        role_name_(ctx.desired.role_of(b)),
        grantee_(ctx.grantees.find(role_name_)),
        role_(ctx.state.find_role(role_name_)) {
    safety_.bundle = b.name;
  }

  bundle_safety grade() {
    look_at_role();
    look_at_memberships();
    for (const rule& r : ctx_.rules)
      if (r.why == purpose::bundle && r.grantee == grantee_) look_at(r);
    look_at_databases();
    look_at_server();
    for (safety_finding& f : safety_.findings) {
      f.accepted = accepts(bundle_.accept, f);
      safety_.grade = std::max(safety_.grade, f.grade);
      safety_.existing_role_grade = std::max(safety_.existing_role_grade, f.existing_role_grade);
    }
    std::ranges::sort(safety_.findings, [](const safety_finding& x, const safety_finding& y) {
      if (x.severity != y.severity) return x.severity > y.severity;
      return std::tie(x.name, x.object) < std::tie(y.name, y.object);
    });
    return std::move(safety_);
  }

 private:
  void find(std::string_view name, safety_severity severity, safety_grade grade,
            safety_grade existing, std::string object, std::string reason, std::string remedy) {
    for (const safety_finding& f : safety_.findings)
      if (f.name == name && f.object == object) return;
    safety_.findings.push_back({std::string(name), severity, grade, existing, std::move(object),
                                std::move(reason), std::move(remedy), false});
  }

  bool old_server() const { return !ctx_.has_version(version_with_membership_options); }
  std::string role_words() const { return "role " + quote_identifier(role_name_); }

  void look_at_role() {
    if (old_server()) {
      find("existing-role", question, a, c, "leases of existing roles",
           "before PostgreSQL 16 a session that did SET ROLE keeps the bundle, and prepared "
           "transactions outlive the lease; the role's sessions have to be ended",
           "lease to ephemeral logins");
      find("set-role", note, b, b, role_words(),
           "before PostgreSQL 16 every member may SET ROLE to it: access ends only with the "
           "sessions",
           "PostgreSQL 16 or later");
    } else {
      find("existing-role", note, a, c, "leases of existing roles",
           "what the role owns and prepares outlives the lease and waits for the next one",
           "lease to ephemeral logins");
    }
    if (!role_) return;
    if (role_->login) {
      find("login-role", refusal, d, d, role_words(), "it may log in by itself",
           "give the bundle a role of its own");
    }
    if (role_->superuser || role_->create_role || role_->replication || role_->bypass_rls) {
      find("powerful-role", refusal, d, d, role_words(),
           "it is a superuser, or has CREATEROLE, REPLICATION or BYPASSRLS",
           "give the bundle a role of its own");
    }
    if (const auto owned = ground_.owned.find(role_->id); owned != ground_.owned.end()) {
      find("owned-objects", refusal, d, d, role_words(),
           "it owns " + owned->second + ", through which others may act as the bundle",
           "give it another owner, or drop it");
    }
  }

  void look_at_group(std::string_view name, const role* group) {
    const bool powerful =
        std::ranges::find(safety_powerful_roles, name) != safety_powerful_roles.end() ||
        name == profile_of(ctx_.state.platform).admin_group ||
        (group &&
         (group->superuser || group->create_role || group->replication || group->bypass_rls));
    const std::string object = "membership in role " + quote_identifier(name);
    if (powerful) {
      find("predefined-role", refusal, d, d, object,
           "its members can give themselves more, or end what keeps them in bounds",
           "REVOKE " + quote_identifier(name) + " FROM " + quote_identifier(role_name_));
    } else if (std::ranges::find(safety_reading_roles, name) != safety_reading_roles.end()) {
      find("read-all-data", question, c, c, object,
           "it reads what no bundle names: the ledger, other people's queries, on a stock server "
           "the password verifiers",
           "name the schemas to read");
    }
  }

  void look_at_memberships() {
    if (role_) {
      for (const oid id : ctx_.graph.inherited(role_->id)) {
        const role* group = ctx_.state.find_role(id);
        if (group && id != role_->id) look_at_group(group->name, group);
      }
    }
    for (const membership_rule& m : ctx_.desired.memberships) {
      if (m.member == role_name_) look_at_group(m.role, ctx_.state.find_role(m.role));
      if (m.role != role_name_ || !m.admin) continue;
      find("admin-option", refusal, d, d, "membership of role " + quote_identifier(m.member),
           "with ADMIN OPTION it hands the bundle on, and what it handed on stays",
           "take admin out of the membership");
    }
  }

  void look_at(const rule& r) {
    const grant_rule& given = *r.source;
    const std::string object = selector_words(given.objects);
    const privilege_set privileges =
        given.all_privileges ? all_privileges(kind_of(given.objects.on), ctx_.state.server_version)
                             : given.privileges;
    if (given.grant_option) {
      find("grant-option", refusal, d, d, object, "what members pass on stays when they go",
           "take grant_option out of the rule");
    }
    if (r.database.literal() && r.database.name() == ctx_.options.ledger_database()) {
      find("ledger", refusal, d, d, object, "the ledger says who may have what",
           "no bundle may reach it");
    }
    switch (given.objects.on) {
      case object_class::database:
        if (!privileges.contains(privilege::create)) break;
        find("create-on-database", refusal, d, d, object,
             "schemas, extensions and publications outlive the lease, and a schema named like a "
             "login stands first in its search_path",
             "take CREATE out of the rule");
        break;
      case object_class::schema:
        look_at_schema(r, privileges, object);
        break;
      case object_class::table:
        look_at_tables(given, privileges, object);
        break;
      case object_class::sequence:
        look_at_sequences(privileges, object);
        break;
      case object_class::routine:
        find("runs-code", note, b, b, object, "what routines do for their callers stays", "");
        break;
      default:
        break;
    }
    if (given.future || given.future_everywhere) {
      find("default-privileges", question, b, b, object,
           "any member can delete the bundle role's default privileges (DROP OWNED BY), so that "
           "later objects are missing until the bundle is applied again",
           "leave out future, and apply again when there are new objects");
    }
  }

  void look_at_schema(const rule& r, privilege_set privileges, const std::string& object) {
    const selector& objects = r.source->objects;
    if (privileges.contains(privilege::create)) {
      if (old_server()) {
        find("create-on-schema", refusal, d, d, object,
             "before PostgreSQL 16 a member can leave a SECURITY DEFINER function that the bundle "
             "role owns: everybody then acts as the bundle, for ever",
             "take CREATE out of the rule, or use PostgreSQL 16 or later");
      } else {
        find("create-on-schema", question, c, c, object,
             "objects that a member makes act on whoever has the schema in the search_path, also "
             "after the lease",
             "take CREATE out of the rule");
      }
    }
    if (privileges.contains(privilege::usage) && r.schema.literal() && objects.schema == "cron") {
      find("cron", question, c, c, object,
           "a job that a member schedules runs on until the end of the lease unschedules it",
           "take the schema out of the rule");
    }
  }

  void look_at_tables(const grant_rule& given, privilege_set privileges,
                      const std::string& object) {
    const std::string remedy = given.all_privileges
                                   ? "say SELECT, INSERT, UPDATE, DELETE instead of ALL"
                                   : "take it out of the rule";
    if (privileges.contains(privilege::trigger)) {
      find("trigger", refusal, d, d, object,
           "a trigger that a member makes stays, and runs as whoever writes", remedy);
    }
    if (privileges.contains(privilege::references)) {
      find("references", refusal, d, d, object,
           "a foreign key that a member makes stops the owner's DELETE and UPDATE", remedy);
    }
    if (!(privileges & safety_writes).empty()) {
      find("writes-data", note, b, b, object, "what members wrote or deleted stays so", "");
    }
  }

  void look_at_sequences(privilege_set privileges, const std::string& object) {
    if (privileges.contains(privilege::update)) {
      find("sequence-update", question, c, c, object,
           "setval leaves key collisions behind; nextval needs only USAGE",
           "say USAGE instead of UPDATE");
    } else if (privileges.contains(privilege::usage)) {
      find("sequence-usage", note, b, b, object, "numbers that were drawn stay so", "");
    }
  }

  bool reaches(const database& db) const {
    return std::ranges::any_of(ctx_.rules, [&](const rule& r) {
      return r.why == purpose::bundle && r.grantee == grantee_ && selects_database(ctx_, r, db);
    });
  }

  void look_at_databases() {
    for (std::size_t at = 0; at < ctx_.state.databases.size(); ++at) {
      const database& db = ctx_.state.databases[at];
      if (!db.inspected || !reaches(db)) continue;
      const std::string where = database_words(db.name);
      if (old_server() && !ground_.open_schema[at].empty()) {
        const std::string open = "schema " + quote_identifier(ground_.open_schema[at]);
        find("public-create", question, d, d, open + " of " + where,
             "PUBLIC may create in it: before PostgreSQL 16 a member can leave a SECURITY DEFINER "
             "function there that the bundle role owns",
             "REVOKE CREATE ON " + std::string("SCHEMA ") +
                 quote_identifier(ground_.open_schema[at]) + " FROM PUBLIC");
      }
      if (ground_.has_dblink[at]) {
        find("dblink", question, b, b, where,
             "statements that dblink was sent go on when the session that sent them has ended",
             "DROP EXTENSION dblink, or REVOKE EXECUTE on its functions FROM PUBLIC");
      }
      for (const row_policy& p : db.policies) {
        if (!role_ || std::ranges::find(p.roles, role_->id) == p.roles.end()) continue;
        find("row-level-policy", question, p.permissive ? b : c, p.permissive ? b : c,
             "policy " + quote_identifier(p.name) + " on table " + quote_identifier(p.table) +
                 " in " + where,
             "any member can take the bundle role out of it (DROP OWNED BY): rows that it hid or "
             "showed are then all or none, for later leases too",
             "make it a policy TO PUBLIC with pg_has_role(current_user, " +
                 quote_literal(role_name_) + ", 'USAGE') in its condition");
      }
    }
  }

  void look_at_server() {
    if (ctx_.state.max_prepared_transactions.value_or(0) == 0) return;
    const std::string object =
        "max_prepared_transactions = " + std::to_string(*ctx_.state.max_prepared_transactions);
    const std::string remedy = "max_prepared_transactions = 0, with a restart";
    if (ground_.can_act_as_login) {
      find("prepared-transactions", question, b, c, object,
           "a prepared transaction outlives its session and keeps its locks; the end of a lease "
           "rolls back those of an ephemeral login",
           remedy);
    } else {
      find("prepared-transactions", refusal, d, d, object,
           "a prepared transaction outlives the lease, and " + ctx_.executor_name() +
               " cannot act as the login to roll it back",
           remedy + "; or CREATEROLE, or issuers");
    }
  }

  const context& ctx_;
  const safety_ground& ground_;
  const bundle& bundle_;
  std::string role_name_;
  std::uint32_t grantee_;
  const role* role_;
  bundle_safety safety_;
};

}  // namespace

std::vector<bundle_safety> grade_bundles(const context& ctx) {
  std::vector<bundle_safety> all;
  if (ctx.desired.bundles.empty()) return all;
  const safety_ground ground(ctx);
  for (const bundle& b : ctx.desired.bundles) all.push_back(bundle_grader(ctx, ground, b).grade());
  return all;
}

}  // namespace pgrant::planning

namespace pgrant {

result<std::vector<bundle_safety>> assess_safety(const snapshot& state, const policy& desired,
                                                 const planner_options& options) {
  planning::context ctx(state, desired, options);
  BOOST_OUTCOME_TRYV(planning::resolve(ctx));
  return planning::grade_bundles(ctx);
}

}  // namespace pgrant
