// A rotation as JSON text.
#pragma once

#include <string>

#include "pgrant/rotation.hpp"

namespace pgrant {

/// Format "pgrant.rotation/1". A reader must accept keys that it does not know. No secret is in it.
///
///     {"format": "pgrant.rotation/1", "login": "apono_connector", "resumed": false}
std::string to_json(const rotation_report& report);

}  // namespace pgrant
