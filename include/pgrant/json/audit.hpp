// The audit trail, and what was found beside the ledger, as JSON text.
#pragma once

#include <string>
#include <vector>

#include "pgrant/adoption.hpp"
#include "pgrant/audit.hpp"

namespace pgrant {

/// Format "pgrant.audit/1". A reader must accept keys that it does not know. What does not apply is
/// null.
///
///     {"format": "pgrant.audit/1",
///      "entries": [
///        {"chain": 3, "n": 17, "at": "2026-11-24T09:00:00.000000Z", "login": "apono_connector",
///         "actor": "ada", "action": "grant", "lease": "k3v…", "outcome": "done",
///         "details": {"grantee": "lease_ada_x7…"}}]}
std::string to_json(const std::vector<audit_record>& entries);

/// Format "pgrant.audit_verdict/1".
///
///     {"format": "pgrant.audit_verdict/1", "intact": false, "entries": 4711,
///      "broken": ["chain 3, entry 17: changed or missing"]}
std::string to_json(const audit_verdict& verdict);

/// Format "pgrant.adopt/1"; leases as in "pgrant.leases/1".
///
///     {"format": "pgrant.adopt/1", "written": false,
///      "bundles": [{"name": "sales-read", "role": "pgrant_sales_read"}],
///      "leases": [],
///      "left": [{"role": "grace", "bundles": ["sales-read"], "why": "…", "remedy": "…"}]}
std::string to_json(const adopt_report& report);

}  // namespace pgrant
