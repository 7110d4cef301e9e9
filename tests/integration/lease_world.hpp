// A server with a connector, a ledger and two bundles, set up with plain SQL as an administrator
// would do it: leases are tested without the rest of pgrant.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "pgrant/database_connector.hpp"
#include "pgrant/leases.hpp"
#include "pgrant/ledger.hpp"
#include "support/psql.hpp"
#include "support/servers.hpp"
#include "support/wait.hpp"

namespace test {

/// A value that has to be there: the error fails the test.
template <class T>
T must(pgrant::result<T> outcome) {
  if (!outcome) FAIL(outcome.error().describe());
  return std::move(outcome).assume_value();
}
inline void must(const pgrant::result<void>& outcome) {
  if (!outcome) FAIL(outcome.error().describe());
}

/// What every test of one server shares.
class lease_world {
 public:
  enum class connector_kind {
    usual,  ///< CREATEROLE, in azure_pg_admin on Azure's shape; a superuser on the other.
    plain,  ///< CREATEROLE and the bundles, nothing else.
  };
  explicit lease_world(server& where, connector_kind kind = connector_kind::usual);
  /// One that somebody else has set up, with granters; the bundles' roles have names that begin so.
  lease_world(server& where, std::string connector, std::string ledger_database,
              std::string role_prefix);

  server& where() const noexcept { return where_; }
  const std::string& connector() const noexcept { return connector_; }
  const std::string& ledger_database() const noexcept { return ledger_database_; }
  /// Where the bundles lead to, and the table: `world-read` may SELECT, `world-write` may also
  /// INSERT.
  const std::string& database() const noexcept { return database_; }
  std::string table() const { return "world.t"; }
  std::string role_of(const std::string& bundle) const;
  bool has_granters() const noexcept { return !role_prefix_.empty(); }

  boost::asio::io_context& context() noexcept { return context_; }
  std::shared_ptr<pgrant::database_connector> open_as_connector();
  pgrant::lease_settings settings() const;
  pgrant::leases leases() { return leases(settings()); }
  pgrant::leases leases(pgrant::lease_settings settings);

  template <class Operation>
  auto run(Operation&& operation) {
    return test::wait(context_, std::forward<Operation>(operation));
  }
  pgrant::granted_lease grant(pgrant::grant_request request);
  pgrant::lease_end revoke(const std::string& id);

  /// A new empty database that only the connector may enter.
  std::string fresh_ledger_database();
  /// A new role without a password; through the socket it needs none.
  std::string fresh_login(const std::string& attributes = "LOGIN");
  /// As the connector.
  std::string state_as_connector(const std::string& sql);

 private:
  server& where_;
  boost::asio::io_context context_;
  std::string connector_, ledger_database_, database_, role_prefix_;
};

/// The world of a server of this process; made at the first use.
lease_world& world_of(server& where);

/// Every role with its attributes, every membership with grantor and options, every ACL entry of a
/// database: what has to be the same before and after a lease.
std::string access_state(const server& where, const std::string& database);

/// "world-read" for an hour: what most tests ask for.
pgrant::grant_request read_for(const std::string& person);
pgrant::grant_request read_for_role(const std::string& role);

}  // namespace test
