#include "lease/role_pin.hpp"

#include <cstdint>
#include <random>

#include "pgrant/sql.hpp"

namespace pgrant::detail {

// The server does not lock the member of a GRANT: a DROP ROLE at the same moment would leave a
// membership of nobody, which only a superuser can remove. Who stands in an ACL is locked. The ACL
// is one of a large object of our own, so that no two transactions meet there.
void pin_roles(batch& work, const std::vector<std::string>& roles) {
  if (roles.empty()) return;
  std::random_device random;
  const auto object = static_cast<std::int64_t>(0x4000'0000u | (random() & 0x3fff'ffffu));
  sql_text grant("GRANT SELECT ON LARGE OBJECT ");
  grant.number(object).raw(" TO ");
  for (const std::string& role : roles) {
    if (&role != &roles.front()) grant.raw(", ");
    grant.name(role);
  }
  work.add(statement("SELECT pg_catalog.lo_create($1::oid)").bind(std::to_string(object)));
  work.add(statement(std::move(grant)));
  work.add(statement("SELECT pg_catalog.lo_unlink($1::oid)").bind(std::to_string(object)));
}

}  // namespace pgrant::detail
