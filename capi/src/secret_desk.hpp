// Where a client's passwords come from: what the host has set, or what it answers when asked.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "pgrant/secret.hpp"
#include "question.hpp"

namespace pgrant::capi {

/// Thread-safe.
class secret_desk {
 public:
  secret_desk(std::shared_ptr<event_queue> queue, std::uint64_t tag, std::string question)
      : queue_(std::move(queue)), tag_(tag), question_(std::move(question)) {}

  /// From now on this is given, and nobody is asked.
  void set(secret value);
  /// Gives what was set, or puts a question into the queue.
  void ask(secret_question::answer done);
  /// Answers what was asked, and what will be, with `why`.
  void refuse(const error& why) noexcept;
  /// Nobody is asked or answered any more.
  void close() noexcept;

 private:
  std::unique_ptr<pgrant_event> question_for(secret_question::answer& done);

  const std::shared_ptr<event_queue> queue_;
  const std::uint64_t tag_;
  const std::string question_;
  std::mutex mutex_;
  bool closed_ = false;
  std::optional<error> refused_;
  std::shared_ptr<const secret> known_;
  std::vector<std::weak_ptr<secret_question>> pending_;
};

}  // namespace pgrant::capi
