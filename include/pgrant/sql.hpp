// The one place where names and values become SQL.
//
// Source: PostgreSQL manual, sections "Identifiers and Key Words" and "Constants", appendix "SQL
// Key Words". Texts are bytes in UTF-8 and must reach the server with client_encoding = UTF8, as
// every connection of pgrant does: in some other encodings a byte of a character could pass for a
// quote or a backslash.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "pgrant/result.hpp"

namespace pgrant {

/// The longest name, in bytes (NAMEDATALEN - 1). The server cuts longer ones without an error, so
/// that a statement would reach another object than the one that was named.
inline constexpr std::size_t max_name_bytes = 63;

/// Checks that `name` can be the name of a role, database, schema, … : 1 to 63 bytes, no NUL byte.
/// `what` says in the error what was named ("role", "schema"). Fails with `invalid_argument`.
result<void> check_name(std::string_view name, std::string_view what);

/// Checks that `value` can stand in a literal: it holds no NUL byte. `what` as above.
result<void> check_literal(std::string_view value, std::string_view what);

/// `name` as an identifier: as it is if it matches [a-z_][a-z0-9_]* and is no keyword that
/// PostgreSQL 14 to 18 want quoted, else in double quotes. The name must have passed `check_name`:
/// a NUL byte would end the statement's text.
std::string quote_identifier(std::string_view name);

/// `schema.name`, each quoted where needed. Dots inside of either stay inside of its quotes.
std::string quote_qualified(std::string_view schema, std::string_view name);

/// Checks that `types` can stand between the parentheses of a routine's name: a list of types as
/// the server's format_type() writes them, such as `integer, "Odd Type"[], timestamp without time
/// zone`. Outside of double quotes only letters, digits, `_ , . [ ]`, single spaces and balanced
/// parentheses pass, so that the text cannot leave its place. Fails with `invalid_argument`.
result<void> check_argument_types(std::string_view types);

/// `value` as a string literal that means the same under both settings of
/// standard_conforming_strings: with a backslash inside it takes the form E'…'. The value must have
/// passed `check_literal`.
std::string quote_literal(std::string_view value);

/// Whether PostgreSQL 14 to 18 want this lower-case word quoted when it is a name: the reserved
/// keywords, those that cannot be names of functions or types, and those that only can.
bool is_quoted_keyword(std::string_view word) noexcept;

/// SQL that the program itself wrote: a literal of the source code, checked by the compiler. No
/// string that came to be at run time converts. Tables of keywords are constants of this type:
///
///     constexpr sql_fragment object_keywords[] = {"TABLE", "SEQUENCE"};
class sql_fragment {
 public:
  consteval sql_fragment(const char* literal) : text_(literal) {}  // NOLINT: meant to convert

  constexpr std::string_view view() const noexcept { return text_; }

 private:
  std::string_view text_;
};

/// Composes one statement. Everything but fragments is quoted on its way in:
///
///     sql_text("GRANT SELECT ON TABLE ").qualified("sales", "orders").raw(" TO ").names(roles)
///
/// A regular value; the setters chain on lvalues and rvalues alike. Not thread-safe to change.
class sql_text {
 public:
  sql_text() = default;
  sql_text(sql_fragment start) : text_(start.view()) {}  // NOLINT: a statement may be constant

  /// A piece of SQL from the source code, or a keyword from a table of fragments.
  sql_text& raw(sql_fragment piece) &;
  /// A name: `quote_identifier`.
  sql_text& name(std::string_view name) &;
  /// A name in a schema: `quote_qualified`.
  sql_text& qualified(std::string_view schema, std::string_view name) &;
  /// A routine: `schema.name(types)`. The types must have passed `check_argument_types`.
  sql_text& routine(std::string_view schema, std::string_view name, std::string_view types) &;
  /// A string literal: `quote_literal`.
  sql_text& literal(std::string_view value) &;
  /// A decimal number.
  sql_text& number(std::int64_t value) &;
  /// What another one composed.
  sql_text& append(const sql_text& other) &;

  sql_text&& raw(sql_fragment piece) && { return std::move(raw(piece)); }
  sql_text&& name(std::string_view text) && { return std::move(name(text)); }
  sql_text&& qualified(std::string_view schema, std::string_view name) && {
    return std::move(qualified(schema, name));
  }
  sql_text&& literal(std::string_view value) && { return std::move(literal(value)); }
  sql_text&& number(std::int64_t value) && { return std::move(number(value)); }
  sql_text&& append(const sql_text& other) && { return std::move(append(other)); }

  /// `write(text, element)` for each element, with `separator` between them; `text` is `*this`.
  template <class Range, class Write>
  sql_text& list(const Range& range, sql_fragment separator, Write&& write) & {
    bool first = true;
    for (const auto& element : range) {
      if (!first) raw(separator);
      first = false;
      write(*this, element);
    }
    return *this;
  }
  /// The elements are `sql_text` or `sql_fragment` values.
  template <class Range>
  sql_text& list(const Range& range, sql_fragment separator = ", ") & {
    return list(range, separator, [](sql_text& text, const auto& piece) { text.append(piece); });
  }
  /// Names with commas between them.
  template <class Range>
  sql_text& names(const Range& range) & {
    return list(range, ", ", [](sql_text& text, std::string_view name) { text.name(name); });
  }
  template <class Range, class Write>
  sql_text&& list(const Range& range, sql_fragment separator, Write&& write) && {
    return std::move(list(range, separator, std::forward<Write>(write)));
  }
  template <class Range>
  sql_text&& list(const Range& range, sql_fragment separator = ", ") && {
    return std::move(list(range, separator));
  }
  template <class Range>
  sql_text&& names(const Range& range) && {
    return std::move(names(range));
  }

  bool empty() const noexcept { return text_.empty(); }
  const std::string& str() const& noexcept { return text_; }
  std::string str() && { return std::move(text_); }
  /// Whether it consists of pieces of source code alone: it is one of a limited number of texts.
  bool is_constant() const noexcept { return constant_; }

  friend bool operator==(const sql_text& a, const sql_text& b) noexcept {
    return a.text_ == b.text_;
  }

 private:
  std::string text_;
  bool constant_ = true;
};

}  // namespace pgrant
