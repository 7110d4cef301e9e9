// The facade: one object for one instance, with the verbs of the pgrant command.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pgrant/applier.hpp"
#include "pgrant/bootstrap.hpp"
#include "pgrant/check.hpp"
#include "pgrant/connect_options.hpp"
#include "pgrant/inspector.hpp"
#include "pgrant/leases.hpp"
#include "pgrant/planner.hpp"
#include "pgrant/pool.hpp"

namespace pgrant {

/// How a client works. A regular value; copies share the password.
class client_options {
 public:
  client_options() = default;

  /// Password, time limits and session settings of every connection. Without a password here and
  /// without a source of passwords, the spec's secret reference is followed (`resolve`) before each
  /// new connection, which may block the executor for as long as a file or a function takes;
  /// `prompt` is refused.
  client_options& connecting(connect_options options) {
    return connecting_ = std::move(options), *this;
  }
  /// Asks for the password or token before each new connection, for what is fetched and expires.
  client_options& password(pool_options::password_source source) {
    return password_ = std::move(source), *this;
  }
  /// On (the default): connections are kept in a pool, and while the server cannot be reached,
  /// operations keep trying for half a minute. Off: each operation makes its own connections, and
  /// reports at once what stands in the way; for programs that do one thing and end.
  client_options& keep_connections(bool on) { return keep_connections_ = on, *this; }
  client_options& ledger_database(std::string name) {
    leases_.ledger_database(std::move(name));
    return *this;
  }
  /// How leases are granted and ended. Their endpoint is the client's spec unless set.
  client_options& leases(lease_settings settings) { return leases_ = std::move(settings), *this; }

  const connect_options& connecting() const noexcept { return connecting_; }
  const pool_options::password_source& password() const noexcept { return password_; }
  bool keep_connections() const noexcept { return keep_connections_; }
  const lease_settings& leases() const noexcept { return leases_; }

 private:
  connect_options connecting_;
  pool_options::password_source password_;
  bool keep_connections_ = true;
  lease_settings leases_;
};

namespace detail {
class client_impl;
void start_check(std::shared_ptr<client_impl>, completion<check_report>);
void start_client_inspect(std::shared_ptr<client_impl>, inspect_options, completion<snapshot>);
void start_plan(std::shared_ptr<client_impl>, policy, planner_options, completion<plan>);
void start_plan_bootstrap(std::shared_ptr<client_impl>, bootstrap_options, completion<plan>);
void start_client_apply(std::shared_ptr<client_impl>, plan, apply_options,
                        completion<apply_report>);
}  // namespace detail

/// One instance, as one login. Cheap to copy; copies share connections.
///
/// *Operations* take a completion token (`boost::asio::deferred` unless given) and complete with
/// `void(result<T>)` on the token's executor; arguments are taken by value. Any number may be under
/// way at once. `wait.hpp` calls them synchronously.
///
/// *Threads.* Every member may be called from any thread; the executor's context may run on many.
/// *Cancellation* (terminal): as the operation that each is made of says; what was not committed
/// has not happened.
/// *Errors.* A spec that does not pass `validate` fails every operation with `invalid_argument`
/// before anything is sent; then what connections fail with; then what stands with each operation.
class client {
 public:
  client(boost::asio::any_io_executor executor, connection_spec spec,
         client_options options = client_options());

  const connection_spec& spec() const noexcept;

  /// Looks at the connection, the server and the login: one connection, one round trip.
  template <detail::token_for<check_report> Token = boost::asio::deferred_t>
  auto async_check(Token&& token = Token()) {
    return initiate<check_report, detail::start_check>(token, impl_);
  }

  /// The inventory: `pgrant::async_inspect`.
  template <detail::token_for<snapshot> Token = boost::asio::deferred_t>
  auto async_inspect(inspect_options options = inspect_options(), Token&& token = Token()) {
    return initiate<snapshot, detail::start_client_inspect>(token, impl_, std::move(options));
  }

  /// Inspects, then plans (`make_plan`), as the login.
  template <detail::token_for<plan> Token = boost::asio::deferred_t>
  auto async_plan(policy desired, planner_options options = planner_options(),
                  Token&& token = Token()) {
    return initiate<plan, detail::start_plan>(token, impl_, std::move(desired), options);
  }

  /// Inspects, then plans what a bootstrap has to do; to be run by an administrator's client.
  template <detail::token_for<plan> Token = boost::asio::deferred_t>
  auto async_plan_bootstrap(bootstrap_options options, Token&& token = Token()) {
    return initiate<plan, detail::start_plan_bootstrap>(token, impl_, std::move(options));
  }

  /// Applies a plan (`pgrant::async_apply`). A plan with bundles goes through the ledger, unless
  /// the options name another one: where this login has no ledger, the report's warnings say so,
  /// and grants will not know the bundles.
  template <detail::token_for<apply_report> Token = boost::asio::deferred_t>
  auto async_apply(plan what, apply_options options = apply_options(), Token&& token = Token()) {
    return initiate<apply_report, detail::start_client_apply>(token, impl_, std::move(what),
                                                              std::move(options));
  }

  /// Grants for a time: `leases::async_grant`.
  template <detail::token_for<granted_lease> Token = boost::asio::deferred_t>
  auto async_grant(grant_request request, Token&& token = Token()) {
    return leases_->async_grant(std::move(request), std::forward<Token>(token));
  }
  template <detail::token_for<std::vector<lease>> Token = boost::asio::deferred_t>
  auto async_leases(lease_filter filter = lease_filter(), Token&& token = Token()) {
    return leases_->async_list(std::move(filter), std::forward<Token>(token));
  }
  /// Ends one lease now: `leases::async_revoke`.
  template <detail::token_for<lease_end> Token = boost::asio::deferred_t>
  auto async_revoke(std::string lease_id, Token&& token = Token()) {
    return leases_->async_revoke(std::move(lease_id), std::forward<Token>(token));
  }
  /// Ends all leases of a person or role: `leases::async_revoke_grantee`.
  template <detail::token_for<sweep_report> Token = boost::asio::deferred_t>
  auto async_revoke_grantee(std::string person_or_role, Token&& token = Token()) {
    return leases_->async_revoke_grantee(std::move(person_or_role), std::forward<Token>(token));
  }
  /// Ends what has expired, and what earlier ends have left: `leases::async_sweep`.
  template <detail::token_for<sweep_report> Token = boost::asio::deferred_t>
  auto async_expire(Token&& token = Token()) {
    return leases_->async_sweep(std::forward<Token>(token));
  }

  /// The parts, for what the verbs do not cover.
  pgrant::leases& leases() noexcept { return *leases_; }
  pgrant::ledger ledger() const;
  std::shared_ptr<database_connector> connector() const noexcept;

 private:
  template <class T, auto Start, class Token, class... Args>
  static auto initiate(Token& token, Args... args) {
    return boost::asio::async_initiate<Token, void(result<T>)>(detail::initiation<T, Start>(),
                                                               token, std::move(args)...);
  }

  std::shared_ptr<detail::client_impl> impl_;
  std::shared_ptr<pgrant::leases> leases_;
};

}  // namespace pgrant
