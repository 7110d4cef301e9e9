// What an administrator runs once so that the connector role can manage access, as a policy for
// the planner.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pgrant/policy.hpp"
#include "pgrant/snapshot.hpp"

namespace pgrant {

/// The secret in the bootstrap plan: the connector's password verifier.
inline constexpr std::string_view connector_secret = "connector";

enum class bootstrap_profile {
  /// What the vendor guide's statements do, on 14 to 18: connector with CREATEROLE in
  /// azure_pg_admin; azure_pg_admin gets ALL PRIVILEGES WITH GRANT OPTION on every database but the
  /// reserved ones, on schemas, tables, sequences and functions (aggregates and window functions
  /// included, procedures not), and as the administrator's default privileges, template1 included.
  ///
  /// It differs where the guide would do less or harm: what the guide's blocks skip in silence is
  /// reported; schemas that the administrator cannot see in information_schema are not left out,
  /// nor
  /// are those whose name only looks like `pg_…` to LIKE ("pgx_tools"); the ledger's database stays
  /// closed to azure_pg_admin, or all its members could read who was given what.
  guide,
  /// A connector that can do nothing but leases: it may end sessions (pg_signal_backend) and use
  /// the ledger's database; issuers make its logins and granters give its bundles. It loses
  /// CREATEROLE if it had it. Policies are then applied by the administrator, whose plans tell the
  /// granters about new bundles. A stolen connector can make logins of the agreed names, give them
  /// the bundles, and end sessions; nothing else.
  least,
};

/// Settings of a bootstrap.
class bootstrap_options {
 public:
  explicit bootstrap_options(std::string connector);

  const std::string& connector() const noexcept { return connector_; }

  bootstrap_options& profile(bootstrap_profile p);
  bootstrap_profile profile() const noexcept { return profile_; }
  /// Databases to manage, and no others; empty (the default): all but the reserved ones. In those
  /// that the snapshot did not inspect only the database itself is granted on.
  bootstrap_options& databases(std::vector<std::string> names);
  const std::vector<std::string>& databases() const noexcept { return databases_; }
  /// Roles whose future objects bundles may cover: the connector becomes their member, because
  /// ALTER DEFAULT PRIVILEGES FOR ROLE needs that.
  bootstrap_options& creators(std::vector<std::string> roles);
  const std::vector<std::string>& creators() const noexcept { return creators_; }
  /// The ledger's database; default "pgrant", empty: make none.
  bootstrap_options& ledger_database(std::string name);
  const std::string& ledger_database() const noexcept { return ledger_database_; }
  /// Gives an existing connector the password at hand, in every plan; default false.
  bootstrap_options& reset_password(bool reset);
  bool reset_password() const noexcept { return reset_password_; }
  /// How many issuers there are to be, 0 to 1000; default 0 in profile `guide` and 1 in `least`. On
  /// 16 and later one for each 100 ephemeral logins that live at a time keeps the cost of a login
  /// flat; before 16 one does. For each ten of them there is a granter. Those of an earlier
  /// bootstrap stay. They belong to the ledger's database, which must not be empty.
  bootstrap_options& issuers(int count);
  int issuers() const noexcept;

 private:
  std::string connector_;
  bootstrap_profile profile_ = bootstrap_profile::guide;
  std::vector<std::string> databases_, creators_;
  std::string ledger_database_ = "pgrant";
  bool reset_password_ = false;
  std::optional<int> issuers_;
};

/// The policy of a bootstrap on this server, `best_effort` set, for the role that read the
/// snapshot. On a server without azure_pg_admin (platform generic) the connector itself takes the
/// privileges. Once it is applied, the plan of another one is empty, but for what could not be
/// granted.
///
/// Fails with `invalid_argument` on a connector or ledger name that is reserved or too long and on
/// a number of issuers out of range, `not_found` on databases and creators that do not exist, and
/// `conflict` if a role has the name of an issuer or granter and is none; fields are the option's
/// names.
result<policy> bootstrap_policy(const snapshot& state, const bootstrap_options& options);

}  // namespace pgrant
