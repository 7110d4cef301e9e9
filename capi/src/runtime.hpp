// The threads that do the work, and what is under way on them.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <vector>

#include "boundary.hpp"
#include "queue.hpp"

namespace pgrant::capi {

class operation_state;

/// Something that has to let go before the io_context dies: a client, requests for secrets.
class dependent {
 public:
  virtual ~dependent() = default;
  /// The runtime shuts down: who waits for an answer gets one.
  virtual void stop() noexcept = 0;
  /// Work that asks is refused, connections are closed. Idempotent; from any thread.
  virtual void let_go() noexcept = 0;
};

/// What the handle, clients and operations share. The io_context and its threads die in `end`,
/// which only the handle's owner calls: the last of the others may be an io thread. Thread-safe.
class engine {
 public:
  explicit engine(int threads);
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  ~engine();

  /// Refuses if there was a fork or a shutdown.
  void check() const;
  const same_process& process() const noexcept { return process_; }
  boost::asio::io_context& context() noexcept { return *context_; }

  void add(const std::shared_ptr<dependent>& one);

  /// Operations are known here from before they begin until they have completed. The first throws
  /// if there was a shutdown.
  void enter(std::shared_ptr<operation_state> operation);
  void leave(const std::shared_ptr<operation_state>& operation) noexcept;

  /// Runs something that blocks on a thread of its own.
  void run_blocking(std::function<void()> work);

  /// False: something is still under way after that time.
  bool shut_down(std::int64_t timeout_ms);
  void end() noexcept;

 private:
  void run_thread() noexcept;
  void stop_dependents() noexcept;
  void release_dependents() noexcept;
  void join_blocking() noexcept;

  struct blocking_thread {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> finished;
  };

  same_process process_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  bool stopping_ = false;
  std::unordered_set<std::shared_ptr<operation_state>> operations_;
  std::vector<std::weak_ptr<dependent>> dependents_;
  std::vector<blocking_thread> blocking_;
  std::optional<boost::asio::io_context> context_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::vector<std::thread> threads_;
};

}  // namespace pgrant::capi

struct pgrant_runtime {
  pgrant::capi::mark<5> alive;
  std::shared_ptr<pgrant::capi::engine> shared;
};
