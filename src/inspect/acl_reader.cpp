#include <algorithm>

#include "inspect/catalog_reader.hpp"

namespace pgrant::detail {

acl_reader::acl_reader(const snapshot& state)
    : state_(state), lookup_([this](std::string_view name) { return find(name); }) {}

std::optional<oid> acl_reader::find(std::string_view name) {
  if (const role* known = state_.find_role(name)) return known->id;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  // A number is no name but what is left of a dropped role; the parser reads it.
  if (!std::all_of(name.begin(), name.end(), is_digit)) unknown_role_ = true;
  return std::nullopt;
}

result<acl> acl_reader::read(const cell& column) {
  if (column.is_null()) return acl();
  const auto [at, is_new] = known_.try_emplace(column.text());
  if (!is_new) return at->second;
  result<std::vector<acl_item>> items = parse_acl(column.text(), lookup_);
  if (!items) {
    known_.erase(at);
    return items.error();
  }
  at->second = acl(std::move(items).assume_value());
  return at->second;
}

}  // namespace pgrant::detail
