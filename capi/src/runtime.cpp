#include "runtime.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <chrono>

#include "operation.hpp"

namespace pgrant::capi {

namespace {

constexpr int most_threads = 64;
constexpr std::int64_t destroy_timeout_ms = 10'000;
// How long connections may take to say goodbye when everything has completed.
constexpr std::chrono::milliseconds closing_time{500};

// Signals are the host's: threads that start while this lives get none.
class signals_blocked {
 public:
  signals_blocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

engine::engine(int threads) {
  context_.emplace(threads);
  work_.emplace(context_->get_executor());
  const signals_blocked quiet;
  try {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run_thread(); });
  } catch (...) {
    end();
    throw;
  }
}

engine::~engine() {
  // Without `end` there was a fork: these threads do not exist here.
  for (std::thread& one : threads_) one.detach();
}

void engine::run_thread() noexcept {
  for (;;) try {
      context_->run();
      return;
    } catch (...) {
      // No memory inside of a handler: whose it was completes when the handler is destroyed.
    }
}

void engine::check() const {
  process_.check();
  const std::lock_guard lock(mutex_);
  if (stopping_) refuse_state("the runtime was shut down");
}

void engine::add(const std::shared_ptr<dependent>& one) {
  const std::lock_guard lock(mutex_);
  if (stopping_) refuse_state("the runtime was shut down");
  std::erase_if(dependents_, [](const auto& known) { return known.expired(); });
  dependents_.push_back(one);
}

void engine::enter(std::shared_ptr<operation_state> operation) {
  process_.check();
  const std::lock_guard lock(mutex_);
  if (stopping_) refuse_state("the runtime was shut down");
  operations_.insert(std::move(operation));
}

void engine::leave(const std::shared_ptr<operation_state>& operation) noexcept {
  const std::lock_guard lock(mutex_);
  operations_.erase(operation);
  if (operations_.empty()) idle_.notify_all();
}

void engine::run_blocking(std::function<void()> work) {
  auto finished = std::make_shared<std::atomic<bool>>(false);
  const signals_blocked quiet;
  const std::lock_guard lock(mutex_);
  std::erase_if(blocking_, [](blocking_thread& one) {
    if (!*one.finished) return false;
    one.thread.join();
    return true;
  });
  blocking_.reserve(blocking_.size() + 1);
  std::thread thread([work = std::move(work), finished]() mutable {
    work();
    work = nullptr;
    *finished = true;
  });
  blocking_.push_back({std::move(thread), std::move(finished)});
}

bool engine::shut_down(std::int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  for (const auto& one : operations_) one->cancel();
  lock.unlock();
  stop_dependents();
  lock.lock();
  const auto none = [this] { return operations_.empty(); };
  if (timeout_ms < 0) {
    idle_.wait(lock, none);
    return true;
  }
  const std::chrono::milliseconds limit(std::min<std::int64_t>(timeout_ms, 31'536'000'000));
  return idle_.wait_for(lock, limit, none);
}

// None is added any more, and only `end` takes some away.
void engine::stop_dependents() noexcept {
  for (std::size_t i = 0;; ++i) {
    std::shared_ptr<dependent> one;
    {
      const std::lock_guard lock(mutex_);
      if (i >= dependents_.size()) return;
      one = dependents_[i].lock();
    }
    if (one) one->stop();
  }
}

void engine::release_dependents() noexcept {
  for (;;) {
    std::shared_ptr<dependent> one;
    {
      const std::lock_guard lock(mutex_);
      if (dependents_.empty()) return;
      one = dependents_.back().lock();
      dependents_.pop_back();
    }
    if (one) one->let_go();
  }
}

void engine::join_blocking() noexcept {
  std::vector<blocking_thread> last;
  {
    const std::lock_guard lock(mutex_);
    last.swap(blocking_);
  }
  for (blocking_thread& one : last) one.thread.join();
}

void engine::end() noexcept {
  if (threads_.empty() && !context_) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  release_dependents();
  join_blocking();
  work_.reset();
  {
    std::unique_lock lock(mutex_);
    idle_.wait_for(lock, closing_time, [this] { return context_->stopped(); });
  }
  context_->stop();
  for (std::thread& one : threads_) one.join();
  threads_.clear();
  // Handlers that never ran are destroyed here, and complete their operations by that.
  context_.reset();
}

}  // namespace pgrant::capi

namespace capi = pgrant::capi;

pgrant_status pgrant_runtime_create(int32_t threads, pgrant_runtime** runtime, pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& out = capi::checked_output(runtime, "runtime");
    if (threads < 0 || threads > capi::most_threads)
      capi::refuse("threads", "a runtime has 1 to 64 threads");
    auto made = std::make_unique<pgrant_runtime>();
    made->shared = std::make_shared<capi::engine>(std::max(threads, 1));
    out = made.release();
  });
}

pgrant_status pgrant_runtime_shutdown(pgrant_runtime* runtime, int64_t timeout_ms,
                                      pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& of = *capi::checked(runtime, "runtime").shared;
    of.process().check();
    if (!of.shut_down(timeout_ms))
      capi::refuse(pgrant::error(pgrant::errc::timeout, "work is still under way")
                       .with_advice(pgrant::retry::again));
  });
}

void pgrant_runtime_destroy(pgrant_runtime* runtime) {
  if (!capi::is_handle(runtime) || !runtime->shared->process().holds()) return;
  runtime->shared->shut_down(capi::destroy_timeout_ms);
  runtime->shared->end();
  delete runtime;
}
