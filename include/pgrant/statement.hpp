// What is sent to a server: one SQL statement with its parameters, and batches of them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/sql.hpp"

namespace pgrant {

/// One SQL statement and its parameters $1, $2, … in text form. A regular value that owns its
/// texts. Sent with the extended protocol, so it is always a single statement: a server refuses
/// a second one after a semicolon, whatever a name or a value holds.
///
///     statement("SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1").bind(name)
class statement {
 public:
  /// A literal of the program, or a statement composed by sql.hpp; no other text converts.
  statement(sql_fragment text);  // NOLINT: meant to convert
  statement(sql_text text);      // NOLINT
  /// SQL that came from an administrator or a reviewed plan and is run as it stands. The name is
  /// to be searched for in reviews; never give it text that was put together from names or values.
  static statement trusted(std::string text);

  /// Adds the next parameter. The server reads the text by the type that the statement gives it.
  /// A NUL byte inside `value` makes the execution fail with `errc::invalid_argument`.
  statement& bind(std::string_view value) &;
  statement&& bind(std::string_view value) &&;
  statement& bind_null() &;
  statement&& bind_null() &&;
  /// Adds a one-dimensional array: `array_literal(values)`.
  statement& bind_array(std::span<const std::string> values) &;
  statement&& bind_array(std::span<const std::string> values) &&;

  const std::string& text() const noexcept { return text_; }
  /// Whether the text holds no name and no value: `execute_options::keep_prepared` is about these.
  bool is_constant() const noexcept { return constant_; }
  const std::vector<std::optional<std::string>>& parameters() const noexcept { return parameters_; }
  /// About how many bytes this puts on the wire: what byte budgets count.
  std::size_t wire_size() const noexcept;

 private:
  struct trusted_tag {};
  statement(trusted_tag, std::string text);

  bool constant_ = false;
  std::string text_;
  std::vector<std::optional<std::string>> parameters_;
};

/// `values` as the text of a one-dimensional PostgreSQL array (`{"a","b\"c"}`), each element
/// quoted, so that no element can be read as NULL, as several, or as a nested array. Source:
/// PostgreSQL manual, "Array Input and Output Syntax".
std::string array_literal(std::span<const std::string> values);

/// A list of statements that travel together, with the places where implicit transactions end.
///
/// The statements between two `sync()` calls are a *group*. A server runs a group as one implicit
/// transaction (unless one was opened with BEGIN): the first error rolls back the whole group and
/// skips what is left of it; the next group runs as if nothing had happened. After the last
/// statement a `sync()` is implied.
class batch {
 public:
  batch() = default;

  batch& add(statement next) &;
  batch&& add(statement next) &&;
  /// Ends the group; calling it twice in a row has no effect.
  batch& sync() &;
  batch&& sync() &&;

  bool empty() const noexcept { return statements_.empty(); }
  std::size_t size() const noexcept { return statements_.size(); }
  const statement& operator[](std::size_t i) const noexcept { return statements_[i]; }
  /// Whether the group ends after statement `i`.
  bool ends_group(std::size_t i) const noexcept {
    return i + 1 == statements_.size() || ends_group_[i];
  }

 private:
  std::vector<statement> statements_;
  std::vector<bool> ends_group_;
};

}  // namespace pgrant
