// The roles of cohorts: made, cut off and dropped.
#include <optional>

#include "lease/cohort.hpp"
#include "lease/migrations.hpp"
#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

constexpr std::string_view cohort_prefix = "pgrant_cohort_";

constexpr sql_fragment lock_bundles_of_cohorts =
    "SELECT FROM pgrant.bundle WHERE role_oid = ANY ($1::oid[]) ORDER BY role_oid FOR UPDATE";

constexpr sql_fragment insist_wish_statement =
    R"(SELECT pgrant.insist((SELECT max(c.number) FROM pgrant.cohort c WHERE c.bundle_oid = $1::oid)
    IS NOT DISTINCT FROM nullif($2::int, 0)
  AND EXISTS (SELECT FROM pgrant.bundle b WHERE b.role_oid = $1::oid AND b.role_name = $3
    AND pg_catalog.pg_get_userbyid(b.role_oid) = b.role_name), $4, 'a bundle has changed'))";

constexpr sql_fragment note_cohort_statement =
    R"(INSERT INTO pgrant.cohort (role_oid, role_name, bundle_oid, number, grantor_oid,
  bundle_grantor_oid)
SELECT c.oid, c.rolname, $2::oid, $3::int, CASE WHEN me.rolsuper THEN 10 ELSE me.oid END, $4::oid
FROM pg_catalog.pg_roles c CROSS JOIN pg_catalog.pg_roles me
WHERE c.rolname = $1 AND me.rolname = current_user)";

// Of one bundle, or of all.
constexpr sql_fragment bundles_to_cut_query =
    "SELECT b.role_oid FROM pgrant.bundle b WHERE $1 = '' OR b.name = $1";

constexpr sql_fragment cohorts_to_cut_query =
    R"(SELECT b.rolname, r.rolname, pg_catalog.pg_get_userbyid(c.bundle_grantor_oid)
FROM pgrant.cohort c JOIN pg_catalog.pg_roles r ON r.oid = c.role_oid
JOIN pg_catalog.pg_roles b ON b.oid = c.bundle_oid
WHERE c.bundle_oid = ANY ($1::oid[]) AND c.cut_at IS NULL
  AND EXISTS (SELECT FROM pg_catalog.pg_auth_members e WHERE e.roleid = c.bundle_oid
    AND e.member = c.role_oid AND e.grantor = c.bundle_grantor_oid)
ORDER BY c.bundle_oid, c.role_oid)";

// What had been there before is given back with the end of the lease, and not taken here.
constexpr sql_fragment members_to_cut_statement =
    R"(WITH cut AS (UPDATE pgrant.membership m SET cut_at = pg_catalog.clock_timestamp()
  WHERE m.role_oid = ANY ($1::oid[]) AND m.n > 0 AND NOT m.own_before AND m.cut_at IS NULL
  RETURNING m.role_oid, m.member_oid, m.grantor_oid)
SELECT b.rolname, r.rolname, pg_catalog.pg_get_userbyid(m.grantor_oid) FROM cut m
JOIN pg_catalog.pg_roles b ON b.oid = m.role_oid JOIN pg_catalog.pg_roles r ON r.oid = m.member_oid
JOIN pg_catalog.pg_auth_members e ON e.roleid = m.role_oid AND e.member = m.member_oid
  AND e.grantor = m.grantor_oid
ORDER BY m.role_oid, m.member_oid)";

constexpr sql_fragment note_cut_statement =
    R"(UPDATE pgrant.cohort SET cut_at = pg_catalog.clock_timestamp()
WHERE bundle_oid = ANY ($1::oid[]) AND cut_at IS NULL)";

constexpr sql_fragment insist_cut_statement =
    R"(SELECT pgrant.insist(NOT EXISTS (SELECT FROM (
  SELECT c.bundle_oid, c.role_oid, c.bundle_grantor_oid FROM pgrant.cohort c
    WHERE c.bundle_oid = ANY ($1::oid[])
  UNION ALL SELECT m.role_oid, m.member_oid, m.grantor_oid FROM pgrant.membership m
    WHERE m.role_oid = ANY ($1::oid[]) AND m.cut_at IS NOT NULL) m (role, member, grantor)
  JOIN pg_catalog.pg_auth_members e ON e.roleid = m.role AND e.member = m.member
    AND e.grantor = m.grantor), $2, 'a membership is there after its REVOKE'))";

// Who has a place and has not come yet comes soon; nobody is chosen for a cohort that was cut.
#define PGRANT_EMPTY_COHORT                                                               \
  " NOT EXISTS (SELECT FROM pgrant.membership m WHERE m.role_oid = c.role_oid)"           \
  " AND (c.cut_at IS NOT NULL OR c.entered_at IS NOT NULL"                                \
  "  OR c.made_at < pg_catalog.clock_timestamp() - interval '5 minutes')"                 \
  " AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members a WHERE a.roleid = c.role_oid" \
  "  AND NOT a.admin_option)"                                                             \
  " AND pg_catalog.pg_has_role(c.grantor_oid, 'USAGE')"

// A role that has another name now is somebody's; one that is gone leaves its row.
constexpr sql_fragment empty_cohorts_query =
    "SELECT c.role_oid, c.role_name, c.bundle_oid, r.rolname IS NULL FROM pgrant.cohort c"
    " LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.role_oid"
    " WHERE (r.rolname IS NULL OR r.rolname = c.role_name) AND" PGRANT_EMPTY_COHORT
    " ORDER BY random() LIMIT 100";

constexpr sql_fragment forget_cohort_statement =
    "DELETE FROM pgrant.cohort c WHERE c.role_oid = $1::oid AND" PGRANT_EMPTY_COHORT " RETURNING 1";

#undef PGRANT_EMPTY_COHORT

error foreign_cohort(const cohort_wish& wish, const error& why) {
  const std::string name = std::string(cohort_prefix) + std::to_string(wish.bundle.role_oid) + "_" +
                           std::to_string(wish.bundle.last_cohort + 1);
  return error(errc::conflict, "a role that pgrant did not make has the name of a cohort")
      .with_state(sqlstate::parse(guard_cohort_foreign))
      .with_detail(why.message())
      .with_field("bundles." + wish.bundle.name)
      .with_object("role " + quote_identifier(name))
      .with_hint("drop or rename the role; if the ledger was lost, adopt what was in it");
}

void add_cohorts(batch& work, const cohort_wish& wish) {
  const checked_bundle& bundle = wish.bundle;
  const std::string bundle_oid = std::to_string(bundle.role_oid);
  std::vector<std::string> names;
  work.add(statement(insist_wish_statement)
               .bind(bundle_oid)
               .bind(std::to_string(wish.bundle.last_cohort))
               .bind(bundle.role)
               .bind(guard_cohort_changed));
  for (int n = 1; n <= wish.count; ++n) {
    const std::string number = std::to_string(wish.bundle.last_cohort + n);
    names.push_back(std::string(cohort_prefix) + bundle_oid + "_" + number);
    work.add(statement(sql_text("CREATE ROLE ")
                           .name(names.back())
                           .raw(" NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION"
                                " NOBYPASSRLS")));
    work.add(statement(sql_text("COMMENT ON ROLE ")
                           .name(names.back())
                           .raw(" IS ")
                           .literal("pgrant cohort " + number + " of bundle " + bundle.name)));
    work.add(statement(note_cohort_statement)
                 .bind(names.back())
                 .bind(bundle_oid)
                 .bind(number)
                 .bind(std::to_string(bundle.grantor_oid)));
  }
  work.add(statement(sql_text("GRANT ")
                         .name(bundle.role)
                         .raw(" TO ")
                         .names(names)
                         .raw(" WITH ADMIN FALSE, INHERIT TRUE, SET FALSE GRANTED BY ")
                         .name(bundle.grantor)));
}

// From BEGIN to where the bundles are locked; only then it shows what they have.
batch lock_cohorts_of(const lease_settings& settings, const std::vector<std::string>& bundle_oids) {
  batch work;
  work.add(statement("BEGIN"));
  work.add(statement(sql_text("SET LOCAL lock_timeout = ").number(settings.end_timeout().count())));
  work.add(statement(lock_bundles_of_cohorts).bind_array(bundle_oids));
  return work;
}

lease_task<void> cut_once(lease_engine& engine, connection_ptr where, const lease_executor& us,
                          std::string bundle) {
  auto asked = co_await run(where, statement(bundles_to_cut_query).bind(bundle));
  BOOST_OUTCOME_CO_TRY(const rows bundles, std::move(asked));
  std::vector<std::string> oids;
  for (const row r : bundles) oids.push_back(r[0].str());
  batch looking = lock_cohorts_of(engine.settings(), oids);
  looking.add(plan_for_few_rows());
  looking.add(statement(members_to_cut_statement).bind_array(oids));
  looking.add(statement(cohorts_to_cut_query).bind_array(oids));
  auto looked = co_await run_all(where, std::move(looking));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(looked));
  std::vector<lease_membership> taking;
  for (const rows& part : {answers[answers.size() - 2], answers.back()}) {
    for (const row r : part) {
      lease_membership& m = taking.emplace_back();
      m.role = r[0].str();
      m.member = r[1].str();
      m.grantor = r[2].str();
    }
  }
  if (taking.empty()) {
    co_await roll_back(where);
    co_return success();
  }
  batch work;
  add_all(work, us.authority->take(taking));
  work.add(statement(note_cut_statement).bind_array(oids));
  work.add(statement(insist_cut_statement).bind_array(oids).bind(guard_membership_left));
  audit_entry entry("cut");
  entry.detail("bundle", bundle).detail("cohorts", std::to_string(answers.back().size()));
  entry.detail("members", std::to_string(taking.size() - answers.back().size()));
  work.add(engine.ending_store().append_audit(entry)).add(statement("COMMIT"));
  auto done = co_await run_all(where, std::move(work));
  if (!done) co_return done.error();
  co_return success();
}

lease_task<void> drop_cohort(lease_engine& engine, connection_ptr where, std::string role_oid,
                             std::string name, std::string bundle_oid, bool gone) {
  std::vector<std::string> bundle(1, bundle_oid);
  batch looking = lock_cohorts_of(engine.settings(), bundle);
  looking.add(statement(forget_cohort_statement).bind(role_oid));
  auto forgotten = co_await run_all(where, std::move(looking));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(forgotten));
  if (answers.back().empty()) {
    co_await roll_back(where);
    co_return success();
  }
  batch work;
  if (!gone) work.add(statement(sql_text("DROP ROLE ").name(name)));
  audit_entry entry("drop_cohort");
  work.add(engine.ending_store().append_audit(entry.detail("role", name)));
  work.add(statement("COMMIT"));
  auto dropped = co_await run_all(where, std::move(work));
  if (!dropped) co_return dropped.error();
  co_return success();
}

}  // namespace

lease_task<void> make_cohorts(lease_engine& engine, connection_ptr where,
                              std::vector<cohort_wish> wishes) {
  std::vector<std::string> oids;
  for (const cohort_wish& wish : wishes) oids.push_back(std::to_string(wish.bundle.role_oid));
  batch work;
  // The creator's own edge is ADMIN alone, whatever its settings say.
  work.add(statement("BEGIN")).add(statement("SET LOCAL createrole_self_grant = ''"));
  work.add(statement(lock_bundles_of_cohorts).bind_array(oids));
  audit_entry entry("make_cohorts");
  for (const cohort_wish& wish : wishes) {
    add_cohorts(work, wish);
    entry.detail("bundle " + wish.bundle.name, std::to_string(wish.count));
  }
  work.add(engine.store().append_audit(entry)).add(statement("COMMIT"));
  auto made = co_await run_all(where, std::move(work));
  if (made) co_return success();
  const error& why = made.error();
  if (why.state() == "42710"_sqlstate) co_return foreign_cohort(wishes.front(), why);
  co_return why;
}

lease_task<void> cut_bundle(lease_engine& engine, connection_ptr where, std::string bundle) {
  if (where->server_version() < 160000) co_return success();
  auto known = co_await engine.who_are_we(where);
  BOOST_OUTCOME_CO_TRY(const lease_executor us, std::move(known));
  std::optional<error> failed;
  for (int tries = 0; tries <= conflict_tries; ++tries) {
    if (tries > 0) co_await pause(conflict_pause(tries));
    auto cut = co_await cut_once(engine, where, us, bundle);
    if (cut) co_return success();
    failed = cut.error();
    if (!is_conflict(*failed)) break;
  }
  co_return failed->within("cannot cut the bundle at once");
}

lease_task<void> drop_empty_cohorts(lease_engine& engine, connection_ptr where) {
  if (where->server_version() < 160000) co_return success();
  auto asked = co_await run(where, statement(empty_cohorts_query));
  BOOST_OUTCOME_CO_TRY(const rows empty, std::move(asked));
  for (const row r : empty) {
    auto dropped =
        co_await drop_cohort(engine, where, r[0].str(), r[1].str(), r[2].str(), r[3].text() == "t");
    // Its members may have made it own something: then it stays, empty.
    if (!dropped && is_lost(dropped.error())) co_return dropped.error();
  }
  co_return success();
}

}  // namespace pgrant::detail
