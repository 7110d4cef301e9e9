// The desired state: bundles, grants, roles and memberships, and which of it is managed.
// Value types; `json/policy.hpp` reads them from JSON (and the command from YAML), `planner.hpp`
// turns a policy and a snapshot into a plan.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/object_kind.hpp"
#include "pgrant/privilege.hpp"
#include "pgrant/result.hpp"

namespace pgrant {

/// Which objects a grant is about. Patterns use `*` (any bytes) and `?` (one byte), `\` before a
/// character takes it literally; a text without wildcards is a name. Nothing is folded to lower
/// case. Wildcards never reach what nobody meant by "all": in databases not the reserved ones,
/// templates, those closed to connections, the ledger's, and those that the policy itself closes
/// under `databases`; in schemas not `pg_…`,
/// information_schema and those that the platform skips. A name does reach templates and schemas.
struct selector {
  std::string database;  ///< Pattern.
  std::string schema;    ///< Pattern; empty for `on == object_class::database`.
  object_class on = object_class::table;
  std::string name = "*";  ///< Pattern; ignored for databases and schemas.
  /// Routines: functions and aggregates, procedures, or both. Others: empty means every kind.
  std::vector<object_kind> kinds;

  friend bool operator==(const selector&, const selector&) = default;
};

/// The pattern that selects exactly the object of this name.
std::string exact_pattern(std::string_view name);

/// Privileges on the selected objects, and on those that come later.
struct grant_rule {
  selector objects;
  privilege_set privileges;
  bool all_privileges = false;  ///< ALL PRIVILEGES: what the server's version has for the kind.
  bool grant_option = false;    ///< WITH GRANT OPTION. Never in a bundle.
  /// Also set default privileges in the selected schemas, for objects that `creators` make later.
  bool future = false;
  /// Roles that create objects. Empty: the owners of the selected schemas and objects.
  /// (A default privilege counts only for objects that the creator makes as itself.)
  std::vector<std::string> creators;
  /// False: set only default privileges, leave existing objects alone.
  bool existing = true;
  /// Default privileges in all schemas at once (ALTER DEFAULT PRIVILEGES without IN SCHEMA).
  bool future_everywhere = false;

  friend bool operator==(const grant_rule&, const grant_rule&) = default;
};

/// A named set of privileges. On the server it is a NOLOGIN role, its bundle role, whose direct
/// privileges are exactly what the bundle says: the planner revokes what is more.
struct bundle {
  std::string name;  ///< 1 to 63 of [a-z0-9-_], starting with a letter.
  std::string role;  ///< The bundle role; empty: `policy::bundle_role_prefix` + name.
  std::string description;
  std::vector<grant_rule> grants;
  /// Also CONNECT on the databases and USAGE on the schemas of what is granted.
  bool reachable = true;
  /// Findings about the bundle's safety that are meant to be: their names, and grades as
  /// "grade-c". See safety.hpp.
  std::vector<std::string> accept;
  /// The longest lease; none: no limit of the bundle's own.
  std::optional<std::chrono::seconds> maximum_duration;

  friend bool operator==(const bundle&, const bundle&) = default;
};

/// A role that must exist with these attributes; what is not set is left as it is.
/// In these and the following rules `reason` is for the plan's reader; empty: the planner finds
/// one.
struct role_rule {
  std::string name;
  std::optional<bool> login, create_role, create_database, inherit;
  std::optional<int> connection_limit;
  /// For a new role, and with `reset_password` for an old one: the name of a secret, of
  /// [A-Za-z0-9_.-]. The SQL says `PASSWORD` and `secret_marker(name)`, which the applier fills
  /// with a SCRAM verifier.
  std::string password_secret;
  /// Every plan sets the password again, because nobody can read the one that is set.
  bool reset_password = false;
  std::string reason;

  friend bool operator==(const role_rule&, const role_rule&) = default;
};

/// `member` is a member of `role`. Unset options are left to the server's defaults.
struct membership_rule {
  std::string role, member;
  bool admin = false;
  std::optional<bool> inherit, set;  ///< Left out before PostgreSQL 16, which does not know them.
  std::string reason;

  friend bool operator==(const membership_rule&, const membership_rule&) = default;
};

/// Privileges given straight to a role, and never taken back by the planner. Grantee "public" is
/// PUBLIC (no role can have that name).
struct direct_grant {
  std::string grantee;
  grant_rule rule;
  std::string reason;

  friend bool operator==(const direct_grant&, const direct_grant&) = default;
};

/// A database that must exist, closed to PUBLIC, with CONNECT, CREATE and TEMPORARY for these
/// roles. A new one is made from template0.
struct database_rule {
  std::string name;
  std::vector<std::string> users;
  std::string reason;

  friend bool operator==(const database_rule&, const database_rule&) = default;
};

/// Issuers and granters, which make logins and give memberships for a connector that may do
/// neither itself: roles `pgrant_issuer_<k>` and `pgrant_granter_<k>`, which must be among `roles`,
/// and their functions in schema pgrant_issue of the ledger's database. Not part of policy files.
struct issuing_rule {
  int issuers = 0, granters = 0;
  std::string database;
  std::string connector;

  friend bool operator==(const issuing_rule&, const issuing_rule&) = default;
};

struct policy {
  std::string bundle_role_prefix = "pgrant_";
  std::vector<bundle> bundles;
  /// Bundles that must be gone: their roles are dropped.
  std::vector<std::string> dropped_bundles;
  std::vector<role_rule> roles;
  std::vector<membership_rule> memberships;
  std::vector<direct_grant> grants;
  std::vector<database_rule> databases;
  std::optional<issuing_rule> issuing;
  /// Grants that the executor has no authority for are reported in `plan::not_granted` and left
  /// out, instead of making the plan unusable. Bootstrap does so.
  bool best_effort = false;

  const bundle* find_bundle(std::string_view name) const noexcept;
  /// The bundle's role: its own `role`, or the prefix and the name with '-' as '_'.
  std::string role_of(const bundle& b) const;

  friend bool operator==(const policy&, const policy&) = default;
};

/// Checks everything that needs no server: names (63 bytes, no NUL, reserved names), privileges
/// that the class of object does not have, bundles without grants, grant options in bundles,
/// duplicate bundles and roles, empty patterns. Gives every finding, in the order of the policy;
/// each is `invalid_argument` and has `field()` such as "bundles.sales-read.grants[0].privileges",
/// in the words of the policy file. Empty: the policy is well-formed.
std::vector<error> validate(const policy& desired);

}  // namespace pgrant
