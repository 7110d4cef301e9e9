// The keywords of libpq's connection strings.
#pragma once

#include <span>
#include <string_view>

#include "pgrant/result.hpp"

namespace pgrant::conninfo {

enum class value_form {
  text,
  number,   // decimal, with a sign or without, within 32 bits
  boolean,  // 0 or 1
  choice,   // one of `choices`
  ports,    // numbers from 1 to 65535 with commas between, each may be missing
};

struct keyword {
  std::string_view name;
  int since;  // libpq's major version, 15 for everything older
  value_form form;
  std::span<const std::string_view> choices;
  bool holds_secret;
  std::string_view summary;  // for forms and help, one sentence without a dot
};

// Sorted by name.
std::span<const keyword> all_keywords() noexcept;
// Null for words that libpq 15 to 18 do not know.
const keyword* find_keyword(std::string_view name) noexcept;
// The known keyword that a misspelt one is closest to, or empty.
std::string_view closest_keyword(std::string_view name);
// Whether a value, which is not empty, has the keyword's form. The error does not repeat it.
result<void> check_value(const keyword& subject, std::string_view value);

}  // namespace pgrant::conninfo
