// What a check asks, and how the answers become a report.
#pragma once

#include "pgrant/check.hpp"
#include "pgrant/rows.hpp"
#include "pgrant/statement.hpp"

namespace pgrant::detail {

/// One round trip. The order is known to `read_check` alone.
batch check_questions();
/// Fills what the server said. `into.ledger_database` is known before.
result<check_facts> read_check(const batch_result& answers, check_report& into);

}  // namespace pgrant::detail
