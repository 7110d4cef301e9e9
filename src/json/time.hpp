// Points in time as text: ISO 8601 in UTC.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace pgrant::json_text {

// "2026-11-24T09:00:00Z", with ".000000" before the Z if it has microseconds.
std::string iso_time(std::chrono::sys_seconds t);
std::string iso_time(std::chrono::sys_time<std::chrono::microseconds> t);

// Reads what these write, and with less: "2026-11-24", "2026-11-24T09:00Z", up to six digits of
// fraction; a blank or 't' in the place of the T. None: it is no such time, or not in UTC.
std::optional<std::chrono::sys_time<std::chrono::microseconds>> parse_iso_time(
    std::string_view text);

}  // namespace pgrant::json_text
