// What the tests of connections share: specs and open connections to the tests' servers.
#pragma once

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <string>
#include <string_view>

#include "pgrant/connection.hpp"
#include "support/psql.hpp"
#include "support/servers.hpp"
#include "support/wait.hpp"

namespace test {

inline pgrant::connection_spec spec_of(std::string_view conninfo) {
  auto spec = pgrant::connection_spec::parse(conninfo);
  REQUIRE_MESSAGE(spec.has_value(), spec.error().describe());
  return spec.value();
}

/// As the administrator with a password over verified TLS.
inline pgrant::connection_spec tls_spec(const server& where,
                                        std::string_view database = "postgres") {
  return spec_of(where.conninfo(database, where.admin()));
}

/// As the superuser through the socket, where nobody asks for a password.
inline pgrant::connection_spec socket_spec(const server& where,
                                           std::string_view database = "postgres") {
  pgrant::connection_spec spec;
  spec.host(where.socket_directory()).port(where.port()).user(where.superuser());
  spec.database(std::string(database));
  return spec;
}

inline pgrant::connect_options password_options(const server& where) {
  return pgrant::connect_options().password(pgrant::secret(where.admin_password()));
}

/// An open connection over TLS.
inline pgrant::connection connected(boost::asio::io_context& context, const server& where) {
  pgrant::connection made(context.get_executor());
  const auto outcome =
      test::wait(context, made.async_connect(tls_spec(where), password_options(where)));
  REQUIRE_MESSAGE(outcome.has_value(), outcome.error().describe());
  return made;
}

/// An open connection of the superuser.
inline pgrant::connection connected_locally(boost::asio::io_context& context, const server& where) {
  pgrant::connection made(context.get_executor());
  const auto outcome =
      test::wait(context, made.async_connect(socket_spec(where), pgrant::connect_options()));
  REQUIRE_MESSAGE(outcome.has_value(), outcome.error().describe());
  return made;
}

/// The only value of a statement that has to succeed.
inline std::string value_of(boost::asio::io_context& context, pgrant::connection& link,
                            pgrant::statement what) {
  const auto answer = test::wait(context, link.async_execute(std::move(what)));
  REQUIRE_MESSAGE(answer.has_value(), answer.error().describe());
  REQUIRE(answer.value().size() == 1);
  return answer.value().at(0, 0).str();
}

}  // namespace test
