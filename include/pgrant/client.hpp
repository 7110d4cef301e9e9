// The facade: one object for one instance, with the verbs of the pgrant command.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pgrant/applier.hpp"
#include "pgrant/bootstrap.hpp"
#include "pgrant/check.hpp"
#include "pgrant/client_options.hpp"
#include "pgrant/inspector.hpp"
#include "pgrant/leases.hpp"
#include "pgrant/planner.hpp"
#include "pgrant/rotation.hpp"

namespace pgrant {

namespace detail {
class client_impl;
void start_check(std::shared_ptr<client_impl>, completion<check_report>);
void start_client_inspect(std::shared_ptr<client_impl>, inspect_options, completion<snapshot>);
void start_plan(std::shared_ptr<client_impl>, policy, planner_options, completion<plan>);
void start_plan_bootstrap(std::shared_ptr<client_impl>, bootstrap_options, completion<plan>);
void start_client_apply(std::shared_ptr<client_impl>, plan, apply_options,
                        completion<apply_report>);
void start_client_rotate(std::shared_ptr<client_impl>, std::shared_ptr<async_secret_store>,
                         rotation_options, completion<rotation_report>);
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

  /// Looks at the connection, the server, the login and the ledger: one connection and one round
  /// trip, and one more connection where there is a ledger that the login may enter.
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
  /// Lets a lease end later: `leases::async_extend`.
  template <detail::token_for<lease> Token = boost::asio::deferred_t>
  auto async_extend(extend_request request, Token&& token = Token()) {
    return leases_->async_extend(std::move(request), std::forward<Token>(token));
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
  /// Breaks the glass, for one bundle or for all: `leases::async_revoke_bundle`,
  /// `async_revoke_all`.
  template <detail::token_for<sweep_report> Token = boost::asio::deferred_t>
  auto async_revoke_bundle(std::string bundle, Token&& token = Token()) {
    return leases_->async_revoke_bundle(std::move(bundle), std::forward<Token>(token));
  }
  template <detail::token_for<sweep_report> Token = boost::asio::deferred_t>
  auto async_revoke_all(Token&& token = Token()) {
    return leases_->async_revoke_all(std::forward<Token>(token));
  }
  /// Rebuilds leases after the ledger was lost: `leases::async_adopt`.
  template <detail::token_for<adopt_report> Token = boost::asio::deferred_t>
  auto async_adopt(adopt_mode mode = adopt_mode::show, Token&& token = Token()) {
    return leases_->async_adopt(mode, std::forward<Token>(token));
  }
  /// Lists the audit trail, and checks its hashes: `ledger::async_audit`, `async_verify_audit`.
  template <detail::token_for<std::vector<audit_record>> Token = boost::asio::deferred_t>
  auto async_audit(audit_filter filter = audit_filter(), Token&& token = Token()) {
    return ledger().async_audit(std::move(filter), std::forward<Token>(token));
  }
  template <detail::token_for<audit_verdict> Token = boost::asio::deferred_t>
  auto async_verify_audit(Token&& token = Token()) {
    return ledger().async_verify_audit(std::forward<Token>(token));
  }
  /// Ends what has expired, and what earlier ends have left: `leases::async_sweep`.
  template <detail::token_for<sweep_report> Token = boost::asio::deferred_t>
  auto async_expire(Token&& token = Token()) {
    return leases_->async_sweep(std::forward<Token>(token));
  }
  /// Gives a login, this client's own unless the options name another, a new password:
  /// `pgrant::async_rotate`, with the client's ledger whatever the options say, proved where the
  /// client connects. Of its own login, open connections stay; new ones take the new password if
  /// the client gets it from a source (`client_options::password`, the spec's `secret=file:…`).
  template <detail::token_for<rotation_report> Token = boost::asio::deferred_t>
  auto async_rotate(std::shared_ptr<async_secret_store> store,
                    rotation_options options = rotation_options(), Token&& token = Token()) {
    return initiate<rotation_report, detail::start_client_rotate>(token, impl_, std::move(store),
                                                                  std::move(options));
  }
  template <detail::token_for<rotation_report> Token = boost::asio::deferred_t>
  auto async_rotate(std::shared_ptr<secret_store> store,
                    rotation_options options = rotation_options(), Token&& token = Token()) {
    return async_rotate(async_store(std::move(store)), std::move(options),
                        std::forward<Token>(token));
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
