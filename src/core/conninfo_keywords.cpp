#include "conninfo_keywords.hpp"

#include <algorithm>
#include <array>

namespace pgrant::conninfo {
namespace {

using keyword_form = value_form;
using keyword_choices = std::span<const std::string_view>;

constexpr std::string_view keyword_three_ways[] = {"disable", "prefer", "require"};
constexpr std::string_view keyword_load_balance[] = {"disable", "random"};
constexpr std::string_view keyword_certificate[] = {"disable", "allow", "require"};
constexpr std::string_view keyword_ssl_modes[] = {"disable", "allow",     "prefer",
                                                  "require", "verify-ca", "verify-full"};
constexpr std::string_view keyword_negotiation[] = {"postgres", "direct"};
constexpr std::string_view keyword_session[] = {"any",     "read-write", "read-only",
                                                "primary", "standby",    "prefer-standby"};
constexpr std::string_view keyword_tls_versions[] = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
constexpr std::string_view keyword_protocols[] = {"3.0", "3.2", "latest"};
constexpr keyword_choices keyword_any{};

// clang-format off
constexpr keyword keyword_table[] = {
    {"application_name", 15, keyword_form::text, keyword_any, false, "Name of the application as the server's statistics show it"},
    {"channel_binding", 15, keyword_form::choice, keyword_three_ways, false, "Whether the login must be bound to the TLS channel"},
    {"client_encoding", 15, keyword_form::text, keyword_any, false, "Character set of the client; pgrant always uses UTF8"},
    {"connect_timeout", 15, keyword_form::number, keyword_any, false, "Seconds to wait for one server; 0 waits for ever"},
    {"dbname", 15, keyword_form::text, keyword_any, false, "Database to connect to"},
    {"fallback_application_name", 15, keyword_form::text, keyword_any, false, "Name of the application where application_name is not set"},
    {"gssdelegation", 16, keyword_form::boolean, keyword_any, false, "Whether GSS credentials are forwarded to the server"},
    {"gssencmode", 15, keyword_form::choice, keyword_three_ways, false, "Whether GSS encryption is used; Azure has none"},
    {"gsslib", 15, keyword_form::text, keyword_any, false, "GSS library to use on Windows"},
    {"host", 15, keyword_form::text, keyword_any, false, "Host name, address, or directory of Unix-domain sockets; several with commas"},
    {"hostaddr", 15, keyword_form::text, keyword_any, false, "Numeric address to connect to instead of looking up the host"},
    {"keepalives", 15, keyword_form::number, keyword_any, false, "Whether TCP keepalives are sent; 0 switches them off"},
    {"keepalives_count", 15, keyword_form::number, keyword_any, false, "Keepalives that may be lost before the connection counts as dead"},
    {"keepalives_idle", 15, keyword_form::number, keyword_any, false, "Seconds without traffic before a keepalive is sent"},
    {"keepalives_interval", 15, keyword_form::number, keyword_any, false, "Seconds before a keepalive without answer is sent again"},
    {"krbsrvname", 15, keyword_form::text, keyword_any, false, "Kerberos service name of the server"},
    {"load_balance_hosts", 16, keyword_form::choice, keyword_load_balance, false, "Order in which several hosts are tried"},
    {"max_protocol_version", 18, keyword_form::choice, keyword_protocols, false, "Newest version of the wire protocol to ask for"},
    {"min_protocol_version", 18, keyword_form::choice, keyword_protocols, false, "Oldest version of the wire protocol to accept"},
    {"oauth_client_id", 18, keyword_form::text, keyword_any, false, "OAuth client identifier"},
    {"oauth_client_secret", 18, keyword_form::text, keyword_any, true, "OAuth client secret"},
    {"oauth_issuer", 18, keyword_form::text, keyword_any, false, "Trusted OAuth issuer"},
    {"oauth_scope", 18, keyword_form::text, keyword_any, false, "OAuth scope to ask for"},
    {"options", 15, keyword_form::text, keyword_any, false, "Command line options for the server; poolers refuse them"},
    {"passfile", 15, keyword_form::text, keyword_any, false, "File with passwords, which pgrant does not read"},
    {"password", 15, keyword_form::text, keyword_any, true, "Password; better given as a secret reference"},
    {"port", 15, keyword_form::ports, keyword_any, false, "Port number; several with commas"},
    {"replication", 15, keyword_form::text, keyword_any, false, "Asks for the replication protocol, which cannot manage access"},
    {"require_auth", 16, keyword_form::text, keyword_any, false, "Ways to log in that the client accepts, with commas"},
    {"requirepeer", 15, keyword_form::text, keyword_any, false, "Operating system user that the server at a Unix-domain socket must run as"},
    {"scram_client_key", 18, keyword_form::text, keyword_any, true, "SCRAM client key to log in with instead of a password"},
    {"scram_server_key", 18, keyword_form::text, keyword_any, true, "SCRAM server key to check the server with"},
    {"service", 15, keyword_form::text, keyword_any, false, "Name of a connection service, which pgrant does not read"},
    {"servicefile", 18, keyword_form::text, keyword_any, false, "File with connection services, which pgrant does not read"},
    {"ssl_max_protocol_version", 15, keyword_form::choice, keyword_tls_versions, false, "Newest TLS version to use"},
    {"ssl_min_protocol_version", 15, keyword_form::choice, keyword_tls_versions, false, "Oldest TLS version to accept"},
    {"sslcert", 15, keyword_form::text, keyword_any, false, "File with the client certificate"},
    {"sslcertmode", 16, keyword_form::choice, keyword_certificate, false, "Whether a client certificate is sent"},
    {"sslcompression", 15, keyword_form::boolean, keyword_any, false, "Whether TLS may compress, which is unsafe"},
    {"sslcrl", 15, keyword_form::text, keyword_any, false, "File with revoked certificates"},
    {"sslcrldir", 15, keyword_form::text, keyword_any, false, "Directory with files of revoked certificates"},
    {"sslkey", 15, keyword_form::text, keyword_any, false, "File with the key of the client certificate"},
    {"sslkeylogfile", 18, keyword_form::text, keyword_any, false, "File that TLS session keys are written to, for debugging"},
    {"sslmode", 15, keyword_form::choice, keyword_ssl_modes, false, "Whether the connection is encrypted and the server verified"},
    {"sslnegotiation", 17, keyword_form::choice, keyword_negotiation, false, "Whether TLS starts at once or is asked for first"},
    {"sslpassword", 15, keyword_form::text, keyword_any, true, "Password of the client certificate's key"},
    {"sslrootcert", 15, keyword_form::text, keyword_any, false, "File with trusted root certificates, or system"},
    {"sslsni", 15, keyword_form::boolean, keyword_any, false, "Whether TLS names the host to the server"},
    {"target_session_attrs", 15, keyword_form::choice, keyword_session, false, "Kind of server that is accepted"},
    {"tcp_user_timeout", 15, keyword_form::number, keyword_any, false, "Milliseconds that sent data may wait for an acknowledgement"},
    {"user", 15, keyword_form::text, keyword_any, false, "Role to log in as"},
};
// clang-format on
static_assert(std::ranges::is_sorted(keyword_table, {}, &keyword::name));

char keyword_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool keyword_digits(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool keyword_number_at_most(std::string_view digits, std::uint64_t limit) noexcept {
  std::uint64_t value = 0;
  for (char c : digits) {
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (value > limit) return false;
  }
  return keyword_digits(digits);
}

bool keyword_is_number(std::string_view text) noexcept {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return keyword_number_at_most(text, 2'147'483'647);
}

bool keyword_is_port(std::string_view text) noexcept {
  return keyword_number_at_most(text, 65'535) &&
         text.find_first_not_of('0') != std::string_view::npos;
}

bool keyword_are_ports(std::string_view text) noexcept {
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string_view port = text.substr(0, comma);
    if (!port.empty() && !keyword_is_port(port)) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

// libpq compares TLS versions without regard to case and everything else exactly.
bool keyword_is_choice(const keyword& subject, std::string_view value) noexcept {
  return std::ranges::any_of(subject.choices, [&](std::string_view choice) {
    return subject.choices.data() == keyword_tls_versions
               ? std::ranges::equal(choice, value, {}, keyword_lower, keyword_lower)
               : choice == value;
  });
}

error keyword_refusal(const keyword& subject, std::string_view wanted) {
  return error(errc::invalid_argument,
               std::string(subject.name) + " must be " + std::string(wanted))
      .with_field(std::string(subject.name));
}

std::size_t keyword_distance(std::string_view a, std::string_view b) {
  std::array<std::size_t, 33> row{};
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::span<const keyword> all_keywords() noexcept {
  return keyword_table;
}

const keyword* find_keyword(std::string_view name) noexcept {
  const auto found = std::ranges::lower_bound(keyword_table, name, {}, &keyword::name);
  return found != std::end(keyword_table) && found->name == name ? &*found : nullptr;
}

std::string_view closest_keyword(std::string_view name) {
  if (name.size() > 32) return {};
  std::string_view closest;
  std::size_t least = 3;
  for (const keyword& candidate : keyword_table) {
    const std::size_t distance = keyword_distance(name, candidate.name);
    if (distance < least && 2 * distance <= candidate.name.size()) {
      least = distance;
      closest = candidate.name;
    }
  }
  return closest;
}

result<void> check_value(const keyword& subject, std::string_view value) {
  switch (subject.form) {
    case keyword_form::text:
      return success();
    case keyword_form::number:
      if (keyword_is_number(value)) return success();
      return keyword_refusal(subject, "a whole number");
    case keyword_form::boolean:
      if (value == "0" || value == "1") return success();
      return keyword_refusal(subject, "0 or 1");
    case keyword_form::ports:
      if (keyword_are_ports(value)) return success();
      return keyword_refusal(subject, "from 1 to 65535");
    case keyword_form::choice:
      break;
  }
  if (keyword_is_choice(subject, value)) return success();
  std::string hint = "use ";
  for (std::string_view each : subject.choices) {
    if (each != subject.choices.front()) hint += each == subject.choices.back() ? " or " : ", ";
    hint += each;
  }
  return keyword_refusal(subject, "one of the words for it").with_hint(std::move(hint));
}

}  // namespace pgrant::conninfo
