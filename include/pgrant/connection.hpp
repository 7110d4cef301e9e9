// One asynchronous connection to a PostgreSQL server.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pgrant/connect_options.hpp"
#include "pgrant/connection_spec.hpp"
#include "pgrant/detail/connection_operations.hpp"
#include "pgrant/result.hpp"
#include "pgrant/rows.hpp"
#include "pgrant/statement.hpp"
#include "pgrant/tls_info.hpp"

namespace pgrant {

/// What the server last said about the session's transaction.
enum class transaction_status { none, idle, active, in_transaction, in_failed_transaction };

/// A connection to one database. Movable, not copyable; the last thing that it refers to is the
/// executor's context, which has to outlive it.
///
/// *Operations* start with `async_`, take a completion token (`boost::asio::deferred` unless given)
/// and complete with `void(result<T>)` on the token's executor, never inside the initiating call.
/// Arguments are taken by value: nothing has to outlive the call.
///
/// *One at a time.* An operation that is started while another one is under way fails with
/// `errc::conflict`; `async_cancel` and `close` are the exceptions.
///
/// *Threads.* A strand stands inside: the context may run on any number of threads. The handle
/// itself is to be used by one thread at a time; `close` and `async_cancel` from any.
///
/// *Cancellation* (per-operation slots). `async_connect`: every type, and the attempt is dropped.
/// `async_execute…`: terminal closes the connection; partial and total work only until something
/// was sent. Both complete with `errc::cancelled`. To stop a running statement and keep the
/// connection, use `async_cancel`.
///
/// *Errors.* An error that the server reports for a statement has its SQLSTATE and leaves the
/// connection usable. `errc::closed`, `timeout`, `cancelled` after sending: the connection is gone
/// and the outcome of what was sent is unknown; `advice()` is `retry::reconnect`.
///
/// After a `fork()` a connection is unusable in the child: operations fail with `errc::closed`, and
/// the destructor lets go of it without a word to the server.
class connection {
 public:
  using executor_type = boost::asio::any_io_executor;
  using default_token = boost::asio::deferred_t;

  explicit connection(executor_type executor);
  connection(connection&&) noexcept;
  connection& operator=(connection&&) noexcept;
  /// Closes; an operation under way completes with `errc::cancelled`.
  ~connection();

  executor_type get_executor() const noexcept;

  /// Connects, authenticates and sets the session's settings. Names are resolved anew each time;
  /// the addresses of a host and the hosts of the spec are tried in order. A literal secret of the
  /// spec is used if the options have no password; other references are the caller's to resolve.
  /// Fails with `errc::connect`, `tls`, `authentication` (28P01, 28000), `not_found` (3D000),
  /// `denied` (no CONNECT), `server`, `timeout`, `cancelled`, `invalid_argument`, `unsupported`, or
  /// `conflict` if already connected. The reported error is the one that says most: that of a
  /// server that was reached and said no, else that of the last one that could not be reached.
  template <class Token = default_token>
  auto async_connect(connection_spec spec, connect_options options, Token&& token = Token()) {
    return detail::initiate_connect(impl_, std::move(spec), std::move(options),
                                    std::forward<Token>(token));
  }

  /// Runs one statement. `Token` gets `result<rows>`.
  template <detail::token_for<rows> Token = default_token>
  auto async_execute(statement what, Token&& token = Token()) {
    return detail::initiate_execute(impl_, std::move(what), execute_options(),
                                    std::forward<Token>(token));
  }
  template <detail::token_for<rows> Token = default_token>
  auto async_execute(statement what, execute_options options, Token&& token = Token()) {
    return detail::initiate_execute(impl_, std::move(what), options, std::forward<Token>(token));
  }

  /// Runs a batch in pipeline mode: statements are sent without waiting for the answers before
  /// them, with at most about a megabyte ahead of the server. The outer error means that nothing
  /// was sent; once something was, each statement has its own result, also when the connection
  /// breaks in the middle: those without an answer then fail with `errc::closed` (or `timeout`,
  /// `cancelled`). COPY and transaction-block-hostile statements (CREATE DATABASE) do not belong
  /// here.
  template <detail::token_for<batch_result> Token = default_token>
  auto async_execute_batch(batch what, Token&& token = Token()) {
    return detail::initiate_batch(impl_, std::move(what), execute_options(),
                                  std::forward<Token>(token));
  }
  template <detail::token_for<batch_result> Token = default_token>
  auto async_execute_batch(batch what, execute_options options, Token&& token = Token()) {
    return detail::initiate_batch(impl_, std::move(what), options, std::forward<Token>(token));
  }

  /// Asks the server to stop the statement that is running; success means that the request was
  /// delivered, or that nothing runs any more. The operation itself still has to be awaited: it
  /// ends with SQLSTATE 57014, or normally if it was faster. The request goes through a second
  /// connection with the same credentials and the same TLS (libpq 15's own requests are unencrypted
  /// and block), so it can fail as `async_connect` can; then `close` is what is left. An operation
  /// that is started meanwhile waits, so that the request cannot hit it.
  template <detail::token_for<void> Token = default_token>
  auto async_cancel(Token&& token = Token()) {
    return detail::initiate_cancel(impl_, std::forward<Token>(token));
  }

  /// Says goodbye to the server and closes. An operation under way completes with
  /// `errc::cancelled`. Idempotent.
  void close();
  /// The same, and completes when the socket is closed.
  template <detail::token_for<void> Token = default_token>
  auto async_close(Token&& token = Token()) {
    return detail::initiate_close(impl_, std::forward<Token>(token));
  }

  /// True from a successful `async_connect` until the connection is closed or found broken.
  bool is_open() const noexcept;
  transaction_status transaction() const noexcept;

  // What was learned while connecting. Until then, and in `tls()` without TLS, empty.

  /// 150020 for 15.20.
  int server_version() const noexcept;
  int backend_pid() const noexcept;
  const std::string& user() const noexcept;
  const std::string& database() const noexcept;
  /// The host of the spec that answered, and the address that was used for it; a Unix-domain
  /// socket has its directory as host and no address.
  const std::string& host() const noexcept;
  const std::string& address() const noexcept;
  std::optional<tls_info> tls() const;
  /// The value that the server reported last ("server_encoding", "is_superuser", …), or empty.
  /// Not to be called while an operation is under way.
  std::string parameter_status(const std::string& name) const;

  /// For parts of pgrant that need libpq's handle.
  const std::shared_ptr<detail::connection_impl>& implementation() const noexcept { return impl_; }

 private:
  std::shared_ptr<detail::connection_impl> impl_;
};

}  // namespace pgrant
