// New passwords for standing logins and for the connector itself, so that no
// crash on the way loses anybody's access.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pgrant/connection_spec.hpp"
#include "pgrant/database_connector.hpp"
#include "pgrant/ledger.hpp"
#include "pgrant/secret.hpp"

namespace pgrant {

/// Where the password of a login is kept: at most three of it, the one in use,
/// a pending one that may or may not be the server's, and the one before.
///
/// Calls may block; rotation makes them on the operation's executor, one at a
/// time for each login. What a call has done is durable when it returns, and a
/// call that is repeated after a crash does no harm. Errors should be
/// `errc::secret`, and must not hold the secret.
class secret_store {
 public:
  virtual ~secret_store() = default;

  /// Nothing: there is none. An error means that nobody knows.
  virtual result<std::optional<secret>> pending(std::string_view login) = 0;
  virtual result<void> put_pending(std::string_view login, const secret& fresh) = 0;
  /// The pending one is in use from here on, the one in use is the one before.
  /// Nothing happens if none is pending.
  virtual result<void> promote(std::string_view login) = 0;
  /// Forgets the one before.
  virtual result<void> retire(std::string_view login) = 0;
};

/// Files of mode 0600 in one directory: `<login>.password` is in use,
/// `<login>.pending`,
/// `<login>.old`; bytes of the name other than [A-Za-z0-9_-] are written as
/// %XX. Each is written beside its place, flushed to disk and renamed, so that
/// a reader and a crash find a whole file or the one before. Files of others,
/// and those that others may read, are refused. For one process at a time.
class file_secret_store final : public secret_store {
 public:
  /// The directory must exist and be closed to others (0700).
  explicit file_secret_store(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// The one in use; nothing: there is none.
  result<std::optional<secret>> current(std::string_view login) const;
  std::filesystem::path current_path(std::string_view login) const;

  result<std::optional<secret>> pending(std::string_view login) override;
  result<void> put_pending(std::string_view login, const secret& fresh) override;
  result<void> promote(std::string_view login) override;
  result<void> retire(std::string_view login) override;

 private:
  std::filesystem::path directory_;
};

/// What is rotated, and how. A regular value.
class rotation_options {
 public:
  using step_function = std::function<void(std::string_view step)>;

  /// `login`: whose password; empty: that of the role that the connector
  /// connects as. A role other than that needs what ALTER ROLE needs:
  /// CREATEROLE, and ADMIN on it from 16 on.
  explicit rotation_options(std::string login = std::string()) : login_(std::move(login)) {}

  /// Rounds of PBKDF2 in the verifier (default 4,096).
  rotation_options& password_iterations(int rounds) { return iterations_ = rounds, *this; }
  /// Also while a lease gives this login something: its owner is in the middle
  /// of work (default off).
  rotation_options& during_leases(bool on) { return during_leases_ = on, *this; }
  rotation_options& ledger_database(std::string name) {
    return ledger_database_ = std::move(name), *this;
  }
  /// Called before each step: "pending", "alter", "prove", "promote", "retire".
  /// Must not throw.
  rotation_options& on_step(step_function call) { return on_step_ = std::move(call), *this; }

  const std::string& login() const noexcept { return login_; }
  int password_iterations() const noexcept { return iterations_; }
  bool during_leases() const noexcept { return during_leases_; }
  const std::string& ledger_database() const noexcept { return ledger_database_; }
  const step_function& on_step() const noexcept { return on_step_; }

 private:
  std::string login_;
  int iterations_ = 4096;
  bool during_leases_ = false;
  std::string ledger_database_ = std::string(default_ledger_database);
  step_function on_step_;
};

struct rotation_report {
  std::string login;
  /// A rotation that had been cut off was brought to its end: no further
  /// password was made.
  bool resumed = false;
};

namespace detail {
void start_rotate(std::shared_ptr<database_connector>, connection_spec,
                  std::shared_ptr<secret_store>, rotation_options, completion<rotation_report>);
}

/// Gives a login a new random password: stores it as pending, sets it with an
/// audit row in one transaction of the ledger's database, logs in with it to
/// prove it (through `prove_at`, whose user is ignored), promotes it and
/// retires the one before. The server gets a SCRAM verifier; sessions that are
/// open stay. At every moment a password that the store holds logs in.
///
/// If a password is pending already, an earlier rotation was cut off: if the
/// pending one logs in, it is promoted and retired, and that is all; else it is
/// set, as if it had been made now.
///
/// Fails with `conflict` if the login has a lease (see
/// `rotation_options::during_leases`) or is the login of one, `not_found` if
/// there is no such role, `secret` if the store fails, and with what the server
/// says. After a failure the pending password stays, and the next call goes on
/// from there. Cancellation: as a crash would be.
template <detail::token_for<rotation_report> Token = boost::asio::deferred_t>
auto async_rotate(std::shared_ptr<database_connector> connector, connection_spec prove_at,
                  std::shared_ptr<secret_store> store, rotation_options options,
                  Token&& token = Token()) {
  return boost::asio::async_initiate<Token, void(result<rotation_report>)>(
      [](auto handler, std::shared_ptr<database_connector> through, connection_spec at,
         std::shared_ptr<secret_store> into, rotation_options what) {
        detail::start_rotate(std::move(through), std::move(at), std::move(into), std::move(what),
                             detail::completion<rotation_report>(std::move(handler)));
      },
      token, std::move(connector), std::move(prove_at), std::move(store), std::move(options));
}

}  // namespace pgrant
