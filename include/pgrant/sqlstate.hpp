// SQLSTATE as a value: the five characters by which PostgreSQL says what went wrong.
//
// Source: PostgreSQL manual, appendix "PostgreSQL Error Codes". pgrant decides by SQLSTATE alone,
// never by message text, because messages are translated and change between versions.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgrant {

/// A five-character SQLSTATE, or none. A regular value: trivially copyable, ordered, hashable by
/// `packed()`. All members are thread-safe and never throw, except `str()`, which allocates.
class sqlstate {
 public:
  /// No SQLSTATE: the failure did not come from a server, or libpq did not report one.
  constexpr sqlstate() noexcept = default;

  /// Takes exactly five characters of [0-9A-Z]; anything else gives an empty value.
  static constexpr sqlstate parse(std::string_view text) noexcept {
    sqlstate state;
    if (text.size() != 5) return state;
    std::uint64_t packed = 0;
    for (char c : text) {
      if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'))) return state;
      packed = packed << 8 | static_cast<unsigned char>(c);
    }
    state.packed_ = packed;
    return state;
  }

  constexpr bool empty() const noexcept { return packed_ == 0; }
  constexpr explicit operator bool() const noexcept { return packed_ != 0; }

  /// The five characters, or an empty string.
  std::string str() const {
    std::string text;
    if (empty()) return text;
    for (int shift = 32; shift >= 0; shift -= 8) text += static_cast<char>(packed_ >> shift & 0xff);
    return text;
  }

  /// True if the first two characters are `prefix`: "08" for connection exceptions.
  constexpr bool in_class(std::string_view prefix) const noexcept {
    return prefix.size() == 2 && !empty() &&
           packed_ >> 24 ==
               (static_cast<std::uint64_t>(static_cast<unsigned char>(prefix[0])) << 8 |
                static_cast<unsigned char>(prefix[1]));
  }

  /// The characters as one number, first character highest; 0 if empty. For hashing and switch.
  constexpr std::uint64_t packed() const noexcept { return packed_; }

  friend constexpr auto operator<=>(sqlstate, sqlstate) noexcept = default;

 private:
  std::uint64_t packed_ = 0;
};

inline namespace literals {
/// `"57P01"_sqlstate`; a malformed literal does not compile.
consteval sqlstate operator""_sqlstate(const char* text, std::size_t size) {
  const sqlstate state = sqlstate::parse({text, size});
  if (state.empty()) throw "a SQLSTATE is five characters of [0-9A-Z]";
  return state;
}
}  // namespace literals

/// What a caller can usefully do after a failure.
enum class retry {
  never,      ///< The same call fails again until somebody changes something.
  again,      ///< The whole transaction may be repeated on the same connection.
  reconnect,  ///< A new connection is needed first; the outcome of a COMMIT is unknown.
};

/// The advice for a SQLSTATE that a server reported. Follows notes of Microsoft's and PostgreSQL's
/// own lists: serialization and lock conflicts `again`, shutdown and connection loss `reconnect`,
/// everything else (28P01, 3D000, 42501, 42704, 2BP01, …) `never`.
retry retry_advice(sqlstate state) noexcept;

}  // namespace pgrant
