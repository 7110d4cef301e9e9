#include "pgrant/rows.hpp"

#include <libpq-fe.h>

#include <charconv>
#include <utility>

#include "connection/array_text.hpp"

namespace pgrant {
namespace {

template <class Number>
bool parse_cell_number(std::string_view text, Number& value) {
  const char* first = text.data();
  const char* last = first + text.size();
  const auto parsed = std::from_chars(first, last, value);
  return parsed.ec == std::errc() && parsed.ptr == last;
}

}  // namespace

// libpq reports an index that is out of range through the notice receiver of a connection that may
// be gone, so each index is checked here before libpq sees it.
struct rows::data {
  std::shared_ptr<const pg_result> answer;
  std::vector<notice> notices;
  std::size_t row_count;
  std::size_t column_count;
};

rows::rows(std::shared_ptr<const pg_result> answer, std::vector<notice> notices) {
  const auto row_count = static_cast<std::size_t>(PQntuples(answer.get()));
  const auto column_count = static_cast<std::size_t>(PQnfields(answer.get()));
  data_ = std::make_shared<const data>(
      data{std::move(answer), std::move(notices), row_count, column_count});
}

std::size_t rows::size() const noexcept {
  return data_ ? data_->row_count : 0;
}
std::size_t rows::column_count() const noexcept {
  return data_ ? data_->column_count : 0;
}

std::string_view rows::column_name(std::size_t column) const noexcept {
  if (column >= column_count()) return {};
  return PQfname(data_->answer.get(), static_cast<int>(column));
}

std::optional<std::size_t> rows::column_index(std::string_view name) const noexcept {
  for (std::size_t column = 0; column < column_count(); ++column) {
    if (column_name(column) == name) return column;
  }
  return std::nullopt;
}

std::uint32_t rows::column_type(std::size_t column) const noexcept {
  if (column >= column_count()) return 0;
  return PQftype(data_->answer.get(), static_cast<int>(column));
}

bool rows::is_null(std::size_t row, std::size_t column) const noexcept {
  if (row >= size() || column >= column_count()) return true;
  return PQgetisnull(data_->answer.get(), static_cast<int>(row), static_cast<int>(column)) != 0;
}

std::string_view rows::text(std::size_t row, std::size_t column) const noexcept {
  if (row >= size() || column >= column_count()) return {};
  const auto r = static_cast<int>(row);
  const auto c = static_cast<int>(column);
  return {PQgetvalue(data_->answer.get(), r, c),
          static_cast<std::size_t>(PQgetlength(data_->answer.get(), r, c))};
}

cell rows::at(std::size_t row, std::size_t column) const noexcept {
  return {text(row, column), is_null(row, column), column_name(column)};
}

row rows::operator[](std::size_t index) const noexcept {
  return {this, index};
}
rows::iterator rows::begin() const noexcept {
  return {this, 0};
}
rows::iterator rows::end() const noexcept {
  return {this, size()};
}

std::string_view rows::command_tag() const noexcept {
  // libpq takes a mutable result but only reads it.
  if (!data_) return {};
  return PQcmdStatus(const_cast<pg_result*>(data_->answer.get()));
}

std::uint64_t rows::affected() const noexcept {
  if (!data_) return 0;
  const std::string_view digits = PQcmdTuples(const_cast<pg_result*>(data_->answer.get()));
  std::uint64_t count = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  return count;
}

const std::vector<notice>& rows::notices() const noexcept {
  static const std::vector<notice> none;
  return data_ ? data_->notices : none;
}

cell row::operator[](std::string_view column) const noexcept {
  return rows_->at(index_, rows_->column_index(column).value_or(rows_->column_count()));
}

std::optional<std::string_view> cell::optional_text() const noexcept {
  if (null_) return std::nullopt;
  return text_;
}

pgrant::error cell::unreadable(std::string_view wanted) const {
  std::string message = "the server's answer holds ";
  message += null_ ? "NULL" : "an unexpected value";
  message.append(" where ").append(wanted).append(" was expected");
  return pgrant::error(errc::internal, std::move(message))
      .with_object("column \"" + std::string(column_) + '"');
}

result<std::int64_t> cell::int64() const {
  std::int64_t value = 0;
  if (null_ || !parse_cell_number(text_, value)) return unreadable("a number");
  return value;
}

result<std::uint32_t> cell::oid() const {
  std::uint32_t value = 0;
  if (null_ || !parse_cell_number(text_, value)) return unreadable("an OID");
  return value;
}

result<bool> cell::boolean() const {
  if (!null_ && (text_ == "t" || text_ == "true")) return true;
  if (!null_ && (text_ == "f" || text_ == "false")) return false;
  return unreadable("a truth value");
}

result<std::vector<std::optional<std::string>>> cell::array() const {
  if (null_) return unreadable("an array");
  auto elements = detail::parse_array(text_);
  if (!elements) return unreadable("an array");
  return std::move(*elements);
}

std::size_t batch_result::first_failure() const noexcept {
  std::size_t i = 0;
  while (i < answers_.size() && answers_[i]) ++i;
  return i;
}

std::optional<pgrant::error> batch_result::first_error() const {
  const std::size_t i = first_failure();
  if (i == size()) return std::nullopt;
  return answers_[i].error();
}

bool was_skipped(const error& why) noexcept {
  return why.state() == "25P02"_sqlstate;
}

}  // namespace pgrant
