// Who makes, changes and drops the logins of leases, and who gives and takes memberships.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

/// The statements by which logins and memberships change, for a transaction of the caller's. What
/// is given together is merged into as few statements as can be; if one of them fails, nothing of
/// the call has happened once the caller has rolled back, so a caller who wants to know which of
/// many was at fault asks for halves. An empty list in gives no statement. No result has rows that
/// a caller needs. Immutable, thread-safe.
class role_authority {
 public:
  virtual ~role_authority() = default;

  /// Fails with 42710 (or 23505, in a race) if one of the names is taken.
  virtual std::vector<statement> create_logins(std::span<const new_login> logins) const = 0;
  /// The logins of these leases expire when the leases do, to the microsecond. For leases whose row
  /// is in the same transaction or was committed.
  virtual std::vector<statement> expire_logins(std::span<const std::string> lease_ids) const = 0;
  /// NOLOGIN. Fails with 42704 if one of the logins is gone.
  virtual std::vector<statement> disable_logins(std::span<const std::string> logins) const = 0;
  /// LOGIN again, for a lease that starts later than its login was made.
  virtual std::vector<statement> enable_logins(std::span<const std::string> logins) const = 0;
  /// Fails with 42704 if one of them is gone, 2BP01 if something depends on one.
  virtual std::vector<statement> drop_logins(std::span<const std::string> logins) const = 0;

  /// Lets the connector act as the login, and takes that back; none where it may anyway.
  virtual std::optional<statement> lend_login(std::string_view login) const = 0;
  virtual std::optional<statement> take_back_login(std::string_view login) const = 0;

  /// Statements for all that is not given already by the entry before the lease. From 16 on each
  /// locks its role: the caller lists the memberships in the order of roles that all keep to.
  virtual std::vector<statement> give(std::span<const lease_membership> memberships) const = 0;
  /// Leaves what was before; nothing for those that were not changed.
  virtual std::vector<statement> take(std::span<const lease_membership> memberships) const = 0;
};

/// The connector itself: CREATEROLE and, from 16 on, ADMIN on bundle roles and logins.
std::unique_ptr<const role_authority> direct_authority(int server_version, bool superuser,
                                                       std::string connector);

/// Issuers and granters that a bootstrap made, through the functions of schema pgrant_issue in the
/// ledger's database. Logins from before them, and memberships of other grantors, are changed as
/// the connector. At most 100 logins of one call go to one issuer.
std::unique_ptr<const role_authority> issuer_authority(int server_version, std::string connector);

/// True in a query of the ledger's database if `issuer_authority` works there for the current role:
/// an expression without parameters that fails nowhere.
inline constexpr sql_fragment has_issuers_condition =
    R"(EXISTS (SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n
  ON n.oid = p.pronamespace WHERE p.proname = 'create_logins' AND n.nspname = 'pgrant_issue'
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')))";

/// What the names of granters start with; a number follows.
inline constexpr std::string_view granter_prefix = "pgrant_granter_";

}  // namespace pgrant::detail
