// The ledger: what pgrant knows about an instance, kept in the instance itself.
//
// It is a schema `pgrant` in a database of its own, owned by the connector role: bundles, leases,
// memberships with what was there before them, an audit trail. Bootstrap makes the database and
// closes it to PUBLIC; the connector makes the tables.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgrant/acl.hpp"
#include "pgrant/audit.hpp"
#include "pgrant/database_connector.hpp"
#include "pgrant/ledger_condition.hpp"
#include "pgrant/plan.hpp"

namespace pgrant {

inline constexpr std::string_view default_ledger_database = "pgrant";

/// A bundle as the ledger knows it.
struct registered_bundle {
  planned_bundle bundle;
  oid role_oid = 0;
  /// The bundle role is on the server under the name and OID that were registered.
  bool intact = false;
};

/// Keeps one database to one applier while it lives, wherever the others run. Movable.
///
/// It holds a connection with an open transaction on the ledger, so a process that dies lets go.
class database_lock {
 public:
  explicit database_lock(std::shared_ptr<connection> holder) : holder_(std::move(holder)) {}
  database_lock(database_lock&&) noexcept = default;
  database_lock& operator=(database_lock&&) noexcept;
  /// Lets go, without waiting for the server: closes the connection.
  ~database_lock();

 private:
  std::shared_ptr<connection> holder_;
};

namespace detail {
class ledger_store;
void start_prepare(std::shared_ptr<ledger_store>, completion<int>);
void start_register(std::shared_ptr<ledger_store>, std::vector<planned_bundle>,
                    std::vector<std::string>, completion<void>);
void start_bundles(std::shared_ptr<ledger_store>, completion<std::vector<registered_bundle>>);
void start_record(std::shared_ptr<ledger_store>, audit_entry, completion<void>);
void start_verify_audit(std::shared_ptr<ledger_store>, completion<audit_verdict>);
void start_audit(std::shared_ptr<ledger_store>, audit_filter,
                 completion<std::vector<audit_record>>);
void start_examine(std::shared_ptr<ledger_store>, std::string, completion<ledger_condition>);
void start_lock_database(std::shared_ptr<ledger_store>, std::string, std::chrono::milliseconds,
                         completion<database_lock>);
}  // namespace detail

/// A handle on an instance's ledger. Cheap to copy; copies share what is known about the ledger's
/// state. Thread-safe; operations are independent of each other and may overlap.
///
/// Every operation first makes sure, once per handle, that the tables are there and current:
/// they are made or migrated forward, in one transaction, also if several processes start at the
/// same moment. A library that is older than the ledger goes on as long as the ledger says that it
/// may; otherwise operations fail with `errc::unsupported`.
///
/// Common errors: `not_found` if the database does not exist (bootstrap makes it), `denied` if the
/// connector may not create there or the schema belongs to another role, and what a connection
/// fails with. Cancellation (terminal): the connection is closed, which undoes what had not been
/// committed; the completion gets `errc::cancelled`.
class ledger {
 public:
  explicit ledger(std::shared_ptr<database_connector> connector,
                  std::string database = std::string(default_ledger_database));

  const std::string& database() const noexcept;

  /// Makes or migrates the tables. Gives the version of the ledger.
  template <detail::token_for<int> Token = boost::asio::deferred_t>
  auto async_prepare(Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(result<int>)>(
        detail::initiation<int, detail::start_prepare>(), token, store_);
  }

  /// Takes over the bundles of a policy that was applied (`plan::bundles`), and forgets the dropped
  /// ones; others stay. From then on `leases::async_grant` knows them by name. Running leases of a
  /// forgotten bundle end as usual. Fails with `not_found` if a bundle role does not exist, and
  /// with `conflict` if another bundle has it.
  template <detail::token_for<void> Token = boost::asio::deferred_t>
  auto async_register(std::vector<planned_bundle> bundles, std::vector<std::string> dropped,
                      Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(result<void>)>(
        detail::initiation<void, detail::start_register>(), token, store_, std::move(bundles),
        std::move(dropped));
  }

  /// All bundles, sorted by name.
  template <detail::token_for<std::vector<registered_bundle>> Token = boost::asio::deferred_t>
  auto async_bundles(Token&& token = Token()) {
    using answer = std::vector<registered_bundle>;
    return boost::asio::async_initiate<Token, void(result<answer>)>(
        detail::initiation<answer, detail::start_bundles>(), token, store_);
  }

  /// Appends to the audit trail, in a transaction of its own.
  template <detail::token_for<void> Token = boost::asio::deferred_t>
  auto async_record(audit_entry entry, Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(result<void>)>(
        detail::initiation<void, detail::start_record>(), token, store_, std::move(entry));
  }

  /// Computes every hash of the audit trail anew and compares. Reads the whole trail.
  template <detail::token_for<audit_verdict> Token = boost::asio::deferred_t>
  auto async_verify_audit(Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(result<audit_verdict>)>(
        detail::initiation<audit_verdict, detail::start_verify_audit>(), token, store_);
  }

  /// The rows of the audit trail that pass the filter, the newest first.
  template <detail::token_for<std::vector<audit_record>> Token = boost::asio::deferred_t>
  auto async_audit(audit_filter filter = audit_filter(), Token&& token = Token()) {
    using answer = std::vector<audit_record>;
    return boost::asio::async_initiate<Token, void(result<answer>)>(
        detail::initiation<answer, detail::start_audit>(), token, store_, std::move(filter));
  }

  /// Looks at the ledger without making, migrating or changing anything. `login_prefix`: as in
  /// `lease_settings`.
  template <detail::token_for<ledger_condition> Token = boost::asio::deferred_t>
  auto async_examine(std::string login_prefix = "lease_", Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(result<ledger_condition>)>(
        detail::initiation<ledger_condition, detail::start_examine>(), token, store_,
        std::move(login_prefix));
  }

  /// Waits until nobody else holds the lock on `database` (empty: what is cluster-wide), for
  /// `limit` at most; then fails with `conflict`, SQLSTATE 55P03, and names the holder's session.
  template <detail::token_for<database_lock> Token = boost::asio::deferred_t>
  auto async_lock_database(std::string database,
                           std::chrono::milliseconds limit = std::chrono::seconds(5),
                           Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(result<database_lock>)>(
        detail::initiation<database_lock, detail::start_lock_database>(), token, store_,
        std::move(database), limit);
  }

  /// For parts of pgrant that keep their rows in the ledger.
  const std::shared_ptr<detail::ledger_store>& store() const noexcept { return store_; }

 private:
  std::shared_ptr<detail::ledger_store> store_;
};

}  // namespace pgrant
