// Grants a bundle for ten minutes, shows how to log in, and takes it back.
//   first_program "host=… user=apono_connector secret=file:/run/secrets/pgrant" sales-read
#include <pgrant/client.hpp>
#include <pgrant/wait.hpp>

#include <boost/asio/io_context.hpp>
#include <iostream>

pgrant::result<void> run(const char* where, const char* bundle) {
  BOOST_OUTCOME_TRY(auto spec, pgrant::connection_spec::parse(where));
  boost::asio::io_context context;
  pgrant::client client(context.get_executor(), spec);

  BOOST_OUTCOME_TRY(auto report, pgrant::wait(context, client.async_check()));
  std::cout << "PostgreSQL " << report.server_version_text << ", "
            << (report.tls ? report.tls->protocol : "not encrypted") << '\n';

  auto request = pgrant::grant_request(bundle)
                     .to("ada")
                     .lasting(std::chrono::minutes(10))
                     .because("look at yesterday's orders");
  BOOST_OUTCOME_TRY(auto granted, pgrant::wait(context, client.async_grant(request)));
  std::cout << "lease " << granted.lease.id << " for " << granted.credentials->user << '\n';

  BOOST_OUTCOME_TRY(auto end, pgrant::wait(context, client.async_revoke(granted.lease.id)));
  std::cout << to_string(end.lease.state) << '\n';
  return pgrant::success();
}

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: first_program CONNECTION BUNDLE\n", 2;
  const auto done = run(argv[1], argv[2]);
  if (!done) return std::cerr << done.error().describe() << '\n', 1;
  return 0;
}
