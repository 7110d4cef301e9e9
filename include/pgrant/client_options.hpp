// How a client works.
#pragma once

#include <string>
#include <utility>

#include "pgrant/connect_options.hpp"
#include "pgrant/lease_settings.hpp"
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

}  // namespace pgrant
