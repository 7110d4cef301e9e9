#include "operation.hpp"

#include <algorithm>
#include <chrono>

namespace pgrant::capi {

operation_state::operation_state(std::shared_ptr<engine> on, std::shared_ptr<event_queue> to,
                                 std::uint64_t tag)
    : engine_(std::move(on)), queue_(std::move(to)), tag_(tag) {
  if (!queue_) return;
  event_ = std::make_unique<pgrant_event>();
  event_->kind = PGRANT_EVENT_COMPLETION;
  event_->tag = tag_;
}

void operation_state::set_handle(pgrant_operation* handle) noexcept {
  const std::lock_guard lock(mutex_);
  if (event_) event_->operation = handle;
}

void stop_line::pull(const std::weak_ptr<stop_line>& line) {
  const auto held = line.lock();
  if (!held) return;
  boost::asio::post(held->strand, [line] {
    const auto still = line.lock();  // while it works
    if (!still) return;
    still->signal.emit(boost::asio::cancellation_type::terminal);
    // Asio passes the signal on to a strand inside of this one by a plain pointer: the line has to
    // live until that has run.
    boost::asio::post(still->strand, [still] {
      boost::asio::post(still->strand, [still] { boost::asio::post(still->strand, [still] {}); });
    });
  });
}

void operation_state::begun(std::weak_ptr<stop_line> line) noexcept {
  bool dropped = false;
  {
    const std::lock_guard lock(mutex_);
    line_ = std::move(line);
    starting_ = false;
    dropped = dropped_;
    if (cancelled_) emit();
  }
  if (dropped) abandon();
}

void operation_state::withdraw() noexcept {
  {
    const std::lock_guard lock(mutex_);
    done_ = taken_ = true;
  }
  engine_->leave(shared_from_this());
}

void operation_state::complete(std::unique_ptr<pgrant_result> result) noexcept {
  std::unique_lock lock(mutex_);
  if (done_) return;
  result_ = std::move(result);
  finish(std::move(lock), PGRANT_OK);
}

void operation_state::fail(pgrant_status status, const error& why) noexcept {
  std::unique_lock lock(mutex_);
  if (done_) return;
  why_ = why;
  finish(std::move(lock), status);
}

void operation_state::abandon() noexcept {
  std::unique_lock lock(mutex_);
  if (done_) return;
  if (starting_) {
    dropped_ = true;
    return;
  }
  try {
    why_ = cancelled_ ? error(errc::cancelled, "cancelled, with an unknown outcome")
                      : error(errc::internal, "the work was dropped, for want of memory");
  } catch (...) {  // `take` finds no reason, and says that there was no memory
  }
  finish(std::move(lock), why_ ? status_of(why_->code()) : PGRANT_NO_MEMORY);
}

void operation_state::finish(std::unique_lock<std::mutex> lock, pgrant_status status) noexcept {
  const auto self = shared_from_this();
  done_ = true;
  status_ = status;
  std::unique_ptr<pgrant_event> event = std::move(event_);
  // From here on the caller may destroy the handle, and the runtime after `leave`.
  lock.unlock();
  completed_.notify_all();
  if (event) {
    event->status = status;
    queue_->push(std::move(event));
  }
  engine_->leave(self);
}

void operation_state::log(pgrant_log_level level, std::string message) noexcept {
  if (!wants(PGRANT_EVENT_LOG)) return;
  try {
    auto event = std::make_unique<pgrant_event>();
    event->kind = PGRANT_EVENT_LOG;
    event->tag = tag_;
    event->level = level;
    event->message = std::move(message);
    queue_->push(std::move(event));
  } catch (...) {  // a remark that there is no memory for
  }
}

void operation_state::progress(std::string message, std::uint64_t done,
                               std::uint64_t total) noexcept {
  if (!wants(PGRANT_EVENT_PROGRESS)) return;
  try {
    auto event = std::make_unique<pgrant_event>();
    event->kind = PGRANT_EVENT_PROGRESS;
    event->tag = tag_;
    event->message = std::move(message);
    event->done = done;
    event->total = total;
    queue_->push(std::move(event));
  } catch (...) {
  }
}

void operation_state::cancel() noexcept {
  const std::lock_guard lock(mutex_);
  if (done_ || cancelled_) return;
  cancelled_ = true;
  if (!starting_) emit();
}

void operation_state::emit() noexcept {
  try {
    stop_line::pull(line_);
  } catch (...) {
    cancelled_ = false;  // may be tried again
  }
}

bool operation_state::done() const noexcept {
  const std::lock_guard lock(mutex_);
  return done_;
}

bool operation_state::wait(std::int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  const auto is_done = [this] { return done_; };
  if (timeout_ms < 0) {
    completed_.wait(lock, is_done);
    return true;
  }
  const std::chrono::milliseconds limit(std::min<std::int64_t>(timeout_ms, 31'536'000'000));
  return completed_.wait_for(lock, limit, is_done);
}

std::unique_ptr<pgrant_result> operation_state::take() {
  const std::lock_guard lock(mutex_);
  if (!done_) refuse_state("the operation has not completed");
  if (taken_) refuse_state("the operation's outcome was taken already");
  if (status_ != PGRANT_OK && !why_) {
    taken_ = true;
    throw std::bad_alloc();
  }
  if (why_) {
    refusal outcome{status_, *why_};
    taken_ = true;
    throw outcome;
  }
  taken_ = true;
  return std::move(result_);
}

}  // namespace pgrant::capi

namespace capi = pgrant::capi;

pgrant_operation::~pgrant_operation() {
  if (shared) shared->set_handle(nullptr);
}

pgrant_status pgrant_operation_cancel(pgrant_operation* operation, pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& of = *capi::checked(operation, "operation").shared;
    of.process().check();
    of.cancel();
  });
}

int32_t pgrant_operation_is_done(const pgrant_operation* operation) {
  return capi::is_handle(operation) && operation->shared->process().holds() &&
         operation->shared->done();
}

pgrant_status pgrant_operation_wait(pgrant_operation* operation, int64_t timeout_ms,
                                    pgrant_error** err) {
  return capi::guard(err, [&] {
    const auto of = capi::checked(operation, "operation").shared;
    of->process().check();
    if (!of->wait(timeout_ms))
      capi::refuse(pgrant::error(pgrant::errc::timeout, "the operation has not completed in time")
                       .with_advice(pgrant::retry::again));
  });
}

pgrant_status pgrant_operation_take(pgrant_operation* operation, pgrant_result** result,
                                    pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& out = capi::checked_output(result, "result");
    auto& of = *capi::checked(operation, "operation").shared;
    of.process().check();
    out = of.take().release();
  });
}

void pgrant_operation_destroy(pgrant_operation* operation) {
  if (!capi::is_handle(operation) || !operation->shared->process().holds()) return;
  operation->shared->set_handle(nullptr);  // first: the completion may come at once
  operation->shared->cancel();
  delete operation;
}
