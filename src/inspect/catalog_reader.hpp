// Turns the answers to catalog_queries into a snapshot.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "pgrant/rows.hpp"
#include "pgrant/snapshot.hpp"

namespace pgrant::detail {

/// Fills all of `into` but `server_version` and what lies in the databases, and indexes it. Fails
/// with the first error of the answers, `internal` on an answer of another form.
result<void> read_cluster(const batch_result& answers, snapshot& into);

/// Whether these roles are those of an Azure flexible server.
platform platform_of_roles(const snapshot& state) noexcept;

/// What became of a database's answers.
enum class database_outcome { read, unknown_role };

/// Fills what lies in the database `into`, and indexes it. `unknown_role`: an ACL names a role that
/// is not in `state`; `into` is then as it was. Fails as above.
result<database_outcome> read_database(const batch_result& answers, const snapshot& state,
                                       database& into);

/// Reads ACL columns. Most objects of a database have one of a few ACLs: each is read once, and
/// shared.
class acl_reader {
 public:
  explicit acl_reader(const snapshot& state);

  /// NULL gives the NULL ACL. Fails as `parse_acl`.
  result<acl> read(const cell& column);
  /// True once a name was met that no role bears: the roles have changed since they were read.
  bool met_unknown_role() const noexcept { return unknown_role_; }

 private:
  std::optional<oid> find(std::string_view name);

  const snapshot& state_;
  role_lookup lookup_;
  std::unordered_map<std::string_view, acl> known_;  // The texts live in the answers.
  bool unknown_role_ = false;
};

}  // namespace pgrant::detail
