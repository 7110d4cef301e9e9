// The values of one catalog query.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "pgrant/rows.hpp"
#include "pgrant/snapshot.hpp"

namespace pgrant::detail {

/// Reads columns that are NOT NULL in the catalog. A value of another form is kept in mind and told
/// once, by `check`, so that reading 50,000 rows needs no check each.
class catalog_rows {
 public:
  explicit catalog_rows(const rows& answer) : answer_(answer) {}

  oid id(std::size_t row, std::size_t column) {
    return static_cast<oid>(number(row, column, 0, 0xffffffffLL));
  }
  int integer(std::size_t row, std::size_t column) {
    return static_cast<int>(number(row, column, -0x7fffffffLL, 0x7fffffffLL));
  }
  bool boolean(std::size_t row, std::size_t column) {
    const std::string_view text = answer_.text(row, column);
    if (text != "t" && text != "f") wrong(column);
    return text == "t";
  }
  /// A "char", as pg_class.relkind.
  char letter(std::size_t row, std::size_t column) {
    const std::string_view text = answer_.text(row, column);
    if (text.size() != 1) return wrong(column), '\0';
    return text.front();
  }
  std::string text(std::size_t row, std::size_t column) const {
    return std::string(answer_.text(row, column));
  }
  cell at(std::size_t row, std::size_t column) const { return answer_.at(row, column); }
  std::size_t size() const noexcept { return answer_.size(); }
  void wrong(std::size_t column) noexcept { wrong_column_ = column, failed_ = true; }

  result<void> check() const {
    if (!failed_) return success();
    return error(errc::internal, "a catalog has an unexpected form")
        .with_detail("column \"" + std::string(answer_.column_name(wrong_column_)) + "\"");
  }

 private:
  long long number(std::size_t row, std::size_t column, long long least, long long most) {
    const std::string_view text = answer_.text(row, column);
    long long value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size() || value < least || value > most)
      return wrong(column), 0;
    return value;
  }

  const rows& answer_;
  std::size_t wrong_column_ = 0;
  bool failed_ = false;
};

}  // namespace pgrant::detail
