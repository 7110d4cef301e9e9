// Which grantee goes to which cohort.
#include <algorithm>

#include "lease/cohort.hpp"
#include "lease/migrations.hpp"

namespace pgrant::detail {
namespace {

// A cohort `c` that is what we made, still has its bundle, and that we may give.
#define PGRANT_USABLE_COHORT                                                          \
  " c.cut_at IS NULL AND pg_catalog.pg_get_userbyid(c.role_oid) = c.role_name"        \
  " AND (SELECT true FROM pg_catalog.pg_auth_members e WHERE e.roleid = c.bundle_oid" \
  " AND e.member = c.role_oid AND e.inherit_option LIMIT 1)"                          \
  " AND pg_catalog.pg_has_role(c.grantor_oid, 'USAGE')"

constexpr sql_fragment open_cohorts_query_text =
    "SELECT c.bundle_oid, c.role_oid, c.role_name, c.grantor_oid,"
    " pg_catalog.pg_get_userbyid(c.grantor_oid), $2::int - c.people"
    " FROM pgrant.bundle b CROSS JOIN LATERAL (SELECT * FROM pgrant.cohort c"
    "  WHERE c.bundle_oid = b.role_oid AND c.people < $2::int"
    "   AND" PGRANT_USABLE_COHORT
    "  ORDER BY c.number LIMIT $3::int) c"
    " WHERE b.name = ANY ($1::text[]) ORDER BY c.bundle_oid, c.number";

// By what they are members of: few rows, however many people the cohorts have.
constexpr sql_fragment known_cohorts_query_text =
    "SELECT c.bundle_oid, p.grantee, c.role_oid, c.role_name,"
    " coalesce(m.grantor_oid, c.grantor_oid),"
    " pg_catalog.pg_get_userbyid(coalesce(m.grantor_oid, c.grantor_oid)),"
    " coalesce(m.own_before, own.there), coalesce(m.own_admin, own.admin),"
    " coalesce(m.own_inherit, own.inherit), coalesce(m.own_set, own.set)"
    " FROM unnest($1::text[], $2::text[]) p (bundle, grantee)"
    " JOIN pgrant.bundle b ON b.name = p.bundle"
    " CROSS JOIN LATERAL (SELECT"
    "  pg_catalog.to_regrole(pg_catalog.quote_ident(p.grantee))::oid AS oid OFFSET 0) g"
    " JOIN LATERAL (SELECT DISTINCT a.roleid FROM pg_catalog.pg_auth_members a"
    "  WHERE a.member = g.oid OFFSET 0) a ON true"
    " JOIN pgrant.cohort c ON c.role_oid = a.roleid AND c.bundle_oid = b.role_oid"
    " LEFT JOIN LATERAL (SELECT * FROM pgrant.membership m"
    "  WHERE m.role_oid = c.role_oid AND m.member_oid = g.oid OFFSET 0) m ON true"
    " CROSS JOIN LATERAL (SELECT count(*) > 0 AS there,"
    "  coalesce(bool_or(o.admin_option), false) AS admin,"
    "  coalesce(bool_or(o.inherit_option), false) AS inherit,"
    "  coalesce(bool_or(o.set_option), false) AS set FROM pg_catalog.pg_auth_members o"
    "  WHERE o.roleid = c.role_oid AND o.member = g.oid AND o.grantor = c.grantor_oid) own"
    " WHERE" PGRANT_USABLE_COHORT
    " ORDER BY c.bundle_oid, p.grantee, m.n DESC NULLS LAST, c.number";

// People who are new in a cohort, and the cohorts as they were chosen.
constexpr sql_fragment enter_cohorts_statement =
    "WITH chosen AS (SELECT p.role, count(*) FILTER (WHERE NOT EXISTS (SELECT FROM"
    "  pgrant.membership m WHERE m.role_oid = p.role AND m.member_oid ="
    "  pg_catalog.to_regrole(pg_catalog.quote_ident(p.member))))::int AS fresh"
    "  FROM unnest($1::oid[], $2::text[]) p (role, member) GROUP BY p.role),"
    " entered AS (UPDATE pgrant.cohort c SET people = c.people + h.fresh,"
    "  entered_at = coalesce(c.entered_at, pg_catalog.clock_timestamp())"
    "  FROM chosen h WHERE c.role_oid = h.role AND (h.fresh = 0 OR c.people + h.fresh <= $3::int)"
    "  AND" PGRANT_USABLE_COHORT
    "  RETURNING 1)"
    " SELECT pgrant.insist((SELECT count(*) FROM entered) = (SELECT count(*) FROM chosen), $4,"
    "  'a cohort has changed')";

#undef PGRANT_USABLE_COHORT

}  // namespace

statement open_cohorts_query(const std::vector<std::string>& bundles, std::size_t most, int size) {
  return statement(open_cohorts_query_text)
      .bind_array(bundles)
      .bind(std::to_string(size))
      .bind(std::to_string(most));
}

statement known_cohorts_query(const std::vector<std::string>& bundles,
                              const std::vector<std::string>& grantees) {
  return statement(known_cohorts_query_text).bind_array(bundles).bind_array(grantees);
}

result<void> cohort_places::read_open(const rows& answer) {
  for (const row r : answer) {
    BOOST_OUTCOME_TRY(const oid bundle, r[0].oid());
    open_cohort& open = bundles_[bundle].cohorts.emplace_back();
    BOOST_OUTCOME_TRY(open.membership.role_oid, r[1].oid());
    open.membership.in_cohort = true;
    open.membership.membership.role = r[2].str();
    BOOST_OUTCOME_TRY(open.membership.grantor_oid, r[3].oid());
    open.membership.membership.grantor = r[4].str();
    BOOST_OUTCOME_TRY(const auto room, r[5].int64());
    open.room = static_cast<int>(room);
  }
  return success();
}

result<void> cohort_places::read_known(const rows& answer) {
  for (const row r : answer) {
    BOOST_OUTCOME_TRY(const oid bundle, r[0].oid());
    checked_membership known;
    known.in_cohort = true;
    BOOST_OUTCOME_TRY(known.role_oid, r[2].oid());
    BOOST_OUTCOME_TRY(known.grantor_oid, r[4].oid());
    lease_membership& m = known.membership;
    m.role = r[3].str();
    m.member = r[1].str();
    m.grantor = r[5].str();
    BOOST_OUTCOME_TRY(m.own_before, r[6].boolean());
    BOOST_OUTCOME_TRY(m.own_admin, r[7].boolean());
    BOOST_OUTCOME_TRY(m.own_inherit, r[8].boolean());
    BOOST_OUTCOME_TRY(m.own_set, r[9].boolean());
    placed_.try_emplace({bundle, m.member}, std::move(known));
  }
  return success();
}

std::optional<checked_membership> cohort_places::place(const checked_bundle& bundle,
                                                       const std::string& grantee,
                                                       bool may_be_direct) {
  if (const auto known = placed_.find({bundle.role_oid, grantee}); known != placed_.end())
    return known->second;
  auto& placed = placed_[{bundle.role_oid, grantee}];
  const bool granters = bundle.grantor.starts_with(granter_prefix);
  if (size_ <= 0 || granters) return placed;
  bundle_people& people = bundles_[bundle.role_oid];
  if (may_be_direct && bundle.people + people.newcomers < size_) {
    ++people.newcomers;
    return placed;
  }
  const auto open =
      std::ranges::find_if(people.cohorts, [](const open_cohort& c) { return c.room > 0; });
  if (open == people.cohorts.end()) {
    if (!makes_roles_) return placed;
    ++people.homeless;
    people.wish.bundle = bundle;
    return placed;
  }
  --open->room;
  placed = open->membership;
  placed->membership.member = grantee;
  return placed;
}

std::vector<cohort_wish> cohort_places::wishes() const {
  std::vector<cohort_wish> wishes;
  for (const auto& [oid, people] : bundles_) {
    if (people.homeless == 0) continue;
    cohort_wish wish = people.wish;
    wish.count = (people.homeless + size_ - 1) / size_;
    wishes.push_back(std::move(wish));
  }
  return wishes;
}

std::optional<statement> enter_cohorts(const std::vector<counted_membership>& memberships,
                                       int size) {
  std::vector<std::string> roles, members;
  for (const counted_membership& m : memberships) {
    if (!m.in_cohort) continue;
    roles.push_back(std::to_string(m.role_oid));
    members.push_back(m.membership.member);
  }
  if (roles.empty()) return std::nullopt;
  return statement(enter_cohorts_statement)
      .bind_array(roles)
      .bind_array(members)
      .bind(std::to_string(size))
      .bind(guard_cohort_changed);
}

}  // namespace pgrant::detail
