// Acting for a moment as a role that pgrant did not make.
#pragma once

#include <optional>
#include <string>

#include "lease/lease_engine.hpp"

namespace pgrant::detail {

/// Lets the connector do SET ROLE to an existing role, so that what only the role itself may do can
/// be done: ending its backends that the catalog does not name, rolling back what it has prepared.
///
/// What the connector's own membership was before stands in the ledger from the same transaction
/// on, so that a crash in between leaves nothing behind: whoever takes up the end gives it back.
class borrowed_role {
 public:
  /// `where`: a connection to the ledger without a transaction.
  borrowed_role(connection_ptr where, const lease_executor& us, std::string role, oid role_oid);

  /// True: the connector can act as the role now. False: the server does not let it.
  lease_task<bool> borrow();
  /// Leaves the connector's membership as it was; also what an earlier end has borrowed.
  lease_task<void> give_back();

 private:
  lease_task<bool> borrow_from(std::string grantor);

  connection_ptr where_;
  const lease_executor& us_;
  std::string role_;
  oid role_oid_;
};

}  // namespace pgrant::detail
