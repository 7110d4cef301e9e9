#include "lease/membership_sql.hpp"

#include "lease/migrations.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment count_up_16 =
    R"(INSERT INTO pgrant.membership AS m (role_oid, member_oid, n, grantor_oid,
  own_before, own_admin, own_inherit, own_set, before)
SELECT $1::oid, g.oid, 1, $2::oid,
  coalesce(bool_or(a.grantor = $2::oid), false),
  coalesce(bool_or(a.admin_option AND a.grantor = $2::oid), false),
  coalesce(bool_or(a.inherit_option AND a.grantor = $2::oid), false),
  coalesce(bool_or(a.set_option AND a.grantor = $2::oid), false),
  coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'admin', a.admin_option,
    'inherit', a.inherit_option, 'set', a.set_option) ORDER BY a.grantor)
    FILTER (WHERE a.grantor IS NOT NULL), '[]')
FROM pg_catalog.pg_roles g
LEFT JOIN pg_catalog.pg_auth_members a ON a.roleid = $1::oid AND a.member = g.oid
WHERE g.rolname = $3::text GROUP BY g.oid
ON CONFLICT (role_oid, member_oid) DO UPDATE SET n = m.n + 1
RETURNING pg_catalog.pg_get_userbyid(m.grantor_oid), own_before, own_admin, own_inherit, own_set)";

constexpr sql_fragment count_up_14 =
    R"(INSERT INTO pgrant.membership AS m (role_oid, member_oid, n, grantor_oid,
  own_before, own_admin, own_inherit, own_set, before)
SELECT $1::oid, g.oid, 1, $2::oid,
  coalesce(bool_or(a.member IS NOT NULL), false), coalesce(bool_or(a.admin_option), false),
  false, false,
  coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'admin', a.admin_option))
    FILTER (WHERE a.member IS NOT NULL), '[]')
FROM pg_catalog.pg_roles g
LEFT JOIN pg_catalog.pg_auth_members a ON a.roleid = $1::oid AND a.member = g.oid
WHERE g.rolname = $3::text GROUP BY g.oid
ON CONFLICT (role_oid, member_oid) DO UPDATE SET n = m.n + 1
RETURNING '', own_before, own_admin, own_inherit, own_set)";

constexpr sql_fragment count_down =
    R"(UPDATE pgrant.membership m SET n = m.n - 1
FROM pgrant.lease_bundle b, pgrant.lease l
WHERE l.id = $1 AND b.lease_id = l.id AND m.role_oid = b.role_oid AND m.member_oid = l.grantee_oid
RETURNING pg_catalog.pg_get_userbyid(m.grantor_oid), m.own_before, m.own_admin, m.own_inherit,
  m.own_set, b.bundle, m.role_oid, m.n <= 0,
  (SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.oid = m.role_oid),
  (SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.oid = m.member_oid))";

constexpr sql_fragment insist_given_16 =
    R"(SELECT pgrant.insist((SELECT count(DISTINCT a.roleid)
  FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles g ON g.oid = a.member
  WHERE g.rolname = $1::text AND a.roleid = ANY ($2::oid[]) AND a.inherit_option)
  = pg_catalog.cardinality($2::oid[]), $3, 'a membership is missing after its GRANT'))";

constexpr sql_fragment insist_given_14 =
    R"(SELECT pgrant.insist((SELECT count(DISTINCT a.roleid)
  FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles g ON g.oid = a.member
  WHERE g.rolname = $1::text AND a.roleid = ANY ($2::oid[]))
  = pg_catalog.cardinality($2::oid[]), $3, 'a membership is missing after its GRANT'))";

constexpr sql_fragment insist_taken_16 =
    R"(SELECT pgrant.insist(NOT EXISTS (SELECT FROM pgrant.lease l
  JOIN pgrant.lease_bundle b ON b.lease_id = l.id
  JOIN pgrant.membership m ON m.role_oid = b.role_oid AND m.member_oid = l.grantee_oid
  JOIN pg_catalog.pg_roles r ON r.oid = m.role_oid JOIN pg_catalog.pg_roles g ON g.oid = m.member_oid
  LEFT JOIN pg_catalog.pg_auth_members a ON a.roleid = m.role_oid AND a.member = m.member_oid
    AND a.grantor = m.grantor_oid
  WHERE l.id = $1 AND m.n <= 0 AND CASE WHEN m.own_inherit THEN false
    WHEN m.own_before THEN (a.admin_option, a.inherit_option, a.set_option)
      IS DISTINCT FROM (m.own_admin, m.own_inherit, m.own_set)
    ELSE a.roleid IS NOT NULL END), $2, 'a membership is there after its REVOKE'))";

constexpr sql_fragment insist_taken_14 =
    R"(SELECT pgrant.insist(NOT EXISTS (SELECT FROM pgrant.lease l
  JOIN pgrant.lease_bundle b ON b.lease_id = l.id
  JOIN pgrant.membership m ON m.role_oid = b.role_oid AND m.member_oid = l.grantee_oid
  JOIN pg_catalog.pg_roles r ON r.oid = m.role_oid JOIN pg_catalog.pg_roles g ON g.oid = m.member_oid
  JOIN pg_catalog.pg_auth_members a ON a.roleid = m.role_oid AND a.member = m.member_oid
  WHERE l.id = $1 AND m.n <= 0 AND NOT m.own_before), $2, 'a membership is there after its REVOKE'))";

}  // namespace

statement count_membership_up(const lease_executor& us, oid role_oid, oid grantor_oid,
                              const std::string& member) {
  return statement(us.has_membership_options() ? count_up_16 : count_up_14)
      .bind(std::to_string(role_oid))
      .bind(std::to_string(grantor_oid))
      .bind(member);
}

statement count_memberships_down(const std::string& lease_id) {
  return statement(count_down).bind(lease_id);
}

result<lease_membership> read_membership(const row& r) {
  lease_membership m;
  m.grantor = r[0].str();
  BOOST_OUTCOME_TRY(m.own_before, r[1].boolean());
  BOOST_OUTCOME_TRY(m.own_admin, r[2].boolean());
  BOOST_OUTCOME_TRY(m.own_inherit, r[3].boolean());
  BOOST_OUTCOME_TRY(m.own_set, r[4].boolean());
  return m;
}

result<ended_membership> read_ended_membership(const row& r) {
  ended_membership ended;
  BOOST_OUTCOME_TRY(ended.membership, read_membership(r));
  ended.bundle = r[5].str();
  BOOST_OUTCOME_TRY(ended.role_oid, r[6].oid());
  BOOST_OUTCOME_TRY(ended.last, r[7].boolean());
  ended.role_gone = r[8].is_null();
  ended.member_gone = r[9].is_null();
  ended.membership.role = r[8].str();
  ended.membership.member = r[9].str();
  return ended;
}

statement insist_given(const lease_executor& us, const std::vector<std::string>& role_oids,
                       const std::string& member) {
  return statement(us.has_membership_options() ? insist_given_16 : insist_given_14)
      .bind(member)
      .bind_array(role_oids)
      .bind(guard_membership_missing);
}

statement insist_taken(const lease_executor& us, const std::string& lease_id) {
  return statement(us.has_membership_options() ? insist_taken_16 : insist_taken_14)
      .bind(lease_id)
      .bind(guard_membership_left);
}

}  // namespace pgrant::detail
