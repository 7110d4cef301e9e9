// How a connection is made and used, apart from where it goes: credentials, time limits, settings.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pgrant/secret.hpp"

namespace pgrant {

/// Server settings of a session. pgrant sets them on every connection, in one round trip after the
/// login and never through the `options` keyword, which poolers such as PgBouncer refuse.
///
/// Always set, and not to be tuned: `search_path = pg_catalog, pg_temp`, `client_encoding = UTF8`,
/// `standard_conforming_strings = on`, `DateStyle = ISO`, `TimeZone = UTC`, and on PostgreSQL 16
/// and later an empty `createrole_self_grant`. 0 ms means no limit, as in PostgreSQL.
class session_settings {
 public:
  session_settings() = default;

  session_settings& application_name(std::string name) {
    return application_name_ = std::move(name), *this;
  }
  /// How long a statement may wait for one lock (default 5 s); then 55P03.
  session_settings& lock_timeout(std::chrono::milliseconds t) { return lock_timeout_ = t, *this; }
  /// How long a statement may run (default 60 s); then 57014. The connection lives on.
  session_settings& statement_timeout(std::chrono::milliseconds t) {
    return statement_timeout_ = t, *this;
  }
  /// How long a transaction may idle (default 60 s); then the server ends the session.
  session_settings& idle_in_transaction_timeout(std::chrono::milliseconds t) {
    return idle_timeout_ = t, *this;
  }

  const std::string& application_name() const noexcept { return application_name_; }
  std::chrono::milliseconds lock_timeout() const noexcept { return lock_timeout_; }
  std::chrono::milliseconds statement_timeout() const noexcept { return statement_timeout_; }
  std::chrono::milliseconds idle_in_transaction_timeout() const noexcept { return idle_timeout_; }

 private:
  std::string application_name_ = "pgrant";
  std::chrono::milliseconds lock_timeout_{5'000};
  std::chrono::milliseconds statement_timeout_{60'000};
  std::chrono::milliseconds idle_timeout_{60'000};
};

/// Options of `connection::async_connect`. Copies share the password.
class connect_options {
 public:
  connect_options() = default;

  /// A password or an access token. Without one, a server that asks for one is an error;
  /// no password file and no environment variable is read.
  connect_options& password(secret value) {
    return password_ = std::make_shared<const secret>(std::move(value)), *this;
  }
  /// Limit for all of it: name resolution, every address, the session's settings (default 30 s).
  connect_options& timeout(std::chrono::milliseconds t) { return timeout_ = t, *this; }
  /// Limit for one address (default 10 s), so that a dead one does not use up the whole time.
  connect_options& attempt_timeout(std::chrono::milliseconds t) {
    return attempt_timeout_ = t, *this;
  }
  connect_options& session(session_settings s) { return session_ = std::move(s), *this; }

  const std::shared_ptr<const secret>& password() const noexcept { return password_; }
  std::chrono::milliseconds timeout() const noexcept { return timeout_; }
  std::chrono::milliseconds attempt_timeout() const noexcept { return attempt_timeout_; }
  const session_settings& session() const noexcept { return session_; }

 private:
  std::shared_ptr<const secret> password_;
  std::chrono::milliseconds timeout_{30'000};
  std::chrono::milliseconds attempt_timeout_{10'000};
  session_settings session_;
};

/// Options of `async_execute` and `async_execute_batch`.
class execute_options {
 public:
  execute_options() = default;

  /// Limit for the whole operation. When it passes, the operation fails with `errc::timeout` and
  /// the connection is closed: what was sent may have been done. A session's `statement_timeout`
  /// is the gentler limit. Default: 5 minutes, so that a dead network cannot hold a caller for
  /// ever.
  execute_options& timeout(std::chrono::milliseconds t) { return timeout_ = t, *this; }
  std::chrono::milliseconds timeout() const noexcept { return timeout_; }

  /// For a batch of statements that come again and again: the server keeps those whose text holds
  /// no name and no value (`statement::is_constant`) prepared on this connection from their second
  /// time on, at most 200, and plans them once for all parameters after some more. Without effect
  /// behind a pooler, which may hand each transaction to another server process. Default: false.
  execute_options& keep_prepared(bool keep) { return keep_prepared_ = keep, *this; }
  bool keep_prepared() const noexcept { return keep_prepared_; }

 private:
  std::chrono::milliseconds timeout_{300'000};
  bool keep_prepared_ = false;
};

}  // namespace pgrant
