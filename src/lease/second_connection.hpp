// The second connection of an end, also where a grantee has taken all that the server gives.
#pragma once

#include "lease/login_end.hpp"

namespace pgrant::detail {

/// Opens a second connection to the ledger. Where none is to be had soon, the grantee's sessions
/// are ended through `first`, and its login is disabled: an end needs one connection in hand to
/// make room for the other. `first` must not be in a transaction.
lease_task<connection_ptr> open_second(lease_engine& engine, connection_ptr first,
                                       lease_executor us, const ledger_lease& found);

}  // namespace pgrant::detail
