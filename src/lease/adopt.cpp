// Leases from what the server shows, after the ledger was lost.
#include <algorithm>

#include "lease/cohort_adopt.hpp"
#include "lease/lease_engine.hpp"
#include "lease/lease_names.hpp"
#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

// The planner writes the bundle's name into the comment of its role.
constexpr sql_fragment lost_bundles_query =
    R"(SELECT pg_catalog.split_part(pg_catalog.substr(d.description, 15), ':', 1), r.rolname, r.oid,
  ARRAY(SELECT DISTINCT t.datname::text FROM pg_catalog.pg_shdepend s
    JOIN pg_catalog.pg_database t ON t.oid = s.dbid
      OR s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass AND s.objid = t.oid
    WHERE s.refclassid = d.classoid AND s.refobjid = r.oid ORDER BY 1),
  pg_catalog.ltrim(pg_catalog.substr(pg_catalog.substr(d.description, 15),
    pg_catalog.length(pg_catalog.split_part(pg_catalog.substr(d.description, 15), ':', 1)) + 2))
FROM pg_catalog.pg_roles r JOIN pg_catalog.pg_shdescription d ON d.objoid = r.oid
  AND d.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass
WHERE d.description LIKE 'pgrant bundle _%' AND NOT r.rolcanlogin AND NOT EXISTS (
  SELECT FROM pgrant.bundle b
  WHERE b.role_oid = r.oid OR b.name = pg_catalog.split_part(pg_catalog.substr(d.description, 15), ':', 1))
ORDER BY 1)";

// Who is in a bundle, of the ledger or lost, or in a cohort of one, without a running lease. $1:
// names and OIDs of lost bundles, and of lost cohorts under the names of their bundles; $3: the
// regular expression for logins.
constexpr sql_fragment lost_members_query =
    R"(SELECT r.rolname, r.oid, r.rolname ~ $3,
  CASE WHEN pg_catalog.isfinite(r.rolvaliduntil)
    THEN (extract(epoch FROM r.rolvaliduntil) * 1000000)::bigint END,
  (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint,
  array_agg(b.name ORDER BY b.oid), array_agg(b.oid ORDER BY b.oid),
  array_agg(a.grantor ORDER BY b.oid),
  EXISTS (SELECT FROM pgrant.lease o WHERE o.kind = 'ephemeral_login' AND o.grantee = r.rolname)
FROM (SELECT name, role_oid AS oid FROM pgrant.bundle
  UNION ALL SELECT b.name, c.role_oid FROM pgrant.cohort c
    JOIN pgrant.bundle b ON b.role_oid = c.bundle_oid
  UNION ALL SELECT * FROM unnest($1::text[], $2::oid[])) b
JOIN (SELECT roleid, member, min(grantor) AS grantor, bool_or(admin_option) AS admin
  FROM pg_catalog.pg_auth_members GROUP BY roleid, member) a ON a.roleid = b.oid AND NOT a.admin
JOIN pg_catalog.pg_roles r ON r.oid = a.member
WHERE (r.rolcanlogin OR r.rolname ~ $3) AND r.rolname <> current_user
  AND NOT EXISTS (SELECT FROM pgrant.membership m
    WHERE m.role_oid = a.roleid AND m.member_oid = a.member AND m.n > 0)
GROUP BY r.oid, r.rolname, r.rolvaliduntil ORDER BY r.rolname LIMIT 100000)";

constexpr sql_fragment insert_adopted_bundle_statement =
    R"(INSERT INTO pgrant.bundle (name, role_name, role_oid, description, maximum_seconds, databases)
VALUES ($1, $2, $3::oid, $5, 0, $4::text[]))";

constexpr sql_fragment insert_adopted_lease_statement =
    R"(INSERT INTO pgrant.lease (id, attempt, kind, grantee, grantee_oid, person, requester, reason,
  bundles, seconds, state, granted_at, expires_at)
SELECT $1, $2, 'ephemeral_login', $3, $4::oid, $5, '', 'adopted', $6::text[],
  greatest(1, ceil(extract(epoch FROM e.at - c.now)))::bigint, 'active', c.now, e.at
FROM (SELECT pg_catalog.clock_timestamp() AS now) c,
  (SELECT timestamptz 'epoch' + $7::bigint * interval '1 microsecond' AS at) e)";

constexpr sql_fragment insert_adopted_lease_bundles_statement =
    R"(INSERT INTO pgrant.lease_bundle (lease_id, bundle, role_oid)
SELECT $1, * FROM unnest($2::text[], $3::oid[]))";

constexpr sql_fragment insert_adopted_memberships_statement =
    R"(INSERT INTO pgrant.membership (role_oid, member_oid, n, grantor_oid, own_before, own_admin,
  own_inherit, own_set, before)
SELECT u.oid, $1::oid, 1, CASE WHEN $4::boolean THEN u.grantor ELSE 0::oid END,
  false, false, false, false, '[]'
FROM unnest($2::oid[], $3::oid[]) u (oid, grantor)
ON CONFLICT (role_oid, member_oid) DO UPDATE SET n = 1, grantor_oid = excluded.grantor_oid)";

struct lost_bundle {
  planned_bundle bundle;
  std::string role_oid;
};

struct lost_login {
  pgrant::lease lease;
  std::string oid;
  std::vector<std::string> role_oids, grantors;
};

/// What there is to adopt, with what is needed to write it.
struct found_losses {
  adopt_report report;
  std::vector<lost_bundle> bundles;
  std::vector<lost_cohort> cohorts;
  std::vector<lost_login> logins;
};

result<std::vector<std::string>> texts_of(const cell& value) {
  BOOST_OUTCOME_TRY(const auto elements, value.array());
  std::vector<std::string> texts;
  for (const auto& each : elements) texts.push_back(each.value_or(""));
  return texts;
}

unadopted left_over(const std::string& role, std::vector<std::string> bundles, std::string why,
                    std::string remedy) {
  unadopted left;
  left.role = role;
  left.bundles = std::move(bundles);
  left.why = std::move(why);
  left.remedy = std::move(remedy);
  return left;
}

result<void> sort_member(const row& r, const std::string& prefix, found_losses& to) {
  const std::string name = r[0].str();
  BOOST_OUTCOME_TRY(auto bundles, texts_of(r[5]));
  const std::string quoted = quote_identifier(name);
  if (r[2].text() != "t") {
    to.report.left.push_back(left_over(
        name, std::move(bundles), "an existing role: nobody can tell until when, or who gave it",
        "REVOKE the bundle's role from " + quoted + ", and grant a lease if it is needed"));
  } else if (r[3].is_null()) {
    to.report.left.push_back(
        left_over(name, std::move(bundles), "the login has no end",
                  "ALTER ROLE " + quoted + " VALID UNTIL '…', and adopt again; or drop it"));
  } else if (r[8].text() == "t") {
    to.report.left.push_back(left_over(name, std::move(bundles),
                                       "the ledger knows a lease of this login that is over",
                                       "NOLOGIN, end its sessions, DROP ROLE " + quoted));
  } else {
    lost_login found;
    found.oid = r[1].str();
    BOOST_OUTCOME_TRY(found.role_oids, texts_of(r[6]));
    BOOST_OUTCOME_TRY(found.grantors, texts_of(r[7]));
    lease& l = found.lease;
    // Who is in a bundle twice, loses the second way in with the login.
    for (std::size_t i = 0; i < bundles.size(); ++i) {
      const std::size_t kept = l.bundles.size();
      if (std::ranges::find(l.bundles, bundles[i]) != l.bundles.end()) continue;
      l.bundles.push_back(bundles[i]);
      found.role_oids[kept] = found.role_oids[i];
      found.grantors[kept] = found.grantors[i];
    }
    found.role_oids.resize(l.bundles.size());
    found.grantors.resize(l.bundles.size());
    l.grantee = name;
    l.person = person_in_login(prefix, name);
    if (l.person.empty()) l.person = name;
    l.reason = "adopted";
    BOOST_OUTCOME_TRY(const auto until, r[3].int64());
    BOOST_OUTCOME_TRY(const auto now, r[4].int64());
    l.expires_at = server_time(std::chrono::microseconds(until));
    l.granted_at = l.starts_at = server_time(std::chrono::microseconds(now));
    to.report.leases.push_back(l);
    to.logins.push_back(std::move(found));
  }
  return success();
}

lease_task<found_losses> find_losses(connection_ptr where, std::string prefix) {
  found_losses found;
  auto asked = co_await run(where, statement(lost_bundles_query));
  BOOST_OUTCOME_CO_TRY(const rows bundles, std::move(asked));
  std::vector<std::string> names, oids;
  for (const row r : bundles) {
    lost_bundle one;
    one.bundle.name = r[0].str();
    one.bundle.role = r[1].str();
    one.role_oid = r[2].str();
    BOOST_OUTCOME_CO_TRY(one.bundle.databases, texts_of(r[3]));
    one.bundle.description = r[4].str();
    names.push_back(one.bundle.name);
    oids.push_back(one.role_oid);
    found.report.bundles.push_back(one.bundle);
    found.bundles.push_back(std::move(one));
  }
  if (where->server_version() >= 160000) {
    auto shown = co_await run(where, lost_cohorts_query(names, oids));
    BOOST_OUTCOME_CO_TRY(const rows cohorts, std::move(shown));
    for (const row r : cohorts) {
      found.cohorts.push_back(read_lost_cohort(r));
      names.push_back(found.cohorts.back().bundle);
      oids.push_back(found.cohorts.back().role_oid);
    }
  }
  auto looked = co_await run(where, statement(lost_members_query)
                                        .bind_array(names)
                                        .bind_array(oids)
                                        .bind(login_name_pattern(prefix)));
  BOOST_OUTCOME_CO_TRY(const rows members, std::move(looked));
  for (const row r : members) {
    BOOST_OUTCOME_CO_TRY(sort_member(r, prefix, found));
  }
  co_return found;
}

result<void> add_adopted_login(batch& work, lost_login& found, lease& listed, bool has_options) {
  BOOST_OUTCOME_TRY(listed.id, random_word(16));
  BOOST_OUTCOME_TRY(const std::string attempt, random_word(16));
  work.add(statement(insert_adopted_lease_statement)
               .bind(listed.id)
               .bind(attempt)
               .bind(listed.grantee)
               .bind(found.oid)
               .bind(listed.person)
               .bind_array(listed.bundles)
               .bind(std::to_string(listed.expires_at.time_since_epoch().count())));
  work.add(statement(insert_adopted_lease_bundles_statement)
               .bind(listed.id)
               .bind_array(listed.bundles)
               .bind_array(found.role_oids));
  work.add(statement(insert_adopted_memberships_statement)
               .bind(found.oid)
               .bind_array(found.role_oids)
               .bind_array(found.grantors)
               .bind(has_options ? "true" : "false"));
  return success();
}

// Makes rows of what was found, in the transaction that found it.
lease_task<adopt_report> write_losses(connection_ptr where, const ledger_store& store,
                                      found_losses found) {
  const bool has_options = where->server_version() >= 160000;
  batch work;
  for (const lost_bundle& b : found.bundles) {
    work.add(statement(insert_adopted_bundle_statement)
                 .bind(b.bundle.name)
                 .bind(b.bundle.role)
                 .bind(b.role_oid)
                 .bind_array(b.bundle.databases)
                 .bind(b.bundle.description));
  }
  for (std::size_t i = 0; i < found.logins.size(); ++i) {
    BOOST_OUTCOME_CO_TRY(
        add_adopted_login(work, found.logins[i], found.report.leases[i], has_options));
  }
  for (const lost_cohort& c : found.cohorts) work.add(insert_adopted_cohort(c));
  audit_entry entry("adopt");
  for (const lost_bundle& b : found.bundles) entry.detail("bundle " + b.bundle.name, b.bundle.role);
  for (const lease& l : found.report.leases) entry.detail("lease " + l.id, l.grantee);
  work.add(store.append_audit(entry)).add(statement("COMMIT"));
  auto written = co_await run_all(where, std::move(work));
  if (!written) co_return written.error().within("cannot adopt");
  found.report.written = true;
  co_return found.report;
}

}  // namespace

lease_task<adopt_report> lease_engine::adopt(adopt_mode mode) {
  auto opened = co_await store_->open();
  BOOST_OUTCOME_CO_TRY(const auto where, std::move(opened));
  batch begin;
  begin.add(statement("BEGIN"));
  // Nobody grants or ends meanwhile; whoever reads goes on.
  if (mode == adopt_mode::write)
    begin.add(statement("LOCK TABLE pgrant.lease IN SHARE ROW EXCLUSIVE MODE"));
  auto begun = co_await run_all(where, std::move(begin));
  if (!begun) co_return begun.error();
  auto looked = co_await find_losses(where, settings_.login_prefix());
  const bool something =
      looked && (!looked.assume_value().bundles.empty() || !looked.assume_value().cohorts.empty() ||
                 !looked.assume_value().logins.empty());
  if (mode == adopt_mode::write && something) {
    auto written = co_await write_losses(where, *store_, std::move(looked).assume_value());
    co_return written;
  }
  co_await roll_back(where);
  if (!looked) co_return looked.error();
  co_return std::move(looked).assume_value().report;
}

}  // namespace pgrant::detail
