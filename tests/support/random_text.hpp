// Random inputs for property tests. A failing case prints its seed; PGRANT_TEST_SEED repeats it.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <random>
#include <span>
#include <string>
#include <string_view>

namespace test {

/// The seed of this run: PGRANT_TEST_SEED, or one that differs from run to run.
inline std::uint64_t base_seed() {
  static const std::uint64_t seed = [] {
    const char* given = std::getenv("PGRANT_TEST_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  }();
  return seed;
}

/// A generator of small things. Deterministic for a seed.
class random_source {
 public:
  explicit random_source(std::uint64_t seed) : engine_(seed) {}

  /// 0 to `count` - 1; `count` must not be 0.
  std::size_t below(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(engine_);
  }
  bool one_in(std::size_t count) { return below(count) == 0; }
  char byte_of(std::string_view bytes) { return bytes[below(bytes.size())]; }
  template <class T>
  const T& pick(std::span<const T> items) {
    return items[below(items.size())];
  }
  std::string_view word(std::initializer_list<std::string_view> words) {
    return words.begin()[below(words.size())];
  }

  /// Up to `most` bytes from `bytes`.
  std::string text(std::string_view bytes, std::size_t most) {
    std::string made;
    for (std::size_t left = below(most + 1); left > 0; --left) made += byte_of(bytes);
    return made;
  }

  /// Valid UTF-8 of up to `most` bytes without NUL: ASCII of every kind, quotes and backslashes
  /// more often than others, and characters of two, three and four bytes.
  std::string utf8(std::size_t most) {
    std::string made;
    for (std::size_t left = below(most + 1); left > 0; --left) {
      const std::string next = utf8_character();
      if (made.size() + next.size() > most) break;
      made += next;
    }
    return made;
  }

  /// Deletes, repeats, exchanges or inserts a few bytes.
  void mutate(std::string& text, std::string_view bytes) {
    for (std::size_t times = 1 + below(3); times > 0; --times) {
      const std::size_t at = below(text.size() + 1);
      switch (below(4)) {
        case 0:
          text.insert(at, 1, byte_of(bytes));
          break;
        case 1:
          if (at < text.size()) text.erase(at, 1 + below(3));
          break;
        case 2:
          if (at < text.size()) text[at] = byte_of(bytes);
          break;
        default:
          text.insert(at, text.substr(below(text.size() + 1), below(5)));
      }
    }
  }

 private:
  std::string utf8_character() {
    switch (below(8)) {
      case 0:
        return std::string(1, byte_of("\"'\\.$;-"));
      case 1:
        return std::string(1, static_cast<char>(1 + below(127)));
      case 2:
        return std::string(word(
            {"é", "ß", "Ж", "\xc2\x80", "名", "\xef\xbf\xbd", "😀", "🏴", "\xf4\x8f\xbf\xbf"}));
      case 3:
        return std::string(1, byte_of("ABCXYZ"));
      default:
        return std::string(1, byte_of("abcxyz_0189 "));
    }
  }

  std::mt19937_64 engine_;
};

/// Runs `check(random_source&)` `cases` times, each with a seed of its own that a failure shows.
template <class Check>
void for_random_cases(int cases, Check&& check) {
  for (int i = 0; i < cases; ++i) {
    const std::uint64_t seed = base_seed() + static_cast<std::uint64_t>(i);
    INFO("PGRANT_TEST_SEED=", seed);
    random_source random(seed);
    check(random);
  }
}

}  // namespace test
