// What a server answered to one statement: rows, command tag, notices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/result.hpp"

struct pg_result;

namespace pgrant {

/// A message that a server sent beside its answer. Data, never printed by pgrant. A GRANT that did
/// not happen shows only here: SQLSTATE 01007 or 01006.
struct notice {
  std::string severity;  ///< "WARNING", "NOTICE", … always in English, whatever `lc_messages` says.
  sqlstate state;
  std::string message;  ///< In the server's language: for people, not for decisions.
  std::string detail;
  std::string hint;
};

class row;

/// One value of a row: a view into its `rows`. Reading a cell that does not exist is like reading
/// NULL; the checked getters then fail with `errc::internal` and say which column it was.
class cell {
 public:
  bool is_null() const noexcept { return null_; }
  /// The value's text form; empty if NULL. Valid as long as any copy of the `rows` lives.
  std::string_view text() const noexcept { return text_; }
  std::optional<std::string_view> optional_text() const noexcept;
  std::string str() const { return std::string(text_); }

  /// The value as a number or truth value. NULL or another form is an error that names the column.
  result<std::int64_t> int64() const;
  result<std::uint32_t> oid() const;
  result<bool> boolean() const;
  /// The elements of a one-dimensional array in text form (name[], text[], aclitem[], oid[] …);
  /// NULL elements are nullopt. A NULL cell is an error: ask `is_null()` where it may be one.
  result<std::vector<std::optional<std::string>>> array() const;

 private:
  friend class rows;
  cell(std::string_view text, bool null, std::string_view column) noexcept
      : text_(text), column_(column), null_(null) {}
  pgrant::error unreadable(std::string_view wanted) const;

  std::string_view text_;
  std::string_view column_;
  bool null_ = true;
};

/// The server's answer to one statement. A regular value; copies share the server's answer without
/// copying a cell. Immutable, so copies may be read from any number of threads.
///
///     for (const row r : answer) names.push_back(r[0].str());
class rows {
 public:
  class iterator;

  /// An answer without rows and columns.
  rows() noexcept = default;

  std::size_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }
  std::size_t column_count() const noexcept;
  /// Empty if there is no such column.
  std::string_view column_name(std::size_t column) const noexcept;
  /// The first column of exactly this name.
  std::optional<std::size_t> column_index(std::string_view name) const noexcept;
  /// The column's type; 0 if there is no such column.
  std::uint32_t column_type(std::size_t column) const noexcept;

  cell at(std::size_t row, std::size_t column) const noexcept;
  std::string_view text(std::size_t row, std::size_t column) const noexcept;
  bool is_null(std::size_t row, std::size_t column) const noexcept;
  row operator[](std::size_t row) const noexcept;
  iterator begin() const noexcept;
  iterator end() const noexcept;

  /// "SELECT 3", "CREATE ROLE", "GRANT", …
  std::string_view command_tag() const noexcept;
  /// Rows returned or changed, as the command tag says; 0 where it says nothing.
  std::uint64_t affected() const noexcept;
  /// What the server sent while it ran this statement, in order.
  const std::vector<notice>& notices() const noexcept;

  /// For pgrant's own connections: takes an answer of libpq.
  rows(std::shared_ptr<const pg_result> answer, std::vector<notice> notices);

 private:
  struct data;
  std::shared_ptr<const data> data_;
};

/// One row: a view into its `rows`.
class row {
 public:
  cell operator[](std::size_t column) const noexcept { return rows_->at(index_, column); }
  /// By name; a name that is not there reads as a cell that does not exist.
  cell operator[](std::string_view column) const noexcept;
  std::size_t index() const noexcept { return index_; }

 private:
  friend class rows;
  friend class rows::iterator;
  row(const rows* owner, std::size_t index) noexcept : rows_(owner), index_(index) {}
  const rows* rows_;
  std::size_t index_;
};

class rows::iterator {
 public:
  using value_type = row;
  using difference_type = std::ptrdiff_t;
  iterator() noexcept = default;
  row operator*() const noexcept { return {owner_, index_}; }
  iterator& operator++() noexcept { return ++index_, *this; }
  iterator operator++(int) noexcept { return {owner_, index_++}; }
  friend bool operator==(const iterator&, const iterator&) noexcept = default;

 private:
  friend class rows;
  iterator(const rows* owner, std::size_t index) noexcept : owner_(owner), index_(index) {}
  const rows* owner_ = nullptr;
  std::size_t index_ = 0;
};

/// What became of a batch: one result for each statement, in order. A statement that was not run
/// because an earlier one of its group failed has an error of SQLSTATE 25P02 (`was_skipped`).
///
/// A statement that succeeded before another of its group failed was rolled back with it, unless
/// an explicit transaction was open: look at `first_error()` before you trust a single answer.
class batch_result {
 public:
  batch_result() = default;
  explicit batch_result(std::vector<result<rows>> answers) : answers_(std::move(answers)) {}

  std::size_t size() const noexcept { return answers_.size(); }
  const result<rows>& operator[](std::size_t i) const noexcept { return answers_[i]; }
  bool ok() const noexcept { return first_failure() == size(); }
  /// The first statement that failed; `size()` if none did.
  std::size_t first_failure() const noexcept;
  std::optional<pgrant::error> first_error() const;
  auto begin() const noexcept { return answers_.begin(); }
  auto end() const noexcept { return answers_.end(); }

 private:
  std::vector<result<rows>> answers_;
};

/// Whether this is the error of a statement of a batch that was not run (see `batch_result`).
bool was_skipped(const error& why) noexcept;

}  // namespace pgrant
