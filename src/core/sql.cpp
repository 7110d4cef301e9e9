#include "pgrant/sql.hpp"

#include <algorithm>

namespace pgrant {
namespace {

result<void> sql_refuse_nul(std::string_view text, std::string_view what) {
  if (text.find('\0') == std::string_view::npos) return success();
  return error(errc::invalid_argument, std::string(what) + " holds a NUL byte")
      .with_detail("PostgreSQL stores no NUL bytes in texts");
}

bool sql_plain_identifier(std::string_view name) noexcept {
  const auto starts = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto goes_on = [&](char c) { return starts(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && starts(name.front()) && std::ranges::all_of(name, goes_on) &&
         !is_quoted_keyword(name);
}

void sql_append_doubling(std::string& text, std::string_view piece, char doubled) {
  for (char c : piece) {
    if (c == doubled) text += c;
    text += c;
  }
}

void sql_append_identifier(std::string& text, std::string_view name) {
  if (sql_plain_identifier(name)) {
    text += name;
    return;
  }
  text += '"';
  sql_append_doubling(text, name, '"');
  text += '"';
}

void sql_append_literal(std::string& text, std::string_view value) {
  const bool escapes = value.find('\\') != std::string_view::npos;
  text += escapes ? "E'" : "'";
  for (char c : value) {
    if (c == '\'' || c == '\\') text += c;
    text += c;
  }
  text += '\'';
}

}  // namespace

result<void> check_name(std::string_view name, std::string_view what) {
  if (name.empty()) {
    return error(errc::invalid_argument, "name of the " + std::string(what) + " is empty");
  }
  if (name.size() > max_name_bytes) {
    return error(errc::invalid_argument, "name of the " + std::string(what) + " has " +
                                             std::to_string(name.size()) +
                                             " bytes, PostgreSQL keeps 63")
        .with_detail("the server would cut the name without an error and mean another object")
        .with_hint("use a name of 1 to 63 bytes in UTF-8");
  }
  return sql_refuse_nul(name, "name of the " + std::string(what));
}

result<void> check_literal(std::string_view value, std::string_view what) {
  return sql_refuse_nul(value, what);
}

std::string quote_identifier(std::string_view name) {
  std::string text;
  sql_append_identifier(text, name);
  return text;
}

std::string quote_qualified(std::string_view schema, std::string_view name) {
  std::string text;
  sql_append_identifier(text, schema);
  text += '.';
  sql_append_identifier(text, name);
  return text;
}

std::string quote_literal(std::string_view value) {
  std::string text;
  sql_append_literal(text, value);
  return text;
}

sql_text& sql_text::raw(sql_fragment piece) & {
  text_ += piece.view();
  return *this;
}

sql_text& sql_text::name(std::string_view name) & {
  constant_ = false;
  sql_append_identifier(text_, name);
  return *this;
}

sql_text& sql_text::qualified(std::string_view schema, std::string_view name) & {
  constant_ = false;
  sql_append_identifier(text_, schema);
  text_ += '.';
  sql_append_identifier(text_, name);
  return *this;
}

sql_text& sql_text::literal(std::string_view value) & {
  constant_ = false;
  sql_append_literal(text_, value);
  return *this;
}

sql_text& sql_text::number(std::int64_t value) & {
  constant_ = false;
  text_ += std::to_string(value);
  return *this;
}

sql_text& sql_text::append(const sql_text& other) & {
  constant_ = constant_ && other.constant_;
  text_ += other.text_;
  return *this;
}

}  // namespace pgrant
