#include "secret_desk.hpp"

namespace pgrant::capi {

void secret_desk::set(secret value) {
  auto kept = std::make_shared<const secret>(std::move(value));
  const std::lock_guard lock(mutex_);
  known_.swap(kept);
}

void secret_desk::ask(secret_question::answer done) {
  try {
    std::shared_ptr<const secret> known;
    std::unique_ptr<pgrant_event> event;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      if (refused_) return done(*refused_);
      known = known_;
      if (!known) event = question_for(done);
    }
    if (known)
      done(known->clone());
    else
      queue_->push(std::move(event));
  } catch (...) {
    // Who asks expects an answer and no exception. An empty function was moved into the event,
    // which answers when it dies.
    if (done) done(error(errc::secret, "the secret could not be given"));
  }
}

std::unique_ptr<pgrant_event> secret_desk::question_for(secret_question::answer& done) {
  auto event = std::make_unique<pgrant_event>();
  event->kind = PGRANT_EVENT_SECRET;
  event->tag = tag_;
  event->message = question_;
  std::erase_if(pending_, [](const auto& one) { return one.expired(); });
  pending_.reserve(pending_.size() + 1);
  event->secret_question = std::make_shared<secret_question>(std::move(done));
  pending_.push_back(event->secret_question);
  return event;
}

void secret_desk::refuse(const error& why) noexcept {
  std::vector<std::weak_ptr<secret_question>> pending;
  {
    const std::lock_guard lock(mutex_);
    refused_ = why;
    pending.swap(pending_);
  }
  for (const auto& one : pending)
    if (const auto asked = one.lock()) asked->reply_or_drop(why);
}

void secret_desk::close() noexcept {
  std::vector<std::weak_ptr<secret_question>> pending;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    pending.swap(pending_);
  }
  for (const auto& one : pending)
    if (const auto asked = one.lock()) asked->drop();
}

}  // namespace pgrant::capi
