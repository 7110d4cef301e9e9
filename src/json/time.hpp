// Points in time as text: ISO 8601 in UTC.
#pragma once

#include <chrono>
#include <string>

namespace pgrant::json_text {

// "2026-11-24T09:00:00Z", with ".000000" before the Z if it has microseconds.
std::string iso_time(std::chrono::sys_seconds t);
std::string iso_time(std::chrono::sys_time<std::chrono::microseconds> t);

}  // namespace pgrant::json_text
