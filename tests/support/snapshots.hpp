// Snapshots of the tests' servers, read as pgrant itself reads them.
#pragma once

#include <memory>
#include <string>

#include "pgrant/inspector.hpp"
#include "support/servers.hpp"

namespace test {

/// Connections as `user` through the server's socket, where everybody is trusted.
std::shared_ptr<pgrant::direct_connector> socket_connector(boost::asio::any_io_executor executor,
                                                           const server& where, std::string user);

/// `async_inspect` as `user`, to its end. A failure fails the test.
pgrant::snapshot take_snapshot(const server& where, const std::string& user,
                               pgrant::inspect_options options = pgrant::inspect_options());
/// The same as the bootstrap superuser.
pgrant::snapshot take_snapshot(const server& where);

}  // namespace test
