// What a server held at one instant, as compact values: roles, memberships, databases, objects,
// ACLs, default privileges. Pure data with look-ups; `inspector.hpp` reads one from a server.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pgrant/acl.hpp"
#include "pgrant/platform.hpp"

namespace pgrant {

/// A row of pg_roles.
struct role {
  oid id = 0;
  std::string name;
  bool superuser = false, inherit = true, create_role = false, create_database = false;
  bool login = false, replication = false, bypass_rls = false;
  int connection_limit = -1;  ///< -1: none
  std::string valid_until;    ///< ISO 8601 in UTC, or empty
  std::string comment;        ///< pg_shdescription, or empty

  friend bool operator==(const role&, const role&) = default;
};

/// A row of pg_auth_members. Before PostgreSQL 16 there is one row for each pair, `inherit` is the
/// member's own attribute and `set` is always true.
struct membership {
  oid role = 0, member = 0, grantor = 0;
  bool admin = false, inherit = true, set = true;

  friend auto operator<=>(const membership&, const membership&) = default;
};

struct schema {
  oid id = 0;
  oid owner = 0;
  std::string name;
  pgrant::acl acl;

  friend bool operator==(const schema&, const schema&) = default;
};

/// A column with privileges of its own.
struct column_acl {
  std::string column;
  pgrant::acl acl;

  friend bool operator==(const column_acl&, const column_acl&) = default;
};

/// A relation or routine.
struct object {
  oid id = 0;
  oid schema = 0;  ///< OID of the schema in the same database
  oid owner = 0;
  object_kind kind = object_kind::table;
  std::string name;
  /// Routines only: the types of the arguments as GRANT takes them, without parentheses.
  std::string arguments;
  pgrant::acl acl;
  std::vector<column_acl> columns;  ///< Only the columns that have an ACL.
  bool security_definer = false;    ///< Routines only.

  friend bool operator==(const object&, const object&) = default;
};

/// A row of pg_default_acl: what `creator`'s future objects get.
struct default_privileges {
  oid creator = 0;
  oid schema = 0;  ///< 0: in all schemas
  object_class on = object_class::table;
  pgrant::acl acl;

  friend bool operator==(const default_privileges&, const default_privileges&) = default;
};

/// A row of pg_policy that names roles.
struct row_policy {
  std::string table;  ///< Without its schema.
  std::string name;
  bool permissive = true;  ///< False: RESTRICTIVE.
  std::vector<oid> roles;  ///< Sorted.

  friend bool operator==(const row_policy&, const row_policy&) = default;
};

struct database {
  oid id = 0;
  oid owner = 0;
  std::string name;
  pgrant::acl acl;
  bool allow_connections = true, is_template = false;
  int connection_limit = -1;  ///< -1: none; -2: the remains of an interrupted DROP DATABASE
  /// False: only the fields above are known; `why_not_inspected` says why.
  bool inspected = false;
  std::string why_not_inspected;
  std::vector<schema> schemas;  ///< Sorted by name, without pg_toast and temporary schemas.
  std::vector<object> objects;  ///< Sorted by schema OID, kind, name, arguments.
  /// Sorted by creator, schema, class.
  std::vector<pgrant::default_privileges> default_privileges;
  std::vector<row_policy> policies;  ///< Sorted by table, name.
  /// Positions in `schemas` in the order of OIDs; `index()` makes it.
  std::vector<std::uint32_t> schemas_by_id;

  /// Sorts the vectors. `snapshot::index()` does it for all databases.
  void index();

  // Look-ups after `index()`, in logarithmic time.
  const pgrant::schema* find_schema(std::string_view schema_name) const noexcept;
  const pgrant::schema* find_schema(oid schema_id) const noexcept;
  /// All objects of one schema.
  std::span<const object> objects_in(oid schema_id) const noexcept;

  friend bool operator==(const database&, const database&) = default;
};

/// A regular value; const use is thread-safe. Build it with the fields, then call `index()` once.
class snapshot {
 public:
  int server_version = 0;         ///< 170004 for 17.4
  std::string system_identifier;  ///< pg_control_system(); which cluster this is
  std::string taken_at;           ///< The server's clock, ISO 8601 in UTC
  pgrant::platform platform = pgrant::platform::generic;
  std::optional<int> max_prepared_transactions;  ///< Nothing: not known.
  oid current_role = 0;                 ///< The role that read it; plans are made for its authority
  std::vector<role> roles;              ///< Sorted by name
  std::vector<membership> memberships;  ///< Sorted by role, member, grantor
  std::vector<database> databases;      ///< Sorted by name

  /// Sorts the vectors and builds the look-up tables. Call it after the last change.
  void index();

  const role* find_role(std::string_view name) const noexcept;
  const role* find_role(oid id) const noexcept;
  const database* find_database(std::string_view name) const noexcept;
  /// The role's name, "PUBLIC" for 0, the number for a role that is gone. For people: a role may
  /// bear such a name, so anything else asks for the OID.
  std::string role_name(oid id) const;

 private:
  std::unordered_map<oid, std::uint32_t> roles_by_id_;
};

}  // namespace pgrant
