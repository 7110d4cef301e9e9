// Policy files: YAML, of which JSON is a part, to the one reader of policies.
#pragma once

#include <string>

#include "pgrant/policy.hpp"

namespace pgrant::command {

/// Reads, checks (`validate`) and gives a policy. Fails with `io` if the file cannot be read, else
/// with `invalid_argument`, field and, for what YAML itself refuses, line and column.
result<policy> read_policy_file(const std::string& path);

/// YAML to JSON text of the same content. Plain scalars are numbers, truth values and null as in
/// YAML 1.2's core schema; repeated keys, tags, aliases and merge keys are refused, because readers
/// disagree about them and somebody may have reviewed something else.
result<std::string> yaml_to_json(const std::string& text);

/// A whole file, at most 16 MiB.
result<std::string> read_file(const std::string& path);
/// Writes a file that must not exist yet, for its owner alone if `is_private`.
result<void> write_new_file(const std::string& path, const std::string& text, bool is_private);

}  // namespace pgrant::command
