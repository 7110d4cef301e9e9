#pragma once

#include <string>
#include <string_view>

namespace pgrant::detail {

/// A connection string that gives every keyword which libpq would otherwise take from the
/// environment, or from a file in the home directory, a value that means "nothing".
std::string inert_keywords();

/// Whether the running libpq has this keyword; others make it refuse to connect.
bool is_known_keyword(std::string_view keyword);

}  // namespace pgrant::detail
