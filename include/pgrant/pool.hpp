// Connections to the databases of one instance, kept and shared.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "pgrant/connection.hpp"
#include "pgrant/database_connector.hpp"

namespace pgrant {

/// How a pool behaves. A regular value.
class pool_options {
 public:
  /// Gets a fresh password or token before each new connection. Called on the pool's executor; has
  /// to call `done` once, from any thread, now or later.
  using password_source = std::function<void(std::function<void(result<secret>)> done)>;

  pool_options() = default;

  /// Connections at most, over all databases, apart from the reserve (default 8).
  pool_options& max_size(std::size_t n) { return max_size_ = n, *this; }
  /// How many may be connecting at once (default 2): a server that comes back is not stormed.
  pool_options& max_connecting(std::size_t n) { return max_connecting_ = n, *this; }
  /// How long an unused connection is kept (default 1 min).
  pool_options& idle_timeout(std::chrono::milliseconds t) { return idle_timeout_ = t, *this; }
  /// A connection older than this is not used again (default 30 min): less than tokens live.
  pool_options& max_lifetime(std::chrono::milliseconds t) { return max_lifetime_ = t, *this; }
  /// The pause after a failed connect: doubles from `first` up to `limit`, with a random part, so
  /// that many processes do not come back at the same moment (defaults 200 ms and 10 s).
  pool_options& backoff(std::chrono::milliseconds first, std::chrono::milliseconds limit) {
    return first_pause_ = first, longest_pause_ = limit, *this;
  }
  /// Options of every connect. Without a password source their password is used.
  pool_options& connecting(connect_options options) {
    return connecting_ = std::move(options), *this;
  }
  pool_options& password(password_source source) { return password_ = std::move(source), *this; }
  /// Keeps one connection to this database open and in hand for `acquire_options::ending`, so that
  /// access can be ended also when somebody has taken all other connections of the server.
  pool_options& reserve(std::string database) { return reserve_ = std::move(database), *this; }

  std::size_t max_size() const noexcept { return max_size_; }
  std::size_t max_connecting() const noexcept { return max_connecting_; }
  std::chrono::milliseconds idle_timeout() const noexcept { return idle_timeout_; }
  std::chrono::milliseconds max_lifetime() const noexcept { return max_lifetime_; }
  std::chrono::milliseconds first_pause() const noexcept { return first_pause_; }
  std::chrono::milliseconds longest_pause() const noexcept { return longest_pause_; }
  const connect_options& connecting() const noexcept { return connecting_; }
  const password_source& password() const noexcept { return password_; }
  const std::string& reserve() const noexcept { return reserve_; }

 private:
  std::size_t max_size_ = 8;
  std::size_t max_connecting_ = 2;
  std::chrono::milliseconds idle_timeout_{60'000};
  std::chrono::milliseconds max_lifetime_{1'800'000};
  std::chrono::milliseconds first_pause_{200};
  std::chrono::milliseconds longest_pause_{10'000};
  connect_options connecting_;
  password_source password_;
  std::string reserve_;
};

class acquire_options {
 public:
  acquire_options() = default;
  /// How long to wait for a connection (default 30 s).
  acquire_options& timeout(std::chrono::milliseconds t) { return timeout_ = t, *this; }
  /// For ending access: goes before others, and may take the reserve.
  acquire_options& ending(bool yes) { return ending_ = yes, *this; }

  std::chrono::milliseconds timeout() const noexcept { return timeout_; }
  bool ending() const noexcept { return ending_; }

 private:
  std::chrono::milliseconds timeout_{30'000};
  bool ending_ = false;
};

namespace detail {
class pool_impl;
struct pool_node;
}  // namespace detail

/// A connection on loan. Movable; goes back to its pool when it dies. A connection that is broken,
/// in a transaction, or has an operation under way is closed instead. Session state (role,
/// settings, advisory locks) is reset when it comes back.
class pooled_connection {
 public:
  pooled_connection(pooled_connection&&) noexcept;
  pooled_connection& operator=(pooled_connection&&) noexcept;
  ~pooled_connection();

  connection& operator*() const noexcept;
  connection* operator->() const noexcept { return &**this; }
  /// Closes the connection instead of giving it back.
  void discard();

 private:
  friend class detail::pool_impl;
  pooled_connection(std::shared_ptr<detail::pool_impl> pool,
                    std::unique_ptr<detail::pool_node> node) noexcept;
  std::shared_ptr<detail::pool_impl> pool_;
  std::unique_ptr<detail::pool_node> node_;
};

/// How many connections a pool has.
struct pool_counts {
  std::size_t idle = 0;
  std::size_t in_use = 0;
  std::size_t connecting = 0;
  std::size_t waiting = 0;  ///< Callers of `async_acquire`.
  bool reserve_ready = false;
};

/// Connections to the databases of one instance. Nothing is opened before the first
/// `async_acquire`.
///
/// *Threads.* A strand stands inside; every member may be called from any thread.
/// *Lifetime.* Destroying the pool closes it; connections on loan stay usable, and are closed when
/// they come back.
class pool : public database_connector {
 public:
  /// `where` says how to reach the instance; its database is what an empty name means.
  pool(boost::asio::any_io_executor executor, connection_spec where, pool_options options = {});
  pool(pool&&) noexcept;
  pool& operator=(pool&&) noexcept;
  ~pool() override;

  boost::asio::any_io_executor get_executor() const override;

  /// Gives a connection to `database`: an idle one, or a new one. One that has been idle for half a
  /// second or longer is asked first whether it is alive. While the server cannot be reached it
  /// keeps trying, with pauses, until the time is over: `errc::timeout` whose detail is the last
  /// failure. What no repetition can cure (a wrong password, a certificate that is not trusted, no
  /// such database) is reported at once, as `async_connect` reports it. Cancellation of every type:
  /// `errc::cancelled`, nothing is lost. `errc::closed`: the pool is.
  template <class Token = boost::asio::deferred_t>
  auto async_acquire(std::string database, acquire_options options, Token&& token = Token());

  /// `async_acquire` with default options, for parts that work through a connector.
  void open(std::string database, opened done) override;

  /// The password source as it is now, for instance after a new one was configured. Connections
  /// that are open stay.
  void set_password(pool_options::password_source source);
  pool_counts counts() const;
  /// Waiters fail with `errc::closed`; idle connections are closed. Idempotent.
  void close();

 private:
  std::shared_ptr<detail::pool_impl> impl_;
};

namespace detail {

void start_acquire(const std::shared_ptr<pool_impl>&, std::string, acquire_options,
                   completion<pooled_connection>);

}  // namespace detail

template <class Token>
auto pool::async_acquire(std::string database, acquire_options options, Token&& token) {
  detail::PGRANT_DETAIL_BOOST_GUARD();
  return boost::asio::async_initiate<Token, void(result<pooled_connection>)>(
      detail::initiation<pooled_connection, detail::start_acquire>(), token, impl_,
      std::move(database), options);
}

}  // namespace pgrant
