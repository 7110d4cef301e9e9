// The sandbox's own certification authority and server certificate.
#pragma once

#include <string>

#include "pgrant/result.hpp"
#include "pgrant/secret.hpp"

namespace pgrant::detail {

/// PEM texts. The authority's key is thrown away, so that nothing else can ever be signed.
struct server_certificates {
  std::string authority;
  std::string server;
  secret server_key;
};

/// A new authority and a certificate for `localhost` and 127.0.0.1, both valid for a year.
result<server_certificates> make_server_certificates();

}  // namespace pgrant::detail
