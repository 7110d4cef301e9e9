#include <boost/asio/append.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include "client/client_impl.hpp"
#include "pgrant/secret_source.hpp"

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

void resolving_connector::open(std::string database, opened done) {
  auto found = resolve(spec_.secret_source());
  if (!found) {
    result<std::shared_ptr<connection>> refusal = found.error();
    boost::asio::post(executor_, boost::asio::append(std::move(done), std::move(refusal)));
    return;
  }
  connection_spec spec = spec_;
  connect_options options = options_;
  if (spec.user().empty()) spec.user(found.assume_value().user);
  if (!found.assume_value().password.empty())
    options.password(std::move(found.assume_value().password));
  direct_connector(executor_, std::move(spec), std::move(options))
      .open(std::move(database), std::move(done));
}

}  // namespace pgrant::detail
