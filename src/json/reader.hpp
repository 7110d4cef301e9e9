// Strict reading of parsed JSON: every refusal says which field and what is expected of it.
//
//     BOOST_OUTCOME_TRY(auto document, parse(text, "policy"));
//     BOOST_OUTCOME_TRY(auto fields, node(document).object({"name", "grants"}));
//     BOOST_OUTCOME_TRY(fields.required("name", bundle.name));
//     BOOST_OUTCOME_TRY(fields.optional("grants", bundle.grants));
//
// For a type of one's own, `result<void> read(const node&, T&)` in the type's namespace or in
// pgrant::json_text makes it readable, and with it std::vector<T> and std::optional<T>.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "document.hpp"
#include "pgrant/result.hpp"

namespace pgrant::json_text {

class fields;

// One value and its place. Refers to the document, which must outlive it.
class node {
 public:
  explicit node(const boost::json::value& value, std::string path = {})
      : value_(&value), path_(std::move(path)) {}

  const boost::json::value& value() const noexcept { return *value_; }
  // "bundles.sales-read.grants[0]"; empty for the whole document.
  const std::string& path() const noexcept { return path_; }

  // The error for this value: `invalid_argument` with the path as field.
  error refuse(std::string message) const;
  // Puts this value's path before the field of an error that a check of the content gave.
  error refuse(const error& why) const;

  // The value as this type, or a refusal that says what was expected and what is there.
  // Texts with a NUL character are refused: neither PostgreSQL nor libpq can hold one.
  result<std::string_view> text() const;
  result<bool> boolean() const;
  // Whole numbers only, within the bounds.
  result<std::int64_t> integer(std::int64_t least, std::int64_t most) const;
  // An object whose keys are all among `keys`.
  result<fields> object(std::initializer_list<std::string_view> keys) const;
  // An object with keys of any kind (names of bundles), in their order.
  result<std::vector<std::pair<std::string_view, node>>> members() const;
  result<std::vector<node>> elements() const;

  node member(std::string_view key, const boost::json::value& value) const;
  node element(std::size_t index, const boost::json::value& value) const;

 private:
  const boost::json::value* value_;
  std::string path_;
};

result<void> read(const node& from, std::string& to);
result<void> read(const node& from, bool& to);

template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
result<void> read(const node& from, T& to) {
  constexpr auto most = std::numeric_limits<T>::max();
  constexpr auto limit = std::numeric_limits<std::int64_t>::max();
  BOOST_OUTCOME_TRY(
      auto number,
      from.integer(static_cast<std::int64_t>(std::numeric_limits<T>::min()),
                   std::cmp_less(most, limit) ? static_cast<std::int64_t>(most) : limit));
  to = static_cast<T>(number);
  return success();
}

template <class T>
result<void> read(const node& from, std::optional<T>& to) {
  return read(from, to.emplace());
}

template <class T>
result<void> read(const node& from, std::vector<T>& to) {
  BOOST_OUTCOME_TRY(auto elements, from.elements());
  for (const node& element : elements) {
    // Not through a reference into the vector: std::vector<bool> has none.
    T item{};
    BOOST_OUTCOME_TRY(read(element, item));
    to.push_back(std::move(item));
  }
  return success();
}

// The fields of an object whose keys have been checked.
class fields {
 public:
  explicit fields(node object) : object_(std::move(object)) {}

  const node& object() const noexcept { return object_; }
  std::optional<node> find(std::string_view key) const;

  // Reads a field that must be there.
  template <class T>
  result<void> required(std::string_view key, T& to) const {
    BOOST_OUTCOME_TRY(auto value, require(key));
    return read(value, to);
  }
  // Reads a field that may be missing; `to` then keeps its value. null is not missing.
  template <class T>
  result<void> optional(std::string_view key, T& to) const {
    const auto value = find(key);
    if (!value) return success();
    return read(*value, to);
  }
  result<node> require(std::string_view key) const;

 private:
  node object_;
};

}  // namespace pgrant::json_text
