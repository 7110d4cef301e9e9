// Completion queues and the events in them.
#pragma once

#include <unistd.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "boundary.hpp"
#include "pgrant/secret.hpp"

namespace pgrant::capi {
class secret_question;
class store_question;
}  // namespace pgrant::capi

struct pgrant_event {
  pgrant::capi::mark<3> alive;
  pgrant_event_type kind = 0;
  std::uint64_t tag = 0;
  pgrant_operation* operation = nullptr;
  pgrant_status status = PGRANT_OK;
  pgrant_log_level level = 0;
  std::uint64_t done = 0, total = 0;
  std::string message;
  pgrant_store_request store_request = 0;
  pgrant::secret secret;  // that the store is to keep
  std::shared_ptr<pgrant::capi::secret_question> secret_question;
  std::shared_ptr<pgrant::capi::store_question> store_question;
  std::unique_ptr<pgrant_event> next;  // in the queue

  ~pgrant_event();
};

namespace pgrant::capi {

/// Refuses handles with threads or locks that were made before a fork.
class same_process {
 public:
  void check() const {
    if (pid_ != ::getpid()) refuse_state("this was made before a fork");
  }
  bool holds() const noexcept { return pid_ == ::getpid(); }

 private:
  pid_t pid_ = ::getpid();
};

/// A queue, shared by its handle and by those who will put something into it. Thread-safe.
class event_queue {
 public:
  event_queue();
  event_queue(const event_queue&) = delete;
  event_queue& operator=(const event_queue&) = delete;
  ~event_queue();

  /// Never fails. Dropped if nobody wants its kind, or the queue was closed.
  void push(std::unique_ptr<pgrant_event> event) noexcept;
  /// Null: none came in time. A negative time waits without limit.
  std::unique_ptr<pgrant_event> pop(std::int64_t timeout_ms);
  void enable(pgrant_event_type kind, bool on);
  bool wants(pgrant_event_type kind) const noexcept;
  void close() noexcept;
  int descriptor() noexcept;

  const same_process& process() const noexcept { return process_; }

 private:
  static bool is_remark(pgrant_event_type kind) noexcept {
    return kind == PGRANT_EVENT_LOG || kind == PGRANT_EVENT_PROGRESS;
  }
  std::unique_ptr<pgrant_event> take_first() noexcept;
  void signal(bool readable) noexcept;

  same_process process_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<pgrant_event> first_;
  pgrant_event* last_ = nullptr;
  std::size_t remarks_ = 0;
  std::atomic<bool> logs_{false}, progress_{false};
  bool closed_ = false;
  bool polled_ = false;    // somebody has the descriptor
  bool readable_ = false;  // what it says
  int read_end_ = -1, write_end_ = -1;
};

}  // namespace pgrant::capi

struct pgrant_queue {
  pgrant::capi::mark<4> alive;
  std::shared_ptr<pgrant::capi::event_queue> shared = std::make_shared<pgrant::capi::event_queue>();
};
