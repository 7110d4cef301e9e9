// The state of a pool: who waits, what is idle, what is being connected, on one strand.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "connection/task.hpp"
#include "pgrant/pool.hpp"

namespace pgrant::detail {

using pool_clock = std::chrono::steady_clock;

struct pool_node {
  explicit pool_node(const boost::asio::any_io_executor& executor) : link(executor) {}
  connection link;
  std::string database;
  pool_clock::time_point connected;
  pool_clock::time_point idle_since;
  bool clean = true;  // nobody has used it since it was made or reset
  bool reserve = false;
  bool discarded = false;
};

class pool_impl : public std::enable_shared_from_this<pool_impl> {
 public:
  pool_impl(boost::asio::any_io_executor executor, connection_spec where, pool_options options);

  const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  pool_counts counts() const;

  // From any thread.
  void acquire(std::string database, acquire_options options, delivery<pooled_connection> to);
  void give_back(std::unique_ptr<pool_node> node);
  void set_password(pool_options::password_source source);
  void close();

 private:
  using node_ptr = std::unique_ptr<pool_node>;

  struct waiter {
    std::uint64_t id;
    std::string database;
    bool ending;
    pool_clock::time_point deadline;
    std::shared_ptr<delivery<pooled_connection>> to;
  };
  /// What is known about connecting to one database.
  struct place {
    std::size_t connecting = 0;
    std::size_t renewing = 0;  // given back, and being reset
    std::chrono::milliseconds pause{0};
    pool_clock::time_point not_before;
    std::optional<pgrant::error> last_failure;
  };

  void wait_in_line(waiter next);
  void pump();
  void serve_waiters();
  void connect_for_waiters();
  bool make_room(const std::string& for_database);
  void keep_reserve();
  void expire();
  void schedule();
  void publish();

  node_ptr take_for(const waiter& who);
  void check_out(waiter who, node_ptr node);
  void connect(const std::string& database, bool reserve);
  void connect_with(node_ptr node, result<secret> password);
  void connected(node_ptr node, result<void> outcome);
  void connect_failed(const pool_node& node, const pgrant::error& why);
  void check_reserve();
  void returned(node_ptr node);
  void renew(node_ptr node);
  void cancel(std::uint64_t id);
  void fail_waiters(const std::string& database, const pgrant::error& why);
  pgrant::error out_of_time(const waiter& who);
  std::chrono::milliseconds next_pause(std::chrono::milliseconds last);
  bool too_old(const pool_node& node) const;

  boost::asio::any_io_executor executor_;
  boost::asio::strand<boost::asio::any_io_executor> strand_;
  boost::asio::steady_timer timer_;
  connection_spec where_;
  pool_options options_;

  std::deque<waiter> waiters_;  // those that end access first
  std::vector<node_ptr> idle_;  // longest idle first
  std::map<std::string, place> places_;
  std::size_t in_use_ = 0;
  std::size_t connecting_ = 0;
  node_ptr reserve_;
  place reserve_place_;
  bool reserve_out_ = false;
  bool started_ = false;
  bool closed_ = false;
  std::minstd_rand random_{std::random_device{}()};
  std::atomic<std::uint64_t> next_id_ = 1;

  mutable std::mutex published_mutex_;
  pool_counts published_;
};

inline constexpr std::chrono::milliseconds longest_reset{5'000};

/// What makes a used connection as new, in one round trip; also shows whether it is alive.
batch reset_session(const session_settings& wanted, int server_version);

}  // namespace pgrant::detail
