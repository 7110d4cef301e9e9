// From a spec to a session that can be used: hosts, addresses, attempts, session settings.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "connection/connect_parameters.hpp"
#include "connection/execute_fsm.hpp"
#include "connection/pq.hpp"

namespace pgrant::detail {

/// Each address is an attempt of its own: libpq would resolve names while everybody waits, and its
/// own time limit does not hold for non-blocking connections. The driver calls `begin` and then
/// what the last action asked for; a new value of `attempt()` restarts its timer.
class connect_fsm {
 public:
  struct action {
    enum class kind { resolve, wait, done };
    kind what = kind::done;
    wait_for ready = wait_for::nothing;  // kind::wait
  };

  connect_fsm(pq& link, connect_target target);

  action begin();
  /// The addresses of `server()`'s host, or none and why.
  action resolved(std::vector<std::string> addresses, const std::string& why);
  action ready(readiness what);
  /// The attempt's time is over.
  action attempt_timed_out();

  const server_address& server() const { return target_.servers[server_]; }
  const std::string& address() const noexcept { return address_; }
  const connect_target& target() const noexcept { return target_; }
  std::size_t attempt() const noexcept { return attempt_; }
  const connect_facts& facts() const noexcept { return facts_; }
  /// The outcome, once done.
  result<void> take() const;
  /// What says most about why nothing has worked yet.
  const std::optional<pgrant::error>& failure() const noexcept { return best_; }

 private:
  action next_server();
  action next_address();
  action poll();
  action set_up(readiness what);
  action fail(const pgrant::error& why, bool worth_another);

  pq* link_;
  connect_target target_;
  std::size_t server_ = 0;
  std::vector<std::string> addresses_;  // still to be tried, last first
  std::string address_;
  std::size_t attempt_ = 0;
  int repeats_ = 0;  // of attempts that failed unseen
  bool prefers_standby_ = false;
  std::optional<execute_fsm> session_;
  connect_facts facts_;
  std::optional<pgrant::error> best_;
  bool best_was_reached_ = false;
  bool connected_ = false;
};

/// One statement that makes the session as `session_settings` promises.
statement session_statement(const session_settings& wanted, int server_version);

}  // namespace pgrant::detail
