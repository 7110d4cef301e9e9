// Access control lists: who granted which privileges to whom on one object.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/privilege.hpp"
#include "pgrant/result.hpp"

namespace pgrant {

/// One entry. PostgreSQL keeps at most one for each pair of grantee and grantor.
struct acl_item {
  oid grantee = public_oid;  ///< 0 is PUBLIC
  oid grantor = 0;
  privilege_set privileges;
  privilege_set grantable;  ///< The part of `privileges` that is held WITH GRANT OPTION.

  friend constexpr auto operator<=>(const acl_item&, const acl_item&) = default;
};

/// The ACL column of a catalog row. NULL (the object still has its built-in defaults) and `{}`
/// (everything was revoked) are different states, and both differ from an explicit list.
///
/// A regular, immutable value. Copies share the list, so that the many objects of a snapshot with
/// the same ACL hold it once.
class acl {
 public:
  /// The NULL ACL.
  acl() = default;
  /// An explicit list. Entries are kept in canonical order: by grantee, then grantor.
  explicit acl(std::vector<acl_item> items);

  bool is_null() const noexcept { return !items_; }
  /// The explicit entries; none for NULL. Valid as long as any copy lives.
  std::span<const acl_item> items() const noexcept;

  friend bool operator==(const acl& a, const acl& b) noexcept;

 private:
  std::shared_ptr<const std::vector<acl_item>> items_;
};

/// The list that a NULL ACL stands for: PUBLIC's share, then all privileges of the owner, granted
/// by the owner (what the server's `acldefault()` answers).
std::vector<acl_item> default_acl(object_kind kind, oid owner, int server_version);

/// The entries that count: the explicit ones, or `default_acl` for NULL.
std::vector<acl_item> effective_items(const acl& list, object_kind kind, oid owner,
                                      int server_version);

/// Finds a role by the name that stands in an aclitem; nothing if there is no such role.
using role_lookup = std::function<std::optional<oid>(std::string_view name)>;

/// Reads the text form of an `aclitem[]`: `{azure_pg_admin=r*w/owner,"=r/\"Odd \"\"name\""}`.
/// Names may be quoted or bare where a server quotes them or not: versions differ about names with
/// letters beyond ASCII. A name that `lookup` does not know and that is a number is the OID of a
/// role that is gone, as the server prints one. Fails with `invalid_argument` on malformed text,
/// unknown letters, and other names that `lookup` does not know.
result<std::vector<acl_item>> parse_acl(std::string_view text, const role_lookup& lookup);

}  // namespace pgrant
