// Policies as JSON text, and the JSON Schema that describes them. The policy file that people write
// is YAML of the same shape.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "pgrant/policy.hpp"
#include "pgrant/result.hpp"

namespace pgrant {

/// Reads a policy. In YAML:
///
///     version: 1
///     bundles:
///       sales-read:
///         description: Read the sales schema
///         maximum_duration: 8h
///         accept: [default-privileges]      # findings of docs/safety.md that are meant to be
///         grants:
///           - { database: shop, schema: sales, tables: "*", privileges: [SELECT] }
///           - { database: shop, schema: sales, sequences: "*", privileges: [USAGE],
///               future: { creators: [app_owner] } }
///           - { database: shop, privileges: [TEMPORARY] }       # the database itself
///           - { database: shop, schema: api, privileges: [USAGE] }       # the schema itself
///           - { database: shop, schema: api, functions: "get_*", privileges: [EXECUTE] }
///     dropped_bundles: [old-bundle]
///     roles:
///       reporting: { login: true, connection_limit: 5 }
///     memberships:
///       - { role: pg_monitor, member: reporting }
///     grants:                                         # straight to a role, never taken back
///       - { grantee: reporting, database: shop, schema: sales, tables: "*", privileges: [SELECT] }
///     databases:
///       archive: { users: [reporting] }
///
/// A grant names what it is about: `tables` (views of all kinds included), `sequences`, `functions`
/// (aggregates included), `procedures` or `routines` with a pattern of names; without any of these
/// the schema, and without `schema` the database. `kinds` narrows it: `kinds: [view, "materialized
/// view"]`. `privileges` is a list of keywords in any case, or `ALL`. `future: true` adds default
/// privileges for what the owners make later; as an object it may have `creators` and `everywhere`.
/// `existing: false` leaves existing objects alone. Patterns are described at `selector`.
///
/// Durations are whole numbers with units, greatest first: "8h", "30m", "8h30m", "2d", "45s".
///
/// Fails with `invalid_argument` and the field ("bundles.sales-read.grants[0].tables"): unknown or
/// repeated keys, wrong types, unknown privileges and kinds, another version. Call `validate` for
/// the rest.
result<policy> policy_from_json(std::string_view text);

/// What `policy_from_json` reads as an equal policy, defaults left out.
std::string to_json(const policy& desired);

/// JSON Schema (draft 2020-12) of a policy, with titles and descriptions.
std::string policy_schema();

/// Reads "8h30m" as `policy_from_json` does. Fails with `invalid_argument`.
result<std::chrono::seconds> parse_duration(std::string_view text);
/// "8h30m"; "0s" for none.
std::string to_string(std::chrono::seconds duration);

}  // namespace pgrant
