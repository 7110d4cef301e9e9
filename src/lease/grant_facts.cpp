#include "lease/grant_facts.hpp"

#include <algorithm>

#include "lease/cohort.hpp"
#include "lease/grantee_check.hpp"
#include "pgrant/safety.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment grant_times_query =
    R"(SELECT (c.now + pg_catalog.make_interval(secs => d.seconds))::text
FROM (SELECT pg_catalog.clock_timestamp() AS now) c,
  pg_catalog.unnest($1::double precision[]) WITH ORDINALITY d (seconds, place)
ORDER BY d.place)";

// From 16 on a membership belongs to its grantor: one is chosen here, as the server would, and
// named in every GRANT and REVOKE, so that the entry at the end is the entry of the beginning.
// Granters go before the connector, where there are any. The people are those whom leases gave the
// bundle directly: no more of them are counted than matter.
constexpr sql_fragment grant_bundles_query_16 =
    R"(SELECT b.name, b.role_name, b.role_oid, b.maximum_seconds, b.databases, r.rolname,
  r.rolcanlogin, r.rolsuper OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls,
  g.oid, pg_catalog.pg_get_userbyid(g.oid), b.existing_role_grade, b.accepted,
  (SELECT count(*) FROM
    (SELECT FROM pgrant.membership m WHERE m.role_oid = b.role_oid LIMIT $2::int) p),
  coalesce((SELECT max(c.number) FROM pgrant.cohort c WHERE c.bundle_oid = b.role_oid), 0)
FROM pgrant.bundle b
LEFT JOIN pg_catalog.pg_roles r ON r.oid = b.role_oid
CROSS JOIN (SELECT oid, rolsuper, NOT rolsuper AND )";
constexpr sql_fragment grant_bundles_query_16_rest =
    R"( AS issuers FROM pg_catalog.pg_roles WHERE rolname = current_user) me
CROSS JOIN LATERAL (SELECT CASE WHEN me.rolsuper THEN 10::oid ELSE (
    SELECT a.member FROM pg_catalog.pg_auth_members a
    CROSS JOIN LATERAL (SELECT me.issuers AND pg_catalog.pg_get_userbyid(a.member)
      ~ '^pgrant_granter_[0-9]+$' AS granter) kind
    WHERE a.roleid = b.role_oid AND a.admin_option
      AND (kind.granter OR pg_catalog.pg_has_role(me.oid, a.member, 'USAGE'))
    ORDER BY NOT kind.granter, a.member <> me.oid, a.member LIMIT 1) END AS oid) g
WHERE b.name = ANY ($1::text[]) ORDER BY b.role_oid)";

constexpr sql_fragment grant_bundles_query_14 =
    R"(SELECT b.name, b.role_name, b.role_oid, b.maximum_seconds, b.databases, r.rolname,
  r.rolcanlogin, r.rolsuper OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls,
  0::oid, '', b.existing_role_grade, b.accepted
FROM pgrant.bundle b LEFT JOIN pg_catalog.pg_roles r ON r.oid = b.role_oid
WHERE b.name = ANY ($1::text[]) ORDER BY b.role_oid)";

statement grant_bundles_query(bool has_options, const std::vector<std::string>& bundles,
                              int cohort_size) {
  if (!has_options) return statement(grant_bundles_query_14).bind_array(bundles);
  return statement(sql_text(grant_bundles_query_16)
                       .raw(has_issuers_condition)
                       .raw(grant_bundles_query_16_rest))
      .bind_array(bundles)
      .bind(std::to_string(cohort_size));
}

// Row by row of the pairs, through indexes (OFFSET 0): the catalogs may be large.
constexpr sql_fragment known_memberships_query_16 =
    R"(SELECT b.role_oid, p.grantee, m.grantor_oid, pg_catalog.pg_get_userbyid(m.grantor_oid),
  m.own_before, m.own_admin, m.own_inherit, m.own_set,
  a.grantor, a.admin_option, a.inherit_option, a.set_option, m.cut_at IS NOT NULL
)";

constexpr sql_fragment known_memberships_query_14 =
    R"(SELECT b.role_oid, p.grantee, m.grantor_oid, '',
  m.own_before, m.own_admin, m.own_inherit, m.own_set,
  CASE WHEN a.roleid IS NOT NULL THEN 0::oid END, a.admin_option, false, false,
  m.cut_at IS NOT NULL
)";
constexpr sql_fragment known_memberships_query_rest =
    R"(FROM unnest($1::text[], $2::text[]) p (bundle, grantee)
JOIN pgrant.bundle b ON b.name = p.bundle
CROSS JOIN LATERAL (SELECT
  pg_catalog.to_regrole(pg_catalog.quote_ident(p.grantee))::oid AS oid OFFSET 0) g
LEFT JOIN LATERAL (SELECT * FROM pgrant.membership m
  WHERE m.role_oid = b.role_oid AND m.member_oid = g.oid OFFSET 0) m ON true
LEFT JOIN LATERAL (SELECT * FROM pg_catalog.pg_auth_members a
  WHERE a.roleid = b.role_oid AND a.member = g.oid OFFSET 0) a ON true)";

statement known_memberships_query(bool has_options) {
  return sql_text(has_options ? known_memberships_query_16 : known_memberships_query_14)
      .raw(known_memberships_query_rest);
}

result<checked_bundle> read_checked_bundle(const row& r, bool has_options) {
  checked_bundle b;
  b.name = r[0].str();
  b.role = r[1].str();
  BOOST_OUTCOME_TRY(b.role_oid, r[2].oid());
  BOOST_OUTCOME_TRY(b.longest, r[3].int64());
  BOOST_OUTCOME_TRY(const auto databases, r[4].array());
  for (const auto& name : databases) b.databases.push_back(name.value_or(""));
  BOOST_OUTCOME_TRY(const auto accepted_names, r[11].array());
  std::vector<std::string> accepted;
  for (const auto& name : accepted_names) accepted.push_back(name.value_or(""));
  b.no_existing_role = refusal_for_existing_role(parse_safety_grade(r[10].text()), accepted);
  const auto about = [&b](errc code, std::string message) {
    return error(code, std::move(message))
        .with_field("bundles." + b.name)
        .with_object("role " + quote_identifier(b.role));
  };
  if (r[5].is_null() || r[5].text() != b.role) {
    return about(errc::stale, "the bundle's role was dropped or renamed since it was registered")
        .with_hint("apply the policy again");
  }
  if (r[6].text() == "t" || r[7].text() == "t" || b.role.starts_with("pg_")) {
    return about(errc::invalid_argument,
                 "a role that can log in, has attributes of its own, or belongs to the server is "
                 "no bundle role")
        .with_hint("its members could not be held to the lease; use a plain NOLOGIN role");
  }
  if (has_options) {
    if (r[8].is_null()) {
      return about(errc::denied, "the connector has no ADMIN option on the bundle's role")
          .with_hint(
              "where granters give bundles, run the bootstrap again; else GRANT the role to the "
              "connector WITH ADMIN OPTION, or let the connector make it by applying the policy");
    }
    BOOST_OUTCOME_TRY(b.grantor_oid, r[8].oid());
    b.grantor = r[9].str();
    BOOST_OUTCOME_TRY(const auto people, r[12].int64());
    BOOST_OUTCOME_TRY(const auto last_cohort, r[13].int64());
    b.people = static_cast<int>(people);
    b.last_cohort = static_cast<int>(last_cohort);
  }
  return b;
}

result<checked_membership> read_known_membership(const row& r, const checked_bundle& bundle) {
  checked_membership known;
  known.role_oid = bundle.role_oid;
  known.membership.role = bundle.role;
  known.membership.member = r[1].str();
  if (!r[2].is_null()) {
    known.there = true;
    BOOST_OUTCOME_TRY(known.cut, r[12].boolean());
    BOOST_OUTCOME_TRY(known.grantor_oid, r[2].oid());
    known.membership.grantor = r[3].str();
    BOOST_OUTCOME_TRY(known.membership.own_before, r[4].boolean());
    BOOST_OUTCOME_TRY(known.membership.own_admin, r[5].boolean());
    BOOST_OUTCOME_TRY(known.membership.own_inherit, r[6].boolean());
    BOOST_OUTCOME_TRY(known.membership.own_set, r[7].boolean());
    return known;
  }
  known.grantor_oid = bundle.grantor_oid;
  known.membership.grantor = bundle.grantor;
  if (r[8].is_null()) return known;
  known.there = true;
  BOOST_OUTCOME_TRY(const oid grantor, r[8].oid());
  if (grantor != bundle.grantor_oid) return known;
  known.membership.own_before = true;
  BOOST_OUTCOME_TRY(known.membership.own_admin, r[9].boolean());
  BOOST_OUTCOME_TRY(known.membership.own_inherit, r[10].boolean());
  BOOST_OUTCOME_TRY(known.membership.own_set, r[11].boolean());
  return known;
}

result<void> read_known_memberships(const rows& answer, grant_facts& facts) {
  for (const row r : answer) {
    BOOST_OUTCOME_TRY(const oid role, r[0].oid());
    const auto bundle = std::ranges::find_if(facts.bundles, [role](const auto& each) {
      return each.second && each.second.assume_value().role_oid == role;
    });
    if (bundle == facts.bundles.end()) continue;
    BOOST_OUTCOME_TRY(const auto known, read_known_membership(r, bundle->second.assume_value()));
    // One row for each grantor: ours is the one that counts.
    auto& kept = facts.memberships.try_emplace({role, r[1].str()}, known).first->second;
    if (known.membership.own_before) kept = known;
  }
  return success();
}

}  // namespace

lease_task<grant_facts> ask_grant_facts(lease_engine& engine, connection_ptr where,
                                        const grant_queue::requests& calls) {
  std::vector<std::string> ids, keys, seconds, bundles, roles, paired_bundles, paired_roles;
  for (const auto& each : calls) {
    const grant_call& call = each->work;
    ids.push_back(call.id);
    if (!call.request.key().empty()) keys.push_back(call.request.key());
    seconds.push_back(std::to_string(call.request.duration().count()));
    for (const std::string& name : call.request.bundles()) {
      bundles.push_back(name);
      if (call.ephemeral()) continue;
      paired_bundles.push_back(name);
      paired_roles.push_back(call.grantee());
    }
    if (!call.ephemeral()) roles.push_back(call.grantee());
  }
  const bool has_options = where->server_version() >= 160000;
  batch questions;
  questions.add(plan_for_few_rows())
      .add(executor_query())
      .add(statement(grant_times_query).bind_array(seconds))
      .add(grant_bundles_query(has_options, bundles, engine.settings().cohort_size()))
      .add(statement(select_leases().raw(
                         " WHERE l.id = ANY ($1::text[]) OR l.idempotency_key = ANY ($2::text[])"))
               .bind_array(ids)
               .bind_array(keys));
  if (!roles.empty()) {
    questions.add(grantees_query(roles));
    questions.add(
        known_memberships_query(has_options).bind_array(paired_bundles).bind_array(paired_roles));
  }
  grant_facts facts;
  auto asked = co_await run_kept(where, std::move(questions), [&] {
    for (const auto& each : calls) {
      const auto made = make_verifier(each->work, engine.settings());
      if (!made) facts.without_verifier.emplace(each->work.id, made.error());
    }
  });
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(asked));
  BOOST_OUTCOME_CO_TRY(facts.executor, read_executor(*where, answers[1]));
  for (const row r : answers[2]) facts.times.push_back(r[0].str());
  for (const row r : answers[3]) {
    facts.bundles.emplace_back(r[0].str(), read_checked_bundle(r, has_options));
  }
  BOOST_OUTCOME_CO_TRY(facts.earlier, read_leases(answers[4]));
  if (!roles.empty()) {
    facts.grantees = answers[5];
    BOOST_OUTCOME_CO_TRY(read_known_memberships(answers[6], facts));
  }
  const bool cohorts = std::ranges::any_of(facts.bundles, [](const auto& each) {
    return each.second && each.second.assume_value().last_cohort > 0;
  });
  if (cohorts) {
    batch about_cohorts;
    about_cohorts.add(plan_for_few_rows())
        .add(open_cohorts_query(bundles, calls.size(), engine.settings().cohort_size()))
        .add(known_cohorts_query(paired_bundles, paired_roles));
    auto found = co_await run_kept(where, std::move(about_cohorts));
    BOOST_OUTCOME_CO_TRY(const auto in_cohorts, std::move(found));
    facts.open_cohorts = in_cohorts[1];
    facts.known_cohorts = in_cohorts[2];
  }
  const bool all_known = std::ranges::all_of(bundles, [&facts](const std::string& wanted) {
    return std::ranges::any_of(facts.bundles,
                               [&wanted](const auto& each) { return each.first == wanted; });
  });
  if (all_known) co_return facts;
  auto named = co_await run(where, statement("SELECT name FROM pgrant.bundle ORDER BY name"));
  BOOST_OUTCOME_CO_TRY(const rows names, std::move(named));
  for (const row r : names) facts.all_bundles.push_back(r[0].str());
  co_return facts;
}

}  // namespace pgrant::detail
