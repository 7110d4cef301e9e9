// Leases, and what granting and ending them did, as JSON text.
#pragma once

#include <string>
#include <vector>

#include "pgrant/leases.hpp"

namespace pgrant {

/// Format "pgrant.leases/1". A reader must accept keys that it does not know. Times are ISO 8601 in
/// UTC, by the server's clock; `ticket`, `ended_at` and `held_why` are null where they do not
/// apply.
///
///     {
///       "format": "pgrant.leases/1",
///       "leases": [
///         {"id": "k3v…", "state": "active", "bundles": ["sales-read"],
///          "grantee": "lease_ada_x7…", "grantee_kind": "ephemeral_login", "person": "ada",
///          "requester": "ada", "reason": "late orders", "ticket": "OPS-17",
///          "labels": {"team": "data"},
///          "granted_at": "2026-11-24T09:00:00.000000Z",
///          "starts_at": "2026-11-24T09:00:00.000000Z",
///          "expires_at": "2026-11-24T10:00:00.000000Z", "ended_at": null, "held_why": null}]
///     }
std::string to_json(const std::vector<lease>& leases);

/// Format "pgrant.grant/1": {"format", "lease": as above, "credentials": null or {"user",
/// "conninfo", "password"}}. The name says it: the text holds the password.
std::string to_json_with_password(const granted_lease& granted);

/// Format "pgrant.revoke/1": {"format", "ends": [{"lease", "sessions_ended", "login_dropped",
/// "kept": [bundles], "bundle_findings": [sentences]}], "failures": [{"lease", "error"}],
/// "ghost_sessions", "started": [leases], "dropped_bundles": [names]}; `error` as `to_json(error)`
/// writes it.
std::string to_json(const sweep_report& report);
/// The same with one end.
std::string to_json(const lease_end& end);

/// Format "pgrant.error/1": {"format", "code": "denied", "message", "detail", "hint", "field",
/// "object", "sqlstate", "retry": "never" | "again" | "reconnect"}; what does not apply is null.
std::string to_json(const error& why);

}  // namespace pgrant
