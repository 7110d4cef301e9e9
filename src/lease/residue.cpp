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

constexpr sql_fragment residue_objects_query =
    R"(SELECT CASE s.deptype WHEN 'o' THEN 'owns ' WHEN 'a' THEN 'is named in the ACL of '
    WHEN 'r' THEN 'is named in ' ELSE 'is needed by ' END
  || pg_catalog.pg_describe_object(s.classid, s.objid, s.objsubid)
FROM pg_catalog.pg_shdepend s
WHERE s.refclassid = 1260 AND s.refobjid = $1::oid AND s.dbid IN (0,
  (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
ORDER BY 1 LIMIT 10)";

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
      "; an entry in an ACL has to be revoked by its grantor; the next sweep then drops the login";
  co_return text;
}

}  // namespace pgrant::detail
