#include "document.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <string>
#include <unordered_set>
#include <vector>

namespace pgrant::json_text {
namespace {

namespace bj = boost::json;

// Builds the value as bj::parser does and keeps the keys of the objects that are open.
class document_builder {
 public:
  static constexpr std::size_t max_object_size = 1u << 24;
  static constexpr std::size_t max_array_size = 1u << 24;
  static constexpr std::size_t max_key_size = 1u << 16;
  static constexpr std::size_t max_string_size = default_max_bytes * 4;

  document_builder() { stack_.reset(); }

  bj::value release() { return stack_.release(); }
  const std::string& repeated_key() const noexcept { return repeated_key_; }
  bool has_repeated_key() const noexcept { return has_repeated_key_; }

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code&) {
    open_objects_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t size, bj::error_code&) {
    open_objects_.pop_back();
    stack_.push_object(size);
    return true;
  }
  bool on_array_begin(bj::error_code&) { return true; }
  bool on_array_end(std::size_t size, bj::error_code&) {
    stack_.push_array(size);
    return true;
  }
  bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) {
    key_.append(part.data(), part.size());
    stack_.push_chars(part);
    return true;
  }
  bool on_key(bj::string_view part, std::size_t, bj::error_code& why) {
    key_.append(part.data(), part.size());
    stack_.push_key(part);
    if (!open_objects_.back().insert(key_).second) {
      has_repeated_key_ = true;
      repeated_key_ = key_;
      why = bj::error::syntax;
      return false;
    }
    key_.clear();
    return true;
  }
  bool on_string_part(bj::string_view part, std::size_t, bj::error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(bj::string_view part, std::size_t, bj::error_code&) {
    stack_.push_string(part);
    return true;
  }
  bool on_number_part(bj::string_view, bj::error_code&) { return true; }
  bool on_int64(std::int64_t number, bj::string_view, bj::error_code&) {
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, bj::string_view, bj::error_code&) {
    stack_.push_uint64(number);
    return true;
  }
  bool on_double(double number, bj::string_view, bj::error_code&) {
    stack_.push_double(number);
    return true;
  }
  bool on_bool(bool flag, bj::error_code&) {
    stack_.push_bool(flag);
    return true;
  }
  bool on_null(bj::error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }

 private:
  bj::value_stack stack_;
  std::string key_;
  std::vector<std::unordered_set<std::string>> open_objects_;
  std::string repeated_key_;
  bool has_repeated_key_ = false;
};

std::string document_place(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::ranges::count(before, '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return "line " + std::to_string(line) + ", column " +
         std::to_string(before.size() - line_start + 1);
}

error document_refusal(std::string_view what, std::string why) {
  return error(errc::invalid_argument, std::string(what) + " " + std::move(why));
}

}  // namespace

result<bj::value> parse(std::string_view text, std::string_view what, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return document_refusal(what, "has more than " + std::to_string(max_bytes) + " bytes");
  }
  bj::parse_options options;
  options.max_depth = max_depth;
  bj::basic_parser<document_builder> parser(options);
  bj::error_code why;
  const std::size_t consumed = parser.write_some(false, text.data(), text.size(), why);
  const std::string place = document_place(text, consumed);
  if (parser.handler().has_repeated_key()) {
    return document_refusal(what, "has the key \"" + parser.handler().repeated_key() + "\" twice")
        .with_detail("at " + place);
  }
  if (why == bj::error::too_deep) {
    return document_refusal(what, "is nested more than 32 levels deep").with_detail("at " + place);
  }
  if (why || consumed < text.size()) {
    return document_refusal(what, "is not valid JSON")
        .with_detail("at " + place + (why ? ": " + why.message() : ": text after the value"));
  }
  return parser.handler().release();
}

}  // namespace pgrant::json_text
