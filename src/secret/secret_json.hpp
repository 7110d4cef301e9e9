// Logins as vaults keep them: {"username": "…", "password": "…"}.
#pragma once

#include <string_view>

#include "pgrant/result.hpp"
#include "pgrant/secret_source.hpp"

namespace pgrant::detail {

// True if the text is valid JSON and an object. A password may begin with a brace, too.
bool is_json_object(std::string_view text);
// Takes an object; fails with `errc::secret` if "password" is missing or a value is no text.
result<resolved_secret> parse_json_login(std::string_view text);

}  // namespace pgrant::detail
