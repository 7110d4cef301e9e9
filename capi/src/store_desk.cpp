#include "store_desk.hpp"

namespace pgrant::capi {

namespace {

error shut_down() {
  return error(errc::cancelled, "the runtime was shut down");
}

async_secret_store::found without_value(async_secret_store::stored answer) {
  return [answer = std::move(answer)](result<std::optional<secret>> given) {
    answer(given ? result<void>(success()) : result<void>(given.error()));
  };
}

}  // namespace

void store_desk::pending(std::string login, found answer) {
  ask(PGRANT_STORE_PENDING, std::move(login), secret(), std::move(answer));
}

void store_desk::put_pending(std::string login, secret fresh, stored answer) {
  ask(PGRANT_STORE_PUT_PENDING, std::move(login), std::move(fresh),
      without_value(std::move(answer)));
}

void store_desk::promote(std::string login, stored answer) {
  ask(PGRANT_STORE_PROMOTE, std::move(login), secret(), without_value(std::move(answer)));
}

void store_desk::retire(std::string login, stored answer) {
  ask(PGRANT_STORE_RETIRE, std::move(login), secret(), without_value(std::move(answer)));
}

void store_desk::ask(pgrant_store_request what, std::string login, secret fresh, found answer) {
  auto event = std::make_unique<pgrant_event>();
  event->kind = PGRANT_EVENT_STORE;
  event->tag = tag_;
  event->message = std::move(login);
  event->store_request = what;
  event->secret = std::move(fresh);
  event->store_question = std::make_shared<store_question>(std::move(answer));
  bool closed = false;
  {
    const std::lock_guard lock(mutex_);
    closed = closed_;
    asked_ = event->store_question;
  }
  if (closed)
    event->store_question->reply_or_drop(shut_down());
  else
    queue_->push(std::move(event));
}

std::shared_ptr<store_question> store_desk::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  return asked_.lock();
}

void store_desk::stop() noexcept {
  try {
    if (const auto asked = close()) asked->reply_or_drop(shut_down());
  } catch (...) {
    let_go();
  }
}

void store_desk::let_go() noexcept {
  if (const auto asked = close()) asked->drop();
}

}  // namespace pgrant::capi
