// What the tests of rotation share: where secrets are kept, and where a password is proved.
#pragma once

#include <filesystem>
#include <string>

#include "pgrant/connection_spec.hpp"
#include "support/servers.hpp"

namespace test {

/// A new directory for secrets beside the server's data, closed to others.
inline std::filesystem::path store_directory(const server& where, const std::string& name) {
  const auto directory = where.directory() / ("secrets_" + name);
  std::filesystem::create_directory(directory);
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all);
  return directory;
}

/// Verified TLS to the server, without a user.
inline pgrant::connection_spec over_tls(const server& where) {
  pgrant::connection_spec spec;
  spec.host(where.host()).port(where.port()).database("postgres");
  spec.root_certificate(where.ca_file()).ssl_mode(pgrant::ssl_mode::verify_full);
  return spec;
}

}  // namespace test
