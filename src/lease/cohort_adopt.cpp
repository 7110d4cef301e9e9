// Cohorts that a lost ledger knew.
#include "lease/cohort_adopt.hpp"

namespace pgrant::detail {
namespace {

// By name, comment and the bundle's OID in the name; nobody but who may make roles can have made
// one that looks like it. Without its bundle it was cut, and its people are to be ended.
constexpr sql_fragment lost_cohorts_query_text =
    R"(SELECT b.name, r.oid, r.rolname, b.oid,
  pg_catalog.substring(r.rolname::text, '[0-9]+$')::int, g.oid, coalesce(e.grantor, g.oid),
  e.grantor IS NULL
FROM (SELECT name, role_oid AS oid FROM pgrant.bundle
  UNION ALL SELECT * FROM unnest($1::text[], $2::oid[])) b
JOIN pg_catalog.pg_roles r
  ON r.rolname::text ~ ('^pgrant_cohort_' || b.oid || '_[1-9][0-9]{0,8}$')
CROSS JOIN (SELECT oid, rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) me
CROSS JOIN LATERAL (SELECT CASE WHEN me.rolsuper THEN 10::oid ELSE (
  SELECT a.member FROM pg_catalog.pg_auth_members a WHERE a.roleid = r.oid AND a.admin_option
    AND pg_catalog.pg_has_role(a.member, 'USAGE') ORDER BY a.member <> me.oid, a.member LIMIT 1)
  END AS oid) g
LEFT JOIN LATERAL (SELECT e.grantor FROM pg_catalog.pg_auth_members e
  WHERE e.roleid = b.oid AND e.member = r.oid AND e.inherit_option AND NOT e.admin_option
  ORDER BY 1 LIMIT 1) e ON true
WHERE NOT (r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
    OR r.rolbypassrls) AND g.oid IS NOT NULL
  AND pg_catalog.shobj_description(r.oid, 'pg_authid') LIKE 'pgrant cohort %'
  AND NOT EXISTS (SELECT FROM pgrant.cohort c WHERE c.role_oid = r.oid
    OR c.bundle_oid = b.oid AND c.role_name = r.rolname)
ORDER BY 2)";

constexpr sql_fragment insert_adopted_cohort_statement =
    R"(INSERT INTO pgrant.cohort (role_oid, role_name, bundle_oid, number, grantor_oid,
  bundle_grantor_oid, people, entered_at, cut_at)
SELECT $1::oid, $2, $3::oid, $4::int, $5::oid, $6::oid,
  (SELECT count(*) FROM pgrant.membership m WHERE m.role_oid = $1::oid), c.now,
  CASE WHEN $7::boolean THEN c.now END
FROM (SELECT pg_catalog.clock_timestamp() AS now) c)";

}  // namespace

statement lost_cohorts_query(const std::vector<std::string>& bundles,
                             const std::vector<std::string>& oids) {
  return statement(lost_cohorts_query_text).bind_array(bundles).bind_array(oids);
}

lost_cohort read_lost_cohort(const row& r) {
  lost_cohort found;
  found.bundle = r[0].str();
  found.role_oid = r[1].str();
  found.role = r[2].str();
  found.bundle_oid = r[3].str();
  found.number = r[4].str();
  found.grantor_oid = r[5].str();
  found.bundle_grantor_oid = r[6].str();
  found.cut = r[7].text() == "t";
  return found;
}

statement insert_adopted_cohort(const lost_cohort& found) {
  return statement(insert_adopted_cohort_statement)
      .bind(found.role_oid)
      .bind(found.role)
      .bind(found.bundle_oid)
      .bind(found.number)
      .bind(found.grantor_oid)
      .bind(found.bundle_grantor_oid)
      .bind(found.cut ? "true" : "false");
}

}  // namespace pgrant::detail
