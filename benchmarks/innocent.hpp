#pragma once

#include "lease_world.hpp"

namespace bench {

/// What leases cost somebody who has nothing to do with them: the server's CPU for a point query of
/// a session that is a member of 200 roles, in quiet and while 64 callers grant and end.
void innocent(const world& where);

}  // namespace bench
