// A server whose connector can do nothing itself: bootstrapped with profile `least`, with issuers
// and granters, and two bundles that the administrator made.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "integration/lease_world.hpp"
#include "pgrant/applier.hpp"
#include "pgrant/bootstrap.hpp"
#include "pgrant/planner.hpp"
#include "support/snapshots.hpp"

namespace test {

class issuer_world {
 public:
  /// Bootstraps a server of its own, Azure's shape.
  explicit issuer_world(int major, server_options options = server_options());

  server& where() const noexcept { return *where_; }
  const std::string& connector() const noexcept { return connector_; }
  const std::string& database() const noexcept { return database_; }

  pgrant::plan plan_bootstrap(const pgrant::bootstrap_options& options);
  pgrant::plan plan_policy(const pgrant::policy& desired);
  /// As the administrator.
  void apply(pgrant::plan plan);
  /// The bundles `world-read` and `world-write`.
  static pgrant::policy bundles();

  pgrant::leases leases() { return pgrant::leases(open(connector_), settings()); }
  pgrant::lease_settings settings() const;
  std::shared_ptr<pgrant::database_connector> open(const std::string& login) {
    return socket_connector(context_.get_executor(), *where_, login);
  }
  template <class Operation>
  auto run(Operation&& operation) {
    return test::wait(context_, std::forward<Operation>(operation));
  }
  pgrant::granted_lease grant(pgrant::grant_request request) {
    return must(run(leases().async_grant(std::move(request))));
  }
  pgrant::lease_end revoke(const std::string& id) { return must(run(leases().async_revoke(id))); }

  /// The SQLSTATE of a statement of the connector's in the ledger's database.
  std::string state(const std::string& sql) const {
    return psql_state(*where_, "pgrant", connector_, sql);
  }
  std::string value(const std::string& sql) const { return psql_value(*where_, "pgrant", sql); }

 private:
  std::unique_ptr<server> where_;
  boost::asio::io_context context_;
  std::string connector_ = "lease_keeper", database_ = "lease_world";
};

}  // namespace test
