// Settings by key: the tables of keys, the values, and what is made of them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "boundary.hpp"
#include "pgrant/secret.hpp"

namespace pgrant::capi {

struct option_key {
  const char* name;  // ends in ".*" if it stands for a family
  pgrant_option_type type;
  const char* help;
};

/// The keys of a kind in the order of their numbers; none for a kind that there is none of.
std::span<const option_key> option_keys(pgrant_options_kind kind) noexcept;

using option_value = std::variant<std::string, std::vector<std::string>, std::int64_t, bool,
                                  std::shared_ptr<const secret>>;

}  // namespace pgrant::capi

struct pgrant_options {
  pgrant::capi::mark<10> alive;
  pgrant_options_kind kind = 0;
  std::map<std::string, pgrant::capi::option_value, std::less<>> values;
};

namespace pgrant::capi {

/// Reads options of one kind, which may be NULL: all defaults. Each reader calls `set` with the
/// value if the key was set, and refuses what is out of range.
class option_reader {
 public:
  option_reader(const pgrant_options* options, pgrant_options_kind kind);

  template <class Set>
  void text(std::string_view key, Set set) const {
    if (const auto* found = value<std::string>(key)) set(*found);
  }
  template <class Set>
  void list(std::string_view key, Set set) const {
    if (const auto* found = value<std::vector<std::string>>(key)) set(*found);
  }
  template <class Set>
  void flag(std::string_view key, Set set) const {
    if (const auto* found = value<bool>(key)) set(*found);
  }
  template <class Set>
  void integer(std::string_view key, std::int64_t least, std::int64_t most, Set set) const {
    const auto* found = value<std::int64_t>(key);
    if (!found) return;
    check_range(key, *found, least, most);
    set(*found);
  }
  template <class Set>
  void hidden(std::string_view key, Set set) const {
    if (const auto* found = value<std::shared_ptr<const secret>>(key)) set(**found);
  }
  /// Calls `set(name, value)` for each key "prefix.name".
  template <class T, class Set>
  void family(std::string_view prefix, Set set) const {
    if (!from_) return;
    for (const auto& [key, held] : from_->values)
      if (key.starts_with(prefix) && key.size() > prefix.size() && key[prefix.size()] == '.')
        if (const auto* found = std::get_if<T>(&held)) set(key.substr(prefix.size() + 1), *found);
  }

 private:
  template <class T>
  const T* value(std::string_view key) const {
    if (!from_) return nullptr;
    const auto found = from_->values.find(key);
    return found == from_->values.end() ? nullptr : std::get_if<T>(&found->second);
  }
  static void check_range(std::string_view key, std::int64_t value, std::int64_t least,
                          std::int64_t most);

  const pgrant_options* from_;
};

}  // namespace pgrant::capi
