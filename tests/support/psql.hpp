// What the server itself says, asked with plain libpq: the oracle of the tests, independent of
// pgrant's own connections.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/servers.hpp"

namespace test {

/// Rows of texts; NULL is "<null>".
using table = std::vector<std::vector<std::string>>;

/// Runs SQL (one statement or several in one go) as `user` through the server's socket, where
/// everybody is trusted, and gives the last statement's rows. An error fails the test, with the
/// server's message.
table psql(const server& where, std::string_view database, std::string_view user,
           std::string_view sql);
/// The same as the bootstrap superuser.
table psql(const server& where, std::string_view database, std::string_view sql);

/// One value: the first column of the only row.
std::string psql_value(const server& where, std::string_view database, std::string_view sql);

/// The SQLSTATE that `sql` fails with as `user`, or "00000"; 01007 and 01006 if nothing failed but
/// the server warned so. A refused login has the SQLSTATE of the refusal.
std::string psql_state(const server& where, std::string_view database, std::string_view user,
                       std::string_view sql);

/// The SQLSTATE of a login over TLS with a password, as anybody from outside would: "00000" when it
/// succeeds. "08000" when the server gave none.
std::string login_state(const server& where, std::string_view database, std::string_view user,
                        std::string_view password);

/// The same without TLS: "28000", because the servers refuse it.
std::string plain_login_state(const server& where, std::string_view user,
                              std::string_view password);

/// A session that stays open: what a grantee holds on to.
class session {
 public:
  session(const server& where, std::string_view database, std::string_view user);
  /// Over TLS with a password.
  session(const server& where, std::string_view database, std::string_view user,
          std::string_view password);
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session();

  table run(std::string_view sql);
  /// As `psql_state`; "57P01" or "08006" when the server has ended the session.
  std::string state(std::string_view sql);
  int backend_pid() const;

 private:
  void* connection_;
};

}  // namespace test
