// Connects to where nothing listens, and reports the error as a host program would.
#include <pgrant/connection.hpp>

#include <boost/asio/io_context.hpp>
#include <cstdio>

int main() {
  auto spec =
      pgrant::connection_spec::parse("host=127.0.0.1 port=1 sslmode=disable dbname=x user=x");
  if (!spec) return std::puts(spec.error().describe().c_str()), 1;
  boost::asio::io_context context;
  pgrant::connection connection(context.get_executor());
  bool refused = false;
  connection.async_connect(std::move(spec).value(), pgrant::connect_options(),
                           [&](pgrant::result<void> outcome) {
                             refused = !outcome && outcome.error().code() == pgrant::errc::connect;
                             if (!outcome) std::puts(outcome.error().describe().c_str());
                           });
  context.run();
  return refused ? 0 : 1;
}
