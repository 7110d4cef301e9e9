#include "json/utf8.hpp"

#include <cstddef>

namespace pgrant::json_text {

namespace {

// The length of the well-formed sequence that `bytes` begins with; 0 if it begins with none.
std::size_t utf8_sequence_length(std::string_view bytes) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto is_between = [&](std::size_t i, unsigned least, unsigned most) {
    return i < bytes.size() && at(i) >= least && at(i) <= most;
  };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return is_between(1, 0x80, 0xbf) ? 2 : 0;
  // The second byte rules out overlong forms, surrogates, and what lies beyond U+10FFFF.
  if (first < 0xf0) {
    const unsigned least = first == 0xe0 ? 0xa0 : 0x80, most = first == 0xed ? 0x9f : 0xbf;
    return is_between(1, least, most) && is_between(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (first > 0xf4) return 0;
  const unsigned least = first == 0xf0 ? 0x90 : 0x80, most = first == 0xf4 ? 0x8f : 0xbf;
  return is_between(1, least, most) && is_between(2, 0x80, 0xbf) && is_between(3, 0x80, 0xbf) ? 4
                                                                                              : 0;
}

}  // namespace

std::string to_valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = utf8_sequence_length(bytes);
    if (length == 0)
      text += "\xef\xbf\xbd";
    else
      text += bytes.substr(0, length);
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
}

}  // namespace pgrant::json_text
