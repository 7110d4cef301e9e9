// Texts at the boundary: those that come in are checked, those that go out are owned.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "boundary.hpp"
#include "pgrant/secret.hpp"

/// A text that the caller owns.
struct pgrant_text {
  pgrant::capi::mark<2> alive;
  pgrant::secret bytes;  // wiped in any case, because some are passwords
};

namespace pgrant::capi {

/// The bytes that a caller names, if they are a text: UTF-8 without a NUL byte, not too long. The
/// view is into the caller's memory.
std::string_view text_in(const char* text, std::size_t size, const char* what);
/// The same for secrets: any bytes but NUL, one at least.
std::string_view secret_in(const char* text, std::size_t size, const char* what);

pgrant_text* new_text(std::string text);
pgrant_text* new_text(secret text);

}  // namespace pgrant::capi
