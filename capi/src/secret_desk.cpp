#include "secret_desk.hpp"

#include "text.hpp"

namespace pgrant::capi {

bool secret_request::reply(result<secret> given) {
  if (!process_.holds()) return false;
  const std::lock_guard lock(mutex_);
  if (!done_) return false;
  const answer done = std::move(done_);
  done_ = nullptr;
  done(std::move(given));
  return true;
}

void secret_request::drop() noexcept {
  if (!process_.holds()) return;
  const std::lock_guard lock(mutex_);
  done_ = nullptr;
}

void secret_desk::set(secret value) {
  auto kept = std::make_shared<const secret>(std::move(value));
  const std::lock_guard lock(mutex_);
  known_.swap(kept);
}

void secret_desk::ask(secret_request::answer done) {
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

std::unique_ptr<pgrant_event> secret_desk::question_for(secret_request::answer& done) {
  auto event = std::make_unique<pgrant_event>();
  event->kind = PGRANT_EVENT_SECRET;
  event->tag = tag_;
  event->message = question_;
  std::erase_if(pending_, [](const auto& one) { return one.expired(); });
  pending_.reserve(pending_.size() + 1);
  event->request = std::make_shared<secret_request>(std::move(done));
  pending_.push_back(event->request);
  return event;
}

void secret_desk::refuse(const error& why) noexcept {
  std::vector<std::weak_ptr<secret_request>> pending;
  {
    const std::lock_guard lock(mutex_);
    refused_ = why;
    pending.swap(pending_);
  }
  for (const auto& one : pending)
    if (const auto request = one.lock()) try {
        request->reply(why);
      } catch (...) {
        request->drop();
      }
}

void secret_desk::close() noexcept {
  std::vector<std::weak_ptr<secret_request>> pending;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    pending.swap(pending_);
  }
  for (const auto& one : pending)
    if (const auto request = one.lock()) request->drop();
}

}  // namespace pgrant::capi

namespace capi = pgrant::capi;

namespace {

void answer(pgrant_event* event, pgrant::result<pgrant::secret> given) {
  auto& to = capi::checked(event, "event");
  if (to.kind != PGRANT_EVENT_SECRET) capi::refuse_state("the event asks for no secret");
  if (!to.request) capi::refuse_state("the event was answered before");
  const auto request = std::move(to.request);
  request->reply(std::move(given));
}

}  // namespace

pgrant_event::~pgrant_event() {
  if (!request) return;
  try {
    request->reply(pgrant::error(pgrant::errc::secret, "nobody gave the secret"));
  } catch (...) {
    request->drop();
  }
}

pgrant_status pgrant_event_reply(pgrant_event* event, const char* secret, size_t size,
                                 pgrant_error** err) {
  return capi::guard(err, [&] {
    capi::checked(event, "event");
    answer(event, pgrant::secret::copy_of(capi::secret_in(secret, size, "secret")));
  });
}

pgrant_status pgrant_event_refuse(pgrant_event* event, const char* reason, size_t size,
                                  pgrant_error** err) {
  return capi::guard(err, [&] {
    capi::checked(event, "event");
    std::string why(capi::text_in(reason, size, "reason"));
    if (why.empty()) why = "nobody gave the secret";
    answer(event, pgrant::error(pgrant::errc::secret, std::move(why)));
  });
}

pgrant_event_type pgrant_event_kind(const pgrant_event* event) {
  return capi::is_handle(event) ? event->kind : 0;
}

uint64_t pgrant_event_tag(const pgrant_event* event) {
  return capi::is_handle(event) ? event->tag : 0;
}

pgrant_operation* pgrant_event_operation(const pgrant_event* event) {
  return capi::is_handle(event) ? event->operation : nullptr;
}

pgrant_status pgrant_event_status(const pgrant_event* event) {
  return capi::is_handle(event) ? event->status : PGRANT_OK;
}

pgrant_log_level pgrant_event_level(const pgrant_event* event) {
  return capi::is_handle(event) ? event->level : 0;
}

const char* pgrant_event_message(const pgrant_event* event) {
  return capi::is_handle(event) ? event->message.c_str() : "";
}

uint64_t pgrant_event_done(const pgrant_event* event) {
  return capi::is_handle(event) ? event->done : 0;
}

uint64_t pgrant_event_total(const pgrant_event* event) {
  return capi::is_handle(event) ? event->total : 0;
}

void pgrant_event_destroy(pgrant_event* event) {
  if (capi::is_handle(event)) delete event;
}
