// Privileges and sets of them, as PostgreSQL's ACLs hold them.
//
// Source: PostgreSQL manual, section "Privileges", table "ACL Privilege Abbreviations".
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pgrant/object_kind.hpp"

namespace pgrant {

/// One privilege. The order is that of `all_privileges` and of every list that pgrant prints.
enum class privilege : std::uint8_t {
  select,        // r
  insert,        // a
  update,        // w
  delete_,       // d
  truncate,      // D
  references,    // x
  trigger,       // t
  maintain,      // m, from PostgreSQL 17
  usage,         // U
  create,        // C
  connect,       // c
  temporary,     // T
  execute,       // X
  set,           // s
  alter_system,  // A
};

inline constexpr int privilege_count = 15;

/// SQL's keyword: "SELECT", "ALTER SYSTEM". A string with static lifetime.
std::string_view keyword(privilege p) noexcept;
/// The letter in an aclitem: 'r' for SELECT.
char acl_letter(privilege p) noexcept;
/// Takes SQL's keyword in any case, also "TEMP"; nothing for other texts.
std::optional<privilege> parse_privilege(std::string_view keyword) noexcept;
/// Takes an aclitem's letter; nothing for letters that PostgreSQL 14 to 18 do not use.
std::optional<privilege> privilege_of_letter(char letter) noexcept;

/// A set of privileges; a regular value of two bytes.
class privilege_set {
 public:
  constexpr privilege_set() noexcept = default;
  constexpr privilege_set(privilege p) noexcept : bits_(bit(p)) {}  // NOLINT: a set of one

  constexpr bool empty() const noexcept { return bits_ == 0; }
  constexpr int size() const noexcept { return std::popcount(bits_); }
  constexpr bool contains(privilege_set other) const noexcept {
    return (bits_ & other.bits_) == other.bits_;
  }

  friend constexpr privilege_set operator|(privilege_set a, privilege_set b) noexcept {
    return from_bits(a.bits_ | b.bits_);
  }
  friend constexpr privilege_set operator&(privilege_set a, privilege_set b) noexcept {
    return from_bits(a.bits_ & b.bits_);
  }
  /// What is in `a` and not in `b`.
  friend constexpr privilege_set operator-(privilege_set a, privilege_set b) noexcept {
    return from_bits(a.bits_ & ~b.bits_);
  }
  constexpr privilege_set& operator|=(privilege_set other) noexcept {
    return *this = *this | other;
  }
  friend constexpr auto operator<=>(privilege_set, privilege_set) noexcept = default;

  /// Calls `f(privilege)` for each member, in the order of the enumeration.
  template <class F>
  constexpr void for_each(F&& f) const {
    for (int i = 0; i < privilege_count; ++i)
      if (bits_ >> i & 1) f(static_cast<privilege>(i));
  }

  /// Bit i stands for the i-th enumerator. For storage and hashing.
  constexpr std::uint16_t bits() const noexcept { return bits_; }
  static constexpr privilege_set from_bits(unsigned bits) noexcept {
    privilege_set set;
    set.bits_ = static_cast<std::uint16_t>(bits & ((1u << privilege_count) - 1));
    return set;
  }

 private:
  static constexpr std::uint16_t bit(privilege p) noexcept {
    return static_cast<std::uint16_t>(1u << static_cast<unsigned>(p));
  }
  std::uint16_t bits_ = 0;
};

constexpr privilege_set operator|(privilege a, privilege b) noexcept {
  return privilege_set(a) | privilege_set(b);
}

/// What GRANT gives on single columns.
inline constexpr privilege_set column_privileges = privilege::select | privilege::insert |
                                                   privilege_set(privilege::update) |
                                                   privilege::references;

/// "SELECT, INSERT"; empty for the empty set.
std::string to_string(privilege_set set);

/// All privileges that an object of this kind has on a server of this version (what
/// `GRANT ALL PRIVILEGES` gives). `server_version` as libpq gives it: 170004 for 17.4.
privilege_set all_privileges(object_kind kind, int server_version) noexcept;

/// What PUBLIC has on a new object of this kind (acldefault): CONNECT and TEMPORARY on databases,
/// EXECUTE on routines, USAGE on types and languages, nothing elsewhere.
privilege_set public_privileges(object_kind kind) noexcept;

}  // namespace pgrant
