// Version 7: cohort roles.
#include "lease/migrations.hpp"

namespace pgrant::detail {
namespace {

// A library that does not know this table ends the leases of cohorts rightly all the same: in the
// rows of a lease's bundles and of memberships a cohort stands in the place of its bundle's role.
constexpr sql_fragment cohort_statements[] = {
    // As whom people get it, and as whom it got its bundle. `entered_at`: when somebody first was
    // chosen for it; `cut_at`: since when its people have nothing any more.
    R"(CREATE TABLE pgrant.cohort (
  role_oid oid PRIMARY KEY,
  role_name text COLLATE "C" NOT NULL,
  bundle_oid oid NOT NULL,
  number int NOT NULL CHECK (number > 0),
  grantor_oid oid NOT NULL,
  bundle_grantor_oid oid NOT NULL,
  people int NOT NULL DEFAULT 0,
  made_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  entered_at timestamptz,
  cut_at timestamptz,
  UNIQUE (bundle_oid, number)))",
    // The same for a member of the bundle's role itself.
    "ALTER TABLE pgrant.membership ADD COLUMN cut_at timestamptz",
    R"(CREATE INDEX membership_cut ON pgrant.membership (role_oid, member_oid)
  WHERE cut_at IS NOT NULL)",
};

}  // namespace

migration cohort_migration() noexcept {
  return {7, 1, "cohort roles, and bundles that are cut at once", cohort_statements};
}

}  // namespace pgrant::detail
