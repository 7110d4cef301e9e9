#include <chrono>
#include <cstdint>

#include "pgrant/json/policy.hpp"

namespace pgrant {
namespace {

struct duration_unit {
  char letter;
  std::int64_t seconds;
};
constexpr duration_unit duration_units[] = {{'d', 86'400}, {'h', 3'600}, {'m', 60}, {'s', 1}};

// Far beyond any lease, far below what would overflow.
constexpr std::int64_t duration_most = std::int64_t{100} * 366 * 86'400;

}  // namespace

result<std::chrono::seconds> parse_duration(std::string_view text) {
  const error refusal = error(errc::invalid_argument, "this is no duration")
                            .with_hint("write 8h, 30m, 8h30m, 2d or 45s, greatest unit first");
  std::int64_t total = 0;
  std::size_t at = 0;
  for (const duration_unit& unit : duration_units) {
    std::int64_t number = 0;
    std::size_t end = at;
    for (; end < text.size() && text[end] >= '0' && text[end] <= '9'; ++end) {
      number = number * 10 + (text[end] - '0');
      if (number > duration_most) return refusal;
    }
    if (end == at || end == text.size() || text[end] != unit.letter) continue;
    total += number * unit.seconds;
    if (total > duration_most) return refusal;
    at = end + 1;
  }
  if (at == 0 || at != text.size()) return refusal;
  return std::chrono::seconds(total);
}

std::string to_string(std::chrono::seconds duration) {
  std::int64_t left = duration.count();
  if (left == 0) return "0s";
  std::string text;
  if (left < 0) return "-" + to_string(-duration);
  for (const duration_unit& unit : duration_units) {
    if (left < unit.seconds) continue;
    text += std::to_string(left / unit.seconds) + unit.letter;
    left %= unit.seconds;
  }
  return text;
}

}  // namespace pgrant
