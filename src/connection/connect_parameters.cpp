#include "connection/connect_parameters.hpp"

#include <libpq-fe.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <system_error>

#include "connection/inert_keywords.hpp"

namespace pgrant::detail {
namespace {

/// Where distributions keep the roots that they trust; libpq 15 has no word for "the system's".
std::string system_roots_file() {
  for (const char* file : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                           "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}) {
    if (access(file, R_OK) == 0) return file;
  }
  return {};
}

result<std::string> root_file(const connection_spec& spec) {
  const std::string given(spec.get("sslrootcert"));
  const auto servers = spec.servers();
  const bool only_sockets = std::all_of(servers.begin(), servers.end(), [](const auto& server) {
    return server.is_socket_directory();  // libpq uses no TLS there
  });
  const bool needed = verifies_server(spec.ssl_mode()) && !only_sockets;
  if (given.empty() && !needed) return std::string();
  if (!given.empty() && given != system_roots) {
    if (access(given.c_str(), R_OK) == 0 || !needed) return given;
    const int why = errno;
    return pgrant::error(errc::tls, "the root certificate file cannot be read")
        .with_field("sslrootcert")
        .with_object("file " + given)
        .with_detail(std::generic_category().message(why))
        .with_hint("give the file with the certificate of the authority that signed the server's");
  }
  if (PQlibVersion() >= 160'000) return std::string(system_roots);
  std::string file = system_roots_file();
  if (!file.empty()) return file;
  return pgrant::error(errc::tls, "the operating system's root certificates were not found")
      .with_field("sslrootcert")
      .with_hint("install ca-certificates, or give a file with sslrootcert");
}

/// What is decided for each attempt, by the session's settings, or here.
bool is_handled_apart(std::string_view keyword) {
  for (const std::string_view apart :
       {"host", "hostaddr", "port", "dbname", "user", "password", "sslmode", "sslrootcert",
        "target_session_attrs", "load_balance_hosts", "connect_timeout", "client_encoding",
        "application_name", "service"}) {
    if (keyword == apart) return true;
  }
  return false;
}

pgrant::error unknown_to_libpq(const std::string& keyword) {
  return pgrant::error(errc::unsupported, "the libpq of this process does not know the keyword")
      .with_field(keyword)
      .with_detail("libpq " + std::to_string(PQlibVersion() / 10'000))
      .with_hint("leave it out, or use a newer libpq");
}

void shuffle_servers(std::vector<server_address>& servers) {
  std::minstd_rand random(std::random_device{}());
  std::shuffle(servers.begin(), servers.end(), random);
}

}  // namespace

result<connect_target> make_target(const connection_spec& spec, const connect_options& options) {
  BOOST_OUTCOME_TRY(validate(spec));
  connect_target target;
  target.servers = spec.servers();
  target.user = spec.user();
  target.database = spec.database();
  target.mode = spec.ssl_mode();
  target.session = options.session();
  if (target.user.empty()) {
    return pgrant::error(errc::invalid_argument, "no user is given")
        .with_field("user")
        .with_hint("name the login role; the name of the process's owner is not used");
  }
  if (!spec.get("application_name").empty()) {
    target.session.application_name(std::string(spec.get("application_name")));
  }
  if (!spec.get("target_session_attrs").empty()) {
    target.session_attributes = spec.get("target_session_attrs");
  }
  if (spec.get("load_balance_hosts") == "random") shuffle_servers(target.servers);

  BOOST_OUTCOME_TRY(target.root_certificate, root_file(spec));
  auto& keywords = target.keywords;
  for (const auto& [keyword, value] : spec.settings()) {
    if (is_handled_apart(keyword)) continue;
    if (!is_known_keyword(keyword)) return unknown_to_libpq(keyword);
    keywords.emplace_back(keyword, value);
  }
  keywords.emplace_back("user", target.user);
  keywords.emplace_back("sslmode", to_string(target.mode));
  keywords.emplace_back("sslrootcert", target.root_certificate);
  keywords.emplace_back("client_encoding", "UTF8");  // sql.hpp's quoting relies on it
  keywords.emplace_back("application_name", target.session.application_name());

  for (const auto& [keyword, value] : spec.secret_settings()) {
    if (!is_known_keyword(keyword)) return unknown_to_libpq(keyword);
    target.secrets.emplace_back(keyword, value);
  }
  const auto& password = options.password() ? options.password() : spec.secret_source().value();
  if (password && !password->empty()) target.secrets.emplace_back("password", password);
  return target;
}

connect_parameters make_parameters(const connect_target& target, const server_address& server,
                                   const std::string& address, const std::string& attributes) {
  connect_parameters attempt{target.keywords, target.secrets};
  attempt.keywords.emplace_back("host", server.host);
  attempt.keywords.emplace_back("hostaddr", address);
  attempt.keywords.emplace_back("port", std::to_string(server.port));
  attempt.keywords.emplace_back("target_session_attrs", attributes);
  attempt.keywords.emplace_back("dbname", target.database);
  return attempt;
}

std::string describe(const server_address& server, const std::string& address) {
  if (server.is_socket_directory()) return "socket directory " + server.host;
  const std::string& name = server.host.empty() ? server.address : server.host;
  const bool is_ipv6 = name.find(':') != name.npos;
  std::string text = is_ipv6 ? "server [" + name + ']' : "server " + name;
  text += ':' + std::to_string(server.port);
  if (!address.empty() && address != name) text += " (" + address + ')';
  return text;
}

}  // namespace pgrant::detail
