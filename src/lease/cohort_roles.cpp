// The roles of cohorts: made, cut off and dropped.
#include <map>
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
    R"(SELECT DISTINCT c.bundle_oid FROM pgrant.cohort c JOIN pgrant.bundle b
  ON b.role_oid = c.bundle_oid WHERE ($1 = '' OR b.name = $1) AND c.cut_at IS NULL)";

constexpr sql_fragment cohorts_to_cut_query =
    R"(SELECT c.role_oid, r.rolname, b.rolname, pg_catalog.pg_get_userbyid(c.bundle_grantor_oid)
FROM pgrant.cohort c JOIN pg_catalog.pg_roles r ON r.oid = c.role_oid
JOIN pg_catalog.pg_roles b ON b.oid = c.bundle_oid
WHERE c.bundle_oid = ANY ($1::oid[]) AND c.cut_at IS NULL
  AND EXISTS (SELECT FROM pg_catalog.pg_auth_members e WHERE e.roleid = c.bundle_oid
    AND e.member = c.role_oid AND e.grantor = c.bundle_grantor_oid)
ORDER BY c.bundle_oid, c.role_oid)";

constexpr sql_fragment note_cut_statement =
    R"(UPDATE pgrant.cohort SET cut_at = pg_catalog.clock_timestamp()
WHERE bundle_oid = ANY ($1::oid[]) AND cut_at IS NULL)";

constexpr sql_fragment insist_cut_statement =
    R"(SELECT pgrant.insist(NOT EXISTS (SELECT FROM pgrant.cohort c
  JOIN pg_catalog.pg_auth_members e ON e.roleid = c.bundle_oid AND e.member = c.role_oid
    AND e.grantor = c.bundle_grantor_oid
  WHERE c.bundle_oid = ANY ($1::oid[])), $2, 'a cohort has its bundle after the REVOKE'))";

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
                           std::to_string(wish.after + 1);
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
               .bind(std::to_string(wish.after))
               .bind(bundle.role)
               .bind(guard_cohort_changed));
  for (int n = 1; n <= wish.count; ++n) {
    const std::string number = std::to_string(wish.after + n);
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

lease_task<int> cut_once(lease_engine& engine, connection_ptr where, std::string bundle) {
  auto asked = co_await run(where, statement(bundles_to_cut_query).bind(bundle));
  BOOST_OUTCOME_CO_TRY(const rows bundles, std::move(asked));
  if (bundles.empty()) co_return 0;
  std::vector<std::string> oids;
  for (const row r : bundles) oids.push_back(r[0].str());
  batch looking = lock_cohorts_of(engine.settings(), oids);
  looking.add(statement(cohorts_to_cut_query).bind_array(oids));
  auto looked = co_await run_all(where, std::move(looking));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(looked));
  // A statement for each bundle; all of its cohorts have the same grantor, but for a change of it.
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> taking;
  for (const row r : answers.back()) taking[{r[2].str(), r[3].str()}].push_back(r[1].str());
  batch work;
  audit_entry entry("cut_cohorts");
  int cut = 0;
  for (const auto& [from, cohorts] : taking) {
    work.add(statement(sql_text("REVOKE ")
                           .name(from.first)
                           .raw(" FROM ")
                           .names(cohorts)
                           .raw(" GRANTED BY ")
                           .name(from.second)));
    entry.detail("role " + from.first, std::to_string(cohorts.size()));
    cut += static_cast<int>(cohorts.size());
  }
  work.add(statement(note_cut_statement).bind_array(oids));
  work.add(statement(insist_cut_statement).bind_array(oids).bind(guard_membership_left));
  work.add(engine.ending_store().append_audit(entry)).add(statement("COMMIT"));
  auto done = co_await run_all(where, std::move(work));
  if (!done) co_return done.error();
  co_return cut;
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

lease_task<int> cut_cohorts(lease_engine& engine, connection_ptr where, std::string bundle) {
  if (where->server_version() < 160000) co_return 0;
  std::optional<error> failed;
  for (int tries = 0; tries <= conflict_tries; ++tries) {
    if (tries > 0) co_await pause(conflict_pause(tries));
    auto cut = co_await cut_once(engine, where, bundle);
    if (cut) co_return cut;
    failed = cut.error();
    if (!is_conflict(*failed)) break;
  }
  co_return failed->within("cannot cut the cohorts of the bundle");
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
