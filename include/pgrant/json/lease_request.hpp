// Requests and filters as JSON text: the same words as in C++ and on the command line.
#pragma once

#include <string_view>

#include "pgrant/audit.hpp"
#include "pgrant/grant_request.hpp"
#include "pgrant/lease_filter.hpp"
#include "pgrant/result.hpp"

namespace pgrant {

// Each fails with `invalid_argument` and the field for unknown or repeated keys, wrong types and
// what `validate` refuses. Durations are texts like "8h30m" (`parse_duration`), times ISO 8601 in
// UTC ("2026-11-24T09:00:00Z").

/// Reads a request. Needed are `to` or `to_role`, `for`, and `bundles` or `ad_hoc`.
///
///     {"bundles": ["sales-read"], "to": "ada", "for": "8h", "reason": "incident 17",
///      "starting_at": "2026-11-24T22:00:00Z", "requester": "grace", "ticket": "OPS-17",
///      "labels": {"team": "data"}, "connection_limit": 2, "key": "…",
///      "ad_hoc": [{"database": "shop", "schema": "sales", "tables": "orders",
///                  "privileges": ["SELECT"]}]}
///
/// `to_role` stands in the place of `to`, `starting_in` ("2h") in the place of `starting_at`;
/// entries of `ad_hoc` are grants of a bundle, as in a policy.
result<grant_request> grant_request_from_json(std::string_view text);

///     {"lease": "k3v…", "by": "1h", "reason": "not done yet", "requester": "grace", "key": "…"}
result<extend_request> extend_request_from_json(std::string_view text);

/// Everything is optional.
///
///     {"all": true, "states": ["active", "held"], "bundle": "sales-read", "grantee": "ada",
///      "requester": "grace", "ticket": "OPS-17", "labels": {"team": "data"},
///      "expiring_before": "2026-11-24T22:00:00Z", "lease": "k3v…", "limit": 100}
///
/// `expiring_within` ("2h") stands in the place of `expiring_before`.
result<lease_filter> lease_filter_from_json(std::string_view text);

/// Everything is optional.
///
///     {"lease": "k3v…", "action": "grant", "actor": "ada", "since": "2026-11-24T00:00:00Z",
///      "before": "2026-11-25T00:00:00Z", "within": "2h", "limit": 100}
result<audit_filter> audit_filter_from_json(std::string_view text);

}  // namespace pgrant
