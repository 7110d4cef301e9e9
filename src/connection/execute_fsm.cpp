#include "connection/execute_fsm.hpp"

#include <algorithm>
#include <utility>

#include "connection/server_error.hpp"

namespace pgrant::detail {

execute_fsm::execute_fsm(pq& link, statement what) : link_(&link), what_(std::move(what)) {}

wait_for execute_fsm::resume(readiness ready) {
  if (state_ == state::sending) {
    link_->take_notices();  // what came while the connection was idle belongs to no statement
    state_ = state::flushing;
    if (!link_->send(what_)) {
      failure_ = send_failure(*link_);
      state_ = state::done;
      return wait_for::nothing;
    }
  }
  if (state_ == state::flushing) {
    // A server that cannot get rid of its answers stops reading what is sent to it, so reading
    // goes on while bytes are left to send; else both sides would wait for ever.
    if (ready.readable) link_->consume();
    ready = {};
    if (link_->flush() == flush_state::pending) return wait_for::read_write;
    state_ = state::reading;
  }
  return state_ == state::reading ? read(ready) : wait_for::nothing;
}

wait_for execute_fsm::read(readiness ready) {
  // When consume fails, libpq still holds the answers that had arrived, and then says what broke.
  if (ready.readable) link_->consume();
  while (!link_->busy()) {
    std::optional<answer> next = link_->next();
    if (!next) {
      state_ = state::done;
      return wait_for::nothing;
    }
    keep(std::move(*next));
    if (state_ == state::done) return wait_for::nothing;
  }
  return wait_for::read;
}

void execute_fsm::keep(answer next) {
  switch (next.what) {
    case answer::kind::rows:
      answer_ = std::move(next.result);
      break;
    case answer::kind::copy:
      // Only the server knows how to leave this state: the connection is given up.
      failure_ = copy_error();
      stuck_ = true;
      state_ = state::done;
      break;
    default:
      // The first failure says why; a lost link adds one that only says that it is lost.
      if (failure_) break;
      failure_ = next.failure.value_or(protocol_error());
      if (next.fatal) failure_ = lost_error(*failure_);
      stuck_ = next.fatal;
  }
}

result<rows> execute_fsm::take(std::optional<pgrant::error> why) {
  if (why) return *why;
  if (failure_) return *failure_;
  if (!answer_) return link_->alive() ? protocol_error() : lost_error(link_->last_error());
  return rows(std::move(answer_), link_->take_notices());
}

pgrant::error send_failure(pq& link) {
  const pgrant::error why = link.last_error();
  return link.alive() ? why : lost_error(why);
}

result<void> check_statement(const statement& what) {
  const auto holds_nul = [](std::string_view text) { return text.find('\0') != text.npos; };
  if (holds_nul(what.text())) {
    return pgrant::error(errc::invalid_argument, "a statement holds a NUL byte")
        .with_hint("PostgreSQL's texts cannot hold NUL bytes");
  }
  const auto& parameters = what.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i] && holds_nul(*parameters[i])) {
      return pgrant::error(errc::invalid_argument, "a parameter of a statement holds a NUL byte")
          .with_field("$" + std::to_string(i + 1))
          .with_hint("PostgreSQL's texts cannot hold NUL bytes");
    }
  }
  constexpr std::size_t protocol_limit = 65'535;
  if (parameters.size() > protocol_limit) {
    return pgrant::error(errc::invalid_argument, "a statement has more than 65535 parameters")
        .with_hint("pass an array instead");
  }
  return success();
}

}  // namespace pgrant::detail
