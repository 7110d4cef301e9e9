// Reading a file that holds a secret.
#pragma once

#include <string>

#include "pgrant/result.hpp"
#include "pgrant/secret.hpp"

namespace pgrant::detail {

inline constexpr std::size_t max_secret_bytes = 64u << 10;

// The whole content; see `resolve` for what is accepted.
result<secret> read_secret_file(const std::string& path, bool allow_shared);

}  // namespace pgrant::detail
