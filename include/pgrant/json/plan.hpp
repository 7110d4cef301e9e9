// Plans as JSON text: to store, review, sign, and apply later.
#pragma once

#include <string>
#include <string_view>

#include "pgrant/plan.hpp"
#include "pgrant/result.hpp"

namespace pgrant {

/// Format "pgrant.plan/1". Keys and their order are fixed: equal plans give equal bytes. What is
/// empty, 0 or false in a step is left out, but for "action" and "sql".
///
///     {
///       "format": "pgrant.plan/1",
///       "system_identifier": "7341…", "server_version": 170004,
///       "executor": "pgadmin", "snapshot_taken_at": "2026-11-24T09:00:00.000000Z",
///       "best_effort": false,
///       "steps": [
///         {"action": "grant", "database": "shop",
///          "sql": "GRANT SELECT ON TABLE sales.orders TO pgrant_sales_read",
///          "reason": "bundle sales-read: SELECT on table sales.orders",
///          "authority": "granted by app (owner)",
///          "inverse": "REVOKE SELECT ON TABLE sales.orders FROM pgrant_sales_read",
///          "roles": ["pgrant_sales_read"], "on": "table", "privileges": ["SELECT"],
///          "targets": [{"id": 16402, "kind": "table", "name": "sales.orders",
///                       "acl_before": "a8c7f832281a39c5"}]}],
///       "bundles": [
///         {"name": "sales-read", "role": "pgrant_sales_read", "description": "…",
///          "maximum_seconds": 28800, "databases": ["shop"],
///          "grade": "B", "existing_role_grade": "C", "accepted": ["grade-b"]}],
///       "safety": [
///         {"bundle": "sales-read", "grade": "B", "existing_role_grade": "C",
///          "findings": [
///            {"name": "default-privileges", "severity": "question",
///             "grade": "B", "existing_role_grade": "B",
///             "object": "tables * in schema sales of database shop",
///             "reason": "…", "remedy": "…", "accepted": true}]}],
///       "dropped_bundles": [],
///       "not_granted": [
///         {"database": "shop", "object": "table legacy.accounts", "grantee": "pgrant_sales_read",
///          "privileges": ["SELECT"], "reason": "…", "remedy": "…"}],
///       "warnings": []
///     }
///
/// A plan never holds a secret; a step with "secret" has `secret_marker` in its "sql". Names that
/// are not UTF-8 cannot be written in JSON: fails with `unsupported` and names the step.
/// "accepted" of a bundle is left out if the policy accepts nothing, and "grade" where there is
/// none.
result<std::string> to_json(const plan& p);

/// Reads what `to_json` writes, strictly: unknown keys and actions, and texts that no plan has, are
/// refused with `invalid_argument` and the field. Gives a plan equal to the one that was written.
/// What it reads is run later as it stands: read only plans from where policies come from.
result<plan> plan_from_json(std::string_view text);

}  // namespace pgrant
