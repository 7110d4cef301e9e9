// JSON text is UTF-8; names that come from a server need not be.
#pragma once

#include <string>
#include <string_view>

namespace pgrant::json_text {

// `bytes` with U+FFFD in the place of each byte that belongs to no well-formed sequence.
// Source: The Unicode Standard, table 3-7.
std::string to_valid_utf8(std::string_view bytes);

}  // namespace pgrant::json_text
