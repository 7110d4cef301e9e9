#include "pgrant/policy.hpp"

#include <algorithm>

namespace pgrant {

std::string exact_pattern(std::string_view name) {
  std::string pattern;
  for (const char c : name) {
    if (c == '*' || c == '?' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern;
}

const bundle* policy::find_bundle(std::string_view name) const noexcept {
  const auto at =
      std::find_if(bundles.begin(), bundles.end(), [&](const bundle& b) { return b.name == name; });
  return at == bundles.end() ? nullptr : &*at;
}

std::string policy::role_of(const bundle& b) const {
  if (!b.role.empty()) return b.role;
  std::string role = bundle_role_prefix + b.name;
  std::replace(role.begin() + static_cast<std::ptrdiff_t>(bundle_role_prefix.size()), role.end(),
               '-', '_');
  return role;
}

}  // namespace pgrant
