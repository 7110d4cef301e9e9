// What the tests of hostile grantees share: a server on which everything that an attack needs is
// on, attackers that hold on to sockets, and an oracle that asks the server itself what is left.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "integration/lease_world.hpp"

namespace test {

/// A world on a server of its own, with prepared transactions; one for each version and shape. On
/// Azure's its connector has what an Azure administrator can give it, and is no superuser.
///
/// Beside "world-read" and "world-write" there is "world-create" (reads, writes, and creates
/// objects in schema world).
lease_world& attacked_world(int major, shape s = shape::azure);

/// `body(lease_world&)` on every version in Azure's shape, each as a subcase. Has to be the whole
/// of the test case.
template <class Body>
void for_each_attacked(Body body) {
  for (const int major : versions()) {
    const std::string label = "attacked PostgreSQL " + std::to_string(major);
    DOCTEST_SUBCASE(label.c_str()) {
      INFO(label);
      body(attacked_world(major));
    }
  }
}

/// The same, and on the oldest and the newest version with a superuser for a connector: for what a
/// superuser ends in another way.
template <class Body>
void for_each_attacked_shape(Body body) {
  for_each_attacked(body);
  for (const int major : {versions().front(), versions().back()}) {
    const std::string label = "attacked PostgreSQL " + std::to_string(major) + ", superuser";
    DOCTEST_SUBCASE(label.c_str()) {
      INFO(label);
      body(attacked_world(major, shape::superuser));
    }
    if (versions().size() == 1) break;
  }
}

/// Somebody with a lease.
struct attacker {
  std::string lease;  ///< Its id.
  std::string name;   ///< The role.
  std::string oid;
  std::string password;  ///< Empty for existing roles.
};

attacker attack_with(lease_world& world, pgrant::grant_request request);
/// "world-read", "world-write" or "world-create" for an ephemeral login.
attacker attack_with(lease_world& world, const std::string& bundle);
/// The same for an existing role.
attacker attack_as(lease_world& world, const std::string& bundle, const std::string& role);

/// What is left of an attacker, a line for each thing; empty if nothing. Of an existing role: what
/// it has beyond itself.
std::string left_of(lease_world& world, const attacker& who);

/// Ends the lease through the public API and expects it to be over, without anything left.
pgrant::lease_end end_of(lease_world& world, const attacker& who);
/// Ends it and expects it to be held for a reason that contains each of the texts. The access is
/// gone, and nobody can log in.
pgrant::lease_end held_end_of(lease_world& world, const attacker& who,
                              const std::vector<std::string>& reasons);
/// What was in the way is gone: the sweep that is due ends the lease.
void sweep_up(lease_world& world, const attacker& who);

/// A client that opens a connection at its own pace, with options of its choice.
class slow_client {
 public:
  /// `options`: as in PGOPTIONS. Through the socket, where everybody is trusted; with a password,
  /// over TLS.
  slow_client(const server& where, const std::string& database, const std::string& user,
              const std::string& options, const std::string& password = "");

  /// Goes on with the login for so long. True once it is connected.
  bool go_on(std::chrono::milliseconds time);
  /// Goes on until the server has asked for the password and has got the client's first message.
  void go_on_until_challenged();
  /// Goes on to the end, and then tries: the SQLSTATE of the refused login or of `sql`, "gone" if
  /// the server closed the connection.
  std::string outcome(const std::string& sql);

 private:
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_{nullptr, PQfinish};
  PostgresPollingStatusType next_ = PGRES_POLLING_WRITING;
};

/// The server has closed the connection, or does so at this statement.
bool is_shut_out(session& one, const std::string& sql = "SELECT FROM world.t");

/// Sessions as pg_stat_activity counts them.
int count_sessions(lease_world& world, const std::string& condition);

}  // namespace test
