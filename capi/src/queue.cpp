#include "queue.hpp"

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#ifdef __linux__
#include <sys/eventfd.h>
#endif

namespace pgrant::capi {

namespace {

constexpr std::size_t most_remarks = 1'024;

}  // namespace

event_queue::event_queue() {
#ifdef __linux__
  read_end_ = write_end_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (read_end_ < 0) {
#else
  int ends[2] = {-1, -1};
  if (::pipe(ends) == 0) {
    read_end_ = ends[0], write_end_ = ends[1];
    for (const int end : ends) {
      ::fcntl(end, F_SETFD, FD_CLOEXEC);
      ::fcntl(end, F_SETFL, O_NONBLOCK);
    }
  } else {
#endif
    refuse(error(errc::io, "could not make a descriptor for a queue: " +
                               std::generic_category().message(errno)));
  }
}

event_queue::~event_queue() {
  while (first_) take_first();  // one by one: the chain of destructors could be long
  if (write_end_ != read_end_) ::close(write_end_);
  ::close(read_end_);
}

void event_queue::signal(bool readable) noexcept {
  if (!polled_ || readable == readable_) return;
  readable_ = readable;
  std::uint64_t value = 1;
  // An eventfd takes and gives eight bytes, a pipe what it is given; neither can block here.
  [[maybe_unused]] const ssize_t moved = readable ? ::write(write_end_, &value, sizeof value)
                                                  : ::read(read_end_, &value, sizeof value);
}

void event_queue::push(std::unique_ptr<pgrant_event> event) noexcept {
  const bool remark = is_remark(event->kind);
  if (remark && !wants(event->kind)) return;
  {
    const std::lock_guard lock(mutex_);
    if (!closed_ && !(remark && remarks_ >= most_remarks)) {
      if (remark) ++remarks_;
      pgrant_event* const added = event.get();
      (last_ ? last_->next : first_) = std::move(event);
      last_ = added;
      signal(true);
    }
  }
  changed_.notify_one();
}  // what was not wanted dies outside of the lock: a request for a secret calls somebody then

std::unique_ptr<pgrant_event> event_queue::take_first() noexcept {
  std::unique_ptr<pgrant_event> taken = std::move(first_);
  first_ = std::move(taken->next);
  if (!first_) last_ = nullptr;
  if (is_remark(taken->kind)) --remarks_;
  return taken;
}

std::unique_ptr<pgrant_event> event_queue::pop(std::int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return first_ || closed_; };
  if (timeout_ms < 0)
    changed_.wait(lock, ready);
  else if (timeout_ms > 0 && !ready())
    // Longer than a year is a year: the clock would overflow.
    changed_.wait_for(
        lock, std::chrono::milliseconds(std::min<std::int64_t>(timeout_ms, 31'536'000'000)), ready);
  if (!first_) return nullptr;
  auto event = take_first();
  if (!first_) signal(false);
  return event;
}

void event_queue::enable(pgrant_event_type kind, bool on) {
  if (!is_remark(kind)) refuse("event_kind", "only log and progress events can be switched");
  (kind == PGRANT_EVENT_LOG ? logs_ : progress_) = on;
}

bool event_queue::wants(pgrant_event_type kind) const noexcept {
  if (kind == PGRANT_EVENT_LOG) return logs_;
  return kind != PGRANT_EVENT_PROGRESS || progress_;
}

void event_queue::close() noexcept {
  std::unique_ptr<pgrant_event> dropped;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    dropped = std::move(first_);
    last_ = nullptr;
    signal(false);
  }
  changed_.notify_all();
  while (dropped) dropped = std::move(dropped->next);
}

int event_queue::descriptor() noexcept {
  const std::lock_guard lock(mutex_);
  polled_ = true;
  signal(first_ != nullptr);
  return read_end_;
}

}  // namespace pgrant::capi

namespace capi = pgrant::capi;

pgrant_status pgrant_queue_create(pgrant_queue** queue, pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& out = capi::checked_output(queue, "queue");
    out = new pgrant_queue;
  });
}

int32_t pgrant_queue_fd(const pgrant_queue* queue) {
  if (!capi::is_handle(queue) || !queue->shared->process().holds()) return -1;
  return queue->shared->descriptor();
}

pgrant_status pgrant_queue_next(pgrant_queue* queue, pgrant_event** event, pgrant_error** err) {
  return pgrant_queue_wait(queue, 0, event, err);
}

pgrant_status pgrant_queue_wait(pgrant_queue* queue, int64_t timeout_ms, pgrant_event** event,
                                pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& out = capi::checked_output(event, "event");
    // Whoever destroys the queue meanwhile wakes us.
    const auto from = capi::checked(queue, "queue").shared;
    from->process().check();
    out = from->pop(timeout_ms).release();
  });
}

pgrant_status pgrant_queue_post(pgrant_queue* queue, uint64_t tag, pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& to = *capi::checked(queue, "queue").shared;
    to.process().check();
    auto event = std::make_unique<pgrant_event>();
    event->kind = PGRANT_EVENT_POSTED;
    event->tag = tag;
    to.push(std::move(event));
  });
}

pgrant_status pgrant_queue_enable(pgrant_queue* queue, int32_t event_kind, int32_t on,
                                  pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& of = *capi::checked(queue, "queue").shared;
    of.process().check();
    of.enable(event_kind, on != 0);
  });
}

void pgrant_queue_destroy(pgrant_queue* queue) {
  if (!capi::is_handle(queue) || !queue->shared->process().holds()) return;
  queue->shared->close();
  delete queue;
}
