// Time-limited access: granting, listing, ending.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgrant/connection_spec.hpp"
#include "pgrant/database_connector.hpp"
#include "pgrant/error.hpp"
#include "pgrant/lease.hpp"
#include "pgrant/ledger.hpp"

namespace pgrant {

/// What the work on a lease has come to, for progress displays.
struct lease_step {
  std::string lease;      ///< Its id.
  std::string_view step;  ///< "grant", "revoke", "lend", "sessions", "disable", "drop", …
};

/// How leases are granted and ended. A regular value.
class lease_settings {
 public:
  using step_function = std::function<void(const lease_step&)>;

  lease_settings() = default;

  lease_settings& ledger_database(std::string name) {
    return ledger_database_ = std::move(name), *this;
  }
  /// What the names of ephemeral logins start with: 1 to 16 of [a-z0-9_], a letter first. The rest
  /// is the person, as far as [a-z0-9_] can say it, and a random part; a name is never used twice.
  lease_settings& login_prefix(std::string prefix) {
    return login_prefix_ = std::move(prefix), *this;
  }
  /// How many sessions an ephemeral login may have at once (default 5, at least 1): it is what
  /// keeps a grantee from using up the server's connections.
  lease_settings& connection_limit(int sessions) { return connection_limit_ = sessions, *this; }
  /// Rounds of PBKDF2 in an ephemeral login's verifier (default 4,096, which every driver accepts).
  /// The server repeats them when it stores the verifier: 4,096 take it 2 to 4 ms.
  lease_settings& password_iterations(int rounds) { return iterations_ = rounds, *this; }
  /// The longest lease, whatever a bundle says (default 7 days).
  lease_settings& maximum_duration(std::chrono::seconds d) { return maximum_ = d, *this; }
  /// How long one end may take before it is left to the next sweep (default 10 s). Access through
  /// the bundles is gone long before: it goes first.
  lease_settings& end_timeout(std::chrono::milliseconds t) { return end_timeout_ = t, *this; }
  /// How many ends work at the same time; others wait (default 2). Each needs two connections, and
  /// now and then a third: no more than a third of a pool's size.
  lease_settings& ends_at_once(int count) { return ends_at_once_ = count, *this; }
  /// On PostgreSQL 16 and later an existing role loses a bundle at once, also in open sessions, so
  /// those are left alone unless this is on. On 14 and 15 a session could keep the bundle with SET
  /// ROLE, so sessions always end there.
  lease_settings& end_sessions_of_existing_roles(bool on) {
    return end_existing_sessions_ = on, *this;
  }
  /// What credentials tell grantees to connect to: host, port, sslmode, sslrootcert and, where a
  /// bundle names none, the database are taken from it.
  lease_settings& endpoint(connection_spec spec) { return endpoint_ = std::move(spec), *this; }
  /// Called before each step, on the operation's executor. Must not throw.
  lease_settings& on_step(step_function call) { return on_step_ = std::move(call), *this; }

  const std::string& ledger_database() const noexcept { return ledger_database_; }
  const std::string& login_prefix() const noexcept { return login_prefix_; }
  int connection_limit() const noexcept { return connection_limit_; }
  int password_iterations() const noexcept { return iterations_; }
  std::chrono::seconds maximum_duration() const noexcept { return maximum_; }
  std::chrono::milliseconds end_timeout() const noexcept { return end_timeout_; }
  int ends_at_once() const noexcept { return ends_at_once_; }
  bool end_sessions_of_existing_roles() const noexcept { return end_existing_sessions_; }
  const connection_spec& endpoint() const noexcept { return endpoint_; }
  const step_function& on_step() const noexcept { return on_step_; }

  /// `invalid_argument` with `field()` if a value is out of its range.
  result<void> validate() const;

 private:
  std::string ledger_database_ = std::string(default_ledger_database);
  std::string login_prefix_ = "lease_";
  int connection_limit_ = 5;
  int iterations_ = 4096;
  std::chrono::seconds maximum_ = std::chrono::hours(7 * 24);
  std::chrono::milliseconds end_timeout_{10'000};
  int ends_at_once_ = 2;
  bool end_existing_sessions_ = false;
  connection_spec endpoint_;
  step_function on_step_;
};

/// A lease whose end met an error; the next sweep tries again.
struct failed_end {
  std::string lease;
  pgrant::error why;
};

/// What one sweep did.
struct sweep_report {
  std::vector<lease_end> ends;
  std::vector<failed_end> failures;
  /// Sessions of roles that do not exist any more, which were ended.
  int ghost_sessions = 0;
};

namespace detail {
class lease_engine;
void start_grant(std::shared_ptr<lease_engine>, grant_request, completion<granted_lease>);
void start_list(std::shared_ptr<lease_engine>, lease_filter, completion<std::vector<lease>>);
void start_revoke(std::shared_ptr<lease_engine>, std::string, completion<lease_end>);
void start_revoke_grantee(std::shared_ptr<lease_engine>, std::string, completion<sweep_report>);
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
  /// from the commit on, by the server's clock.
  ///
  /// Fails with `invalid_argument` (the request, or a grantee that may not have leases: superusers
  /// and other powerful roles, groups, bundle roles, logins of other leases), `not_found` (bundle,
  /// field "bundles"; role, field "grantee"), `stale` (the bundle role is not the registered one),
  /// `denied` (no ADMIN on the bundle role), `conflict` (the idempotency key belongs to another
  /// request, or others were in the way five times). A lost answer to COMMIT is resolved with the
  /// server before this completes.
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

  /// One round of ending: leases past their time by the server's clock, what earlier ends or
  /// crashes have left, held logins whose next try is due, sessions of roles that are gone; at most
  /// 1,000 leases at a time. Any number of processes may sweep at once; they take different leases.
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
