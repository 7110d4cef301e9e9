// The driver: the one place where state machines meet Asio's sockets, timers and strands.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connection/task.hpp"
#include "pgrant/connection.hpp"

namespace pgrant::detail {

/// Everything but the atomics is touched on the strand alone, or by the caller while no operation
/// is under way (an operation's completion comes after all that it wrote).
class connection_impl : public std::enable_shared_from_this<connection_impl> {
 public:
  explicit connection_impl(boost::asio::any_io_executor executor);

  const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

  // From any thread.
  void connect(connection_spec spec, connect_options options, delivery<void> to);
  void execute(statement what, execute_options options, delivery<rows> to);
  void execute_batch(batch what, execute_options options, delivery<batch_result> to);
  void cancel_statement(delivery<void> to);
  void close();
  void close(delivery<void> to);

  bool is_open() const noexcept { return open_.load(std::memory_order_acquire); }
  transaction_status transaction() const noexcept {
    return transaction_.load(std::memory_order_acquire);
  }

  const connect_facts& facts() const noexcept { return facts_; }
  const std::string& user() const noexcept { return user_; }
  const std::string& database() const noexcept { return database_; }
  const std::string& host() const noexcept { return host_; }
  const std::string& address() const noexcept { return address_; }
  pq& link() noexcept { return *link_; }
  /// Whether nothing has arrived from the server: not even the end of the connection. Not to be
  /// called while an operation is under way.
  bool silent() noexcept;

 private:
  using strand = boost::asio::strand<boost::asio::any_io_executor>;
  using starter = std::function<void(connection_impl&)>;

  std::uint64_t watch_for_cancellation(boost::asio::cancellation_slot slot);
  template <class T, class Make>
  void start(std::uint64_t id, const std::shared_ptr<delivery<T>>& to, bool connects, Make make);
  void begin(std::unique_ptr<task> next, std::uint64_t id);
  void carry_out(task::action next);
  void resolve();
  void wait(wait_for what);
  bool duplicate_socket();
  void woke(std::uint64_t turn, readiness what);
  void finish(std::optional<pgrant::error> why);
  void cancelled(std::uint64_t id, boost::asio::cancellation_type type);
  void shut();
  void remember(connect_fsm& fsm);
  void send_cancel_request(delivery<void> to);
  void release_held();
  std::optional<pgrant::error> refusal(bool connects) const;

  boost::asio::any_io_executor executor_;
  strand strand_;
  boost::asio::posix::stream_descriptor socket_;  // a duplicate of libpq's, see duplicate_socket
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer attempt_deadline_;
  boost::asio::ip::tcp::resolver resolver_;
  std::unique_ptr<pq> link_;

  std::unique_ptr<task> current_;
  std::uint64_t current_id_ = 0;
  std::uint64_t turn_ = 0;   // of the current wait; handlers of earlier ones are dropped
  std::size_t attempt_ = 0;  // the one that attempt_deadline_ runs for
  std::atomic<std::uint64_t> next_id_ = 1;

  int cancel_requests_ = 0;    // on their way
  std::vector<starter> held_;  // operations that wait for them

  std::atomic<bool> open_ = false;
  std::atomic<transaction_status> transaction_ = transaction_status::none;
  std::atomic<pid_t> process_ = 0;
  connection_spec spec_;
  connect_options options_;
  connect_facts facts_;
  prepared_statements prepared_;
  std::string user_, database_, host_, address_;
};

}  // namespace pgrant::detail
