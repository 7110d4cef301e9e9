// Runs a plan on the server that it was made for, and verifies that every step had its effect.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgrant/database_connector.hpp"
#include "pgrant/ledger.hpp"
#include "pgrant/plan.hpp"
#include "pgrant/secret.hpp"

namespace pgrant {

/// How far an apply has come.
struct apply_progress {
  std::string database;  ///< Where it works now; empty: cluster-wide.
  /// Statements that are behind us, in all databases. Goes back where a transaction is repeated.
  std::size_t done = 0;
  std::size_t total = 0;
};

/// How one database's part of a plan ended.
enum class apply_outcome : std::uint8_t {
  applied,
  failed,   ///< Rolled back: the database is as it was before.
  unknown,  ///< The connection was lost at the very end, and nobody could be asked.
  skipped,  ///< Not run, because an earlier part failed.
};

/// "applied", "failed", "unknown", "skipped".
std::string_view to_string(apply_outcome outcome) noexcept;

/// What became of one database's part of a plan.
struct database_report {
  std::string database;  ///< Empty: roles and other cluster-wide steps.
  std::size_t steps = 0;
  /// None: committed. Otherwise the database is as it was before, unless `unknown`.
  std::optional<error> failed;
  /// The connection was lost at the very end, and nobody could be asked: plan again to see.
  bool unknown = false;
  /// Not run, because an earlier part failed; `failed` says so too.
  bool skipped = false;

  apply_outcome outcome() const noexcept {
    if (!failed) return apply_outcome::applied;
    if (skipped) return apply_outcome::skipped;
    return unknown ? apply_outcome::unknown : apply_outcome::failed;
  }
};

struct apply_report {
  std::vector<database_report> databases;  ///< In the order of the plan.
  std::vector<std::string> warnings;
};

/// How to apply. A regular value; copies share the secrets.
class apply_options {
 public:
  using progress_function = std::function<void(const apply_progress&)>;
  using database_function = std::function<void(const database_report&)>;
  using secret_map = std::map<std::string, std::shared_ptr<const secret>, std::less<>>;

  apply_options() = default;

  /// The value of a secret that steps name: a SCRAM verifier, or a password, of which a verifier is
  /// made here. Neither appears in an error, a log or a report.
  apply_options& secret_value(std::string name, secret value) {
    secrets_.insert_or_assign(std::move(name), std::make_shared<const secret>(std::move(value)));
    return *this;
  }
  /// How long a statement may wait for a lock that somebody holds on an object (default 5 s).
  apply_options& lock_timeout(std::chrono::milliseconds t) { return lock_timeout_ = t, *this; }
  /// How long a statement may run (default: as the connection's session settings say).
  apply_options& statement_timeout(std::chrono::milliseconds t) {
    return statement_timeout_ = t, *this;
  }
  /// How long to wait for another apply of the same database (default 10 s).
  apply_options& turn_timeout(std::chrono::milliseconds t) { return turn_timeout_ = t, *this; }
  /// The one when work on a database begins, after each round of statements and when it ends; the
  /// other when it has ended. Called on a strand of the operation's executor; must not throw.
  apply_options& on_progress(progress_function call) {
    return on_progress_ = std::move(call), *this;
  }
  apply_options& on_database(database_function call) {
    return on_database_ = std::move(call), *this;
  }
  /// Takes turns through the ledger, registers the plan's bundles in it and writes the audit trail.
  /// Without one, turns go by advisory locks.
  apply_options& through(ledger book) { return ledger_ = std::move(book), *this; }

  const secret_map& secrets() const noexcept { return secrets_; }
  std::chrono::milliseconds lock_timeout() const noexcept { return lock_timeout_; }
  const std::optional<std::chrono::milliseconds>& statement_timeout() const noexcept {
    return statement_timeout_;
  }
  std::chrono::milliseconds turn_timeout() const noexcept { return turn_timeout_; }
  const progress_function& on_progress() const noexcept { return on_progress_; }
  const database_function& on_database() const noexcept { return on_database_; }
  const std::optional<ledger>& book() const noexcept { return ledger_; }

 private:
  secret_map secrets_;
  std::chrono::milliseconds lock_timeout_{5'000}, turn_timeout_{10'000};
  std::optional<std::chrono::milliseconds> statement_timeout_;
  progress_function on_progress_;
  database_function on_database_;
  std::optional<ledger> ledger_;
};

/// What can be refused without a server: `denied` for a plan with `not_granted` entries that is not
/// best effort, naming each object; `secret` for a missing secret or one that is neither a password
/// nor a well-formed verifier.
result<void> check_applicable(const plan& what, const apply_options& options);

namespace detail {
void start_apply(std::shared_ptr<database_connector>, plan, apply_options,
                 completion<apply_report>);
}

/// Applies a plan. Cluster-wide steps run first and last, each database's in one transaction:
/// its objects' ACLs are compared with what the plan was made for, the steps run, and before COMMIT
/// the catalogs are read back. A database whose part fails stays as it was; the others go on; after
/// a cluster-wide failure nothing more is run. What another session's change at the same moment has
/// upset (23505, XX000, 40P01, 40001) is repeated a few times.
///
/// Success means that everything in the plan is true on the server. Otherwise the error is that of
/// the first part that failed, and its detail says per database what happened (`on_database` got
/// the reports):
///  - what `check_applicable` says, before anything is sent;
///  - `stale`: another cluster or version, another role than the plan's executor, an object that
///    has changed since, a role that is gone or there already; plan again;
///  - `not_granted`: the server answered a GRANT or REVOKE with a warning (01007, 01006, …), or the
///    catalog does not show its effect; the object is named;
///  - `conflict`: another apply has its turn; the error names its session;
///  - what the server or the connection failed with. If the answer to a COMMIT was lost, a new
///    connection asks what came of it.
/// A plan that was applied in part can be made anew and applied: it holds what is left.
///
/// Cancellation (terminal): the connection is closed, the open transaction rolled back;
/// `errc::cancelled`. Databases that were committed before stay.
template <detail::token_for<apply_report> Token = boost::asio::deferred_t>
auto async_apply(std::shared_ptr<database_connector> connector, plan what, apply_options options,
                 Token&& token = Token()) {
  return boost::asio::async_initiate<Token, void(result<apply_report>)>(
      detail::initiation<apply_report, detail::start_apply>(), token, std::move(connector),
      std::move(what), std::move(options));
}

}  // namespace pgrant
