// Names that the lease engine makes up, and names that a caller may have meant.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/result.hpp"

namespace pgrant::detail {

/// `length` random characters of [a-z2-7], 5 bits each.
result<std::string> random_word(std::size_t length);

/// The name of an ephemeral login: the prefix, what [a-z0-9_] can say of the person, a random part;
/// 63 bytes at most.
result<std::string> login_name(std::string_view prefix, std::string_view person);

/// A regular expression of the server for names of `login_name`; `prefix` is [a-z0-9_].
std::string login_name_pattern(std::string_view prefix);
/// What such a name says of the person; may be empty.
std::string person_in_login(std::string_view prefix, std::string_view login);

/// Those of `known` that look most like `wanted`, the nearest first, at most three.
std::vector<std::string> near_names(std::string_view wanted, const std::vector<std::string>& known);

}  // namespace pgrant::detail
