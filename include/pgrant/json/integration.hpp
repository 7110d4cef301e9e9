// Connection specs and integrations as JSON text, and the JSON Schema that describes them.
#pragma once

#include <string>
#include <string_view>

#include "pgrant/connection_spec.hpp"
#include "pgrant/integration.hpp"
#include "pgrant/result.hpp"

namespace pgrant {

/// Takes an object with libpq's keywords and `secret`, as they stand in a connection string:
///
///     {"host": "shop.postgres.database.azure.com", "user": "pgrant", "secret":
///     "env:PGRANT_SECRET"}
///
/// Values are texts; numbers may be numbers, 0 and 1 of a switch also false and true. Keywords that
/// hold secrets are refused: a file that describes an integration holds none. Values are checked
/// one by one (`connection_spec::set`); call `validate` for the rest.
///
/// Fails with `invalid_argument`, the field being the key: unknown or repeated keys, a wrong type,
/// a wrong value, more than 64 KiB. Does not repeat values.
result<connection_spec> connection_spec_from_json(std::string_view text);

/// The same with a required "name" and with "labels", an object of texts.
result<integration> integration_from_json(std::string_view text);

/// What `connection_spec_from_json` reads, in libpq's order of importance and then by name. A
/// secret shows as its reference; what is held in the process as `literal`, `callback` or
/// `<hidden>`, which no reader accepts. Bytes that are not UTF-8 become U+FFFD.
std::string to_json(const connection_spec& spec);
std::string to_json(const integration& subject);

/// JSON Schema (draft 2020-12) of an integration: titles, descriptions, defaults and limits of
/// every field, and for each SSL mode what it guarantees. Enough for a host to draw a form from.
std::string integration_schema();

}  // namespace pgrant
