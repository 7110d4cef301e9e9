// The text form of PostgreSQL's one-dimensional arrays, read back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgrant::detail {

/// The elements of an array in text form; nullopt if the text is no one-dimensional array. Source:
/// PostgreSQL manual, "Array Output Syntax"; explicit bounds (`[0:1]={…}`) are understood.
std::optional<std::vector<std::optional<std::string>>> parse_array(std::string_view text);

}  // namespace pgrant::detail
