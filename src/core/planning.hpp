// What the rooms of the planner share: the grantees and rules of one policy, resolved against one
// snapshot, and the plan that grows.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "name_pattern.hpp"
#include "pgrant/plan.hpp"
#include "pgrant/planner.hpp"
#include "pgrant/policy.hpp"
#include "pgrant/role_graph.hpp"

namespace pgrant::planning {

/// A role that gets or loses something. Roles that the plan creates have an OID that no server
/// gives out, so that ACLs can be worked out with them.
struct grantee {
  oid id = 0;
  std::string name;
  bool created = false;
  std::string bundle;    ///< Not empty: the role of this bundle, and the planner revokes surplus.
  bool dropped = false;  ///< The bundle is to be gone.
};

/// Grantees by name and by OID; positions are handed around. Position 0 is PUBLIC.
class grantee_list {
 public:
  grantee_list();
  std::uint32_t add(grantee g);
  const grantee& operator[](std::uint32_t at) const noexcept { return all_[at]; }
  std::size_t size() const noexcept { return all_.size(); }
  /// The position of a role that is a bundle's, or `none`.
  std::uint32_t managed(oid id) const noexcept;
  std::uint32_t find(std::string_view name) const noexcept;
  /// The position of an existing role, or of PUBLIC.
  std::uint32_t find_or_add(oid id, const std::string& name);
  bool any_managed() const noexcept { return !managed_.empty(); }
  void manage(std::uint32_t at, std::string bundle, bool dropped);

  static constexpr std::uint32_t none = 0xffffffff;
  static constexpr std::uint32_t everybody = 0;

 private:
  std::vector<grantee> all_;
  std::unordered_map<std::string, std::uint32_t> by_name_;
  std::unordered_map<oid, std::uint32_t> managed_;
};

/// From here on a membership has a grantor and options of its own.
inline constexpr int version_with_membership_options = 160000;

/// Why something is granted or revoked; with it the statement says its reason.
enum class purpose : std::uint8_t {
  direct,   ///< A direct grant or a rule about a database; `reason` says which.
  bundle,   ///< A bundle names it.
  reach,    ///< A bundle needs it to reach what it names.
  surplus,  ///< A bundle does not name it.
  dropped,  ///< The bundle is to be gone.
  closed,   ///< A database that is closed to PUBLIC.
};

/// A grant rule, ready to be matched.
struct rule {
  const grant_rule* source = nullptr;
  std::string path;  ///< "bundles.sales-read.grants[0]"
  std::uint32_t grantee = 0;
  purpose why = purpose::direct;
  std::uint32_t reason = 0;  ///< Position in `context::reasons`; direct grants only.
  bool reachable = false;    ///< Also CONNECT and USAGE for the grantee.
  name_pattern database, schema, name;
  std::uint32_t kinds = 0;     ///< One bit for each `object_kind`.
  std::vector<oid> creators;   ///< Resolved.
  std::uint64_t selected = 0;  ///< How many objects, or schemas for future ones.
  bool schema_found = false;   ///< A schema of the name that is given without wildcards.
};

/// What one grantee should have on one target.
struct wish {
  std::uint32_t target = 0;  ///< A number that the user of the wish chose.
  std::uint32_t grantee = 0;
  privilege_set privileges;
  bool grant_option = false;
  purpose why = purpose::direct;
  std::uint32_t reason = 0;
};

/// What one grantee should have on a creator's future objects.
struct default_wish {
  oid creator = 0, schema = 0;  ///< schema 0: everywhere
  object_class on = object_class::table;
  wish what;
};

/// Statements of one room; the planner puts them into the order of the plan.
struct step_list {
  std::vector<step> grants, revokes;
  std::vector<step> later;  ///< What has to be granted after a revoke, and what follows.

  void append(step_list&& more);
};

/// One run of the planner.
struct context {
  context(const snapshot& s, const policy& d, const planner_options& o)
      : state(s), desired(d), options(o), graph(s), executor(graph, s.current_role) {}

  const snapshot& state;
  const policy& desired;
  const planner_options& options;
  role_graph graph;
  authority executor;
  grantee_list grantees;
  std::vector<rule> rules;  ///< Direct grants first, then bundles, in the order of the policy.
  std::vector<std::string> reasons{std::string()};
  /// For each database of the snapshot the bundle roles that need CONNECT on it.
  std::vector<std::set<std::uint32_t>> reached;
  /// Managed roles that keep a privilege which cannot be revoked; they cannot be dropped.
  std::set<std::uint32_t> undroppable;
  pgrant::plan plan;

  bool has_version(int version) const noexcept { return state.server_version >= version; }
  std::string executor_name() const { return state.role_name(state.current_role); }
  std::uint32_t add_reason(const std::string& text);
};

/// Keeps the name that somebody may have meant, of those that it is shown.
class nearest_name {
 public:
  explicit nearest_name(std::string_view wanted) : wanted_(wanted) {}
  void offer(std::string_view name);
  /// `did you mean "shop"?`, or empty if nothing is near.
  std::string hint() const;

 private:
  std::string_view wanted_;
  std::string best_;
  std::size_t distance_ = static_cast<std::size_t>(-1);
};

// The rooms, in the order in which they work.

/// Finds or invents all grantees, checks roles in the place of bundle roles, compiles the rules.
result<void> resolve(context& ctx);
/// Roles that must exist, and those of bundles: cluster-wide steps.
result<void> plan_roles(context& ctx);
result<void> plan_memberships(context& ctx);
/// Schemas, relations and routines of one database. Fills `defaults` for `plan_defaults`.
result<void> plan_objects(context& ctx, std::size_t database, step_list& out,
                          std::vector<default_wish>& defaults);
void plan_defaults(context& ctx, const database& db, std::vector<default_wish> wishes,
                   step_list& out);
/// Databases themselves: the ACLs of all of them, and those that must exist.
void plan_databases(context& ctx, step_list& out);
/// Issuers and granters, and the bundles that granters know: steps in the ledger's database.
void plan_issuing(context& ctx);
/// Drops the roles of bundles that are to be gone.
void plan_drops(context& ctx);
/// How surely leases of each bundle end; after `resolve`.
std::vector<bundle_safety> grade_bundles(const context& ctx);
/// Rules that selected nothing.
result<void> check_selected(const context& ctx);

/// "the server has crm, shop": for a name that is like none of them.
std::string databases_hint(const snapshot& state);

/// Whether the rule's pattern reaches this database.
bool selects_database(const context& ctx, const rule& r, const database& db);

}  // namespace pgrant::planning
