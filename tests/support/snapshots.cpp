#include "support/snapshots.hpp"

#include "support/wait.hpp"

namespace test {

std::shared_ptr<pgrant::direct_connector> socket_connector(boost::asio::any_io_executor executor,
                                                           const server& where, std::string user) {
  pgrant::connection_spec spec;
  spec.host(where.socket_directory()).port(where.port()).user(std::move(user));
  spec.ssl_mode(pgrant::ssl_mode::disable);
  return std::make_shared<pgrant::direct_connector>(std::move(executor), std::move(spec),
                                                    pgrant::connect_options());
}

pgrant::snapshot take_snapshot(const server& where, const std::string& user,
                               pgrant::inspect_options options) {
  boost::asio::io_context context;
  auto connector = socket_connector(context.get_executor(), where, user);
  auto taken = test::wait(context, pgrant::async_inspect(connector, std::move(options)));
  if (!taken) FAIL("no snapshot of " << where.label() << ": " << taken.error().describe());
  return std::move(taken).assume_value();
}

pgrant::snapshot take_snapshot(const server& where) {
  return take_snapshot(where, where.superuser());
}

}  // namespace test
