#include "pgrant/acl.hpp"

#include <algorithm>

namespace pgrant {

acl::acl(std::vector<acl_item> items) {
  std::sort(items.begin(), items.end());
  items_ = std::make_shared<const std::vector<acl_item>>(std::move(items));
}

std::span<const acl_item> acl::items() const noexcept {
  if (!items_) return {};
  return *items_;
}

bool operator==(const acl& a, const acl& b) noexcept {
  if (a.items_ == b.items_) return true;
  return a.items_ && b.items_ && *a.items_ == *b.items_;
}

std::vector<acl_item> default_acl(object_kind kind, oid owner, int server_version) {
  std::vector<acl_item> items;
  if (const privilege_set everybody = public_privileges(kind); !everybody.empty())
    items.push_back({public_oid, owner, everybody, {}});
  // The owner's grant options are implied by being the owner; the list does not show them.
  if (const privilege_set all = all_privileges(kind, server_version); !all.empty())
    items.push_back({owner, owner, all, {}});
  return items;
}

std::vector<acl_item> effective_items(const acl& list, object_kind kind, oid owner,
                                      int server_version) {
  if (list.is_null()) return default_acl(kind, owner, server_version);
  const std::span<const acl_item> items = list.items();
  return {items.begin(), items.end()};
}

}  // namespace pgrant
