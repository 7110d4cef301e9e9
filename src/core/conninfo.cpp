#include "conninfo.hpp"

namespace pgrant::conninfo {
namespace {

// C's isspace() in the C locale, which is what libpq goes by.
bool conninfo_space(char c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

error conninfo_syntax_error(std::string message, std::size_t offset) {
  return error(errc::invalid_argument, std::move(message))
      .with_detail("at byte " + std::to_string(offset) + " of the connection string");
}

// Reads key/value pairs. White space may stand on both sides of "=" and between pairs; after a
// quoted value the next keyword may follow at once.
class pair_reader {
 public:
  explicit pair_reader(std::string_view text) : text_(text) {}

  result<settings> read() {
    settings found;
    for (skip_space(); !at_end(); skip_space()) {
      const std::size_t offset = at_;
      std::string keyword = read_keyword();
      if (!take('=')) {
        return conninfo_syntax_error("a keyword has no \"=\" after it", offset)
            .with_hint("put values with white space in single quotes");
      }
      skip_space();
      const bool quoted = take('\'');
      std::string value;
      const bool ended = quoted ? read_quoted(value) : read_plain(value);
      found.add(std::move(keyword), std::move(value), offset);
      if (!ended) return conninfo_syntax_error("a quoted value does not end", offset);
    }
    return found;
  }

 private:
  bool at_end() const noexcept { return at_ == text_.size(); }
  void skip_space() noexcept {
    while (!at_end() && conninfo_space(text_[at_])) ++at_;
  }
  bool take(char wanted) noexcept {
    if (at_end() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  std::string read_keyword() {
    const std::size_t start = at_;
    while (!at_end() && text_[at_] != '=' && !conninfo_space(text_[at_])) ++at_;
    std::string keyword(text_.substr(start, at_ - start));
    skip_space();
    return keyword;
  }
  // A backslash stands for the byte after it; at the end of the text for nothing.
  void read_byte(std::string& value) {
    if (take('\\') && at_end()) return;
    value += text_[at_++];
  }
  bool read_plain(std::string& value) {
    while (!at_end() && !conninfo_space(text_[at_])) read_byte(value);
    return true;
  }
  bool read_quoted(std::string& value) {
    while (!at_end()) {
      if (take('\'')) return true;
      read_byte(value);
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool conninfo_plain_value(std::string_view value) noexcept {
  constexpr std::string_view others = "._-/:,+@~";
  for (char c : value) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!word && others.find(c) == std::string_view::npos) return false;
  }
  return !value.empty();
}

}  // namespace

void settings::add(std::string keyword, std::string value, std::size_t offset) {
  // An old keyword that libpq still translates.
  if (keyword == "requiressl") {
    keyword = "sslmode";
    value = value.starts_with('1') ? "require" : "prefer";
  }
  list_.push_back({std::move(keyword), std::move(value), offset});
}

bool is_uri(std::string_view text) noexcept {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

result<settings> parse(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    return error(errc::invalid_argument, "a connection string holds a NUL byte");
  }
  return is_uri(text) ? parse_uri(text) : parse_pairs(text);
}

result<settings> parse_pairs(std::string_view text) {
  return pair_reader(text).read();
}

void append_pair(std::string& text, std::string_view keyword, std::string_view value) {
  if (!text.empty()) text += ' ';
  text += keyword;
  text += '=';
  if (conninfo_plain_value(value)) {
    text += value;
    return;
  }
  text += '\'';
  for (char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  text += '\'';
}

}  // namespace pgrant::conninfo
