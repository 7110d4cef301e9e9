#include <boost/asio/append.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include "client/client_impl.hpp"

namespace pgrant::detail {

void pool_connector::open(std::string database, opened done) {
  // The pointer that is handed out keeps the loan alive, and ends it with itself.
  const auto slot = boost::asio::get_associated_cancellation_slot(done);
  auto hand_over = [done = std::move(done)](result<pooled_connection> loan) mutable {
    result<std::shared_ptr<connection>> given = loan ? error(errc::internal, "") : loan.error();
    if (loan) {
      auto kept = std::make_shared<pooled_connection>(std::move(loan).assume_value());
      connection* const raw = &**kept;
      given = std::shared_ptr<connection>(std::move(kept), raw);
    }
    boost::asio::dispatch(boost::asio::append(std::move(done), std::move(given)));
  };
  source_->async_acquire(std::move(database), options_,
                         boost::asio::bind_cancellation_slot(slot, std::move(hand_over)));
}

void refusing_connector::open(std::string, opened done) {
  result<std::shared_ptr<connection>> refusal = why_;
  boost::asio::post(executor_, boost::asio::append(std::move(done), std::move(refusal)));
}

void asking_connector::open(std::string database, opened done) {
  // A function that can be copied has to hold the handler, which cannot.
  const auto waiting = std::make_shared<opened>(std::move(done));
  auto go_on = [executor = executor_, spec = spec_, options = options_,
                database = std::move(database), waiting](result<resolved_secret> found) mutable {
    if (!found) {
      result<std::shared_ptr<connection>> refusal = found.error();
      boost::asio::post(executor, boost::asio::append(std::move(*waiting), std::move(refusal)));
      return;
    }
    resolved_secret& login = found.assume_value();
    if (spec.user().empty()) spec.user(std::move(login.user));
    if (!login.password.empty()) options.password(std::move(login.password));
    direct_connector(executor, std::move(spec), std::move(options))
        .open(std::move(database), std::move(*waiting));
  };
  source_(std::move(go_on));
}

}  // namespace pgrant::detail
