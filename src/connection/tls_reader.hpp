#pragma once

#include <openssl/ssl.h>

#include <optional>

#include "pgrant/tls_info.hpp"

namespace pgrant::detail {

/// What a session negotiated and what the peer's certificate says; nullopt without a session.
/// `name_verified` is the caller's to fill: libpq checks the name by itself, in mode verify-full.
std::optional<tls_info> read_tls(SSL* session);

}  // namespace pgrant::detail
