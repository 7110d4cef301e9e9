// How far the ledger can be trusted: its version, and whether it still tells of this server.
#pragma once

#include <string>
#include <vector>

namespace pgrant {

/// What a look at the ledger found; nothing is changed by it.
struct ledger_condition {
  /// The version of its tables; 0: there are none yet, the first operation makes them.
  int version = 0;
  /// The version that this library works with. A lower `version` is migrated by the next operation.
  int library_version = 0;
  /// This library is too old for the ledger.
  bool too_new = false;

  /// Why the ledger seems to be of another time or place than the server; empty: it is not. Each is
  /// a sentence:
  ///  - the cluster is another one (its system identifier is not the recorded one);
  ///  - the ledger's tables are not the ones that wrote their identity down: they were loaded from
  ///  a
  ///    dump;
  ///  - the server has begun a new timeline, and the last operation before was more than 15
  ///    minutes earlier: it was restored to a point in time. (After a mere failover the ledger is
  ///    seconds behind, and nothing is said.)
  std::vector<std::string> restored;

  /// Logins in bundle roles that look like those of leases, and that no running lease has: granted
  /// before the ledger was lost or restored, or by somebody else. `leases::async_adopt` makes
  /// leases of them.
  std::vector<std::string> unknown_logins;
  /// Logins that active leases had and that are gone, or have another OID.
  std::vector<std::string> missing_logins;
  /// Logins of leases without a CONNECTION LIMIT: any of them can take all connections.
  std::vector<std::string> unlimited_logins;
};

}  // namespace pgrant
