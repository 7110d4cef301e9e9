// New passwords for standing logins and for the connector itself, so that no
// crash on the way loses anybody's access.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "pgrant/connection_spec.hpp"
#include "pgrant/database_connector.hpp"
#include "pgrant/ledger.hpp"
#include "pgrant/secret_store.hpp"

namespace pgrant {

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
                  std::shared_ptr<async_secret_store>, rotation_options,
                  completion<rotation_report>);
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
/// there is no such role, `secret` if the store fails, `invalid_argument` without
/// a store, and with what the server says. After a failure the pending password stays, and the next
/// call goes on from there. Cancellation: as a crash would be.
template <detail::token_for<rotation_report> Token = boost::asio::deferred_t>
auto async_rotate(std::shared_ptr<database_connector> connector, connection_spec prove_at,
                  std::shared_ptr<async_secret_store> store, rotation_options options,
                  Token&& token = Token()) {
  return boost::asio::async_initiate<Token, void(result<rotation_report>)>(
      [](auto handler, std::shared_ptr<database_connector> through, connection_spec at,
         std::shared_ptr<async_secret_store> into, rotation_options what) {
        detail::start_rotate(std::move(through), std::move(at), std::move(into), std::move(what),
                             detail::completion<rotation_report>(std::move(handler)));
      },
      token, std::move(connector), std::move(prove_at), std::move(store), std::move(options));
}
template <detail::token_for<rotation_report> Token = boost::asio::deferred_t>
auto async_rotate(std::shared_ptr<database_connector> connector, connection_spec prove_at,
                  std::shared_ptr<secret_store> store, rotation_options options,
                  Token&& token = Token()) {
  return async_rotate(std::move(connector), std::move(prove_at), async_store(std::move(store)),
                      std::move(options), std::forward<Token>(token));
}

}  // namespace pgrant
