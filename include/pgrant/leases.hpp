// Time-limited access: granting, listing, extending, ending.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pgrant/adoption.hpp"
#include "pgrant/database_connector.hpp"
#include "pgrant/error.hpp"
#include "pgrant/grant_request.hpp"
#include "pgrant/lease.hpp"
#include "pgrant/lease_filter.hpp"
#include "pgrant/lease_settings.hpp"

namespace pgrant {

/// A lease whose start or end met an error; the next sweep tries again.
struct failed_end {
  std::string lease;  ///< Empty: it is about bundles, or roles that pgrant made for them.
  pgrant::error why;
};

/// What one sweep did.
struct sweep_report {
  std::vector<lease_end> ends;
  std::vector<failed_end> failures;
  /// Sessions of roles that do not exist any more, which were ended.
  int ghost_sessions = 0;
  std::vector<lease> started;  ///< Scheduled leases that are active now.
  /// Bundles of ad-hoc privileges whose roles were dropped.
  std::vector<std::string> dropped_bundles;
};

namespace detail {
class lease_engine;
void start_grant(std::shared_ptr<lease_engine>, grant_request, completion<granted_lease>);
void start_list(std::shared_ptr<lease_engine>, lease_filter, completion<std::vector<lease>>);
void start_revoke(std::shared_ptr<lease_engine>, std::string, completion<lease_end>);
void start_extend(std::shared_ptr<lease_engine>, extend_request, completion<lease>);
void start_revoke_grantee(std::shared_ptr<lease_engine>, std::string, completion<sweep_report>);
void start_revoke_bundle(std::shared_ptr<lease_engine>, std::string, completion<sweep_report>);
void start_revoke_all(std::shared_ptr<lease_engine>, completion<sweep_report>);
void start_adopt(std::shared_ptr<lease_engine>, adopt_mode, completion<adopt_report>);
void start_sweep(std::shared_ptr<lease_engine>, completion<sweep_report>);
}  // namespace detail

/// The leases of one instance. Cheap to copy, thread-safe; operations may overlap, in any number
/// of processes. All that they share is the ledger and its row locks.
///
/// Operations work through the connector's connections, one at a time for a grant, two for an end.
/// Errors beside those of `ledger`: see each operation. Cancellation (terminal) closes the
/// connection: a grant or an end that had not been committed has not happened, one that was being
/// committed may have; repeating it with the same idempotency key, or a sweep, finds out.
class leases {
 public:
  /// Ends go through `ending`, if it is given: a connector that keeps connections in hand, so that
  /// a grantee who takes all the others cannot stay. An end needs two.
  explicit leases(std::shared_ptr<database_connector> connector,
                  lease_settings settings = lease_settings(),
                  std::shared_ptr<database_connector> ending = nullptr);

  const lease_settings& settings() const noexcept;

  /// Grants: the ledger's row, the login, the memberships and the audit row in one transaction.
  /// Success means that the grantee has every bundle, as read back from the catalog. The lease runs
  /// from the commit on, by the server's clock; with a later start it is `scheduled`, and has the
  /// login (which cannot log in yet) and nothing else. For ad-hoc privileges their databases are
  /// inspected and changed first, each in a transaction of its own, as `async_apply` does.
  ///
  /// Fails with `invalid_argument` (the request, or a grantee that may not have leases: superusers
  /// and other powerful roles, groups, bundle roles, logins of other leases), `not_found` (bundle,
  /// field "bundles"; role, field "grantee"), `stale` (the bundle role is not the registered one),
  /// `denied` (no ADMIN on the bundle role, no grant option for an ad-hoc privilege), `conflict`
  /// (the idempotency key belongs to another request, or others were in the way five times),
  /// `stale` with field "ledger" (it was restored: `lease_settings::accept_restored_ledger`). A
  /// lost answer to COMMIT is resolved with the server before this completes.
  template <detail::token_for<granted_lease> Token = boost::asio::deferred_t>
  auto async_grant(grant_request request, Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(result<granted_lease>)>(
        detail::initiation<granted_lease, detail::start_grant>(), token, engine_,
        std::move(request));
  }

  /// The leases that pass the filter, the newest first.
  template <detail::token_for<std::vector<lease>> Token = boost::asio::deferred_t>
  auto async_list(lease_filter filter, Token&& token = Token()) {
    using answer = std::vector<lease>;
    return boost::asio::async_initiate<Token, void(result<answer>)>(
        detail::initiation<answer, detail::start_list>(), token, engine_, std::move(filter));
  }

  /// Lets a lease that is scheduled or active end later: the ledger's row, the login's VALID UNTIL
  /// and the audit row change together. Gives the lease as it is then. Open sessions go on.
  ///
  /// Fails with `invalid_argument`, field "by", if the whole lease, from its start on, would be
  /// longer than `maximum_total` or than one of its bundles allows (the hint says how much is
  /// left); `not_found`, field "lease"; `stale`, field "lease", if it has ended or expired,
  /// whatever is left of it; `conflict` if the key belongs to another extension of this lease;
  /// `stale`, field "ledger", as with grants.
  template <detail::token_for<lease> Token = boost::asio::deferred_t>
  auto async_extend(extend_request request, Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(result<lease>)>(
        detail::initiation<lease, detail::start_extend>(), token, engine_, std::move(request));
  }

  /// Ends a lease now. When this succeeds, the grantee has nothing through it any more, and
  /// `lease_end::lease.state` says how far the rest has come: `ended`, `held` (the login owns
  /// something: `held_why`), or `ending` (left to the next sweep after `end_timeout`). Repeatable;
  /// a lease that has ended gives its state. Fails with `not_found`, field "lease", and with
  /// `not_granted` if the server kept a membership although it was revoked.
  template <detail::token_for<lease_end> Token = boost::asio::deferred_t>
  auto async_revoke(std::string lease_id, Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(result<lease_end>)>(
        detail::initiation<lease_end, detail::start_revoke>(), token, engine_, std::move(lease_id));
  }

  /// Ends every lease of a person or role, first the access of all, then the rest. None at all
  /// is `not_found`, field "grantee".
  template <detail::token_for<sweep_report> Token = boost::asio::deferred_t>
  auto async_revoke_grantee(std::string person_or_role, Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(result<sweep_report>)>(
        detail::initiation<sweep_report, detail::start_revoke_grantee>(), token, engine_,
        std::move(person_or_role));
  }

  /// Breaks the glass: ends every lease that has this bundle (of several bundles: with all that
  /// they have), first the access of all, cohorts before single people, then the rest. A bundle
  /// that was never registered is `not_found`, field "bundle"; one without leases is an empty
  /// report.
  template <detail::token_for<sweep_report> Token = boost::asio::deferred_t>
  auto async_revoke_bundle(std::string bundle, Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(result<sweep_report>)>(
        detail::initiation<sweep_report, detail::start_revoke_bundle>(), token, engine_,
        std::move(bundle));
  }

  /// The same for every lease of the instance.
  template <detail::token_for<sweep_report> Token = boost::asio::deferred_t>
  auto async_revoke_all(Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(result<sweep_report>)>(
        detail::initiation<sweep_report, detail::start_revoke_all>(), token, engine_);
  }

  /// After the ledger was lost: finds bundle roles by their comments, and logins of leases by
  /// prefix and membership, that the ledger does not know. With `adopt_mode::write` they become
  /// bundles and leases of the ledger in one transaction, as found at that moment; leases past
  /// their end are ended by the next sweep. What nobody can tell is listed in `left`. Repeatable.
  template <detail::token_for<adopt_report> Token = boost::asio::deferred_t>
  auto async_adopt(adopt_mode mode = adopt_mode::show, Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(result<adopt_report>)>(
        detail::initiation<adopt_report, detail::start_adopt>(), token, engine_, mode);
  }

  /// One round of ending: leases past their time by the server's clock, what earlier ends or
  /// crashes have left, held logins whose next try is due, sessions of roles that are gone; at most
  /// 20,000 leases at a time. Scheduled leases whose time has come are started, and roles of ad-hoc
  /// privileges that no lease needs are dropped. Fails with `stale`, field "ledger", if the ledger
  /// was restored. Any number of processes may sweep at once; they take different leases.
  /// To be called now and then: until it is, expired logins are shut out by VALID UNTIL, but open
  /// sessions go on.
  template <detail::token_for<sweep_report> Token = boost::asio::deferred_t>
  auto async_sweep(Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(result<sweep_report>)>(
        detail::initiation<sweep_report, detail::start_sweep>(), token, engine_);
  }

 private:
  std::shared_ptr<detail::lease_engine> engine_;
};

}  // namespace pgrant
