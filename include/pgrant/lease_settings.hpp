// How leases are granted and ended.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pgrant/connection_spec.hpp"
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
  /// The longest that extensions may make a lease, from its start to its end, whatever a bundle
  /// says; unless given, `maximum_duration`. A bundle's own maximum holds for the whole, too.
  lease_settings& maximum_total(std::chrono::seconds d) { return total_ = d, *this; }
  /// How long one end may take before it is left to the next sweep (default 10 s). Access through
  /// the bundles is gone long before: it goes first.
  lease_settings& end_timeout(std::chrono::milliseconds t) { return end_timeout_ = t, *this; }
  /// How many ends work at the same time; others wait (default 2). Each needs two connections, and
  /// now and then a third: no more than a third of a pool's size.
  lease_settings& ends_at_once(int count) { return ends_at_once_ = count, *this; }
  /// On PostgreSQL 16 and later, how many people leases make members of a bundle's role itself, and
  /// then of each of its cohorts: roles that the connector makes between the bundle's role and its
  /// next people (default 500; 0: none are made). An end costs the same then however many people
  /// the bundle has, and breaking the glass cuts them all at once. What they may do is the same.
  /// May differ from process to process and from time to time. Without effect before 16, where the
  /// connector has no CREATEROLE, and where granters give the bundle.
  lease_settings& cohort_size(int people) { return cohort_size_ = people, *this; }
  /// On PostgreSQL 16 and later an existing role loses a bundle at once, also in open sessions, so
  /// those are left alone unless this is on. On 14 and 15 a session could keep the bundle with SET
  /// ROLE, so sessions always end there.
  lease_settings& end_sessions_of_existing_roles(bool on) {
    return end_existing_sessions_ = on, *this;
  }
  /// What credentials tell grantees to connect to: host, port, sslmode, sslrootcert and, where a
  /// bundle names none, the database are taken from it.
  lease_settings& endpoint(connection_spec spec) { return endpoint_ = std::move(spec), *this; }
  /// After the ledger was restored to an earlier time (`ledger_condition::restored`), grants,
  /// extensions and sweeps refuse to work until somebody has looked at it. On: somebody has; the
  /// next operation records the ledger as it is now as the true one, and goes on.
  lease_settings& accept_restored_ledger(bool on) { return accept_restored_ = on, *this; }
  /// Called before each step, on the operation's executor. Must not throw.
  lease_settings& on_step(step_function call) { return on_step_ = std::move(call), *this; }

  const std::string& ledger_database() const noexcept { return ledger_database_; }
  const std::string& login_prefix() const noexcept { return login_prefix_; }
  int connection_limit() const noexcept { return connection_limit_; }
  int password_iterations() const noexcept { return iterations_; }
  std::chrono::seconds maximum_duration() const noexcept { return maximum_; }
  std::chrono::seconds maximum_total() const noexcept { return total_.value_or(maximum_); }
  std::chrono::milliseconds end_timeout() const noexcept { return end_timeout_; }
  int ends_at_once() const noexcept { return ends_at_once_; }
  int cohort_size() const noexcept { return cohort_size_; }
  bool end_sessions_of_existing_roles() const noexcept { return end_existing_sessions_; }
  bool accept_restored_ledger() const noexcept { return accept_restored_; }
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
  std::optional<std::chrono::seconds> total_;
  std::chrono::milliseconds end_timeout_{10'000};
  int ends_at_once_ = 2;
  int cohort_size_ = 500;
  bool end_existing_sessions_ = false;
  bool accept_restored_ = false;
  connection_spec endpoint_;
  step_function on_step_;
};

}  // namespace pgrant
