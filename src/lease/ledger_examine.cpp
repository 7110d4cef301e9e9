// A look at the ledger that changes nothing.
#include "lease/lease_names.hpp"
#include "lease/ledger_trust.hpp"
#include "lease/migrations.hpp"

namespace pgrant::detail {
namespace {

using store_ptr = std::shared_ptr<ledger_store>;

constexpr sql_fragment ledger_there_query =
    "SELECT pg_catalog.to_regclass('pgrant.migration') IS NOT NULL,"
    " pg_catalog.to_regclass('pgrant.identity') IS NOT NULL,"
    " pg_catalog.to_regclass('pgrant.cohort') IS NOT NULL";

constexpr sql_fragment ledger_versions_query =
    "SELECT coalesce(max(version), 0), coalesce(max(oldest_library), 0) FROM pgrant.migration";

// $1: a regular expression for names of logins. Their bundles, or those of their cohorts.
constexpr sql_fragment unknown_logins_query =
    R"(SELECT r.rolname FROM pg_catalog.pg_roles r
WHERE r.rolname ~ $1 AND r.rolcanlogin AND EXISTS (SELECT FROM pg_catalog.pg_auth_members a
    WHERE a.member = r.oid AND a.roleid IN (SELECT b.role_oid FROM pgrant.bundle b)";
constexpr sql_fragment unknown_logins_of_cohorts =
    " UNION ALL SELECT c.role_oid FROM pgrant.cohort c";
constexpr sql_fragment unknown_logins_query_rest = R"())
  AND NOT EXISTS (SELECT FROM pgrant.lease l WHERE l.grantee = r.rolname
    AND l.grantee_oid = r.oid AND l.state IN ('scheduled', 'active', 'ending', 'held'))
ORDER BY 1 LIMIT 100)";

constexpr sql_fragment missing_logins_query =
    R"(SELECT l.grantee FROM pgrant.lease l
WHERE l.kind = 'ephemeral_login' AND l.state IN ('scheduled', 'active')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r
    WHERE r.oid = l.grantee_oid AND r.rolname = l.grantee)
ORDER BY 1 LIMIT 100)";

constexpr sql_fragment unlimited_logins_query =
    R"(SELECT r.rolname FROM pgrant.lease l JOIN pg_catalog.pg_roles r ON r.oid = l.grantee_oid
WHERE l.kind = 'ephemeral_login' AND l.state IN ('scheduled', 'active', 'ending', 'held')
  AND r.rolconnlimit < 0 ORDER BY 1 LIMIT 100)";

std::vector<std::string> names_of(const rows& answer) {
  std::vector<std::string> names;
  for (const row r : answer) names.push_back(r[0].str());
  return names;
}

lease_task<ledger_condition> examine_ledger(store_ptr store, std::string login_prefix) {
  if (login_prefix.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos)
    co_return error(errc::invalid_argument, "the prefix of logins is not of [a-z0-9_]")
        .with_field("login_prefix");
  auto opened = co_await open_connection(store->connector(), store->database());
  BOOST_OUTCOME_CO_TRY(const auto where, std::move(opened));
  ledger_condition found;
  found.library_version = migrations().back().version;
  auto there = co_await run(where, statement(ledger_there_query));
  BOOST_OUTCOME_CO_TRY(const rows tables, std::move(there));
  if (tables.text(0, 0) != "t") co_return found;
  sql_text unknown(unknown_logins_query);
  // A ledger that was not migrated yet has none.
  if (tables.text(0, 2) == "t") unknown.raw(unknown_logins_of_cohorts);
  unknown.raw(unknown_logins_query_rest);
  batch questions;
  questions.add(statement(ledger_versions_query))
      .add(statement(std::move(unknown)).bind(login_name_pattern(login_prefix)))
      .add(statement(missing_logins_query))
      .add(statement(unlimited_logins_query));
  auto asked = co_await run_all(where, std::move(questions));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(asked));
  BOOST_OUTCOME_CO_TRY(const auto version, answers[0].at(0, 0).int64());
  BOOST_OUTCOME_CO_TRY(const auto oldest, answers[0].at(0, 1).int64());
  found.version = static_cast<int>(version);
  found.too_new = oldest > found.library_version;
  found.unknown_logins = names_of(answers[1]);
  found.missing_logins = names_of(answers[2]);
  found.unlimited_logins = names_of(answers[3]);
  if (tables.text(0, 1) != "t") co_return found;
  auto read = co_await read_identity(where);
  BOOST_OUTCOME_CO_TRY(const ledger_identity id, std::move(read));
  found.restored = restore_signs(id);
  co_return found;
}

}  // namespace

void start_examine(store_ptr store, std::string login_prefix, completion<ledger_condition> done) {
  start_lease_task(store->executor(), examine_ledger(store, std::move(login_prefix)),
                   std::move(done));
}

}  // namespace pgrant::detail
