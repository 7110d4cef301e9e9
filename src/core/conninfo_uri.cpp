#include "conninfo.hpp"

namespace pgrant::conninfo {
namespace {

int uri_hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

error uri_refusal(std::string message, std::size_t offset) {
  return error(errc::invalid_argument, std::move(message))
      .with_detail("at byte " + std::to_string(offset) + " of the URI")
      .with_hint("percent-encode special characters in user, password and database");
}

// Reads scheme://[user[:password]@][host[:port][,…]][/database][?keyword=value[&…]]. Every part may
// be missing. Nothing ends at "#".
class uri_reader {
 public:
  explicit uri_reader(std::string_view uri) : uri_(uri), at_(uri.find("//") + 2) {}

  result<settings> read() {
    BOOST_OUTCOME_TRY(read_login());
    BOOST_OUTCOME_TRY(read_hosts());
    if (take('/')) {
      BOOST_OUTCOME_TRY(read_database());
    }
    if (take('?')) {
      BOOST_OUTCOME_TRY(read_parameters());
    }
    return std::move(found_);
  }

 private:
  bool at_end() const noexcept { return at_ == uri_.size(); }
  bool take(char wanted) noexcept {
    if (at_end() || uri_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  // Moves on to the next of some bytes, or to the end, and gives what is before it.
  std::string_view until(std::string_view ends) noexcept {
    const std::size_t end = std::min(uri_.find_first_of(ends, at_), uri_.size());
    const std::string_view part = uri_.substr(at_, end - at_);
    at_ = end;
    return part;
  }
  std::size_t offset_of(std::string_view part) const noexcept {
    return static_cast<std::size_t>(part.data() - uri_.data());
  }

  result<std::string> decode(std::string_view text) const {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        decoded += text[i];
        continue;
      }
      const int high = i + 2 < text.size() ? uri_hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? uri_hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return uri_refusal("\"%\" without two hexadecimal digits after it", offset_of(text) + i);
      }
      if (high == 0 && low == 0) return uri_refusal("%00 is not allowed", offset_of(text) + i);
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
    return decoded;
  }

  result<void> store(std::string_view keyword, std::string_view encoded) {
    if (encoded.empty()) return success();
    BOOST_OUTCOME_TRY(auto value, decode(encoded));
    found_.add(std::string(keyword), std::move(value), offset_of(encoded));
    return success();
  }

  // The login ends at the first "@" that comes before any "/".
  result<void> read_login() {
    const std::size_t end = uri_.find_first_of("@/", at_);
    if (end == std::string_view::npos || uri_[end] != '@') return success();
    BOOST_OUTCOME_TRY(store("user", until(":@")));
    if (take(':')) {
      BOOST_OUTCOME_TRY(store("password", until("@")));
    }
    take('@');
    return success();
  }

  result<std::string_view> read_host() {
    if (!take('[')) return until(":/?,");
    const std::size_t start = at_;
    const std::string_view address = until("]");
    if (!take(']')) return uri_refusal("the \"]\" of an IPv6 address is missing", start);
    if (address.empty()) return uri_refusal("an IPv6 address is empty", start);
    if (!at_end() && std::string_view(":/?,").find(uri_[at_]) == std::string_view::npos) {
      return uri_refusal("unexpected text after an IPv6 address", at_);
    }
    return address;
  }

  result<void> read_hosts() {
    const std::size_t start = at_;
    std::string hosts;
    std::string ports;
    for (;;) {
      BOOST_OUTCOME_TRY(auto host, read_host());
      hosts += host;
      if (take(':')) ports += until("/?,");
      if (!take(',')) break;
      hosts += ',';
      ports += ',';
    }
    BOOST_OUTCOME_TRY(store_list("host", hosts, start));
    return store_list("port", ports, start);
  }

  // The list was put together: errors point to where the hosts begin.
  result<void> store_list(std::string_view keyword, std::string_view encoded, std::size_t offset) {
    if (encoded.empty()) return success();
    auto value = decode(encoded);
    if (!value) return uri_refusal(value.error().message(), offset);
    found_.add(std::string(keyword), std::move(value).assume_value(), offset);
    return success();
  }

  // Stricter than libpq: in u:pass/word@host the password was not escaped, and what is read as
  // the database holds half of it. It would be printed.
  result<void> read_database() {
    const std::string_view name = until("?");
    if (name.find('@') != std::string_view::npos) {
      return uri_refusal("a database's name holds \"@\" that is not percent-encoded",
                         offset_of(name));
    }
    return store("dbname", name);
  }

  result<void> read_parameters() {
    while (!at_end()) {
      const std::string_view parameter = until("&");
      take('&');
      const std::size_t equals = parameter.find('=');
      if (equals == std::string_view::npos) {
        return uri_refusal("a query parameter has no \"=\"", offset_of(parameter));
      }
      const std::string_view encoded = parameter.substr(equals + 1);
      if (encoded.find('=') != std::string_view::npos) {
        return uri_refusal("a query parameter has more than one \"=\"", offset_of(parameter));
      }
      BOOST_OUTCOME_TRY(auto keyword, decode(parameter.substr(0, equals)));
      BOOST_OUTCOME_TRY(auto value, decode(encoded));
      // JDBC's way to ask for encryption.
      if (keyword == "ssl" && value == "true") {
        keyword = "sslmode";
        value = "require";
      }
      found_.add(std::move(keyword), std::move(value), offset_of(parameter));
    }
    return success();
  }

  std::string_view uri_;
  std::size_t at_;
  settings found_;
};

}  // namespace

result<settings> parse_uri(std::string_view text) {
  return uri_reader(text).read();
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (char c : text) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (word || c == '-' || c == '.' || c == '_' || c == '~') {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += digits[byte >> 4];
    encoded += digits[byte & 15];
  }
  return encoded;
}

}  // namespace pgrant::conninfo
