// The second part of an end: nobody is left in the login's name, and the login goes.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lease/lease_engine.hpp"

namespace pgrant::detail {

struct prepared_transaction {
  std::string name;  ///< Its global identifier.
  std::string database;
};

/// The end of one login or existing role, on a connection of its own: every step commits at once.
/// The steps may be repeated, in any state that a crash has left. A step fails with what was in the
/// way until the time was up.
class login_end {
 public:
  login_end(lease_engine& engine, connection_ptr where, lease_executor us, std::string lease,
            std::string login, oid login_oid);

  /// The connector can act as the login from here on. Whether it may decides the server.
  lease_task<void> lend();
  lease_task<void> take_back();

  /// NOLOGIN, against sessions and prepared transactions that hold the role's row.
  lease_task<void> disable();
  /// NOLOGIN for a login, and the sessions of either kind, as far as one try gets.
  lease_task<void> make_room(grantee_kind kind);
  /// Ends the sessions that the catalog shows, and waits until there are none.
  lease_task<void> end_sessions();
  /// Ends backends that have authenticated as the login but that the catalog cannot name yet: a
  /// client may make a backend sleep there (post_auth_delay).
  lease_task<void> end_hidden_backends();
  /// Where the connector cannot act as the role: waits until every backend has a name, as all have
  /// but those that sleep on purpose.
  lease_task<void> insist_no_hidden_backends();
  /// Rolls back what the login has prepared, in the databases where that was.
  lease_task<void> end_prepared_transactions();
  lease_task<std::vector<prepared_transaction>> prepared_transactions();
  /// Only those that were prepared since then count; all, unless this is called.
  void only_prepared_since(server_time start) { prepared_since_ = start.time_since_epoch(); }
  /// Drops what would keep the login and is of no use to anybody: default privileges that it has
  /// set for itself, which any login may do, and temporary objects that a crash has left. Only
  /// where a database holds nothing else of it.
  lease_task<void> drop_scraps();
  /// Before 15 a role can lend itself to others, who can lend it on: ends the sessions of its
  /// members, who could keep what it had.
  lease_task<void> end_borrowers();

  /// The role is there, and is still called as the lease says.
  lease_task<bool> still_has_its_name();

  int sessions_ended() const noexcept { return static_cast<int>(ended_.size()); }
  bool out_of_time() const;

 private:
  lease_task<void> disable_once();
  lease_task<int> terminate(sql_fragment query);
  void note_ended(const rows& answer);

  lease_engine& engine_;
  connection_ptr where_;
  lease_executor us_;
  std::string lease_, login_;
  oid login_oid_;
  std::chrono::steady_clock::time_point deadline_;
  std::set<std::string> ended_;  // Process numbers.
  std::chrono::microseconds prepared_since_{0};
};

/// Ends sessions of roles that do not exist any more. Gives their number.
lease_task<int> end_ghost_sessions(connection_ptr where);

/// Why a login cannot be dropped: objects, databases, remedy, as pg_shdepend knows them.
lease_task<std::string> describe_residue(lease_engine& engine, connection_ptr where,
                                         std::string login, oid login_oid);

/// Who has a transaction open that names the role; empty if nobody.
lease_task<std::string> describe_lock_holders(connection_ptr where, oid login_oid);

/// Takes what a login has passed on (no lease gives ADMIN, but somebody may have), then what it
/// still has itself. What cannot be taken is not: the membership ends with the login.
lease_task<void> take_memberships_of_login(connection_ptr where, const lease_executor& us,
                                           oid login_oid);

}  // namespace pgrant::detail
