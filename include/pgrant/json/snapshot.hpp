// Snapshots as JSON text: the inventory of an instance for programs.
#pragma once

#include <string>

#include "pgrant/snapshot.hpp"

namespace pgrant {

/// What of a snapshot is written. By default all of it.
class snapshot_json_options {
 public:
  snapshot_json_options() = default;

  /// False: no relations and routines, which are most of it.
  snapshot_json_options& objects(bool on) { return objects_ = on, *this; }
  /// False: no ACLs, no memberships and no default privileges: only what there is and whose.
  snapshot_json_options& privileges(bool on) { return privileges_ = on, *this; }

  bool objects() const noexcept { return objects_; }
  bool privileges() const noexcept { return privileges_; }

 private:
  bool objects_ = true, privileges_ = true;
};

/// Format "pgrant.snapshot/1". Keys and their order, and the order of all lists, are fixed: equal
/// snapshots give equal bytes. A reader must accept keys that it does not know; what is here does
/// not change its meaning within version 1.
///
///     {
///       "format": "pgrant.snapshot/1",
///       "server_version": 170004,
///       "system_identifier": "7341…", "taken_at": "2026-11-24T09:00:00.000000Z",
///       "platform": "azure", "current_role": "pgadmin",
///       "roles": [
///         {"name": "ada", "superuser": false, "inherit": true, "create_role": false,
///          "create_database": false, "login": true, "replication": false, "bypass_rls": false,
///          "connection_limit": null, "valid_until": null, "comment": null}],
///       "memberships": [
///         {"role": "sales", "member": "ada", "grantor": "pgadmin",
///          "admin": false, "inherit": true, "set": false}],
///       "databases": [
///         {"name": "shop", "owner": "pgadmin", "acl": null, "allow_connections": true,
///          "is_template": false, "connection_limit": null, "inspected": true,
///          "why_not_inspected": null,
///          "schemas": [{"name": "sales", "owner": "app", "acl": […]}],
///          "objects": [
///            {"schema": "sales", "kind": "table", "name": "orders", "owner": "app",
///             "acl": [{"grantee": "ada", "grantor": "app",
///                      "privileges": ["SELECT"], "grant_options": []}],
///             "columns": [{"name": "id", "acl": […]}]},
///            {"schema": "sales", "kind": "function", "name": "total",
///             "arguments": "date, integer", "owner": "app", "acl": null, "columns": []}],
///          "default_privileges": [
///            {"creator": "app", "schema": null, "on": "table", "acl": […]}]}]
///     }
///
/// `acl` null: the object has the built-in defaults; `[]`: nobody has anything. `schema` null: in
/// all schemas. Roles are named; as a grantee null is PUBLIC, and `{"oid": 16400}` stands for a
/// role that is gone. Bytes of a name that are no UTF-8 are written as U+FFFD.
std::string to_json(const snapshot& state,
                    const snapshot_json_options& options = snapshot_json_options());

}  // namespace pgrant
