// Who makes, changes and drops the logins of leases, and who gives and takes memberships.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pgrant/statement.hpp"

namespace pgrant::detail {

/// A login to be made.
struct new_login {
  std::string name;
  std::string verifier;  ///< SCRAM-SHA-256$…; its shape was checked.
  std::string valid_until;
  int connection_limit = 5;
};

/// A membership that leases give, and the entry of the same grantor that was there before them.
struct lease_membership {
  std::string role;
  std::string member;
  std::string grantor;  ///< As whom it is granted; empty before 16, where the server does not care.
  bool own_before = false;
  bool own_admin = false, own_inherit = false, own_set = false;
};

/// The statements by which logins and memberships change, for a transaction of the caller's. Here
/// the connector's own; functions that the administrator's roles own can stand behind the same
/// interface, because each change is one statement. Immutable, thread-safe.
class role_authority {
 public:
  virtual ~role_authority() = default;

  virtual statement create_login(const new_login& login) const = 0;
  virtual statement disable_login(std::string_view login) const = 0;
  virtual statement drop_login(std::string_view login) const = 0;

  /// Lets the connector act as the login, and takes that back; none where it may anyway.
  virtual std::optional<statement> lend_login(std::string_view login) const = 0;
  virtual std::optional<statement> take_back_login(std::string_view login) const = 0;

  /// None where the entry before the lease gives it already.
  virtual std::optional<statement> give(const lease_membership& m) const = 0;
  /// Leaves what was before; none where nothing was changed.
  virtual std::optional<statement> take(const lease_membership& m) const = 0;
};

/// The connector itself: CREATEROLE and, from 16 on, ADMIN on bundle roles and logins.
std::unique_ptr<const role_authority> direct_authority(int server_version, bool superuser,
                                                       std::string connector);

}  // namespace pgrant::detail
