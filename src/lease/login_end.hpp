// The second part of an end: nobody is left in the login's name, and the login goes.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>

#include "lease/lease_engine.hpp"

namespace pgrant::detail {

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
  /// Ends the sessions that the catalog shows, and waits until there are none.
  lease_task<void> end_sessions();
  /// Ends backends that have authenticated as the login but that the catalog cannot name yet: a
  /// client may make a backend sleep there (post_auth_delay).
  lease_task<void> end_hidden_backends();
  /// Rolls back what the login has prepared, in the databases where that was.
  lease_task<void> end_prepared_transactions();
  /// Drops default privileges that the login has set for itself, which any login may do and which
  /// would keep it: they are of no use to anybody. Only where a database holds nothing else of it.
  lease_task<void> drop_default_privileges();
  /// On 14 a login can lend itself: ends the sessions of its members, who could keep it.
  lease_task<void> end_borrowers();

  int sessions_ended() const noexcept { return static_cast<int>(ended_.size()); }
  bool out_of_time() const;

 private:
  lease_task<int> terminate(sql_fragment query);
  void note_ended(const rows& answer);

  lease_engine& engine_;
  connection_ptr where_;
  lease_executor us_;
  std::string lease_, login_;
  oid login_oid_;
  std::chrono::steady_clock::time_point deadline_;
  std::set<std::string> ended_;  // Process numbers.
};

/// Ends sessions of roles that do not exist any more. Gives their number.
lease_task<int> end_ghost_sessions(connection_ptr where);

/// Why a login cannot be dropped: objects, databases, remedy, as pg_shdepend knows them.
lease_task<std::string> describe_residue(lease_engine& engine, connection_ptr where,
                                         std::string login, oid login_oid);

}  // namespace pgrant::detail
