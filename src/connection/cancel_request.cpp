// Stopping a running statement from outside.
//
// libpq up to 16 sends cancel requests in clear text and blocks while it does. A second connection
// with the same credentials and the same TLS that calls pg_cancel_backend needs neither, with any
// libpq; a login may always cancel its own sessions.

#include <boost/asio/post.hpp>
#include <utility>

#include "connection/connection_impl.hpp"
#include "connection/server_error.hpp"

namespace pgrant::detail {

void connection_impl::cancel_statement(delivery<void> to) {
  boost::asio::post(strand_, [self = shared_from_this(), to = std::move(to)]() mutable {
    if (!self->current_) return to.deliver(success());  // nothing runs any more
    if (self->current_->connects()) {
      return to.deliver(pgrant::error(errc::conflict, "the connection is not established yet")
                            .with_hint("cancel the connecting itself, or close"));
    }
    self->send_cancel_request(std::move(to));
  });
}

void connection_impl::send_cancel_request(delivery<void> to) {
  ++cancel_requests_;
  const auto side = std::make_shared<connection_impl>(executor_);
  const auto answer = std::make_shared<delivery<void>>(std::move(to));
  // Ends on our strand, whatever happened.
  const auto done = [self = shared_from_this(), side, answer](result<void> outcome) {
    side->close();
    boost::asio::post(self->strand_, [self, answer, outcome = std::move(outcome)] {
      --self->cancel_requests_;
      answer->deliver(outcome);
      if (self->cancel_requests_ == 0) self->release_held();
    });
  };
  const auto ask = [side, done, pid = facts_.backend_pid](result<void> connected) {
    if (!connected) return done(connected.error().within("the cancel request was not delivered"));
    auto cancel = statement("SELECT pg_catalog.pg_cancel_backend($1)").bind(std::to_string(pid));
    const auto delivered = [done](result<rows> said) {
      if (said) return done(success());
      done(said.error().within("the cancel request was not delivered"));
    };
    side->execute(std::move(cancel), execute_options(),
                  delivery<rows>(completion<rows>(delivered), side->executor_));
  };
  side->connect(spec_, options_, delivery<void>(completion<void>(ask), executor_));
}

void connection_impl::release_held() {
  for (starter& go : std::exchange(held_, {})) go(*this);
}

}  // namespace pgrant::detail
