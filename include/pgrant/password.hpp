// Random passwords.
#pragma once

#include <cstddef>
#include <string_view>

#include "pgrant/result.hpp"
#include "pgrant/secret.hpp"

namespace pgrant {

/// Letters and digits without those that look alike (I l, O o 0, 1): 56 characters, 5.8 bits each.
inline constexpr std::string_view password_alphabet =
    "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
/// Shorter ones would have fewer than 128 random bits.
inline constexpr std::size_t min_password_length = 23;
inline constexpr std::size_t max_password_length = 128;

/// A password from OpenSSL's generator, every character equally likely, with at least one capital,
/// one small letter and one digit (servers may ask for that; Azure does). Needs no quoting
/// anywhere. Fails with `invalid_argument` if the length is out of bounds, `internal` if there is
/// no randomness. Thread-safe.
result<secret> generate_password(std::size_t length = 24);

}  // namespace pgrant
