// Something under way: cancelled from any thread, completed exactly once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "queue.hpp"
#include "result.hpp"
#include "runtime.hpp"

namespace pgrant::capi {

/// How work can be told to stop. It belongs to the work's handler and dies with it: what Asio keeps
/// in the signal must not outlive the io_context, as an operation's handle may.
struct stop_line {
  boost::asio::any_io_executor strand;
  boost::asio::cancellation_signal signal;

  /// Gives the signal, on the strand.
  static void pull(const std::weak_ptr<stop_line>& line);
};

/// Shared by the handle and by the work. Its event and its place in the engine are there before the
/// work begins, so that completing needs no memory.
class operation_state : public std::enable_shared_from_this<operation_state> {
 public:
  operation_state(std::shared_ptr<engine> on, std::shared_ptr<event_queue> to, std::uint64_t tag);

  /// What comes to the queue with this operation's handle.
  void set_handle(pgrant_operation* handle) noexcept;

  // The work's side.

  /// The work has begun; from now on it can be told to stop, if there is a line.
  void begun(std::weak_ptr<stop_line> line) noexcept;
  /// It did not begin after all: nobody will hear of it.
  void withdraw() noexcept;
  /// The first one counts.
  void complete(std::unique_ptr<pgrant_result> result) noexcept;
  void fail(pgrant_status status, const error& why) noexcept;
  void fail(const error& why) noexcept { fail(status_of(why.code()), why); }
  /// The work was dropped without an outcome.
  void abandon() noexcept;

  bool wants(pgrant_event_type kind) const noexcept { return queue_ && queue_->wants(kind); }
  void log(pgrant_log_level level, std::string message) noexcept;
  void progress(std::string message, std::uint64_t done, std::uint64_t total) noexcept;

  // The caller's side.

  void cancel() noexcept;
  bool done() const noexcept;
  bool wait(std::int64_t timeout_ms);
  std::unique_ptr<pgrant_result> take();  ///< Or a refusal with the operation's status.
  const same_process& process() const noexcept { return engine_->process(); }

 private:
  void finish(std::unique_lock<std::mutex> lock, pgrant_status status) noexcept;
  void emit() noexcept;

  std::shared_ptr<engine> engine_;
  std::shared_ptr<event_queue> queue_;
  std::uint64_t tag_;
  mutable std::mutex mutex_;
  std::condition_variable completed_;
  std::unique_ptr<pgrant_event> event_;
  std::weak_ptr<stop_line> line_;  // set when the work has begun
  bool starting_ = true, dropped_ = false;
  bool cancelled_ = false, done_ = false, taken_ = false;
  pgrant_status status_ = PGRANT_OK;
  std::unique_ptr<pgrant_result> result_;
  std::optional<error> why_;
};

/// Completes an operation with the result that a function makes, or with what it fails with.
template <class Make>
void complete_with(operation_state& what, Make&& make) noexcept {
  try {
    try {
      what.complete(std::forward<Make>(make)());
    } catch (...) {
      const refusal why = current_refusal();
      what.fail(why.status, why.why);
    }
  } catch (...) {  // no memory to say why
    what.abandon();
  }
}

/// Completes an operation with what a handler of pgrant gets, of which `Make` makes the result; or
/// as abandoned, if it is dropped without being called.
template <class T, class Make>
class completing_handler {
 public:
  completing_handler(std::shared_ptr<operation_state> what, std::shared_ptr<stop_line> line,
                     Make make)
      : what_(std::move(what)), line_(std::move(line)), make_(std::move(make)) {}
  completing_handler(completing_handler&&) noexcept = default;
  ~completing_handler() {
    if (what_) what_->abandon();
  }

  void operator()(result<T> outcome) {
    const auto what = std::move(what_);
    if (!outcome) return what->fail(outcome.error());
    complete_with(*what, [&] { return make_(std::move(outcome).assume_value()); });
  }

 private:
  std::shared_ptr<operation_state> what_;
  std::shared_ptr<stop_line> line_;
  Make make_;
};

}  // namespace pgrant::capi

struct pgrant_operation {
  pgrant::capi::mark<6> alive;
  std::shared_ptr<pgrant::capi::operation_state> shared;
  ~pgrant_operation();
};

namespace pgrant::capi {

/// The common part of every *_start: makes the operation, hands it to the caller, and lets `begin`
/// start the work, which gives its line (or none, if it cannot be told to stop).
/// If that throws, the caller gets nothing, and nothing will come.
template <class Begin>
void start_operation(std::shared_ptr<engine> on, pgrant_queue* queue, std::uint64_t tag,
                     pgrant_operation** operation, Begin&& begin) {
  auto& out = checked_output(operation, "operation");
  std::shared_ptr<event_queue> to;
  if (queue) to = checked(queue, "queue").shared;
  if (to) to->process().check();
  auto handle = std::make_unique<pgrant_operation>();
  handle->shared = std::make_shared<operation_state>(on, std::move(to), tag);
  const auto state = handle->shared;
  state->set_handle(handle.get());
  on->enter(state);
  out = handle.get();
  try {
    state->begun(std::forward<Begin>(begin)(state));
  } catch (...) {
    out = nullptr;
    state->withdraw();
    throw;
  }
  handle.release();
}

}  // namespace pgrant::capi
