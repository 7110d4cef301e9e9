#include "question.hpp"
#include "text.hpp"

namespace capi = pgrant::capi;

namespace {

const char* const nobody_answered = "nobody gave the secret";
const char* const nobody_stored = "nobody answered for the store of secrets";

// What the event holds in `of` is answered with `given`; once.
template <class Question, class Answer>
void answer(std::shared_ptr<Question>& of, Answer given) {
  if (!of) capi::refuse_state("the event was answered before");
  const auto asked = std::move(of);
  asked->reply(std::move(given));
}

bool is_store(const pgrant_event& event) noexcept {
  return event.kind == PGRANT_EVENT_STORE;
}

}  // namespace

pgrant_event::~pgrant_event() {
  using pgrant::errc;
  try {
    if (secret_question) secret_question->reply(pgrant::error(errc::secret, nobody_answered));
    if (store_question) store_question->reply(pgrant::error(errc::secret, nobody_stored));
  } catch (...) {
    if (secret_question) secret_question->drop();
    if (store_question) store_question->drop();
  }
}

pgrant_status pgrant_event_reply(pgrant_event* event, const char* secret, size_t size,
                                 pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& to = capi::checked(event, "event");
    auto given = pgrant::secret::copy_of(capi::secret_in(secret, size, "secret"));
    if (is_store(to) && to.store_request == PGRANT_STORE_PENDING)
      return answer(to.store_question, std::optional<pgrant::secret>(std::move(given)));
    if (to.kind != PGRANT_EVENT_SECRET) capi::refuse_state("the event asks for no secret");
    answer(to.secret_question, std::move(given));
  });
}

pgrant_status pgrant_event_confirm(pgrant_event* event, pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& to = capi::checked(event, "event");
    if (!is_store(to)) capi::refuse_state("the event asks nothing of a store");
    answer(to.store_question, std::optional<pgrant::secret>());
  });
}

pgrant_status pgrant_event_refuse(pgrant_event* event, const char* reason, size_t size,
                                  pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& to = capi::checked(event, "event");
    std::string why(capi::text_in(reason, size, "reason"));
    if (why.empty()) why = is_store(to) ? nobody_stored : nobody_answered;
    pgrant::error refused(pgrant::errc::secret, std::move(why));
    if (is_store(to)) return answer(to.store_question, std::move(refused));
    if (to.kind != PGRANT_EVENT_SECRET) capi::refuse_state("the event asks for no secret");
    answer(to.secret_question, std::move(refused));
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

pgrant_store_request pgrant_event_store_request(const pgrant_event* event) {
  return capi::is_handle(event) ? event->store_request : 0;
}

const char* pgrant_event_secret(const pgrant_event* event) {
  return capi::is_handle(event) ? event->secret.reveal().data() : "";
}

void pgrant_event_destroy(pgrant_event* event) {
  if (capi::is_handle(event)) delete event;
}
