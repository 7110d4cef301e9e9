// What the parts of one end share.
#pragma once

#include <string>

#include "lease/login_end.hpp"

namespace pgrant::detail {

/// How often a held lease is tried before the sweep leaves it to who revokes it: for a good half
/// day.
inline constexpr int held_tries = 20;

struct lease_state_change {
  lease_state to = lease_state::ended;
  std::string why;  ///< Unless ended.
};

/// Writes what came out of an end and commits, on the connection that holds the lease's lock.
lease_task<ledger_lease> close_lease(lease_engine& engine, connection_ptr holder,
                                     const ledger_lease& found, lease_state_change change);

/// What one end works with: the lease's lock stays with `holder` while `worker` commits step after
/// step, so that a process that dies lets go, and no two work on one lease.
struct end_work {
  lease_engine& engine;
  connection_ptr holder, worker;
  lease_executor us;
  ledger_lease found;
  lease_end done;
};

/// What was in the way may be gone at the next sweep; the access is gone already.
lease_task<lease_end> leave_for_later(end_work& work, login_end& end, error why);

/// The rest of an end for a role that goes on living: its sessions, where one could have kept a
/// bundle, and what it has prepared in the time of the lease.
lease_task<lease_end> end_existing_role(end_work& work);

}  // namespace pgrant::detail
