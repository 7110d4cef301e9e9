// A plan: what to run where, why, with which authority, and how to take it back. Plans are data:
// they can be stored as JSON, reviewed, and applied later to the server that they were made for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/acl.hpp"
#include "pgrant/safety.hpp"
#include "pgrant/snapshot.hpp"

namespace pgrant {

/// What a step does; the applier verifies each in its own way.
enum class step_action : std::uint8_t {
  create_database,
  create_role,
  alter_role,
  drop_role,
  comment_on_role,
  grant_membership,
  revoke_membership,
  grant,
  revoke,
  grant_default,   ///< ALTER DEFAULT PRIVILEGES … GRANT
  revoke_default,  ///< ALTER DEFAULT PRIVILEGES … REVOKE
  define,          ///< Makes the schema, table or routines of pgrant's own that are its targets.
};

std::string_view to_string(step_action action) noexcept;

/// An object that a step changes, with its ACL as the planner saw it.
struct step_target {
  oid id = 0;
  object_kind kind = object_kind::table;
  /// For people: `sales.orders`, `sales.total(date)`; quoted where SQL needs it.
  std::string name;
  /// `acl_hash` of what the snapshot held, of the column's ACL if the step has a column. The
  /// applier compares it before the first step of the plan that changes the object, and refuses to
  /// run on anything else. Later steps on the same object carry the same value.
  std::uint64_t acl_before = 0;

  friend bool operator==(const step_target&, const step_target&) = default;
};

/// One statement.
struct step {
  step_action action = step_action::grant;
  std::string database;  ///< Where to run it; empty: cluster-wide, in any database.
  /// Complete but for secrets: the text `secret_marker(name)` stands for a password verifier.
  std::string sql;
  std::string reason;     ///< "bundle sales-read: SELECT on tables in schema sales"
  std::string authority;  ///< As whom PostgreSQL will record it: "granted by app_owner (owner)"
  /// A statement that takes back exactly what this one adds (or gives again what it takes);
  /// empty: there is none. What was there before is not in it.
  std::string inverse;
  std::string secret;            ///< The name of the secret in `sql`; empty: none.
  bool own_transaction = false;  ///< CREATE DATABASE cannot run inside a transaction block.

  // What the applier compares and reads back; empty where the action has no such thing.
  /// Grantees, members, or the role itself. "public" among grantees is PUBLIC.
  std::vector<std::string> roles;
  std::string of_role;    ///< Memberships: the role; default privileges: the creator.
  std::string in_schema;  ///< Default privileges: the schema; empty: all.
  object_class on = object_class::table;
  privilege_set privileges;
  /// GRANT … WITH GRANT OPTION (memberships: WITH ADMIN OPTION), REVOKE GRANT OPTION FOR.
  bool grant_option = false;
  /// Column privileges: the column's name; empty: those of the whole object.
  std::string column;
  /// Grants and revokes on objects. The id is 0 for a database that an earlier step creates.
  std::vector<step_target> targets;

  friend bool operator==(const step&, const step&) = default;
};

/// A grant that the policy asks for and the executor cannot make (or unmake).
struct not_granted {
  std::string database;
  std::string object;  ///< `table legacy.accounts`; for people
  std::string grantee;
  privilege_set privileges;
  std::string reason;  ///< "owned by legacy_owner; pgadmin holds no grant option"
  std::string remedy;  ///< "as legacy_owner: GRANT … ; or GRANT legacy_owner TO pgadmin"

  friend bool operator==(const not_granted&, const not_granted&) = default;
};

/// A bundle of the policy, as the ledger keeps it for grants: with it `grant` needs no policy file.
struct planned_bundle {
  std::string name;
  std::string role;  ///< The bundle role.
  std::string description;
  std::int64_t maximum_seconds = 0;    ///< The longest lease; 0: no limit.
  std::vector<std::string> databases;  ///< Where it grants something, sorted.
  /// How surely leases end; nothing: an older version of pgrant planned it.
  std::optional<safety_grade> grade{}, existing_role_grade{};
  std::vector<std::string> accepted{};  ///< `bundle::accept`

  friend bool operator==(const planned_bundle&, const planned_bundle&) = default;
};

struct plan {
  std::string system_identifier;  ///< The cluster it was made for.
  int server_version = 0;
  std::string executor;  ///< The role whose authority was assumed.
  std::string snapshot_taken_at;
  /// In order: cluster-wide, then by database in the order of names, then what issuers and granters
  /// need in the ledger's database, then cluster-wide again (what must be last: DROP ROLE). Steps
  /// of one database stand together.
  std::vector<step> steps;
  std::vector<planned_bundle> bundles;       ///< All of the policy's, also those without a step.
  std::vector<bundle_safety> safety{};       ///< One for each of `bundles`, in that order.
  std::vector<std::string> dropped_bundles;  ///< Names that the ledger forgets.
  std::vector<pgrant::not_granted> not_granted;
  std::vector<std::string> warnings;
  /// True: `not_granted` does not stop the applier (`policy::best_effort`).
  bool best_effort = false;

  /// A bundle has a refusal that the policy does not accept: the applier refuses the plan, best
  /// effort or not.
  bool refused() const;

  /// Nothing to do. (`not_granted` may still hold what nobody can do.)
  bool empty() const noexcept { return steps.empty(); }

  friend bool operator==(const plan&, const plan&) = default;
};

/// The text that stands for a secret inside `step::sql`: `<secret '"connector>`. It is no valid SQL
/// in any place, so that a step that was not filled in cannot run by accident. No name and no
/// literal can forge it: quoting doubles the one or the other of the two quotes in its middle. It
/// stands exactly once in a step whose `secret` is not empty.
std::string secret_marker(std::string_view name);

/// A 64-bit hash of an ACL, the same in every process: equal lists have equal hashes, NULL differs
/// from empty. Not cryptographic.
///
/// FNV-1a over these bytes: 0 for NULL; else 1, and for each entry in canonical order grantee and
/// grantor (32 bits each), privileges and grantable privileges (16 bits each,
/// `privilege_set::bits`), all little-endian.
std::uint64_t acl_hash(const acl& list) noexcept;

}  // namespace pgrant
