// Files that the verbs read and write.
#pragma once

#include <string>

#include "pgrant/policy.hpp"

namespace pgrant::command {

/// Reads, checks (`validate`) and gives a policy. Fails with `io` if the file cannot be read, else
/// with `invalid_argument`, field and, for what YAML itself refuses, line and column.
result<policy> read_policy_file(const std::string& path);

/// A whole file, at most 16 MiB.
result<std::string> read_file(const std::string& path);
/// Writes a file that must not exist yet, for its owner alone if `is_private`.
result<void> write_new_file(const std::string& path, const std::string& text, bool is_private);

}  // namespace pgrant::command
