#include "pgrant/sql.hpp"

namespace pgrant {
namespace {

bool sql_bare_type_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ',' || c == '.' || c == '[' || c == ']' || c == ' ';
}

/// The position behind a quoted identifier that starts at `at`, or npos if it does not end.
std::size_t sql_skip_quoted(std::string_view text, std::size_t at) noexcept {
  for (++at; at < text.size(); ++at) {
    if (text[at] != '"') continue;
    if (at + 1 == text.size() || text[at + 1] != '"') return at + 1;
    ++at;
  }
  return std::string_view::npos;
}

}  // namespace

result<void> check_argument_types(std::string_view types) {
  const auto refusal = [&] {
    return error(errc::invalid_argument, "list of argument types is not in the server's form");
  };
  if (types.find('\0') != std::string_view::npos) return refusal();
  int depth = 0;
  for (std::size_t at = 0; at < types.size();) {
    const char c = types[at];
    if (c == '"') {
      at = sql_skip_quoted(types, at);
      if (at == std::string_view::npos) return refusal();
      continue;
    }
    if (c == '(') {
      ++depth;
    } else if (c == ')') {
      if (--depth < 0) return refusal();
    } else if (!sql_bare_type_byte(c)) {
      return refusal();
    }
    ++at;
  }
  if (depth != 0) return refusal();
  return success();
}

sql_text& sql_text::routine(std::string_view schema, std::string_view name,
                            std::string_view types) & {
  qualified(schema, name);
  text_ += '(';
  text_ += types;
  text_ += ')';
  return *this;
}

}  // namespace pgrant
