#include "connection/connect_fsm.hpp"

#include <algorithm>
#include <utility>

#include "connection/connect_text.hpp"
#include "connection/server_error.hpp"

namespace pgrant::detail {

namespace {

// On a busy machine the server often runs before libpq looks for its answer, several times in a
// row.
constexpr int most_repeats = 10;

/// libpq's TLS session came and failed within one call, because the server's answer was there at
/// once; so nobody could see what became of it. Another try shows it.
bool ended_unseen(const connect_failure& why) noexcept {
  return why.where == connect_failure::phase::tls_request && why.tls_answer == 'S' && !why.state;
}

}  // namespace

connect_fsm::connect_fsm(pq& link, connect_target target)
    : link_(&link), target_(std::move(target)) {}

connect_fsm::action connect_fsm::begin() {
  // As libpq does, only that it sees all hosts at once: first look for a standby everywhere.
  prefers_standby_ = target_.session_attributes == "prefer-standby";
  if (prefers_standby_) target_.session_attributes = "standby";
  server_ = 0;
  return next_server();
}

connect_fsm::action connect_fsm::next_server() {
  if (server_ == target_.servers.size()) {
    if (!prefers_standby_) return {};
    prefers_standby_ = false;
    target_.session_attributes = "any";
    server_ = 0;
  }
  const server_address& here = server();
  if (!here.address.empty()) return resolved({here.address}, "");
  if (here.is_socket_directory()) return resolved({""}, "");
  return {action::kind::resolve};
}

connect_fsm::action connect_fsm::resolved(std::vector<std::string> addresses,
                                          const std::string& why) {
  addresses_ = std::move(addresses);
  std::reverse(addresses_.begin(), addresses_.end());
  if (addresses_.empty()) return fail(resolve_error(server(), why), true);
  return next_address();
}

connect_fsm::action connect_fsm::next_address() {
  if (addresses_.empty()) {
    ++server_;
    return next_server();
  }
  address_ = std::move(addresses_.back());
  addresses_.pop_back();
  ++attempt_;
  link_->start(make_parameters(target_, server(), address_, target_.session_attributes));
  // The documentation of PQconnectPoll: begin as if it had asked for writing.
  if (link_->socket() < 0) return poll();
  return {action::kind::wait, wait_for::write};
}

connect_fsm::action connect_fsm::ready(readiness what) {
  return session_ ? set_up(what) : poll();
}

connect_fsm::action connect_fsm::poll() {
  switch (link_->poll()) {
    case poll_state::reading:
      return {action::kind::wait, wait_for::read};
    case poll_state::writing:
      return {action::kind::wait, wait_for::write};
    case poll_state::connected:
      break;
    case poll_state::failed: {
      const connect_failure why = link_->failure();
      if (ended_unseen(why) && repeats_++ < most_repeats) {
        link_->abandon();
        addresses_.push_back(address_);
        return next_address();
      }
      return fail(connect_error(why, target_, server(), address_), worth_another(why));
    }
  }
  facts_ = link_->facts();
  if (facts_.tls) facts_.tls->name_verified = target_.mode == ssl_mode::verify_full;
  session_.emplace(*link_, session_statement(target_.session, facts_.server_version));
  return set_up({});
}

connect_fsm::action connect_fsm::set_up(readiness what) {
  const wait_for next = session_->resume(what);
  if (next != wait_for::nothing) return {action::kind::wait, next};
  const result<rows> done = session_->take();
  session_.reset();
  if (!done) {
    const pgrant::error& why = done.error();
    if (why.code() != errc::closed) {
      return fail(why.within("the session could not be set up"), false);
    }
    // Nothing was asked for yet, so nothing has an unknown outcome.
    return fail(pgrant::error(errc::connect, "the connection broke while the session was set up")
                    .with_state(why.state())
                    .with_detail(why.detail())
                    .with_advice(retry::reconnect),
                true);
  }
  // A pooler between gives a process id of its own making; the server's is the one that counts.
  const auto pid = done.assume_value().at(0, 0).int64();
  if (!pid) return fail(pid.error(), false);
  facts_.pooler = facts_.backend_pid != pid.assume_value();
  facts_.backend_pid = static_cast<int>(pid.assume_value());
  connected_ = true;
  return {};
}

connect_fsm::action connect_fsm::attempt_timed_out() {
  return fail(attempt_timeout_error(link_->failure(), server(), address_), true);
}

connect_fsm::action connect_fsm::fail(const pgrant::error& why, bool worth_another) {
  session_.reset();
  link_->abandon();
  // A server that was reached and said no tells more than one that was not.
  const bool reached = why.code() != errc::connect && why.code() != errc::timeout;
  if (!best_ || reached || !best_was_reached_) best_ = why;
  best_was_reached_ |= reached;
  if (!worth_another) return {};
  return next_address();
}

result<void> connect_fsm::take() const {
  if (connected_) return success();
  return best_.value_or(pgrant::error(errc::connect, "there is no server to connect to"));
}

statement session_statement(const session_settings& wanted, int server_version) {
  // Qualified, because the search path is what it is about to set. No settings through "options":
  // poolers refuse that keyword.
  sql_text text(
      "SELECT pg_catalog.pg_backend_pid()"
      ", pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false)"
      ", pg_catalog.set_config('client_encoding', 'UTF8', false)"
      ", pg_catalog.set_config('standard_conforming_strings', 'on', false)"
      ", pg_catalog.set_config('DateStyle', 'ISO', false)"
      ", pg_catalog.set_config('TimeZone', 'UTC', false)"
      ", pg_catalog.set_config('lock_timeout', $1, false)"
      ", pg_catalog.set_config('statement_timeout', $2, false)"
      ", pg_catalog.set_config('idle_in_transaction_session_timeout', $3, false)"
      ", pg_catalog.set_config('application_name', $4, false)");
  // Else the creator of a role becomes a member of it by the administrator's default.
  if (server_version >= 160'000) {
    text.raw(", pg_catalog.set_config('createrole_self_grant', '', false)");
  }
  const auto milliseconds = [](std::chrono::milliseconds t) { return std::to_string(t.count()); };
  return statement(std::move(text))
      .bind(milliseconds(wanted.lock_timeout()))
      .bind(milliseconds(wanted.statement_timeout()))
      .bind(milliseconds(wanted.idle_in_transaction_timeout()))
      .bind(wanted.application_name());
}

}  // namespace pgrant::detail
