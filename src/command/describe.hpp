// Results as text for people.
#pragma once

#include <string>
#include <vector>

#include "pgrant/check.hpp"
#include "pgrant/leases.hpp"
#include "pgrant/plan.hpp"

namespace pgrant::command {

/// Prints why, to standard error and with `json` as an object to standard output; gives the exit
/// status that belongs to it.
int report_error(const error& why, bool json);

/// "2026-11-24 09:00:00 UTC"
std::string time_text(server_time t);
std::string lease_table(const std::vector<lease>& leases);
std::string end_text(const lease_end& end);
std::string check_text(const check_report& report);

}  // namespace pgrant::command
