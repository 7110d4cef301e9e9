#include "connection/connection_impl.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <utility>

#include "connection/server_error.hpp"

namespace pgrant::detail {
namespace {

pgrant::error ended_early(errc code, std::string_view message, bool was_sent) {
  pgrant::error why(code, std::string(message));
  if (!was_sent) return why.with_advice(retry::again);
  return why.with_hint("what was sent may or may not have been done: look before you repeat it")
      .with_advice(retry::reconnect);
}

/// Adding the largest duration to the present would overflow.
std::chrono::milliseconds within_clock(std::chrono::milliseconds limit) {
  return std::min<std::chrono::milliseconds>(limit, std::chrono::hours(24 * 365));
}

}  // namespace

connection_impl::connection_impl(boost::asio::any_io_executor executor)
    : executor_(std::move(executor)),
      strand_(boost::asio::make_strand(executor_)),
      socket_(strand_),
      deadline_(strand_),
      attempt_deadline_(strand_),
      resolver_(strand_),
      link_(make_libpq()) {}

std::optional<pgrant::error> connection_impl::refusal(bool connects) const {
  if (current_) return busy_error();
  if (connects && is_open()) {
    return pgrant::error(errc::conflict, "the connection is open already")
        .with_hint("close it first, or use another one");
  }
  if (!connects && (!is_open() || !link_->alive())) return not_connected_error();
  if (!connects && process_ != getpid()) {
    return pgrant::error(errc::closed, "the connection was made before a fork")
        .with_hint("connect again in the child process")
        .with_advice(retry::reconnect);
  }
  return std::nullopt;
}

std::uint64_t connection_impl::watch_for_cancellation(boost::asio::cancellation_slot slot) {
  const std::uint64_t id = next_id_++;
  if (!slot.is_connected()) return id;
  slot.assign([self = weak_from_this(), id](boost::asio::cancellation_type type) {
    if (const auto alive = self.lock()) {
      boost::asio::post(alive->strand_, [alive, id, type] { alive->cancelled(id, type); });
    }
  });
  return id;
}

template <class T, class Make>
void connection_impl::start(std::uint64_t id, const std::shared_ptr<delivery<T>>& to, bool connects,
                            Make make) {
  starter go = [id, to, connects, make = std::move(make)](connection_impl& self) mutable {
    if (const auto why = self.refusal(connects)) return to->deliver(*why);
    result<std::unique_ptr<task>> next = make(self, *to);
    if (!next) return to->deliver(next.error());
    self.begin(std::move(next.assume_value()), id);
  };
  boost::asio::post(strand_, [self = shared_from_this(), go = std::move(go)]() mutable {
    // A cancel request that is still on its way would hit the wrong statement.
    if (self->cancel_requests_ > 0 && !self->current_) {
      self->held_.push_back(std::move(go));
    } else {
      go(*self);
    }
  });
}

void connection_impl::connect(connection_spec spec, connect_options options, delivery<void> to) {
  const auto id = watch_for_cancellation(to.slot());
  start(id, std::make_shared<delivery<void>>(std::move(to)), true,
        [spec = std::move(spec), options = std::move(options)](
            connection_impl& self, delivery<void>& handler) -> result<std::unique_ptr<task>> {
          BOOST_OUTCOME_TRY(auto target, make_target(spec, options));
          self.spec_ = spec;
          self.options_ = options;
          return std::make_unique<connect_task>(*self.link_, std::move(target), options,
                                                std::move(handler));
        });
}

void connection_impl::execute(statement what, execute_options options, delivery<rows> to) {
  const auto id = watch_for_cancellation(to.slot());
  start(
      id, std::make_shared<delivery<rows>>(std::move(to)), false,
      [what = std::move(what), options](
          connection_impl& self, delivery<rows>& handler) mutable -> result<std::unique_ptr<task>> {
        BOOST_OUTCOME_TRY(check_statement(what));
        return std::make_unique<execute_task>(execute_fsm(*self.link_, std::move(what)),
                                              options.timeout(), std::move(handler));
      });
}

void connection_impl::execute_batch(batch what, execute_options options,
                                    delivery<batch_result> to) {
  const auto id = watch_for_cancellation(to.slot());
  start(id, std::make_shared<delivery<batch_result>>(std::move(to)), false,
        [what = std::move(what), options](
            connection_impl& self,
            delivery<batch_result>& handler) mutable -> result<std::unique_ptr<task>> {
          for (std::size_t i = 0; i < what.size(); ++i) {
            const auto fits = check_statement(what[i]);
            if (!fits) return fits.error().within("statement " + std::to_string(i + 1));
          }
          const bool keeps = options.keep_prepared() && !self.facts_.pooler;
          return std::make_unique<batch_task>(
              pipeline_fsm(*self.link_, std::move(what), pipeline_budget(),
                           keeps ? &self.prepared_ : nullptr),
              options.timeout(), std::move(handler));
        });
}

void connection_impl::begin(std::unique_ptr<task> next, std::uint64_t id) {
  current_ = std::move(next);
  current_id_ = id;
  if (current_->connects()) {
    process_ = getpid();
    attempt_ = 0;
  }
  transaction_ = transaction_status::active;
  deadline_.expires_after(within_clock(current_->limit()));
  deadline_.async_wait([self = shared_from_this(), id](boost::system::error_code why) {
    if (why || self->current_id_ != id || !self->current_) return;
    const bool sent = self->current_->started();
    self->finish(ended_early(errc::timeout, "the operation's time limit has passed", sent));
  });
  carry_out(current_->begin());
}

void connection_impl::carry_out(task::action next) {
  switch (next.what) {
    case task::action::kind::done:
      return finish(std::nullopt);
    case task::action::kind::resolve:
      return resolve();
    case task::action::kind::wait:
      return wait(next.ready);
  }
}

void connection_impl::resolve() {
  // getaddrinfo runs on a thread of Asio's and cannot be stopped: a late answer is dropped.
  const server_address& server = static_cast<connect_task&>(*current_).fsm().server();
  resolver_.async_resolve(
      server.host, std::to_string(server.port),
      [self = shared_from_this(), turn = ++turn_](
          boost::system::error_code why,
          const boost::asio::ip::tcp::resolver::results_type& found) {
        if (turn != self->turn_ || !self->current_) return;
        std::vector<std::string> addresses;
        for (const auto& each : found) {
          std::string address = each.endpoint().address().to_string();
          if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
            addresses.push_back(std::move(address));
          }
        }
        auto& fsm = static_cast<connect_task&>(*self->current_).fsm();
        self->carry_out(fsm.resolved(std::move(addresses), why.message()));
      });
}

/// libpq closes and reopens its socket while it connects, mostly under the same number, and closes
/// it when the link breaks. Asio would go on watching a number that may be somebody else's by then.
/// So Asio watches a duplicate of our own, a fresh one for each step of connecting.
bool connection_impl::duplicate_socket() {
  boost::system::error_code ignored;
  if (socket_.is_open()) socket_.close(ignored);
  const int copy = fcntl(link_->socket(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return false;
  boost::system::error_code failed;
  socket_.assign(copy, failed);
  if (failed) ::close(copy);
  return !failed;
}

void connection_impl::wait(wait_for what) {
  const bool connecting = current_->connects();
  if ((connecting || !socket_.is_open()) && !duplicate_socket()) {
    return finish(pgrant::error(errc::connect, "the socket cannot be watched")
                      .with_hint("the process may have reached its limit of open files"));
  }
  if (connecting) {
    auto& connect = static_cast<connect_task&>(*current_);
    if (attempt_ != connect.fsm().attempt()) {
      attempt_ = connect.fsm().attempt();
      attempt_deadline_.expires_after(within_clock(connect.attempt_limit()));
      attempt_deadline_.async_wait([self = shared_from_this(), attempt = attempt_,
                                    id = current_id_](boost::system::error_code why) {
        if (why || self->current_id_ != id || !self->current_) return;
        auto& fsm = static_cast<connect_task&>(*self->current_).fsm();
        if (attempt == fsm.attempt()) self->carry_out(fsm.attempt_timed_out());
      });
    }
  }
  // Two waits at once when reading and writing: the first one that wakes takes the turn, and the
  // other's handler, which may be queued by then, finds that it is not its turn any more.
  const std::uint64_t turn = ++turn_;
  if (what != wait_for::write) {
    socket_.async_wait(socket_.wait_read,
                       [self = shared_from_this(), turn](boost::system::error_code) {
                         self->woke(turn, {.readable = true});
                       });
  }
  if (what != wait_for::read) {
    socket_.async_wait(socket_.wait_write,
                       [self = shared_from_this(), turn](boost::system::error_code) {
                         self->woke(turn, {.writable = true});
                       });
  }
}

void connection_impl::woke(std::uint64_t turn, readiness what) {
  // An error of the wait is no other case: libpq finds out by itself and says it better.
  if (turn != turn_ || !current_) return;
  ++turn_;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
  carry_out(current_->ready(what));
}

void connection_impl::finish(std::optional<pgrant::error> why) {
  ++turn_;
  boost::system::error_code ignored;
  if (socket_.is_open()) socket_.cancel(ignored);
  deadline_.cancel();
  attempt_deadline_.cancel();
  resolver_.cancel();
  const std::unique_ptr<task> done = std::move(current_);
  const bool usable = !why && done->reusable() && link_->alive();
  if (usable && done->connects()) remember(static_cast<connect_task&>(*done).fsm());
  done->settle(std::move(why));
  if (usable) {
    transaction_ = link_->transaction();
  } else {
    shut();
  }
  done->deliver();
}

void connect_task::settle(std::optional<pgrant::error> why) {
  if (!why) {
    outcome_.emplace(fsm_.take());
    return;
  }
  if (why->code() == errc::timeout) {
    why = why->with_hint("give it more time, or check the server's address and firewalls between")
              .with_advice(retry::reconnect);
    // What the attempts met until then says more than the limit.
    if (fsm_.failure()) why = why->with_detail(fsm_.failure()->describe());
  }
  outcome_.emplace(why->within("connecting").with_object(describe(fsm_.server(), fsm_.address())));
}

void connection_impl::remember(connect_fsm& fsm) {
  facts_ = fsm.facts();
  prepared_ = {};
  user_ = fsm.target().user;
  database_ = fsm.target().database;
  host_ = fsm.server().host;
  address_ = fsm.address();
  open_ = true;
}

void connection_impl::shut() {
  open_ = false;
  transaction_ = transaction_status::none;
  boost::system::error_code ignored;
  if (socket_.is_open()) socket_.close(ignored);  // before libpq's, so that its FIN goes out
  link_->abandon();
}

bool connection_impl::silent() noexcept {
  pollfd socket{link_->socket(), POLLIN, 0};
  return ::poll(&socket, 1, 0) == 0;
}

void connection_impl::cancelled(std::uint64_t id, boost::asio::cancellation_type type) {
  if (!current_ || current_id_ != id) return;
  const bool terminal =
      (type & boost::asio::cancellation_type::terminal) != boost::asio::cancellation_type::none;
  if (!terminal && current_->started()) return;
  const bool sent = current_->started();
  finish(ended_early(errc::cancelled, "the operation was cancelled", sent));
}

void connection_impl::close() {
  boost::asio::dispatch(strand_, [self = shared_from_this()] {
    if (self->current_) {
      const bool sent = self->current_->started();
      self->finish(ended_early(errc::cancelled, "the connection was closed", sent));
    }
    self->shut();
  });
}

void connection_impl::close(delivery<void> to) {
  close();
  boost::asio::post(strand_, [self = shared_from_this(), to = std::move(to)]() mutable {
    to.deliver(success());
  });
}

}  // namespace pgrant::detail
