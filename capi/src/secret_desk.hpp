// Where a client's passwords come from: what the host has set, or what it answers when asked.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "pgrant/secret.hpp"
#include "queue.hpp"

namespace pgrant::capi {

/// One question. Answered once; what comes later is ignored. Thread-safe.
class secret_request {
 public:
  using answer = std::function<void(result<secret>)>;

  explicit secret_request(answer done) noexcept : done_(std::move(done)) {}
  /// False: it was answered before. The lock is held meanwhile, so that `drop` waits for it: what
  /// is called belongs to the runtime.
  bool reply(result<secret> given);
  /// Forgets whom to answer.
  void drop() noexcept;

 private:
  same_process process_;  // in a child there is nobody to answer
  std::mutex mutex_;
  answer done_;
};

/// Thread-safe.
class secret_desk {
 public:
  secret_desk(std::shared_ptr<event_queue> queue, std::uint64_t tag, std::string question)
      : queue_(std::move(queue)), tag_(tag), question_(std::move(question)) {}

  /// From now on this is given, and nobody is asked.
  void set(secret value);
  /// Gives what was set, or puts a question into the queue.
  void ask(secret_request::answer done);
  /// Answers what was asked, and what will be, with `why`.
  void refuse(const error& why) noexcept;
  /// Nobody is asked or answered any more.
  void close() noexcept;

 private:
  std::unique_ptr<pgrant_event> question_for(secret_request::answer& done);

  const std::shared_ptr<event_queue> queue_;
  const std::uint64_t tag_;
  const std::string question_;
  std::mutex mutex_;
  bool closed_ = false;
  std::optional<error> refused_;
  std::shared_ptr<const secret> known_;
  std::vector<std::weak_ptr<secret_request>> pending_;
};

}  // namespace pgrant::capi
