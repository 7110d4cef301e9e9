#include "client/check_queries.hpp"

namespace pgrant::detail {

namespace {

constexpr sql_fragment login_query =
    "SELECT r.rolname, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolbypassrls,"
    " r.rolconnlimit, pg_catalog.pg_has_role(r.oid, 'pg_signal_backend', 'USAGE'),"
    " pg_catalog.current_setting('server_version'),"
    " pg_catalog.current_setting('max_prepared_transactions'),"
    " pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::bigint"
    " FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";

// A role that does not exist is a row less, not an error.
constexpr sql_fragment platform_query =
    "SELECT r.rolname, pg_catalog.pg_has_role(r.oid, 'USAGE'),"
    " pg_catalog.pg_has_role(r.oid, 'USAGE WITH ADMIN OPTION')"
    " FROM pg_catalog.pg_roles r WHERE r.rolname = ANY ($1::pg_catalog.name[])";

constexpr sql_fragment databases_query =
    "SELECT d.datname, d.datallowconn AND pg_catalog.has_database_privilege(d.oid, 'CONNECT'),"
    " pg_catalog.has_database_privilege(d.oid, 'CONNECT WITH GRANT OPTION'),"
    " pg_catalog.pg_has_role(d.datdba, 'USAGE'),"
    " pg_catalog.has_database_privilege('public', d.oid, 'CONNECT')"
    " FROM pg_catalog.pg_database d ORDER BY d.datname";

constexpr sql_fragment surroundings_query =
    "SELECT coalesce((SELECT pg_catalog.has_schema_privilege('public', n.oid, 'CREATE')"
    " FROM pg_catalog.pg_namespace n WHERE n.nspname = 'public'), false),"
    " pg_catalog.has_database_privilege('public', pg_catalog.current_database(), 'TEMPORARY'),"
    " EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'dblink'),"
    " EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_cron'),"
    " (SELECT pg_catalog.count(*) FROM pg_catalog.pg_auth_members m WHERE NOT EXISTS"
    "  (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = m.member)),"
    " (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a WHERE a.usesysid <> 0"
    "  AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = a.usesysid)),"
    " (SELECT pg_catalog.count(*) FROM pg_catalog.pg_roles r WHERE r.rolname"
    "  ~ '^pgrant_issuer_[0-9]+$' AND r.rolcreaterole)";

result<void> read_login(const row& r, check_report& into, check_facts& facts) {
  into.role = r[0].str();
  BOOST_OUTCOME_TRY(into.superuser, r[1].boolean());
  BOOST_OUTCOME_TRY(into.create_role, r[2].boolean());
  BOOST_OUTCOME_TRY(into.create_database, r[3].boolean());
  BOOST_OUTCOME_TRY(into.bypass_rls, r[4].boolean());
  BOOST_OUTCOME_TRY(const auto limit, r[5].int64());
  into.connection_limit = static_cast<int>(limit);
  BOOST_OUTCOME_TRY(into.may_end_sessions, r[6].boolean());
  into.server_version_text = r[7].str();
  BOOST_OUTCOME_TRY(const auto prepared, r[8].int64());
  into.max_prepared_transactions = static_cast<int>(prepared);
  BOOST_OUTCOME_TRY(const auto now, r[9].int64());
  facts.now = std::chrono::sys_seconds(std::chrono::seconds(now));
  return success();
}

result<void> read_platform(const rows& answer, check_report& into) {
  const platform_profile& azure = profile_of(platform::azure);
  for (const row r : answer) {
    if (r[0].text() != azure.admin_group) continue;
    BOOST_OUTCOME_TRY(into.in_admin_group, r[1].boolean());
    BOOST_OUTCOME_TRY(into.admin_group_admin, r[2].boolean());
  }
  // Both roles together are Azure's; either alone may be anybody's.
  if (answer.size() == 2) into.platform = platform::azure;
  return success();
}

result<void> read_databases(const rows& answer, check_report& into, check_facts& facts) {
  for (const row r : answer) {
    checked_database one;
    one.name = r[0].str();
    BOOST_OUTCOME_TRY(one.connect, r[1].boolean());
    BOOST_OUTCOME_TRY(one.grant_connect, r[2].boolean());
    BOOST_OUTCOME_TRY(one.owned, r[3].boolean());
    BOOST_OUTCOME_TRY(const bool open_to_public, r[4].boolean());
    if (one.name == into.ledger_database) {
      into.ledger_exists = true;
      into.ledger_reachable = one.connect;
      facts.public_may_enter_ledger = open_to_public;
    } else if (one.name != "template1" && !is_reserved_database(into.platform, one.name)) {
      into.databases.push_back(std::move(one));
    }
  }
  return success();
}

}  // namespace

batch check_questions() {
  const platform_profile& azure = profile_of(platform::azure);
  const std::vector<std::string> platform_roles = {std::string(azure.operator_superuser),
                                                   std::string(azure.admin_group)};
  batch questions;
  questions.add(statement(login_query));
  questions.add(statement(platform_query).bind_array(platform_roles));
  questions.add(statement(databases_query));
  questions.add(statement(surroundings_query)).sync();
  // On some servers not everybody may ask this: it must not take the others along.
  questions.add(
      statement("SELECT c.system_identifier::text FROM pg_catalog.pg_control_system() c"));
  return questions;
}

result<check_facts> read_check(const batch_result& answers, check_report& into) {
  if (const auto failed = answers.first_error(); failed && answers.first_failure() < 4)
    return failed->within("the check could not read the catalogs");
  check_facts facts;
  const rows& login = answers[0].assume_value();
  if (login.empty()) return error(errc::internal, "the login's own role is not in pg_roles");
  BOOST_OUTCOME_TRY(read_login(login[0], into, facts));
  BOOST_OUTCOME_TRY(read_platform(answers[1].assume_value(), into));
  BOOST_OUTCOME_TRY(read_databases(answers[2].assume_value(), into, facts));
  const row around = answers[3].assume_value()[0];
  BOOST_OUTCOME_TRY(facts.public_may_create, around[0].boolean());
  BOOST_OUTCOME_TRY(facts.public_may_use_temporary, around[1].boolean());
  BOOST_OUTCOME_TRY(facts.has_dblink, around[2].boolean());
  BOOST_OUTCOME_TRY(facts.has_cron, around[3].boolean());
  BOOST_OUTCOME_TRY(const auto orphans, around[4].int64());
  BOOST_OUTCOME_TRY(const auto ghosts, around[5].int64());
  facts.orphan_memberships = static_cast<int>(orphans);
  facts.ghost_sessions = static_cast<int>(ghosts);
  BOOST_OUTCOME_TRY(const auto issuers, around[6].int64());
  facts.issuers = static_cast<int>(issuers);
  if (answers[4]) into.system_identifier = answers[4].assume_value().text(0, 0);
  return facts;
}

}  // namespace pgrant::detail
