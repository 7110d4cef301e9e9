#include "secret/secret_json.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <vector>

namespace pgrant::detail {
namespace {

namespace bj = boost::json;

// Parses inside of memory that is wiped afterwards; Boost.JSON itself wipes nothing.
class secret_document {
 public:
  explicit secret_document(std::string_view text)
      : memory_(16 * text.size() + 4'096),
        scratch_(16 * text.size() + 4'096),
        resource_(memory_.data(), memory_.size()) {
    bj::parser parser({}, {}, scratch_.data(), scratch_.size());
    parser.reset(&resource_);
    bj::error_code why;
    parser.write(text.data(), text.size(), why);
    if (!why) value_.emplace(parser.release());
  }
  ~secret_document() {
    value_.reset();
    wipe(memory_.data(), memory_.size());
    wipe(scratch_.data(), scratch_.size());
  }
  secret_document(const secret_document&) = delete;
  secret_document& operator=(const secret_document&) = delete;

  // Null if the text is no JSON object.
  const bj::object* object() const noexcept { return value_ ? value_->if_object() : nullptr; }

 private:
  std::vector<unsigned char> memory_;
  std::vector<unsigned char> scratch_;
  bj::monotonic_resource resource_;
  std::optional<bj::value> value_;
};

result<std::string_view> secret_member(const bj::object& object, std::string_view key) {
  const bj::value* found = object.if_contains(key);
  if (found == nullptr) return std::string_view();
  const bj::string* text = found->if_string();
  if (text == nullptr) {
    return error(errc::secret, "a JSON secret has a value that is not a text")
        .with_field(std::string(key));
  }
  return std::string_view(text->data(), text->size());
}

}  // namespace

bool is_json_object(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || text[start] != '{') return false;
  return secret_document(text).object() != nullptr;
}

result<resolved_secret> parse_json_login(std::string_view text) {
  const secret_document document(text);
  if (document.object() == nullptr) return error(errc::secret, "a secret is not a JSON object");
  BOOST_OUTCOME_TRY(auto user, secret_member(*document.object(), "username"));
  BOOST_OUTCOME_TRY(auto password, secret_member(*document.object(), "password"));
  if (password.empty()) {
    return error(errc::secret, "a JSON secret has no \"password\"").with_field("password");
  }
  return resolved_secret{std::string(user), secret::copy_of(password)};
}

}  // namespace pgrant::detail
