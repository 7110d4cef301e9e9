#include "lease/grant_parts.hpp"

#include <utility>

#include "lease/migrations.hpp"
#include "lease/request_details.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment lock_bundles_statement =
    R"(SELECT FROM pgrant.bundle WHERE name = ANY ($1::text[]) ORDER BY role_oid FOR UPDATE)";

// unnest of several arrays has no schema: the grammar itself knows it, and takes pg_catalog's.
constexpr sql_fragment insist_bundles_statement =
    R"(SELECT pgrant.insist((SELECT count(*) FROM unnest($1::text[], $2::oid[]) p (name, oid)
  JOIN pgrant.bundle b ON b.name = p.name AND b.role_oid = p.oid
    AND pg_catalog.pg_get_userbyid(b.role_oid) = b.role_name)
  = pg_catalog.cardinality($1::text[]), $3, 'a bundle has changed'))";

constexpr sql_fragment insert_lease_bundles_statement =
    R"(INSERT INTO pgrant.lease_bundle (lease_id, bundle, role_oid)
SELECT * FROM unnest($1::text[], $2::text[], $3::oid[]))";

}  // namespace

void lock_bundles(batch& work, const bundle_oids& bundles) {
  std::vector<std::string> names, oids;
  for (const auto& [name, oid] : bundles) {
    names.push_back(name);
    oids.push_back(oid);
  }
  work.add(statement(lock_bundles_statement).bind_array(names));
  work.add(statement(insist_bundles_statement)
               .bind_array(names)
               .bind_array(oids)
               .bind(guard_bundle_changed));
}

statement insert_lease_bundles(const std::vector<std::string>& lease_ids,
                               const std::vector<std::string>& names,
                               const std::vector<std::string>& oids) {
  return statement(insert_lease_bundles_statement)
      .bind_array(lease_ids)
      .bind_array(names)
      .bind_array(oids);
}

new_login login_of(const grant_call& call, const checked_grant& checked,
                   const lease_settings& settings) {
  new_login login;
  login.name = call.login;
  login.verifier = call.verifier.reveal();
  login.valid_until = checked.valid_until;
  login.connection_limit = connection_limit_of(call, settings);
  return login;
}

void choose_database(grant_call& call, const checked_grant& checked) {
  call.database.clear();
  for (const checked_bundle& b : checked.bundles) {
    if (call.database.empty() && !b.databases.empty()) call.database = b.databases.front();
  }
}

audit_entry grant_entry(std::string action, const grant_call& call, const checked_grant& checked) {
  audit_entry entry(std::move(action));
  entry.actor(call.requester()).lease(call.id);
  entry.detail("grantee", call.grantee()).detail("person", call.person());
  entry.detail("reason", call.request.reason());
  entry.detail("seconds", std::to_string(call.request.duration().count()));
  add_request_details(entry, call.request);
  for (const checked_bundle& b : checked.bundles) entry.detail("bundle " + b.name, b.role);
  return entry;
}

}  // namespace pgrant::detail
