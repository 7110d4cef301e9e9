#include "pgrant/statement.hpp"

#include <utility>

namespace pgrant {

statement::statement(sql_fragment text) : constant_(true), text_(text.view()) {}
statement::statement(sql_text text) : constant_(text.is_constant()), text_(std::move(text).str()) {}
statement::statement(trusted_tag, std::string text) : text_(std::move(text)) {}

statement statement::trusted(std::string text) {
  return {trusted_tag(), std::move(text)};
}

statement& statement::bind(std::string_view value) & {
  parameters_.emplace_back(value);
  return *this;
}

statement& statement::bind_null() & {
  parameters_.emplace_back(std::nullopt);
  return *this;
}

statement& statement::bind_array(std::span<const std::string> values) & {
  parameters_.emplace_back(array_literal(values));
  return *this;
}

statement&& statement::bind(std::string_view value) && {
  return std::move(bind(value));
}
statement&& statement::bind_null() && {
  return std::move(bind_null());
}
statement&& statement::bind_array(std::span<const std::string> values) && {
  return std::move(bind_array(values));
}

std::size_t statement::wire_size() const noexcept {
  // Parse, Bind, Describe, Execute and their headers take about 60 bytes; a parameter's length 4.
  std::size_t size = 60 + text_.size();
  for (const auto& parameter : parameters_) size += 4 + (parameter ? parameter->size() : 0);
  return size;
}

std::string array_literal(std::span<const std::string> values) {
  std::string text = "{";
  for (const std::string& value : values) {
    if (text.size() > 1) text += ',';
    text += '"';
    for (char c : value) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text += '}';
}

batch& batch::add(statement next) & {
  statements_.push_back(std::move(next));
  ends_group_.push_back(false);
  return *this;
}

batch& batch::sync() & {
  if (!ends_group_.empty()) ends_group_.back() = true;
  return *this;
}

batch&& batch::add(statement next) && {
  return std::move(add(std::move(next)));
}
batch&& batch::sync() && {
  return std::move(sync());
}

}  // namespace pgrant
