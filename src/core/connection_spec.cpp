#include "pgrant/connection_spec.hpp"

#include <algorithm>

#include "conninfo.hpp"
#include "conninfo_keywords.hpp"

namespace pgrant {
namespace {

std::vector<std::string_view> spec_split(std::string_view list) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t comma = list.find(',');
    parts.push_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

std::uint16_t spec_port(std::string_view text) noexcept {
  unsigned port = 0;
  for (char c : text) port = (port * 10 + static_cast<unsigned>(c - '0')) & 0xffff;
  return text.empty() ? default_port : static_cast<std::uint16_t>(port);
}

error spec_unknown_keyword(std::string_view keyword) {
  const error refusal(errc::invalid_argument, "libpq knows no such keyword");
  const std::string_view closest = conninfo::closest_keyword(keyword);
  if (closest.empty()) return refusal;
  return refusal.with_hint("did you mean " + std::string(closest) + "?");
}

// u:p@ss@host in a URI that was not escaped: libpq takes "ss@host" for the host, and it would be
// printed. No host name holds an "@"; abstract sockets begin with one.
bool spec_host_may_hold_password(std::string_view hosts) {
  return std::ranges::any_of(spec_split(hosts), [](std::string_view host) {
    return host.find('@', 1) != std::string_view::npos;
  });
}

bool spec_same_secrets(const connection_spec::secrets_map& a,
                       const connection_spec::secrets_map& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.first == y.first && *x.second == *y.second;
  });
}

}  // namespace

result<connection_spec> connection_spec::parse(std::string_view text) {
  BOOST_OUTCOME_TRY(auto settings, conninfo::parse(text));
  connection_spec spec;
  for (const conninfo::setting& each : settings) {
    auto done = spec.set(each.keyword, each.value);
    if (done) continue;
    const error why = done.error();
    return why.with_detail("at byte " + std::to_string(each.offset) + " of the connection string");
  }
  return spec;
}

result<void> connection_spec::set(std::string_view keyword, std::string_view value) {
  if (value.find('\0') != std::string_view::npos) {
    return error(errc::invalid_argument, "a connection setting holds a NUL byte");
  }
  if (keyword == "secret") {
    BOOST_OUTCOME_TRY(secret_, secret_ref::parse(value));
    return success();
  }
  const conninfo::keyword* known = conninfo::find_keyword(keyword);
  if (known == nullptr) return spec_unknown_keyword(keyword);
  if (!value.empty()) {
    BOOST_OUTCOME_TRY(conninfo::check_value(*known, value));
  }
  if (keyword == "host" && spec_host_may_hold_password(value)) {
    return error(errc::invalid_argument, "a host name holds \"@\"")
        .with_field("host")
        .with_hint("percent-encode an \"@\" in a user name or password as %40");
  }
  if (keyword == "password") {
    secret_ = value.empty() ? secret_ref() : secret_ref::literal(pgrant::secret::copy_of(value));
  } else if (value.empty()) {
    settings_.erase(std::string(keyword));
    secret_settings_.erase(std::string(keyword));
  } else if (known->holds_secret) {
    secret_settings_.insert_or_assign(
        std::string(keyword), std::make_shared<const secret>(pgrant::secret::copy_of(value)));
  } else {
    settings_.insert_or_assign(std::string(keyword), std::string(value));
  }
  return success();
}

std::string_view connection_spec::get(std::string_view keyword) const noexcept {
  const auto found = settings_.find(keyword);
  return found == settings_.end() ? std::string_view() : std::string_view(found->second);
}

void connection_spec::assign(const char* keyword, std::string value) {
  if (value.empty()) {
    settings_.erase(keyword);
  } else {
    settings_.insert_or_assign(keyword, std::move(value));
  }
}

connection_spec& connection_spec::host(std::string host) {
  assign("host", std::move(host));
  return *this;
}

connection_spec& connection_spec::port(std::uint16_t port) {
  assign("port", std::to_string(port));
  return *this;
}

connection_spec& connection_spec::database(std::string name) {
  assign("dbname", std::move(name));
  return *this;
}

connection_spec& connection_spec::user(std::string name) {
  assign("user", std::move(name));
  return *this;
}

connection_spec& connection_spec::ssl_mode(pgrant::ssl_mode mode) {
  assign("sslmode", std::string(to_string(mode)));
  return *this;
}

connection_spec& connection_spec::root_certificate(std::string path) {
  assign("sslrootcert", std::move(path));
  return *this;
}

connection_spec& connection_spec::secret_source(secret_ref ref) {
  secret_ = std::move(ref);
  return *this;
}

std::vector<server_address> connection_spec::servers() const {
  const auto hosts = spec_split(get("host"));
  const auto addresses = spec_split(get("hostaddr"));
  const auto ports = spec_split(get("port"));
  const std::size_t count = get("hostaddr").empty() ? hosts.size() : addresses.size();
  const bool hosts_fit = get("host").empty() || hosts.size() == count;
  const bool ports_fit = ports.size() == 1 || ports.size() == count;
  std::vector<server_address> servers;
  if (!hosts_fit || !ports_fit) return servers;
  for (std::size_t i = 0; i < count; ++i) {
    server_address& server = servers.emplace_back();
    if (!get("host").empty()) server.host = hosts[i];
    if (!get("hostaddr").empty()) server.address = addresses[i];
    server.port = spec_port(ports[ports.size() == 1 ? 0 : i]);
  }
  return servers;
}

std::string connection_spec::database() const {
  return std::string(get("dbname").empty() ? "postgres" : get("dbname"));
}

std::string connection_spec::user() const {
  return std::string(get("user"));
}

pgrant::ssl_mode connection_spec::ssl_mode() const noexcept {
  return parse_ssl_mode(get("sslmode")).value_or(pgrant::ssl_mode::verify_full);
}

std::string connection_spec::root_certificate() const {
  return std::string(get("sslrootcert").empty() ? system_roots : get("sslrootcert"));
}

platform connection_spec::platform() const {
  const auto on_azure = [](std::string_view host) {
    return platform_of_host(host) == pgrant::platform::azure;
  };
  return std::ranges::any_of(spec_split(get("host")), on_azure) ? pgrant::platform::azure
                                                                : pgrant::platform::generic;
}

bool operator==(const connection_spec& a, const connection_spec& b) {
  return a.settings_ == b.settings_ && a.secret_ == b.secret_ &&
         spec_same_secrets(a.secret_settings_, b.secret_settings_);
}

}  // namespace pgrant
