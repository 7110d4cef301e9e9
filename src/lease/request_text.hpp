// Checks of the texts that requests and filters hold; each refusal names its field.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "pgrant/result.hpp"

namespace pgrant::detail {

inline constexpr std::size_t longest_reason = 2'000;
inline constexpr std::size_t longest_name = 200;  ///< Persons, requesters, tickets, keys.

error bad_request(std::string message, std::string field);
/// Not longer than this, valid in a literal.
result<void> check_request_text(std::string_view text, std::string field, std::size_t longest);
result<void> check_labels(const std::map<std::string, std::string>& labels);

}  // namespace pgrant::detail
