// What libpq is told when it connects.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pgrant/connect_options.hpp"
#include "pgrant/connection_spec.hpp"
#include "pgrant/result.hpp"

namespace pgrant::detail {

/// A spec as the connecting machine needs it.
struct connect_target {
  using keyword_list = std::vector<std::pair<std::string, std::string>>;
  using secret_list = std::vector<std::pair<std::string, std::shared_ptr<const secret>>>;

  std::vector<server_address> servers;
  keyword_list keywords;  // of every attempt: all but host, hostaddr, port, target_session_attrs
  secret_list secrets;
  std::string user;
  std::string database;
  ssl_mode mode = ssl_mode::verify_full;
  std::string root_certificate;  // the file that libpq reads, or empty
  std::string session_attributes = "any";
  session_settings session;
};

/// Checks the spec and fills what is not set. Fails with `invalid_argument`, with `unsupported` for
/// a keyword that the running libpq does not know, with `tls` where a root certificate that the
/// mode needs cannot be read.
result<connect_target> make_target(const connection_spec& spec, const connect_options& options);

/// The keywords and values of one attempt. Secrets are shared, not copied.
struct connect_parameters {
  connect_target::keyword_list keywords;
  connect_target::secret_list secrets;
};

/// `address` is what the host's name was resolved to, or empty for a socket's directory.
connect_parameters make_parameters(const connect_target& target, const server_address& server,
                                   const std::string& address, const std::string& attributes);

/// "server db.example.org:5432 (192.0.2.1)", "socket directory /run/postgresql": for errors.
std::string describe(const server_address& server, const std::string& address);

}  // namespace pgrant::detail
