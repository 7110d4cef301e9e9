#include <algorithm>

#include "host_syntax.hpp"
#include "pgrant/connection_spec.hpp"
#include "pgrant/sql.hpp"

namespace pgrant {
namespace {

// Gathers what is wrong with one spec.
class spec_checker {
 public:
  explicit spec_checker(const connection_spec& spec) : spec_(spec), servers_(spec.servers()) {}

  std::vector<error> check() {
    check_servers();
    check_names();
    check_trust();
    check_client_certificate();
    check_sources();
    return std::move(problems_);
  }

 private:
  void report(std::string field, std::string message, std::string hint) {
    problems_.push_back(error(errc::invalid_argument, std::move(message))
                            .with_field(std::move(field))
                            .with_hint(std::move(hint)));
  }
  bool given(std::string_view keyword) const noexcept { return !spec_.get(keyword).empty(); }

  void check_servers() {
    if (servers_.empty()) {
      report("host", "host, hostaddr and port list different numbers of servers",
             "list one entry per server; a single port serves all");
    }
    const bool several = servers_.size() > 1;
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      const server_address& server = servers_[i];
      const std::string which = several ? " of server " + std::to_string(i + 1) : "";
      // A numeric address will do for those who do not ask for the name to be verified.
      const bool needs_name = server.address.empty() || !server.host.empty() ||
                              spec_.ssl_mode() == ssl_mode::verify_full;
      const std::string_view problem = needs_name ? host_problem(server.host) : "";
      if (!problem.empty()) {
        report("host", "host" + which + " " + std::string(problem),
               "give a host name, an address, or a directory of Unix-domain sockets; non-ASCII "
               "names in their xn-- form");
      }
      if (given("hostaddr") && !server.address.empty() && !is_numeric_address(server.address)) {
        report("hostaddr", "hostaddr" + which + " is not a numeric address",
               "put host names into host");
      }
    }
  }

  void check_names() {
    check_name_of("user", "role");
    check_name_of("dbname", "database");
  }
  void check_name_of(std::string_view keyword, std::string_view what) {
    if (!given(keyword)) return;
    const auto valid = check_name(spec_.get(keyword), what);
    if (!valid) problems_.push_back(valid.error().with_field(std::string(keyword)));
  }

  void check_trust() {
    const bool system = spec_.root_certificate() == system_roots;
    if (spec_.ssl_mode() == ssl_mode::verify_ca && system) {
      report("sslrootcert", "verify-ca needs a root certificate file",
             "name the file of your authority, or use verify-full: with the system's roots "
             "verify-ca accepts any certificate of any public authority");
    } else if (given("sslrootcert") && system && spec_.ssl_mode() != ssl_mode::verify_full) {
      report("sslrootcert", "the system's roots need mode verify-full",
             "use verify-full, or name a root certificate file");
    }
  }

  void check_client_certificate() {
    if (given("sslcert") && !given("sslkey")) {
      report("sslkey", "a client certificate without its key", "name the key's file in sslkey");
    }
    if (given("sslkey") && !given("sslcert")) {
      report("sslcert", "a key without its client certificate",
             "name the certificate's file in sslcert");
    }
  }

  void check_sources() {
    for (const char* keyword : {"service", "servicefile"}) {
      if (!given(keyword)) continue;
      report(keyword, "connection services are not read", "write out the settings of the service");
    }
    if (given("passfile")) {
      report("passfile", "password files are not read",
             "use a secret reference such as secret=file:PATH");
    }
    if (given("replication")) {
      report("replication", "a replication connection cannot manage access",
             "leave replication out");
    }
  }

  const connection_spec& spec_;
  std::vector<server_address> servers_;
  std::vector<error> problems_;
};

}  // namespace

std::vector<error> find_problems(const connection_spec& spec) {
  return spec_checker(spec).check();
}

result<void> validate(const connection_spec& spec) {
  auto problems = find_problems(spec);
  if (problems.empty()) return success();
  return problems.front();
}

std::vector<spec_warning> find_warnings(const connection_spec& spec) {
  using enum spec_warning::kind;
  std::vector<spec_warning> warnings;
  const auto servers = spec.servers();
  const bool remote = !std::ranges::all_of(servers, &server_address::is_socket_directory);
  const ssl_guarantees& facts = guarantees(spec.ssl_mode());
  const std::string mode = "ssl mode " + std::string(facts.name);
  const std::string remedy = "use verify-full";
  if (remote && !facts.always_encrypted) {
    warnings.push_back({may_be_plain_text, "sslmode",
                        mode + " does not make sure that the connection is encrypted", remedy});
  } else if (remote && !facts.certificate_checked) {
    warnings.push_back({server_not_verified, "sslmode",
                        mode + " encrypts without checking who the server is", remedy});
  } else if (remote && !facts.host_checked) {
    warnings.push_back({host_not_verified, "sslmode",
                        mode + " accepts every certificate of the authority, whatever its host",
                        remedy});
  }
  const auto is_pooler = [](const server_address& server) {
    const std::uint16_t pooler = profile_of(platform_of_host(server.host)).pooler_port;
    return pooler != 0 && server.port == pooler;
  };
  if (std::ranges::any_of(servers, is_pooler)) {
    warnings.push_back({pooler_port, "port",
                        "port 6432 is the built-in PgBouncer, which shares sessions",
                        "manage access through port 5432"});
  }
  if (spec.secret_source().type() == secret_ref::kind::literal) {
    warnings.push_back({password_in_spec, "password",
                        "the spec holds the password itself, not a reference to it",
                        "use a secret reference: secret=env:NAME or secret=file:PATH"});
  }
  return warnings;
}

}  // namespace pgrant
