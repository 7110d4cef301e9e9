// From names to OIDs: the grantees and rules of a policy on one server.
#include <algorithm>

#include "pgrant/platform.hpp"
#include "pgrant/sql.hpp"
#include "planning.hpp"
#include "policy_words.hpp"

namespace pgrant::planning {
namespace {

/// OIDs of roles that are still to be created: from the top, where no server has come to.
class future_oids {
 public:
  explicit future_oids(const snapshot& state) : state_(state) {}
  oid next() {
    while (state_.find_role(--last_)) {
    }
    return last_;
  }

 private:
  const snapshot& state_;
  oid last_ = 0xffffffff;
};

result<std::uint32_t> known_role(context& ctx, std::string_view name, const std::string& field) {
  if (const std::uint32_t at = ctx.grantees.find(name); at != grantee_list::none) return at;
  if (const role* r = ctx.state.find_role(name)) {
    grantee g;
    g.id = r->id;
    g.name = r->name;
    return ctx.grantees.add(std::move(g));
  }
  nearest_name nearest(name);
  for (const role& r : ctx.state.roles) nearest.offer(r.name);
  return error(errc::not_found, "role " + quote_identifier(name) + " does not exist")
      .with_field(field)
      .with_hint(nearest.hint());
}

result<void> refuse_reserved(const context& ctx, std::string_view name, const std::string& field) {
  const platform p = ctx.state.platform;
  if (!is_reserved_role(p, name) || name == profile_of(p).admin_group) return success();
  return error(errc::invalid_argument,
               "role " + quote_identifier(name) + " is reserved: nothing is granted to it")
      .with_field(field);
}

/// Whether any privilege, membership or ownership of the cluster names the role.
bool role_in_use(const snapshot& state, oid id) {
  const auto names = [&](const acl& list) {
    return std::ranges::any_of(list.items(), [&](const acl_item& item) {
      return item.grantee == id || item.grantor == id;
    });
  };
  for (const membership& m : state.memberships) {
    // On 16 and later whoever creates a role is its first member.
    if (m.member == id || (m.role == id && !(m.admin && !m.inherit && !m.set))) return true;
  }
  for (const database& db : state.databases) {
    if (db.owner == id || names(db.acl)) return true;
    for (const schema& s : db.schemas)
      if (s.owner == id || names(s.acl)) return true;
    for (const default_privileges& d : db.default_privileges)
      if (d.creator == id || names(d.acl)) return true;
    for (const object& o : db.objects) {
      if (o.owner == id || names(o.acl)) return true;
      for (const column_acl& c : o.columns)
        if (names(c.acl)) return true;
    }
  }
  return false;
}

/// Whether an existing role can be what the policy says: the role of this bundle.
result<void> check_bundle_role(const context& ctx, const role& found, std::string_view bundle_name,
                               const std::string& field) {
  const auto conflict = [&](const std::string& why) -> result<void> {
    return error(errc::conflict, "role " + quote_identifier(found.name) +
                                     " cannot be the role of bundle " + std::string(bundle_name) +
                                     ": " + why)
        .with_field(field)
        .with_hint("choose another role for the bundle, or rename or drop this one");
  };
  if (found.login) return conflict("it may log in");
  if (found.superuser) return conflict("it is a superuser");
  if (found.create_role) return conflict("it may create roles");
  if (found.create_database) return conflict("it may create databases");
  if (found.replication) return conflict("it may replicate");
  if (found.bypass_rls) return conflict("it bypasses row-level security");
  const std::string mark = "pgrant bundle " + std::string(bundle_name);
  if (found.comment == mark || found.comment.starts_with(mark + ":")) return success();
  if (found.comment.starts_with("pgrant bundle ")) return conflict("it belongs to another bundle");
  if (role_in_use(ctx.state, found.id)) {
    return conflict("no bundle made it, and it is in use");
  }
  return success();
}

result<void> resolve_bundle_roles(context& ctx, future_oids& future) {
  const policy& desired = ctx.desired;
  for (const bundle& b : desired.bundles) {
    const std::string name = desired.role_of(b);
    const std::string field = "bundles." + b.name + ".role";
    if (const role* found = ctx.state.find_role(name)) {
      BOOST_OUTCOME_TRYV(check_bundle_role(ctx, *found, b.name, field));
      ctx.grantees.add({.id = found->id, .name = name, .created = false, .bundle = {}});
    } else {
      if (auto valid = check_new_role(ctx.state.platform, name); !valid)
        return valid.error().with_field(field);
      ctx.grantees.add({.id = future.next(), .name = name, .created = true, .bundle = {}});
    }
    ctx.grantees.manage(ctx.grantees.find(name), b.name, false);
  }
  for (std::size_t i = 0; i < desired.dropped_bundles.size(); ++i) {
    bundle gone;
    gone.name = desired.dropped_bundles[i];
    const std::string name = desired.role_of(gone);
    const role* found = ctx.state.find_role(name);
    if (!found) continue;
    const std::string field = "dropped_bundles[" + std::to_string(i) + "]";
    BOOST_OUTCOME_TRYV(check_bundle_role(ctx, *found, gone.name, field));
    ctx.grantees.add({.id = found->id, .name = name, .created = false, .bundle = {}});
    ctx.grantees.manage(ctx.grantees.find(name), gone.name, true);
  }
  return success();
}

result<void> resolve_roles(context& ctx, future_oids& future) {
  for (const role_rule& r : ctx.desired.roles) {
    const std::string field = "roles." + r.name;
    if (ctx.state.find_role(r.name)) {
      BOOST_OUTCOME_TRYV(refuse_reserved(ctx, r.name, field));
      if (auto known = known_role(ctx, r.name, field); !known) return known.error();
      continue;
    }
    if (auto valid = check_new_role(ctx.state.platform, r.name); !valid)
      return valid.error().with_field(field);
    if (ctx.grantees.find(r.name) == grantee_list::none)
      ctx.grantees.add({.id = future.next(), .name = r.name, .created = true, .bundle = {}});
  }
  for (std::size_t i = 0; i < ctx.desired.memberships.size(); ++i) {
    const membership_rule& m = ctx.desired.memberships[i];
    const std::string field = "memberships[" + std::to_string(i) + "]";
    BOOST_OUTCOME_TRYV(known_role(ctx, m.role, field + ".role"));
    BOOST_OUTCOME_TRYV(known_role(ctx, m.member, field + ".member"));
    BOOST_OUTCOME_TRYV(refuse_reserved(ctx, m.member, field + ".member"));
  }
  return success();
}

result<void> check_version(const context& ctx, const rule& r) {
  const privilege_set possible =
      all_privileges(kind_of(r.source->objects.on), ctx.state.server_version);
  const privilege_set unknown = r.source->privileges - possible;
  if (unknown.empty()) return success();
  return error(errc::invalid_argument, "PostgreSQL " +
                                           std::to_string(ctx.state.server_version / 10000) +
                                           " has no privilege " + to_string(unknown))
      .with_field(r.path + ".privileges");
}

result<void> check_database_name(const context& ctx, const rule& r) {
  if (!r.database.literal()) return success();
  const std::string& name = r.database.name();
  const std::string field = r.path + ".database";
  const auto refuse = [&](const std::string& why) -> result<void> {
    return error(errc::invalid_argument, "database " + quote_identifier(name) + " " + why)
        .with_field(field);
  };
  if (is_reserved_database(ctx.state.platform, name)) return refuse("is reserved by the platform");
  const bool ledger = name == ctx.options.ledger_database();
  if (ledger && r.why == purpose::bundle) return refuse("holds the ledger: no bundle may reach it");
  if (ctx.state.find_database(name)) return success();
  nearest_name nearest(name);
  for (const database& db : ctx.state.databases) nearest.offer(db.name);
  for (const database_rule& d : ctx.desired.databases) {
    if (d.name == name) return refuse("is still to be made: grant on it in the next plan");
  }
  const std::string hint = nearest.hint();
  return error(errc::not_found, "database " + quote_identifier(name) + " does not exist")
      .with_field(field)
      .with_hint(hint.empty() ? databases_hint(ctx.state) : hint);
}

result<void> add_rule(context& ctx, rule r) {
  const selector& objects = r.source->objects;
  BOOST_OUTCOME_TRY(r.database, name_pattern::compile(objects.database));
  if (objects.on != object_class::database) {
    BOOST_OUTCOME_TRY(r.schema, name_pattern::compile(objects.schema));
  }
  if (objects.on != object_class::database && objects.on != object_class::schema) {
    BOOST_OUTCOME_TRY(r.name, name_pattern::compile(objects.name));
  }
  for (int k = 0; k <= static_cast<int>(object_kind::large_object); ++k) {
    const auto kind = static_cast<object_kind>(k);
    const bool named = objects.kinds.empty() || std::ranges::count(objects.kinds, kind) != 0;
    if (named && class_of(kind) == objects.on) r.kinds |= 1u << k;
  }
  BOOST_OUTCOME_TRYV(check_version(ctx, r));
  BOOST_OUTCOME_TRYV(check_database_name(ctx, r));
  for (std::size_t i = 0; i < r.source->creators.size(); ++i) {
    const std::string field = r.path + ".future.creators[" + std::to_string(i) + "]";
    BOOST_OUTCOME_TRY(const std::uint32_t at, known_role(ctx, r.source->creators[i], field));
    r.creators.push_back(ctx.grantees[at].id);
  }
  ctx.rules.push_back(std::move(r));
  return success();
}

}  // namespace

result<void> resolve(context& ctx) {
  future_oids future(ctx.state);
  BOOST_OUTCOME_TRYV(resolve_bundle_roles(ctx, future));
  BOOST_OUTCOME_TRYV(resolve_roles(ctx, future));
  for (std::size_t i = 0; i < ctx.desired.grants.size(); ++i) {
    const direct_grant& grant = ctx.desired.grants[i];
    rule r;
    r.source = &grant.rule;
    r.path = "grants[" + std::to_string(i) + "]";
    BOOST_OUTCOME_TRYV(refuse_reserved(ctx, grant.grantee, r.path + ".grantee"));
    BOOST_OUTCOME_TRY(r.grantee, known_role(ctx, grant.grantee, r.path + ".grantee"));
    r.reason = ctx.add_reason(grant.reason);
    BOOST_OUTCOME_TRYV(add_rule(ctx, std::move(r)));
  }
  for (const bundle& b : ctx.desired.bundles) {
    for (std::size_t i = 0; i < b.grants.size(); ++i) {
      rule r;
      r.source = &b.grants[i];
      r.path = "bundles." + b.name + ".grants[" + std::to_string(i) + "]";
      r.grantee = ctx.grantees.find(ctx.desired.role_of(b));
      r.why = purpose::bundle;
      r.reachable = b.reachable;
      BOOST_OUTCOME_TRYV(add_rule(ctx, std::move(r)));
    }
  }
  for (std::size_t i = 0; i < ctx.desired.databases.size(); ++i) {
    const database_rule& d = ctx.desired.databases[i];
    if (is_reserved_database(ctx.state.platform, d.name)) {
      return error(errc::invalid_argument,
                   "database " + quote_identifier(d.name) + " is reserved by the platform")
          .with_field("databases." + d.name);
    }
    for (std::size_t u = 0; u < d.users.size(); ++u) {
      const std::string field = "databases." + d.name + ".users[" + std::to_string(u) + "]";
      BOOST_OUTCOME_TRYV(known_role(ctx, d.users[u], field));
    }
  }
  return success();
}

}  // namespace pgrant::planning
