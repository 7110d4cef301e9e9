// A scripted libpq: what arrives with each read, and which call fails, is up to the test.
#pragma once

#include <libpq-fe.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connection/connect_parameters.hpp"
#include "connection/machine.hpp"
#include "connection/pq.hpp"
#include "connection/server_error.hpp"
#include "pgrant/connection.hpp"

namespace test {

using pgrant::detail::answer;
using item = std::optional<answer>;  // nullopt: the NULL that ends a statement's answers

inline item rows_answer() {
  answer made;
  made.result = {PQmakeEmptyPGresult(nullptr, PGRES_COMMAND_OK), PQclear};
  return made;
}

inline item failure_answer(std::string_view state, bool fatal = false) {
  answer made;
  made.what = answer::kind::failure;
  made.failure = pgrant::detail::server_error({.severity = "",
                                               .state = pgrant::sqlstate::parse(state),
                                               .message = "no " + std::string(state),
                                               .detail = "",
                                               .hint = ""});
  made.fatal = fatal;
  return made;
}

inline item marker(answer::kind what) {
  answer made;
  made.what = what;
  return made;
}
inline item sync_answer() {
  return marker(answer::kind::sync);
}
inline item skipped_answer() {
  return marker(answer::kind::skipped);
}
inline item copy_answer() {
  return marker(answer::kind::copy);
}
inline item end_answer() {
  return std::nullopt;
}

class fake_pq final : public pgrant::detail::pq {
 public:
  // The script.
  std::deque<pgrant::detail::poll_state> polls;
  std::deque<pgrant::detail::flush_state> flushes;  // afterwards: done
  std::deque<std::vector<item>> reads;              // one entry arrives with each consume
  std::deque<pgrant::detail::connect_failure> failures;
  pgrant::detail::connect_facts known;
  int fail_call = -1;  // the how-manieth call that can fail does

  // What happened.
  std::vector<std::string> calls;
  std::vector<pgrant::detail::connect_target::keyword_list> attempts;
  bool would_have_blocked = false;

  void start(const pgrant::detail::connect_parameters& p) override {
    attempts.push_back(p.keywords);
    alive_ = true;
  }
  pgrant::detail::poll_state poll() override {
    if (polls.empty()) return pgrant::detail::poll_state::failed;
    return take(polls);
  }
  pgrant::detail::connect_failure failure() override {
    return failures.empty() ? pgrant::detail::connect_failure() : take(failures);
  }
  pgrant::detail::connect_facts facts() override { return known; }
  void abandon() override { calls.push_back("abandon"); }
  int socket() override { return 0; }

  bool send(const pgrant::statement& what) override { return did("send " + what.text()); }
  bool prepare(const std::string& name, const pgrant::statement& what) override {
    return did("prepare " + name + " " + what.text());
  }
  bool send_prepared(const std::string& name, const pgrant::statement&) override {
    return did("send " + name);
  }
  bool enter_pipeline() override { return did("enter"); }
  bool exit_pipeline() override { return did("exit"); }
  bool sync() override { return did("sync"); }
  bool request_flush() override { return did("flush request"); }
  pgrant::detail::flush_state flush() override {
    if (!did("flush")) return pgrant::detail::flush_state::failed;
    return flushes.empty() ? pgrant::detail::flush_state::done : take(flushes);
  }
  bool consume() override {
    if (!did("consume")) return false;
    if (reads.empty()) return true;
    for (item& each : take(reads)) arrived_.push_back(std::move(each));
    return true;
  }
  bool busy() override { return alive_ && arrived_.empty(); }
  std::optional<answer> next() override {
    if (!arrived_.empty()) return take(arrived_);
    would_have_blocked |= alive_;
    if (alive_ || reported_) return std::nullopt;
    // As libpq: a broken link is reported once, then there is nothing for ever.
    reported_ = true;
    answer lost;
    lost.what = answer::kind::failure;
    lost.failure = last_error();
    lost.fatal = true;
    return lost;
  }
  std::vector<pgrant::notice> take_notices() override { return std::exchange(notices, {}); }
  bool alive() override { return alive_; }
  pgrant::error last_error() override { return {pgrant::errc::closed, "the link broke"}; }
  pgrant::transaction_status transaction() override { return pgrant::transaction_status::idle; }
  std::string parameter_status(const std::string&) override { return {}; }
  pgrant::result<pgrant::secret> encrypt_password(const std::string&,
                                                  const pgrant::secret&) override {
    return pgrant::secret();
  }

  std::vector<pgrant::notice> notices;
  int fallible_calls() const noexcept { return fallible_; }

 private:
  template <class T>
  static T take(std::deque<T>& from) {
    T first = std::move(from.front());
    from.pop_front();
    return first;
  }
  bool did(std::string call) {
    calls.push_back(std::move(call));
    if (fallible_++ == fail_call) alive_ = false;
    return alive_;
  }

  std::deque<item> arrived_;
  bool alive_ = true;
  bool reported_ = false;
  int fallible_ = 0;
};

/// Drives a machine as the driver would, with everything ready at once. False: it did not end.
inline bool run(pgrant::detail::machine& m, int limit = 200) {
  using pgrant::detail::wait_for;
  wait_for wanted = m.resume({});
  while (wanted != wait_for::nothing && --limit > 0) {
    wanted =
        m.resume({.readable = wanted != wait_for::write, .writable = wanted != wait_for::read});
  }
  return wanted == wait_for::nothing;
}

}  // namespace test
