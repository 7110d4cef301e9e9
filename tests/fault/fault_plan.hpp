// How much of a sweep runs: all of it if PGRANT_FAULT=long, else a part that takes seconds.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "support/random_text.hpp"

namespace test {

inline bool long_form() {
  const char* given = std::getenv("PGRANT_FAULT");
  return given != nullptr && std::string_view(given) == "long";
}

/// 1 to `count`, or `most` of them in the short form.
inline std::vector<int> some_points(int count, std::size_t most) {
  std::vector<int> points(static_cast<std::size_t>(count));
  std::iota(points.begin(), points.end(), 1);
  if (long_form()) return points;
  static std::uint64_t draws = 0;
  random_source random(base_seed() + ++draws);
  while (points.size() > most) {
    points.erase(points.begin() + static_cast<std::ptrdiff_t>(random.below(points.size())));
  }
  return points;
}

/// The same of the messages that commit something, and `others` of the rest.
inline std::vector<int> some_points(const std::vector<std::string>& messages, std::size_t commits,
                                    std::size_t others) {
  std::vector<int> committing, rest;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    (messages[i] == "COMMIT" ? committing : rest).push_back(static_cast<int>(i) + 1);
  }
  std::vector<int> chosen;
  for (const int at : some_points(static_cast<int>(committing.size()), commits)) {
    chosen.push_back(committing[static_cast<std::size_t>(at) - 1]);
  }
  for (const int at : some_points(static_cast<int>(rest.size()), others)) {
    chosen.push_back(rest[static_cast<std::size_t>(at) - 1]);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace test
