#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>

#include "pgrant/database_connector.hpp"

namespace pgrant {

direct_connector::direct_connector(boost::asio::any_io_executor executor, connection_spec spec,
                                   connect_options options)
    : executor_(std::move(executor)), spec_(std::move(spec)), options_(std::move(options)) {}

void direct_connector::open(std::string database, opened done) {
  connection_spec spec = spec_;
  if (!database.empty()) spec.database(std::move(database));
  auto opening = std::make_shared<connection>(executor_);
  const auto slot = boost::asio::get_associated_cancellation_slot(done);
  auto finish = [opening, executor = executor_,
                 done = std::move(done)](result<void> connected) mutable {
    result<std::shared_ptr<connection>> answer = opening;
    if (!connected) answer = connected.error();
    boost::asio::post(executor, boost::asio::append(std::move(done), std::move(answer)));
  };
  opening->async_connect(std::move(spec), options_,
                         boost::asio::bind_cancellation_slot(slot, std::move(finish)));
}

}  // namespace pgrant
