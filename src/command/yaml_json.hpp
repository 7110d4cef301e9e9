// YAML, of which JSON is a part, as JSON text.
#pragma once

#include <string>

#include "pgrant/result.hpp"

namespace pgrant::command {

/// The one document of a YAML text as JSON. Plain scalars are numbers, truth values and null as in
/// YAML 1.2's core schema. Repeated keys, tags, anchors, aliases and merge keys are refused:
/// readers disagree about them, somebody may have reviewed something else, and a few aliases can
/// stand for more than fits into memory. Fails with `invalid_argument`; the field is line and
/// column.
result<std::string> yaml_to_json(const std::string& text);

}  // namespace pgrant::command
