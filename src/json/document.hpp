// JSON text to Boost.JSON values: the one place that parses.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <string_view>

#include "pgrant/result.hpp"

namespace pgrant::json_text {

inline constexpr std::size_t default_max_bytes = 16u << 20;
inline constexpr std::size_t max_depth = 32;

// Standard JSON only: no comments, no trailing commas, UTF-8, nothing after the value. A key that
// comes twice in an object is refused, because readers disagree on which one counts and somebody
// may have reviewed the other. Errors are `invalid_argument` with line and column, and name `what`
// ("policy").
result<boost::json::value> parse(std::string_view text, std::string_view what,
                                 std::size_t max_bytes = default_max_bytes);

}  // namespace pgrant::json_text
