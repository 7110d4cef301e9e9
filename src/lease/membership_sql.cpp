#include "lease/membership_sql.hpp"

#include "lease/migrations.hpp"

namespace pgrant::detail {
namespace {

// In the order of role and member, so that two who count the same wait for each other. Everything
// is looked up by OID, pair by pair: the catalogs may be large.
#define PGRANT_COUNT_UP(own_columns, before_columns, join_condition)                            \
  "WITH counted AS (INSERT INTO pgrant.membership AS m (role_oid, member_oid, n, grantor_oid, " \
  "own_before, own_admin, own_inherit, own_set, before) "                                       \
  "SELECT p.role, g.oid, p.leases, p.grantor, a.own, a.admin, a.inherit, a.set, a.before "      \
  "FROM unnest($1::oid[], $2::oid[], $3::text[], $4::int[]) "                                   \
  "p (role, grantor, member, leases) "                                                          \
  "CROSS JOIN LATERAL (SELECT "                                                                 \
  "pg_catalog.to_regrole(pg_catalog.quote_ident(p.member))::oid AS oid OFFSET 0) g "            \
  "CROSS JOIN LATERAL (SELECT " own_columns                                                     \
  ", coalesce(pg_catalog.jsonb_agg("                                                            \
  "pg_catalog.jsonb_build_object('grantor', pg_catalog.pg_get_userbyid(a.grantor), 'admin', "   \
  "a.admin_option" before_columns                                                               \
  ") ORDER BY a.grantor), '[]') AS before "                                                     \
  "FROM pg_catalog.pg_auth_members a WHERE a.roleid = p.role AND a.member = g.oid) a "          \
  "WHERE g.oid IS NOT NULL ORDER BY 1, 2 "                                                      \
  "ON CONFLICT (role_oid, member_oid) DO UPDATE SET n = m.n + excluded.n "                      \
  "RETURNING m.role_oid, m.member_oid, m.grantor_oid, m.own_before, m.own_admin, "              \
  "m.own_inherit, m.own_set, m.cut_at) "                                                        \
  "SELECT pgrant.insist((SELECT count(*) FROM unnest($1::oid[], $2::oid[], "                    \
  "$3::text[], $5::boolean[], $6::boolean[], $7::boolean[], $8::boolean[]) "                    \
  "e (role, grantor, member, own, admin, inherit, set) "                                        \
  "JOIN counted c ON c.role_oid = e.role "                                                      \
  "AND c.member_oid = pg_catalog.to_regrole(pg_catalog.quote_ident(e.member)) "                 \
  "AND c.own_before = e.own AND c.own_admin = e.admin AND c.own_inherit = e.inherit "           \
  "AND c.own_set = e.set AND c.cut_at IS NULL" join_condition                                   \
  ") = pg_catalog.cardinality($1::oid[]), "                                                     \
  "$9, 'a membership has changed')"

constexpr sql_fragment count_up_16 = PGRANT_COUNT_UP(
    "coalesce(bool_or(a.grantor = p.grantor), false) AS own, "
    "coalesce(bool_or(a.admin_option AND a.grantor = p.grantor), false) AS admin, "
    "coalesce(bool_or(a.inherit_option AND a.grantor = p.grantor), false) "
    "AS inherit, "
    "coalesce(bool_or(a.set_option AND a.grantor = p.grantor), false) AS set",
    ", 'inherit', a.inherit_option, 'set', a.set_option", " AND c.grantor_oid = e.grantor");

constexpr sql_fragment count_up_14 = PGRANT_COUNT_UP(
    "count(a.member) > 0 AS own, coalesce(bool_or(a.admin_option), false) "
    "AS admin, false AS inherit, false AS set",
    "", "");

#undef PGRANT_COUNT_UP

// By ids alone (OFFSET 0): the index of open leases may be large.
constexpr sql_fragment count_down =
    R"(UPDATE pgrant.membership m SET n = m.n - c.leases
FROM (SELECT b.role_oid, l.grantee_oid, count(*)::int AS leases
  FROM (SELECT * FROM pgrant.lease WHERE id = ANY ($1::text[]) OFFSET 0) l
  JOIN pgrant.lease_bundle b ON b.lease_id = l.id
  WHERE l.state = 'active' GROUP BY b.role_oid, l.grantee_oid) c
WHERE m.role_oid = c.role_oid AND m.member_oid = c.grantee_oid
RETURNING pg_catalog.pg_get_userbyid(m.grantor_oid), m.own_before, m.own_admin, m.own_inherit,
  m.own_set, m.role_oid, m.member_oid, m.n <= 0,
  (SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.oid = m.role_oid),
  (SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.oid = m.member_oid),
  EXISTS (SELECT FROM pg_catalog.pg_auth_members a
    WHERE a.roleid = m.role_oid AND a.member = m.member_oid AND m.grantor_oid IN (0, a.grantor)))";

// Where nothing was there before the first lease, the entry must be what our GRANT has made: an
// entry that somebody else made since we looked is theirs, and the next try finds it.
#define PGRANT_INSIST_GIVEN(gives, is_of_grantor, is_plain)                                       \
  "SELECT pgrant.insist(pg_catalog.bool_and((SELECT true FROM pg_catalog.pg_auth_members a "      \
  "WHERE a.roleid = p.role AND a.member = g.oid" gives                                            \
  " LIMIT 1) IS NOT NULL), $4, 'a membership is missing after its GRANT'), "                      \
  "pgrant.insist(pg_catalog.bool_and(coalesce((SELECT m.own_before OR m.n > p.leases OR EXISTS (" \
  "SELECT FROM pg_catalog.pg_auth_members a WHERE a.roleid = p.role AND a.member = g.oid "        \
  "AND a.xmin = pg_catalog.pg_current_xact_id()::xid" is_of_grantor is_plain                      \
  ") FROM pgrant.membership m WHERE m.role_oid = p.role AND m.member_oid = g.oid), false)), "     \
  "$5, 'somebody else has given a membership meanwhile') "                                        \
  "FROM unnest($1::oid[], $2::text[], $3::int[]) p (role, member, leases) "                       \
  "CROSS JOIN LATERAL (SELECT "                                                                   \
  "pg_catalog.to_regrole(pg_catalog.quote_ident(p.member))::oid AS oid OFFSET 0) g"

constexpr sql_fragment insist_given_16 = PGRANT_INSIST_GIVEN(
    " AND a.inherit_option", " AND a.grantor = m.grantor_oid", " AND NOT a.admin_option");
constexpr sql_fragment insist_given_14 = PGRANT_INSIST_GIVEN("", "", "");

#undef PGRANT_INSIST_GIVEN

constexpr sql_fragment insist_taken_16 =
    R"(SELECT pgrant.insist(NOT EXISTS (SELECT FROM pgrant.lease l
  JOIN pgrant.lease_bundle b ON b.lease_id = l.id
  JOIN pgrant.membership m ON m.role_oid = b.role_oid AND m.member_oid = l.grantee_oid
  JOIN pg_catalog.pg_roles r ON r.oid = m.role_oid JOIN pg_catalog.pg_roles g ON g.oid = m.member_oid
  LEFT JOIN pg_catalog.pg_auth_members a ON a.roleid = m.role_oid AND a.member = m.member_oid
    AND a.grantor = m.grantor_oid
  WHERE l.id = ANY ($1::text[]) AND m.n <= 0 AND CASE WHEN m.own_inherit THEN false
    WHEN m.own_before THEN a.inherit_option ELSE a.roleid IS NOT NULL END), $2, 'a membership is there after its REVOKE'))";

constexpr sql_fragment insist_taken_14 =
    R"(SELECT pgrant.insist(NOT EXISTS (SELECT FROM pgrant.lease l
  JOIN pgrant.lease_bundle b ON b.lease_id = l.id
  JOIN pgrant.membership m ON m.role_oid = b.role_oid AND m.member_oid = l.grantee_oid
  JOIN pg_catalog.pg_roles r ON r.oid = m.role_oid JOIN pg_catalog.pg_roles g ON g.oid = m.member_oid
  JOIN pg_catalog.pg_auth_members a ON a.roleid = m.role_oid AND a.member = m.member_oid
  WHERE l.id = ANY ($1::text[]) AND m.n <= 0 AND NOT m.own_before), $2, 'a membership is there after its REVOKE'))";

}  // namespace

statement count_memberships_up(const lease_executor& us,
                               const std::vector<counted_membership>& memberships) {
  std::vector<std::string> roles, grantors, members, leases, own, admin, inherit, set;
  const auto truth = [](bool value) { return std::string(value ? "t" : "f"); };
  for (const counted_membership& m : memberships) {
    roles.push_back(std::to_string(m.role_oid));
    grantors.push_back(std::to_string(m.grantor_oid));
    members.push_back(m.membership.member);
    leases.push_back(std::to_string(m.leases));
    own.push_back(truth(m.membership.own_before));
    admin.push_back(truth(m.membership.own_admin));
    inherit.push_back(truth(m.membership.own_inherit));
    set.push_back(truth(m.membership.own_set));
  }
  return statement(us.has_membership_options() ? count_up_16 : count_up_14)
      .bind_array(roles)
      .bind_array(grantors)
      .bind_array(members)
      .bind_array(leases)
      .bind_array(own)
      .bind_array(admin)
      .bind_array(inherit)
      .bind_array(set)
      .bind(guard_membership_changed);
}

statement count_memberships_down(const std::vector<std::string>& lease_ids) {
  return statement(count_down).bind_array(lease_ids);
}

result<ended_membership> read_ended_membership(const row& r) {
  ended_membership ended;
  lease_membership& m = ended.membership;
  m.grantor = r[0].str();
  BOOST_OUTCOME_TRY(m.own_before, r[1].boolean());
  BOOST_OUTCOME_TRY(m.own_admin, r[2].boolean());
  BOOST_OUTCOME_TRY(m.own_inherit, r[3].boolean());
  BOOST_OUTCOME_TRY(m.own_set, r[4].boolean());
  BOOST_OUTCOME_TRY(ended.role_oid, r[5].oid());
  BOOST_OUTCOME_TRY(ended.member_oid, r[6].oid());
  BOOST_OUTCOME_TRY(ended.last, r[7].boolean());
  ended.role_gone = r[8].is_null();
  ended.member_gone = r[9].is_null();
  BOOST_OUTCOME_TRY(ended.there, r[10].boolean());
  m.role = r[8].str();
  m.member = r[9].str();
  return ended;
}

statement insist_given(const lease_executor& us,
                       const std::vector<counted_membership>& memberships) {
  std::vector<std::string> roles, members, leases;
  for (const counted_membership& m : memberships) {
    roles.push_back(std::to_string(m.role_oid));
    members.push_back(m.membership.member);
    leases.push_back(std::to_string(m.leases));
  }
  return statement(us.has_membership_options() ? insist_given_16 : insist_given_14)
      .bind_array(roles)
      .bind_array(members)
      .bind_array(leases)
      .bind(guard_membership_missing)
      .bind(guard_membership_changed);
}

statement insist_taken(const lease_executor& us, const std::vector<std::string>& lease_ids) {
  return statement(us.has_membership_options() ? insist_taken_16 : insist_taken_14)
      .bind_array(lease_ids)
      .bind(guard_membership_left);
}

}  // namespace pgrant::detail
