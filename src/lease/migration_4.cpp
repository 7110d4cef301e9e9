// Version 4: what ends need to know.
#include "lease/migrations.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment ending_statements[] = {
    // Existing roles that the connector acts as at the moment, and its own membership before.
    R"(CREATE TABLE pgrant.borrowed_role (
  role_oid oid PRIMARY KEY,
  grantor_oid oid NOT NULL,
  own_before boolean NOT NULL,
  own_admin boolean NOT NULL,
  own_inherit boolean NOT NULL,
  own_set boolean NOT NULL))",
};

}  // namespace

migration ending_migration() noexcept {
  return {4, 1, "roles that are borrowed for an end", ending_statements};
}

}  // namespace pgrant::detail
