// From the command line to a client of the facade.
#pragma once

#include <boost/asio/io_context.hpp>
#include <string>

#include "command/arguments.hpp"
#include "pgrant/client.hpp"
#include "pgrant/wait.hpp"

namespace pgrant::command {

/// A client and what runs it.
class session {
 public:
  /// The spec of --dsn or PGRANT_DSN, with its password: of the file `password_file`, else of the
  /// DSN's secret, else of a prompt if there is a terminal and the server is not on a Unix-domain
  /// socket. Fails with `invalid_argument` if there is no DSN, it does not pass `validate`, or one
  /// given as an argument holds a password.
  static result<session> open(const arguments& given, const std::string& password_file);

  pgrant::client& client() noexcept { return *client_; }
  template <class Operation>
  auto run(Operation&& operation) {
    return wait(*context_, std::forward<Operation>(operation));
  }

 private:
  session() = default;

  std::unique_ptr<boost::asio::io_context> context_;
  std::unique_ptr<pgrant::client> client_;
};

/// The content of a file that holds a secret.
result<secret> read_secret_file(const std::string& path, std::string_view what);

}  // namespace pgrant::command
