// A line to the server on which one can strike at any message: what networks, power and kill do.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/servers.hpp"

namespace test {

/// Where a strike falls, among the messages that make the server do something: a connection's
/// start, a statement's execution, the end of a group of statements.
struct strike {
  int at = 0;  ///< The number of the message, from 1; 0: nowhere.
  /// False: the server never gets the message. True: it has done what the message asks for, and
  /// nobody hears of it.
  bool answered = false;
  /// Called at that point, on the proxy's thread; then that line is dead. Other lines live on.
  std::function<void()> act;
};

/// Listens in a directory of its own and passes everything on to the server's socket.
class message_proxy {
 public:
  explicit message_proxy(const server& where);
  message_proxy(const message_proxy&) = delete;
  message_proxy& operator=(const message_proxy&) = delete;
  ~message_proxy();

  /// For a host name in conninfo, with port 5432.
  std::string directory() const { return directory_.string(); }

  /// Forgets what was seen, and strikes once from here on. Not while lines are open.
  void arm(strike next);
  /// What the messages since then were, in the order in which they came: "SELECT …", "sync".
  std::vector<std::string> seen() const;
  bool struck() const noexcept { return struck_; }
  /// Waits until every line is closed.
  void settle();

 private:
  class line;

  void accept_all();
  // Whether the message that comes now is the one.
  bool is_the_point(std::string what);

  std::string target_;
  std::filesystem::path directory_;
  int listener_ = -1;
  mutable std::mutex guard_;
  std::vector<std::string> seen_;
  strike strike_;
  std::atomic<bool> struck_ = false, stop_ = false;
  std::atomic<int> open_lines_ = 0;
  std::thread acceptor_;
  std::vector<std::thread> lines_;
};

}  // namespace test
