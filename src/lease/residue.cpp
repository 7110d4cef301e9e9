// What keeps a login from being dropped, in words that say what to do about it.
#include <algorithm>

#include "lease/login_end.hpp"
#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

// Databases of which the objects are named; more are counted only.
constexpr std::size_t named_residue_databases = 8;

constexpr sql_fragment residue_databases_query =
    R"(SELECT coalesce(d.datname, ''), count(*) FROM pg_catalog.pg_shdepend s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid
WHERE s.refclassid = 1260 AND s.refobjid = $1::oid
GROUP BY d.datname ORDER BY d.datname NULLS FIRST)";

// Whoever wrote an entry into an ACL is the one who can take it out again. The numbers are the
// catalogs' OIDs, as in pg_shdepend; that of pg_largeobject stands for large objects.
constexpr sql_fragment residue_objects_query =
    R"(SELECT CASE s.deptype WHEN 'o' THEN 'owns ' WHEN 'a' THEN 'is named in the ACL of '
    WHEN 'r' THEN 'is named in ' ELSE 'is needed by ' END
  || pg_catalog.pg_describe_object(s.classid, s.objid, s.objsubid)
  || coalesce(', by ' || g.grantors, '')
FROM pg_catalog.pg_shdepend s
LEFT JOIN LATERAL (SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(
      pg_catalog.pg_get_userbyid(i.grantor)), ', ') AS grantors
  FROM pg_catalog.aclexplode(CASE s.classid
    WHEN 1259 THEN CASE WHEN s.objsubid = 0
      THEN (SELECT c.relacl FROM pg_catalog.pg_class c WHERE c.oid = s.objid)
      ELSE (SELECT a.attacl FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = s.objid AND a.attnum = s.objsubid) END
    WHEN 2613 THEN
      (SELECT l.lomacl FROM pg_catalog.pg_largeobject_metadata l WHERE l.oid = s.objid)
    WHEN 826 THEN (SELECT d.defaclacl FROM pg_catalog.pg_default_acl d WHERE d.oid = s.objid)
    WHEN 1255 THEN (SELECT p.proacl FROM pg_catalog.pg_proc p WHERE p.oid = s.objid)
    WHEN 1247 THEN (SELECT t.typacl FROM pg_catalog.pg_type t WHERE t.oid = s.objid)
    WHEN 2615 THEN (SELECT n.nspacl FROM pg_catalog.pg_namespace n WHERE n.oid = s.objid)
    WHEN 2612 THEN (SELECT l.lanacl FROM pg_catalog.pg_language l WHERE l.oid = s.objid)
    WHEN 1262 THEN (SELECT d.datacl FROM pg_catalog.pg_database d WHERE d.oid = s.objid)
    WHEN 1213 THEN (SELECT t.spcacl FROM pg_catalog.pg_tablespace t WHERE t.oid = s.objid)
    WHEN 1417 THEN (SELECT f.srvacl FROM pg_catalog.pg_foreign_server f WHERE f.oid = s.objid)
    WHEN 2328 THEN
      (SELECT f.fdwacl FROM pg_catalog.pg_foreign_data_wrapper f WHERE f.oid = s.objid)
    END) i
  WHERE i.grantee = $1::oid) g ON s.deptype = 'a'
WHERE s.refclassid = 1260 AND s.refobjid = $1::oid AND s.dbid IN (0,
  (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
ORDER BY 1 LIMIT 10)";

// Statements that name a role hold a lock on it until their transaction ends, also a prepared one,
// which has no process.
constexpr sql_fragment role_lock_holders_query =
    R"(SELECT DISTINCT l.pid, a.usename, d.datname FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
LEFT JOIN pg_catalog.pg_database d ON d.oid = coalesce(a.datid, l.database)
WHERE l.locktype = 'object' AND l.classid = 1260 AND l.objid = $1::oid AND l.granted
  AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() LIMIT 10)";

// What the login passed on, and what it was given beside or through the lease.
constexpr sql_fragment memberships_of_login_query =
    R"(SELECT r.rolname, m.rolname, pg_catalog.pg_get_userbyid(a.grantor)
FROM pg_catalog.pg_auth_members a
JOIN pg_catalog.pg_roles r ON r.oid = a.roleid JOIN pg_catalog.pg_roles m ON m.oid = a.member
WHERE a.grantor = $1::oid OR a.member = $1::oid ORDER BY a.grantor <> $1::oid)";

// The objects of one database can be named only there.
lease_task<std::string> residue_in_database(lease_engine& engine, std::string database,
                                            oid login_oid) {
  auto opened = co_await open_connection(engine.ending_store().connector(), database);
  BOOST_OUTCOME_CO_TRY(const auto there, std::move(opened));
  auto asked =
      co_await run(there, statement(residue_objects_query).bind(std::to_string(login_oid)));
  BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
  std::string text;
  for (const row r : answer) text += (text.empty() ? "" : "; ") + r[0].str();
  co_return text;
}

}  // namespace

lease_task<std::string> describe_lock_holders(connection_ptr where, oid login_oid) {
  auto asked =
      co_await run(where, statement(role_lock_holders_query).bind(std::to_string(login_oid)));
  BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
  std::string text;
  for (const row r : answer) {
    if (!text.empty()) text += "; ";
    text += r[0].is_null() ? std::string("a prepared transaction") : "process " + r[0].str();
    if (!r[1].is_null()) text += " of role " + quote_identifier(r[1].text());
    if (!r[2].is_null()) text += " in database " + quote_identifier(r[2].text());
  }
  co_return text;
}

lease_task<void> take_memberships_of_login(connection_ptr where, const lease_executor& us,
                                           oid login_oid) {
  auto asked =
      co_await run(where, statement(memberships_of_login_query).bind(std::to_string(login_oid)));
  BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
  if (answer.empty()) co_return success();
  batch work;
  for (const row r : answer) {
    sql_text text("REVOKE ");
    text.name(r[0].text()).raw(" FROM ").name(r[1].text());
    if (us.has_membership_options()) text.raw(" GRANTED BY ").name(r[2].text());
    work.add(statement(text.raw(" CASCADE"))).sync();
  }
  auto sent = co_await where->async_execute_batch(std::move(work), boost::asio::use_awaitable);
  if (!sent) co_return sent.error();
  co_return success();
}

lease_task<std::string> describe_residue(lease_engine& engine, connection_ptr where,
                                         std::string login, oid login_oid) {
  auto asked =
      co_await run(where, statement(residue_databases_query).bind(std::to_string(login_oid)));
  BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
  std::string text;
  for (std::size_t i = 0; i < answer.size() && i < named_residue_databases; ++i) {
    std::string database = answer.at(i, 0).str();
    const bool shared = database.empty();
    if (shared) database = where->database();
    auto named = co_await residue_in_database(engine, database, login_oid);
    std::string objects;
    if (named) objects = std::move(named).assume_value();
    // Not allowed into that database, or all of it went a moment ago: the number has to do.
    if (objects.empty()) objects = "objects: " + answer.at(i, 1).str();
    text +=
        (shared ? "shared: " : "database " + quote_identifier(database) + ": ") + objects + '\n';
  }
  if (answer.size() > named_residue_databases) {
    text +=
        "and in " + std::to_string(answer.size() - named_residue_databases) + " more databases\n";
  }
  if (text.empty()) text = "nothing that pg_shdepend shows\n";
  const std::string name = quote_identifier(login);
  text +=
      "remedy, in each of these databases: REASSIGN OWNED BY " + name +
      " TO a role that may keep the objects, or DROP OWNED BY " + name +
      "; an entry in an ACL has to be revoked by its grantor, who is named there; the next sweep "
      "then drops the login";
  co_return text;
}

}  // namespace pgrant::detail
