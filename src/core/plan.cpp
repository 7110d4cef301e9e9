#include "pgrant/plan.hpp"

#include <algorithm>
#include <array>

namespace pgrant {
namespace {

constexpr std::array<std::string_view, 12> step_action_names = {
    "create_database", "create_role",      "alter_role",        "drop_role",
    "comment_on_role", "grant_membership", "revoke_membership", "grant",
    "revoke",          "grant_default",    "revoke_default",    "define"};
static_assert(step_action_names.size() == static_cast<std::size_t>(step_action::define) + 1);

/// FNV-1a, 64 bits.
class plan_hash {
 public:
  void add(std::uint32_t value, int bytes) noexcept {
    for (int i = 0; i < bytes; ++i) {
      state_ = (state_ ^ (value & 0xff)) * 0x100000001b3u;
      value >>= 8;
    }
  }
  std::uint64_t value() const noexcept { return state_; }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325u;
};

}  // namespace

std::string_view to_string(step_action action) noexcept {
  const auto at = static_cast<std::size_t>(action);
  return at < step_action_names.size() ? step_action_names[at] : std::string_view("grant");
}

bool plan::refused() const {
  return std::ranges::any_of(safety, [](const bundle_safety& of) {
    return !not_accepted(of, safety_severity::refusal).empty();
  });
}

std::string secret_marker(std::string_view name) {
  return "<secret '\"" + std::string(name) + ">";
}

std::uint64_t acl_hash(const acl& list) noexcept {
  plan_hash hash;
  hash.add(list.is_null() ? 0 : 1, 1);
  for (const acl_item& item : list.items()) {
    hash.add(item.grantee, 4);
    hash.add(item.grantor, 4);
    hash.add(item.privileges.bits(), 2);
    hash.add(item.grantable.bits(), 2);
  }
  return hash.value();
}

}  // namespace pgrant
