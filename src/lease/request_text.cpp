#include "lease/request_text.hpp"

#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

constexpr std::size_t most_labels = 32;
constexpr std::size_t longest_label_key = 63;

}  // namespace

error bad_request(std::string message, std::string field) {
  return error(errc::invalid_argument, std::move(message)).with_field(std::move(field));
}

result<void> check_request_text(std::string_view text, std::string field, std::size_t longest) {
  if (text.size() > longest) {
    return bad_request(field + " is longer than " + std::to_string(longest) + " bytes", field);
  }
  const auto literal = check_literal(text, field);
  if (!literal) return literal.error().with_field(std::move(field));
  return success();
}

result<void> check_labels(const std::map<std::string, std::string>& labels) {
  if (labels.size() > most_labels) {
    return bad_request("there are more than " + std::to_string(most_labels) + " labels", "labels");
  }
  for (const auto& [key, value] : labels) {
    const bool plain = key.find_first_not_of(
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-") ==
                       std::string::npos;
    if (key.empty() || key.size() > longest_label_key || !plain) {
      return bad_request("a label's key is not 1 to 63 of [A-Za-z0-9._/-]", "labels")
          .with_object(key);
    }
    BOOST_OUTCOME_TRY(check_request_text(value, "labels." + key, longest_name));
  }
  return success();
}

}  // namespace pgrant::detail
