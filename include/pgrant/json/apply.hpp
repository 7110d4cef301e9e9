// What an apply did in each database, as JSON text.
#pragma once

#include <string>

#include "pgrant/applier.hpp"

namespace pgrant {

/// Format "pgrant.apply_report/1". `outcome` is "committed", "failed" (the database is as it was
/// before) or "unknown" (the connection was lost at the very end: plan again to see); `database` is
/// null for cluster-wide steps; `error` is null, or as "pgrant.error/1" without its format.
///
///     {"format": "pgrant.apply_report/1",
///      "databases": [{"database": "shop", "steps": 12, "outcome": "committed", "error": null}],
///      "warnings": []}
std::string to_json(const apply_report& report);

/// Format "pgrant.error/1" with the member "report": what had been done in each database when the
/// apply failed, as above.
std::string to_json(const error& why, const apply_report& report);

}  // namespace pgrant
