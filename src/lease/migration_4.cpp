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
    // What belongs to a bundle's role in a database beside its grants: default privileges of others
    // that name it, policies that name it. `marks`: how the cluster-wide dependencies showed that.
    R"(CREATE TABLE pgrant.bundle_shape (
  role_oid oid NOT NULL,
  database text COLLATE "C" NOT NULL,
  default_privileges jsonb NOT NULL,
  policies text[] NOT NULL,
  marks text NOT NULL,
  PRIMARY KEY (role_oid, database)))",
};

}  // namespace

migration ending_migration() noexcept {
  return {4, 1, "roles that ends borrow, shapes of bundles", ending_statements};
}

}  // namespace pgrant::detail
