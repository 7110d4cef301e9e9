// A process of its own that works on an instance (fault/worker.hpp), and can be killed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace test {

class worker_process {
 public:
  /// Starts this program as a worker. `host` and `port` lead to the server, or to a proxy.
  worker_process(const std::string& host, int port, const std::string& user,
                 const std::string& ledger, const std::string& connections = "direct");
  worker_process(const worker_process&) = delete;
  worker_process& operator=(const worker_process&) = delete;
  /// Kills it, unless it has ended.
  ~worker_process();

  pid_t pid() const noexcept { return pid_; }
  /// SIGKILL. Thread-safe.
  void kill() const;

  /// Sends an order.
  void send(const std::vector<std::string>& order);
  /// Its answer's fields; nothing when the process has died. A worker that says nothing for
  /// `limit` is killed, which fails the test.
  std::optional<std::vector<std::string>> answer(
      std::chrono::seconds limit = std::chrono::seconds(90));
  std::optional<std::vector<std::string>> ask(const std::vector<std::string>& order) {
    send(order);
    return answer();
  }

 private:
  pid_t pid_ = -1;
  int input_ = -1, output_ = -1;
  std::string heard_;
};

}  // namespace test
