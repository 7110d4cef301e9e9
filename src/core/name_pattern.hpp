// The patterns of selectors, compiled once and matched many times.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/result.hpp"

namespace pgrant {

/// `*`, `?` and `\` as `selector` says. A regular value; const use is thread-safe.
class name_pattern {
 public:
  /// Matches nothing.
  name_pattern() = default;
  /// Fails with `invalid_argument`: empty, NUL, a backslash at the end, a name over 63 bytes.
  static result<name_pattern> compile(std::string_view text);

  /// Without wildcards: `name()` is the one name that it matches.
  bool literal() const noexcept { return shape_ == shape::literal; }
  const std::string& name() const noexcept { return name_; }
  /// Matches every name.
  bool any() const noexcept { return shape_ == shape::any; }

  /// In time of the lengths' product at worst, without recursion.
  bool matches(std::string_view text) const noexcept;

 private:
  enum class shape : std::uint8_t { literal, any, glob };
  shape shape_ = shape::literal;
  std::string name_;
  std::vector<std::uint16_t> glob_;  // bytes, and two numbers beyond them for the wildcards
};

}  // namespace pgrant
