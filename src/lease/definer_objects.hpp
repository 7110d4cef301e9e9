// What works with a role's rights for whoever calls it.
#pragma once

#include <string>
#include <vector>

#include "lease/ledger_store.hpp"
#include "pgrant/acl.hpp"

namespace pgrant::detail {

struct definer_object {
  std::string database;
  std::string object;  ///< `function sales.total()`
};

/// SECURITY DEFINER routines and views that a role owns, in the databases that the connector may
/// enter. While the role has a bundle, they hand it on to everybody who may call them, also if an
/// earlier lease has left them: such a role must not get a lease. Almost always one round trip:
/// only databases where the role owns something are entered. `where`: any connection to the
/// instance.
lease_task<std::vector<definer_object>> definer_objects_of(ledger_store& store,
                                                           connection_ptr where, oid role);

}  // namespace pgrant::detail
