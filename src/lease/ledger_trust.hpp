// Whether the ledger still tells of the server that it lies in.
#pragma once

#include <string>
#include <vector>

#include "lease/ledger_store.hpp"

namespace pgrant::detail {

/// What was written down about the server, and what it is now.
struct ledger_identity {
  bool recorded = false;
  std::string recorded_system, recorded_timeline, recorded_table;
  std::string system, timeline, table;  ///< Empty: this login may not know.
  bool long_ago = false;                ///< Written down more than 15 minutes ago.
  bool to_be_renewed = false;           ///< More than a minute.
  std::string recorded_at;
};

/// Why the ledger seems to be of another time or place; empty: it is not.
std::vector<std::string> restore_signs(const ledger_identity& id);

/// The ledger's tables have to be there.
lease_task<ledger_identity> read_identity(connection_ptr where);

/// `stale` if the ledger was restored and nobody has accepted that; writes the identity down where
/// that is due.
lease_task<void> trust_ledger(const ledger_store& store, connection_ptr where, bool accept);

}  // namespace pgrant::detail
