// A question that waits for the host's answer.
#pragma once

#include <functional>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include "queue.hpp"

namespace pgrant::capi {

/// Answered once; what comes later is ignored. Thread-safe.
template <class T>
class question {
 public:
  using answer = std::function<void(result<T>)>;

  explicit question(answer done) noexcept : done_(std::move(done)) {}
  ~question() {
    // In a child there is nobody to answer, and who asked may not even be told that it is over.
    if (!process_.holds()) new (std::nothrow) answer(std::move(done_));
  }

  /// False: it was answered before. The lock is held meanwhile, so that `drop` waits for it: what
  /// is called belongs to the runtime.
  bool reply(result<T> given) {
    if (!process_.holds()) return false;
    const std::lock_guard lock(mutex_);
    if (!done_) return false;
    const answer done = std::move(done_);
    done_ = nullptr;
    done(std::move(given));
    return true;
  }
  void reply_or_drop(const error& why) noexcept {
    try {
      reply(why);
    } catch (...) {
      drop();
    }
  }
  /// Forgets whom to answer.
  void drop() noexcept {
    if (!process_.holds()) return;
    const std::lock_guard lock(mutex_);
    done_ = nullptr;
  }

 private:
  same_process process_;
  std::mutex mutex_;
  answer done_;
};

/// For a password or token.
class secret_question final : public question<secret> {
 public:
  using question::question;
};

/// Of a rotation to its store. Nothing: it is done, or there is none.
class store_question final : public question<std::optional<secret>> {
 public:
  using question::question;
};

}  // namespace pgrant::capi
