#include "lease/grant_check.hpp"

#include <algorithm>
#include <map>

#include "lease/cohort.hpp"
#include "lease/grantee_check.hpp"
#include "lease/lease_names.hpp"
#include "pgrant/safety.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment earlier_keys_query =
    R"(SELECT l.id, l.idempotency_key FROM pgrant.lease l
WHERE l.idempotency_key = ANY ($1::text[]))";

constexpr sql_fragment grant_times_query =
    R"(SELECT (c.now + pg_catalog.make_interval(secs => d.seconds))::text
FROM (SELECT pg_catalog.clock_timestamp() AS now) c,
  pg_catalog.unnest($1::double precision[]) WITH ORDINALITY d (seconds, place)
ORDER BY d.place)";

// From 16 on a membership belongs to its grantor: one is chosen here, as the server would, and
// named in every GRANT and REVOKE, so that the entry at the end is the entry of the beginning.
// Granters go before the connector, where there are any.
constexpr sql_fragment grant_bundles_query_16 =
    R"(SELECT b.name, b.role_name, b.role_oid, b.maximum_seconds, b.databases, r.rolname,
  r.rolcanlogin, r.rolsuper OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls,
  g.oid, pg_catalog.pg_get_userbyid(g.oid), b.existing_role_grade, b.accepted
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

statement grant_bundles_query(bool has_options) {
  if (!has_options) return grant_bundles_query_14;
  return sql_text(grant_bundles_query_16)
      .raw(has_issuers_condition)
      .raw(grant_bundles_query_16_rest);
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
  }
  return b;
}

std::string known_bundles_hint(const std::string& wanted, const std::vector<std::string>& known) {
  if (known.empty()) return "no bundle is registered: apply a policy first";
  std::vector<std::string> named = near_names(wanted, known);
  std::string hint = named.empty() ? "known are " : "did you mean ";
  if (named.empty())
    named.assign(known.begin(), known.begin() + std::min<long>(10, std::ssize(known)));
  for (const std::string& name : named) hint += (&name == &named.front() ? "" : ", ") + name;
  return hint;
}

error too_long(std::chrono::seconds asked, std::int64_t longest, const std::string& whose) {
  return error(errc::invalid_argument, "the duration is longer than " + whose + " allows")
      .with_field("duration")
      .with_detail(std::to_string(asked.count()) + " s asked, " + std::to_string(longest) +
                   " s at most")
      .with_hint("ask for " + std::to_string(longest) + " s at most");
}

/// What the server said about all of the calls.
struct grant_facts {
  lease_executor executor;
  std::vector<ledger_lease> earlier;
  std::map<std::string, std::string> keys;  // Idempotency keys: whose lease.
  std::vector<std::string> times;           // One for each call.
  std::vector<std::pair<std::string, result<checked_bundle>>> bundles;  // In the order of OIDs.
  std::vector<std::string> all_bundles;                                 // Only if one is unknown.
  rows grantees;
  std::map<std::pair<oid, std::string>, checked_membership> memberships;  // In the role itself.
  rows cohort_bundles, open_cohorts, known_cohorts;                       // From 16 on.
};

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
  const int cohort_size = engine.settings().cohort_size();
  batch questions;
  questions.add(executor_query())
      .add(statement(grant_times_query).bind_array(seconds))
      .add(grant_bundles_query(has_options).bind_array(bundles))
      .add(statement(earlier_keys_query).bind_array(keys))
      .add(statement(select_leases().raw(
                         " WHERE l.id = ANY ($1::text[]) OR l.idempotency_key = ANY ($2::text[])"))
               .bind_array(ids)
               .bind_array(keys));
  if (!roles.empty()) {
    questions.add(grantees_query(roles));
    questions.add(
        known_memberships_query(has_options).bind_array(paired_bundles).bind_array(paired_roles));
  }
  const std::size_t cohorts_at = questions.size();
  if (has_options) {
    ask_cohorts(questions, bundles, calls.size(), cohort_size);
    if (!roles.empty()) questions.add(known_cohorts_query(paired_bundles, paired_roles));
  }
  auto asked = co_await run_all(where, std::move(questions));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(asked));
  grant_facts facts;
  BOOST_OUTCOME_CO_TRY(facts.executor, read_executor(*where, answers[0]));
  for (const row r : answers[1]) facts.times.push_back(r[0].str());
  for (const row r : answers[2]) {
    facts.bundles.emplace_back(r[0].str(), read_checked_bundle(r, has_options));
  }
  for (const row r : answers[3]) facts.keys.emplace(r[1].str(), r[0].str());
  BOOST_OUTCOME_CO_TRY(facts.earlier, read_leases(answers[4]));
  if (!roles.empty()) {
    facts.grantees = answers[5];
    BOOST_OUTCOME_CO_TRY(read_known_memberships(answers[6], facts));
  }
  if (has_options) {
    facts.cohort_bundles = answers[cohorts_at];
    facts.open_cohorts = answers[cohorts_at + 1];
    if (!roles.empty()) facts.known_cohorts = answers[cohorts_at + 2];
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

const ledger_lease* find_earlier(const grant_call& call, const grant_facts& facts) {
  const auto keyed = facts.keys.find(call.request.key());
  for (const ledger_lease& l : facts.earlier) {
    if (l.lease.id == call.id) return &l;
    if (keyed != facts.keys.end() && keyed->second == l.lease.id) return &l;
  }
  return nullptr;
}

result<checked_grant> judge_grant(const grant_call& call, std::size_t place,
                                  const grant_facts& facts, const lease_settings& settings,
                                  cohort_places& places) {
  checked_grant checked;
  if (const ledger_lease* earlier = find_earlier(call, facts)) {
    checked.earlier = *earlier;
    return checked;
  }
  const auto duration = call.request.duration();
  if (duration > settings.maximum_duration()) {
    return too_long(duration, settings.maximum_duration().count(), "the settings");
  }
  checked.valid_until = facts.times[place];
  const auto& wanted = call.request.bundles();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool known = std::ranges::any_of(
        facts.bundles, [&](const auto& each) { return each.first == wanted[i]; });
    if (known) continue;
    return error(errc::not_found, "there is no bundle \"" + wanted[i] + "\"")
        .with_field("bundles[" + std::to_string(i) + "]")
        .with_hint(known_bundles_hint(wanted[i], facts.all_bundles));
  }
  for (const auto& [name, bundle] : facts.bundles) {
    if (std::ranges::find(wanted, name) == wanted.end()) continue;
    if (!bundle) return bundle.error();
    const checked_bundle& b = bundle.assume_value();
    if (b.longest > 0 && duration.count() > b.longest) {
      return too_long(duration, b.longest, "bundle " + name);
    }
    if (!call.ephemeral() && b.no_existing_role) {
      return error(errc::invalid_argument, *b.no_existing_role)
          .with_field("bundles." + name)
          .with_hint(
              "grant to the person, who then gets a login for the time, or accept it in the "
              "policy");
    }
    checked.bundles.push_back(b);
  }
  if (!call.ephemeral()) {
    BOOST_OUTCOME_TRY(
        check_grantee(call.grantee(), facts.grantees, facts.executor.has_membership_options()));
  }
  for (const checked_bundle& b : checked.bundles) {
    const auto known = facts.memberships.find({b.role_oid, call.grantee()});
    const bool asked = known != facts.memberships.end();
    const bool cut = asked && known->second.cut, stays = asked && known->second.there && !cut;
    if (facts.executor.has_membership_options() && !stays) {
      if (auto in_cohort = places.place(b, call.grantee(), !cut)) {
        checked.memberships.push_back(std::move(*in_cohort));
        continue;
      }
    }
    if (asked) {
      checked.memberships.push_back(known->second);
      continue;
    }
    // A login that is made in the same transaction has no membership yet.
    checked_membership fresh;
    fresh.membership.role = b.role;
    fresh.membership.member = call.grantee();
    fresh.membership.grantor = b.grantor;
    fresh.role_oid = b.role_oid;
    fresh.grantor_oid = b.grantor_oid;
    checked.memberships.push_back(std::move(fresh));
  }
  return checked;
}

lease_task<void> check_what_it_owns(lease_engine& engine, connection_ptr where,
                                    const std::string& role, const rows& grantees) {
  BOOST_OUTCOME_CO_TRY(const oid owner, owner_among_grantees(role, grantees));
  if (owner == 0) co_return success();
  auto looked = co_await definer_objects_of(engine.store(), where, owner);
  BOOST_OUTCOME_CO_TRY(const auto objects, std::move(looked));
  if (objects.empty()) co_return success();
  co_return owns_definer_objects(role, objects);
}

}  // namespace

lease_task<checked_grants> check_grants(lease_engine& engine, connection_ptr where,
                                        const grant_queue::requests& calls) {
  auto asked = co_await ask_grant_facts(engine, where, calls);
  BOOST_OUTCOME_CO_TRY(const auto facts, std::move(asked));
  cohort_places places(engine.settings().cohort_size(), facts.executor.makes_roles);
  BOOST_OUTCOME_CO_TRY(places.read(facts.cohort_bundles, facts.open_cohorts));
  BOOST_OUTCOME_CO_TRY(places.read_known(facts.known_cohorts));
  checked_grants checked;
  checked.executor = facts.executor;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const grant_call& call = calls[i]->work;
    auto judged = judge_grant(call, i, facts, engine.settings(), places);
    if (judged && !judged.assume_value().earlier && !call.ephemeral()) {
      auto clean = co_await check_what_it_owns(engine, where, call.grantee(), facts.grantees);
      if (!clean) judged = clean.error();
    }
    checked.each.push_back(std::move(judged));
  }
  checked.wishes = places.wishes();
  co_return checked;
}

}  // namespace pgrant::detail
