#include <ostream>

#include "conninfo.hpp"
#include "pgrant/connection_spec.hpp"

namespace pgrant {
namespace {

std::string written_pairs(const connection_spec& spec) {
  std::string text;
  for (const auto& [keyword, value] : spec.settings()) {
    conninfo::append_pair(text, keyword, value);
  }
  return text;
}

// One host with its port stands before the path, an IPv6 address in brackets; what has no place
// there (socket directories, lists with one port for all) is a parameter.
std::string written_authority(std::string_view host, std::string_view port) {
  std::string text = conninfo::percent_encode(host);
  if (host.find(':') != std::string_view::npos) text = '[' + text + ']';
  if (!port.empty()) text += ':' + std::string(port);
  return text;
}

}  // namespace

std::string to_conninfo(const connection_spec& spec) {
  return written_pairs(spec);
}

secret to_conninfo_with_secrets(const connection_spec& spec) {
  std::string text = written_pairs(spec);
  const auto append = [&](std::string_view keyword, const secret& value) {
    // Grown beforehand and exchanged, so that no buffer with a secret is given back unwiped.
    std::string longer;
    longer.reserve(text.size() + keyword.size() + 2 * value.size() + 4);
    longer = text;
    conninfo::append_pair(longer, keyword, value.reveal());
    std::swap(text, longer);
    wipe(longer.data(), longer.size());
  };
  for (const auto& [keyword, value] : spec.secret_settings()) append(keyword, *value);
  if (spec.secret_source().value()) append("password", *spec.secret_source().value());
  return secret(std::move(text));
}

std::string to_uri(const connection_spec& spec) {
  const std::string_view host = spec.get("host");
  const std::string_view port = spec.get("port");
  const bool single = host.find_first_of("/@,") == std::string_view::npos &&
                      port.find(',') == std::string_view::npos && !host.empty();
  std::string text = "postgresql://";
  if (!spec.get("user").empty()) text += conninfo::percent_encode(spec.get("user")) + '@';
  if (single) text += written_authority(host, port);
  text += '/' + conninfo::percent_encode(spec.get("dbname"));
  char separator = '?';
  for (const auto& [keyword, value] : spec.settings()) {
    const bool placed = keyword == "user" || keyword == "dbname" ||
                        (single && (keyword == "host" || keyword == "port"));
    if (placed) continue;
    text += separator + keyword + '=' + conninfo::percent_encode(value);
    separator = '&';
  }
  return text;
}

std::string to_string(const connection_spec& spec) {
  std::string text = written_pairs(spec);
  for (const auto& [keyword, value] : spec.secret_settings()) {
    conninfo::append_pair(text, keyword, "<hidden>");
  }
  if (spec.secret_source()) {
    conninfo::append_pair(text, "secret", to_string(spec.secret_source()));
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const connection_spec& spec) {
  return out << to_string(spec);
}

}  // namespace pgrant
