#include "pgrant/lease.hpp"

#include <utility>

namespace pgrant {
namespace {

constexpr std::pair<lease_state, std::string_view> lease_state_names[] = {
    {lease_state::scheduled, "scheduled"}, {lease_state::active, "active"},
    {lease_state::ending, "ending"},       {lease_state::ended, "ended"},
    {lease_state::held, "held"},           {lease_state::failed, "failed"},
};

}  // namespace

std::string_view to_string(grantee_kind kind) noexcept {
  return kind == grantee_kind::existing_role ? "existing_role" : "ephemeral_login";
}

std::string_view to_string(lease_state state) noexcept {
  for (const auto& [value, name] : lease_state_names) {
    if (value == state) return name;
  }
  return "failed";
}

std::optional<lease_state> parse_lease_state(std::string_view text) noexcept {
  for (const auto& [value, name] : lease_state_names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace pgrant
