#include "connection/pipeline_fsm.hpp"

#include <utility>

#include "connection/execute_fsm.hpp"
#include "connection/server_error.hpp"

namespace pgrant::detail {

pipeline_fsm::pipeline_fsm(pq& link, batch what, pipeline_budget budget, prepared_statements* keep)
    : link_(&link), what_(std::move(what)), budget_(budget), keep_(keep), answers_(what_.size()) {}

wait_for pipeline_fsm::resume(readiness ready) {
  if (state_ == state::done) return wait_for::nothing;
  if (state_ == state::starting) {
    state_ = state::running;
    link_->take_notices();  // what came while the connection was idle belongs to no statement
    if (what_.empty()) return stop(std::nullopt);
    if (!link_->enter_pipeline()) {
      refused_ = send_failure(*link_);
      return stop(refused_);
    }
  }
  // When consume fails, libpq still holds the answers that had arrived, and then says what broke.
  if (ready.readable) link_->consume();
  for (;;) {
    if (!send_more()) return stop(send_failure(*link_));
    // While bytes are left to send, reading goes on: a server that cannot get rid of its answers
    // stops reading, and both sides would wait for ever.
    const bool pending = link_->flush() == flush_state::pending;
    const std::size_t unanswered = expected_.size();
    if (!read_all()) return stop(lost_);
    if (expected_.empty() && sent_ == what_.size()) return stop(std::nullopt);
    if (expected_.size() < unanswered) continue;  // there is room to send again
    return pending ? wait_for::read_write : wait_for::read;
  }
}

bool pipeline_fsm::may_send(const statement& next) const noexcept {
  if (expected_.empty()) return true;
  return expected_.size() < budget_.statements && bytes_ahead_ + next.wire_size() <= budget_.bytes;
}

bool pipeline_fsm::send_more() {
  while (sent_ < what_.size() && may_send(what_[sent_])) {
    if (!send_next()) return false;
    bytes_ahead_ += what_[sent_].wire_size();
    expected_.push_back({sent_, asked::execution});
    flush_requested_ = false;
    if (what_.ends_group(sent_)) {
      if (!link_->sync()) return false;
      expected_.push_back({sent_, asked::sync});
      flush_requested_ = true;
    }
    ++sent_;
  }
  // A server keeps its answers until a sync or until it is asked: with the budget used up in the
  // middle of a group it would wait for us, and we for it.
  if (flush_requested_) return true;
  flush_requested_ = true;
  return link_->request_flush();
}

bool pipeline_fsm::send_next() {
  const statement& next = what_[sent_];
  const auto use = keep_ ? keep_->next(next) : prepared_statements::use();
  if (!use.name) return link_->send(next);
  if (use.prepare_first) {
    if (!link_->prepare(*use.name, next)) return false;
    expected_.push_back({sent_, asked::preparation});
  }
  return link_->send_prepared(*use.name, next);
}

bool pipeline_fsm::read_all() {
  while (!expected_.empty() && !link_->busy()) {
    std::optional<answer> next = link_->next();
    empty_answers_ = next ? 0 : empty_answers_ + 1;
    if (next) {
      keep(std::move(*next));
    } else if (!expected_.front().is_sync() && expected_.front().answered) {
      finish_statement();
    } else if (!link_->alive()) {
      // A broken link gives no answers for ever; the sync that is waited for never comes.
      if (!lost_) lost_ = lost_error(link_->last_error());
    } else if (empty_answers_ > 2) {  // one may end an error that came in place of a sync
      lost_ = protocol_error();
    }
    if (lost_) return false;
  }
  return true;
}

void pipeline_fsm::keep(answer next) {
  expected& front = expected_.front();
  if (next.fatal) {
    lost_ = lost_error(next.failure.value_or(protocol_error()));
    return;
  }
  front.answered = true;
  if (front.what == asked::preparation) note_preparation(next.what);
  switch (next.what) {
    case answer::kind::sync:
      if (front.is_sync()) return finish_group();
      break;
    case answer::kind::failure:
      if (!next.failure) break;
      // At a sync it is the commit of the implicit transaction that failed: a deferred constraint.
      group_failure_ = group_failure_.value_or(*next.failure);
      if (front.is_sync()) return settle(confirmed_, front.statement + 1, *next.failure);
      answers_[front.statement] = *next.failure;
      return;
    case answer::kind::skipped:
      if (front.is_sync()) break;
      // The execution of what could not be prepared fails for the same reason.
      if (!answers_[front.statement])
        answers_[front.statement] = skipped_error(group_failure_.value_or(protocol_error()));
      return;
    case answer::kind::rows:
      if (front.is_sync()) break;
      if (front.what == asked::preparation) return;
      answers_[front.statement] = rows(std::move(next.result), link_->take_notices());
      return;
    case answer::kind::copy:
      lost_ = copy_error();
      return;
  }
  lost_ = protocol_error();
}

void pipeline_fsm::note_preparation(answer::kind outcome) {
  const statement& what = what_[expected_.front().statement];
  if (outcome == answer::kind::rows) return keep_->prepared(what);
  if (outcome == answer::kind::failure) return keep_->failed(what);
  keep_->skipped(what);
}

void pipeline_fsm::finish_statement() {
  const expected& done = expected_.front();
  if (done.what == asked::execution) bytes_ahead_ -= what_[done.statement].wire_size();
  expected_.pop_front();
}

void pipeline_fsm::finish_group() {
  confirmed_ = expected_.front().statement + 1;
  group_failure_.reset();
  expected_.pop_front();
}

wait_for pipeline_fsm::stop(const std::optional<pgrant::error>& why) {
  state_ = state::done;
  if (why) {
    lost_ = why;
    stuck_ = true;
  } else if (!what_.empty()) {
    stuck_ = !link_->exit_pipeline();
  }
  return wait_for::nothing;
}

void pipeline_fsm::settle(std::size_t from, std::size_t to, const pgrant::error& why) {
  for (std::size_t i = from; i < to; ++i) {
    // A failure that the server reported says more than the loss that came after it.
    if (!answers_[i] || *answers_[i]) answers_[i] = why;
  }
}

result<batch_result> pipeline_fsm::take(std::optional<pgrant::error> why) {
  if (refused_) return *refused_;
  if (why && !started()) return *why;
  // Also a statement that was answered: while its group has not ended, it is not committed.
  settle(confirmed_, what_.size(), why.value_or(lost_.value_or(protocol_error())));
  std::vector<result<rows>> all;
  all.reserve(answers_.size());
  for (auto& each : answers_) all.push_back(std::move(*each));
  return batch_result(std::move(all));
}

}  // namespace pgrant::detail
