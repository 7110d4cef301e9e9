// Where PostgreSQL is on this machine.
#pragma once

#include <filesystem>

#include "pgrant/result.hpp"
#include "pgrant/sandbox.hpp"

namespace pgrant::detail {

inline constexpr int oldest_major = 14;
inline constexpr int newest_major = 18;

/// The directory of `initdb` and `postgres` that the options ask for.
result<std::filesystem::path> find_postgresql(const sandbox_options& options);

}  // namespace pgrant::detail
