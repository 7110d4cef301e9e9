#include "reader.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

namespace pgrant::json_text {
namespace {

std::string_view reader_view(boost::json::string_view text) {
  return {text.data(), text.size()};
}

std::string_view reader_kind_name(boost::json::kind kind) {
  switch (kind) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "true or false";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_:
      return "a number";
    case boost::json::kind::string:
      return "a text";
    case boost::json::kind::array:
      return "a list";
    case boost::json::kind::object:
      return "an object";
  }
  return "something else";
}

error reader_wrong_kind(const node& at, std::string_view expected) {
  return at.refuse(std::string(expected) + " is expected, not " +
                   std::string(reader_kind_name(at.value().kind())));
}

bool reader_plain_key(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::string reader_member_path(std::string_view path, std::string_view key) {
  if (!reader_plain_key(key)) return std::string(path) + "[\"" + std::string(key) + "\"]";
  return path.empty() ? std::string(key) : std::string(path) + '.' + std::string(key);
}

std::string reader_list(std::initializer_list<std::string_view> keys) {
  std::string text;
  for (std::string_view key : keys) text += (text.empty() ? "" : ", ") + std::string(key);
  return text;
}

}  // namespace

error node::refuse(std::string message) const {
  return error(errc::invalid_argument, std::move(message)).with_field(path_);
}

error node::refuse(const error& why) const {
  if (path_.empty()) return why;
  if (why.field().empty()) return why.with_field(path_);
  const bool index = why.field().starts_with('[');
  return why.with_field(path_ + (index ? "" : ".") + why.field());
}

result<std::string_view> node::text() const {
  if (!value_->is_string()) return reader_wrong_kind(*this, "a text");
  const std::string_view text(value_->get_string().data(), value_->get_string().size());
  if (text.find('\0') != std::string_view::npos) return refuse("the text holds a NUL character");
  return text;
}

result<bool> node::boolean() const {
  if (!value_->is_bool()) return reader_wrong_kind(*this, "true or false");
  return value_->get_bool();
}

result<std::int64_t> node::integer(std::int64_t least, std::int64_t most) const {
  if (!value_->is_int64() && !value_->is_uint64()) {
    return reader_wrong_kind(*this, "a whole number");
  }
  const bool fits = value_->is_int64() || std::cmp_less_equal(value_->get_uint64(), most);
  const std::int64_t number = !fits ? most
                              : value_->is_int64()
                                  ? value_->get_int64()
                                  : static_cast<std::int64_t>(value_->get_uint64());
  if (fits && number >= least && number <= most) return number;
  return refuse("the number is out of range")
      .with_hint("use " + std::to_string(least) + " to " + std::to_string(most));
}

result<fields> node::object(std::initializer_list<std::string_view> keys) const {
  if (!value_->is_object()) return reader_wrong_kind(*this, "an object");
  for (const auto& entry : value_->get_object()) {
    const std::string_view key = reader_view(entry.key());
    if (std::ranges::find(keys, key) != keys.end()) continue;
    return member(key, entry.value())
        .refuse("unknown key")
        .with_hint("known here: " + reader_list(keys));
  }
  return fields(*this);
}

result<std::vector<std::pair<std::string_view, node>>> node::members() const {
  if (!value_->is_object()) return reader_wrong_kind(*this, "an object");
  std::vector<std::pair<std::string_view, node>> members;
  for (const auto& entry : value_->get_object()) {
    const std::string_view key = reader_view(entry.key());
    node value = member(key, entry.value());
    if (key.find('\0') != std::string_view::npos) return refuse("a key holds a NUL character");
    members.emplace_back(key, std::move(value));
  }
  return members;
}

result<std::vector<node>> node::elements() const {
  if (!value_->is_array()) return reader_wrong_kind(*this, "a list");
  std::vector<node> elements;
  for (const auto& value : value_->get_array()) {
    elements.push_back(element(elements.size(), value));
  }
  return elements;
}

node node::member(std::string_view key, const boost::json::value& value) const {
  return node(value, reader_member_path(path_, key));
}

node node::element(std::size_t index, const boost::json::value& value) const {
  return node(value, path_ + '[' + std::to_string(index) + ']');
}

result<void> read(const node& from, std::string& to) {
  BOOST_OUTCOME_TRY(auto text, from.text());
  to = text;
  return success();
}

result<void> read(const node& from, bool& to) {
  BOOST_OUTCOME_TRY(to, from.boolean());
  return success();
}

std::optional<node> fields::find(std::string_view key) const {
  const boost::json::value* found = object_.value().get_object().if_contains(key);
  if (found == nullptr) return std::nullopt;
  return object_.member(key, *found);
}

result<node> fields::require(std::string_view key) const {
  auto found = find(key);
  if (found) return std::move(*found);
  return error(errc::invalid_argument, "a required field is missing")
      .with_field(reader_member_path(object_.path(), key));
}

}  // namespace pgrant::json_text
