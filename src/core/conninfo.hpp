// The syntax of libpq's connection strings, without knowledge of what the keywords mean.
//
// Source: PostgreSQL manual, libpq, section "Connection Strings"; where it is silent, what libpq 15
// does (tests/property/connection_spec_test.cpp compares every answer with PQconninfoParse).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pgrant/result.hpp"
#include "pgrant/secret.hpp"

namespace pgrant::conninfo {

struct setting {
  std::string keyword;
  std::string value;
  std::size_t offset = 0;  // where in the text the keyword stands, for errors
};

// What a text says, in its order: of two settings with one keyword the later one counts. Any of the
// values may be a password, so all are wiped.
class settings {
 public:
  settings() = default;
  settings(settings&&) noexcept = default;
  settings& operator=(settings&&) noexcept = default;
  ~settings() {
    for (setting& each : list_) wipe(each.value.data(), each.value.size());
  }

  void add(std::string keyword, std::string value, std::size_t offset);
  auto begin() const noexcept { return list_.begin(); }
  auto end() const noexcept { return list_.end(); }

 private:
  std::vector<setting> list_;
};

// True for texts that begin with postgresql:// or postgres://.
bool is_uri(std::string_view text) noexcept;
// Takes both forms. Errors never repeat the text: any part of it may belong to a password that was
// not escaped.
result<settings> parse(std::string_view text);
result<settings> parse_pairs(std::string_view text);
result<settings> parse_uri(std::string_view text);

// keyword=value, the value in quotes where it needs them.
void append_pair(std::string& text, std::string_view keyword, std::string_view value);
// Everything percent-encoded but letters, digits and "-._~".
std::string percent_encode(std::string_view text);

}  // namespace pgrant::conninfo
