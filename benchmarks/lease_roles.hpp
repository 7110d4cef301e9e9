// One bundle with many people who have roles of their own.
#pragma once

#include "lease_world.hpp"

namespace bench {

/// What one lease costs among the first thousand and among the last of so many, and how long
/// breaking the glass takes then.
void many_roles(const world& where, int leases, int cohort_size);

}  // namespace bench
