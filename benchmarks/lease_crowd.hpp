// Many callers of the lease engine at once.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "lease_world.hpp"

namespace bench {

inline std::string next_name(const char* stem) {
  static std::atomic<int> count = 0;
  return stem + std::to_string(++count);
}

inline pgrant::grant_request lease_request(bool login, int number) {
  pgrant::grant_request asked("bench");
  if (login) {
    asked.to("bench");
  } else {
    asked.to_role(world::person(number));
  }
  asked.lasting(std::chrono::hours(1));
  return asked;
}

/// Many callers, each of whom grants and, if asked to, ends what it got, again and again.
class crowd {
 public:
  /// What the caller of this number asks for next.
  using wish = std::function<pgrant::grant_request(int)>;

  crowd(const world& where, int iterations, bool ends, wish next, int cohort_size = 500)
      : leases_(where.leases(context_, iterations, cohort_size)),
        next_(std::move(next)),
        ends_(ends) {}
  crowd(const world& where, int iterations, bool login, bool ends)
      : crowd(where, iterations, ends,
              [login](int caller) { return lease_request(login, caller); }) {}

  /// Until the time is over or so many are granted; gives the leases a second.
  double run(int callers, std::chrono::milliseconds time, int most = 1 << 30) {
    stop_at_ = clock::now() + time;
    most_ = done_ + most;
    started_ = done_.load();
    const auto start = clock::now();
    const int before = done_;
    busy_ = callers;
    context_.restart();
    for (int i = 0; i < callers; ++i) next(i);
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) threads.emplace_back([this] { context_.run(); });
    for (std::thread& one : threads) one.join();
    return (done_ - before) / seconds_since(start);
  }

  pgrant::leases& leases() { return leases_; }
  boost::asio::io_context& context() { return context_; }

 private:
  void next(int caller) {
    if (clock::now() > stop_at_ || started_++ >= most_) {
      if (--busy_ == 0) context_.stop();  // The pool would wait for its idle connections.
      return;
    }
    leases_.async_grant(next_(caller), [this, caller](pgrant::result<pgrant::granted_lease> got) {
      const std::string id = must(std::move(got)).lease.id;
      if (!ends_) {
        ++done_;
        return next(caller);
      }
      leases_.async_revoke(id, [this, caller](pgrant::result<pgrant::lease_end> ended) {
        must(std::move(ended));
        ++done_;
        next(caller);
      });
    });
  }

  boost::asio::io_context context_;
  pgrant::leases leases_;
  wish next_;
  bool ends_;
  clock::time_point stop_at_;
  std::atomic<int> done_ = 0, started_ = 0, busy_ = 0;
  int most_ = 0;
};

}  // namespace bench
