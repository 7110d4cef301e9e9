#include "lease/bundle_shape.hpp"

#include <algorithm>
#include <set>

#include "lease/bundle_doors.hpp"
#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

// Default privileges (826 is pg_default_acl), policies (3256) and what the role owns, as the
// cluster-wide list of dependencies has them: nobody has to look into the databases for it.
#define PGRANT_BUNDLE_MARKS(role, database)                                                       \
  "(SELECT coalesce(pg_catalog.string_agg(s.classid || '/' || s.objid || '/' || s.deptype::text," \
  " ' ' ORDER BY s.classid, s.objid, s.deptype::text), '')"                                       \
  " FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_database d ON d.oid = s.dbid"                \
  " WHERE s.refclassid = 1260 AND s.refobjid = " role " AND d.datname = " database                \
  " AND (s.classid IN (826, 3256) OR s.deptype = 'o'))"

constexpr sql_fragment bundle_databases_query =
    R"(SELECT DISTINCT x.database FROM pgrant.bundle b
CROSS JOIN LATERAL pg_catalog.unnest(b.databases) AS x (database)
WHERE b.name = ANY ($1::text[]) ORDER BY 1)";

// In the database itself: owner, schema, kind of object, privilege, grant option.
constexpr sql_fragment bundle_shape_query =
    R"(SELECT r.oid,
  coalesce((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'owner', pg_catalog.pg_get_userbyid(d.defaclrole), 'schema', coalesce(n.nspname, ''),
      'kind', d.defaclobjtype, 'privilege', a.privilege_type, 'option', a.is_grantable))
    FROM pg_catalog.pg_default_acl d
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
    CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) a
    WHERE a.grantee = r.oid AND d.defaclrole <> r.oid), '[]'),
  ARRAY(SELECT pg_catalog.format('%I on %s', p.polname, p.polrelid::pg_catalog.regclass)
    FROM pg_catalog.pg_policy p WHERE r.oid = ANY (p.polroles))
FROM pg_catalog.pg_roles r WHERE r.oid = ANY ($1::oid[]))";

constexpr sql_fragment bundle_role_oids_query =
    R"(SELECT role_oid FROM pgrant.bundle
WHERE name = ANY ($1::text[]) AND $2::text = ANY (databases))";

constexpr sql_fragment record_shape_statement =
    "INSERT INTO pgrant.bundle_shape AS b (role_oid, database, default_privileges, policies, marks)"
    " VALUES ($1::oid, $2::text, $3::jsonb, $4::text[]," PGRANT_BUNDLE_MARKS("$1::oid",
                                                                            "$2::text") ")"
    " ON CONFLICT (role_oid, database) DO UPDATE SET default_privileges ="
    " excluded.default_privileges, policies = excluded.policies, marks = excluded.marks";

constexpr sql_fragment note_marks_statement =
    "UPDATE pgrant.bundle_shape SET marks = " PGRANT_BUNDLE_MARKS(
        "$1::oid", "$2::text") " WHERE role_oid = $1::oid AND database = $2::text";

// Where something has changed, and databases where a bundle's role owns something: none should.
constexpr sql_fragment changed_shapes_query =
    "SELECT b.name, b.role_name, b.role_oid, h.database, h.default_privileges, h.policies"
    " FROM pgrant.bundle b JOIN pgrant.bundle_shape h ON h.role_oid = b.role_oid"
    " WHERE b.name = ANY ($1::text[]) AND h.marks IS DISTINCT FROM " PGRANT_BUNDLE_MARKS(
        "h.role_oid", "h.database")
    " UNION ALL SELECT b.name, b.role_name, b.role_oid, d.datname, '[]', '{}'"
    " FROM pgrant.bundle b JOIN pg_catalog.pg_shdepend s"
    "  ON s.refclassid = 1260 AND s.refobjid = b.role_oid AND s.deptype = 'o'"
    " JOIN pg_catalog.pg_database d ON d.oid = s.dbid"
    " WHERE b.name = ANY ($1::text[]) AND NOT EXISTS (SELECT FROM pgrant.bundle_shape h"
    "  WHERE h.role_oid = b.role_oid AND h.database = d.datname)"
    " GROUP BY 1, 2, 3, 4";

#undef PGRANT_BUNDLE_MARKS

constexpr sql_fragment missing_defaults_query =
    R"(SELECT e.owner, e.schema, e.kind, e.privilege, e.option
FROM pg_catalog.jsonb_to_recordset($2::jsonb)
  AS e (owner text, schema text, kind text, privilege text, option boolean)
EXCEPT
SELECT pg_catalog.pg_get_userbyid(d.defaclrole)::text, coalesce(n.nspname, '')::text,
  d.defaclobjtype::text, a.privilege_type, a.is_grantable
FROM pg_catalog.pg_default_acl d
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) a WHERE a.grantee = $1::oid
ORDER BY 1, 2, 3, 4)";

constexpr sql_fragment missing_policies_query =
    R"(SELECT e.name FROM pg_catalog.unnest($2::text[]) AS e (name)
EXCEPT SELECT pg_catalog.format('%I on %s', p.polname, p.polrelid::pg_catalog.regclass)
FROM pg_catalog.pg_policy p WHERE $1::oid = ANY (p.polroles) ORDER BY 1)";

constexpr sql_fragment owned_by_bundle_query =
    R"(SELECT pg_catalog.pg_describe_object(s.classid, s.objid, s.objsubid)
FROM pg_catalog.pg_shdepend s
WHERE s.refclassid = 1260 AND s.refobjid = $1::oid AND s.deptype = 'o' AND s.dbid =
  (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
ORDER BY 1 LIMIT 20)";

struct shape_word {
  std::string_view text;  // as the catalog has it
  sql_fragment sql;
};

constexpr shape_word default_kinds[] = {
    {"r", "TABLES"}, {"S", "SEQUENCES"}, {"f", "ROUTINES"},
    {"T", "TYPES"},  {"n", "SCHEMAS"},   {"L", "LARGE OBJECTS"},
};

constexpr shape_word default_privilege_words[] = {
    {"SELECT", "SELECT"},     {"INSERT", "INSERT"},     {"UPDATE", "UPDATE"},
    {"DELETE", "DELETE"},     {"TRUNCATE", "TRUNCATE"}, {"REFERENCES", "REFERENCES"},
    {"TRIGGER", "TRIGGER"},   {"USAGE", "USAGE"},       {"CREATE", "CREATE"},
    {"MAINTAIN", "MAINTAIN"}, {"EXECUTE", "EXECUTE"},
};

template <std::size_t n>
const sql_fragment* word_of(const shape_word (&words)[n], std::string_view text) {
  const auto found = std::ranges::find(words, text, &shape_word::text);
  return found == std::end(words) ? nullptr : &found->sql;
}

std::optional<sql_text> give_default_again(const row& missing, std::string_view role) {
  const sql_fragment* kind = word_of(default_kinds, missing[2].text());
  const sql_fragment* privilege = word_of(default_privilege_words, missing[3].text());
  if (kind == nullptr || privilege == nullptr) return std::nullopt;
  sql_text text("ALTER DEFAULT PRIVILEGES FOR ROLE ");
  text.name(missing[0].text());
  if (!missing[1].text().empty()) text.raw(" IN SCHEMA ").name(missing[1].text());
  text.raw(" GRANT ").raw(*privilege).raw(" ON ").raw(*kind).raw(" TO ").name(role);
  if (missing[4].text() == "t") text.raw(" WITH GRANT OPTION");
  return text;
}

struct bundle_finding {
  std::string bundle, text;
};

/// One bundle in one database.
struct bundle_place {
  std::string bundle, role, role_oid, database, defaults, policies;

  std::string about() const {
    return "bundle " + bundle + ", database " + quote_identifier(database) + ": ";
  }
};

lease_task<std::vector<std::string>> compare_place(connection_ptr there, connection_ptr ledger,
                                                   const lease_executor& us, bundle_place place,
                                                   bool& all_repaired) {
  batch questions;
  questions.add(statement(missing_defaults_query).bind(place.role_oid).bind(place.defaults))
      .add(statement(missing_policies_query).bind(place.role_oid).bind(place.policies))
      .add(statement(owned_by_bundle_query).bind(place.role_oid));
  auto asked = co_await run_all(there, std::move(questions));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(asked));
  std::vector<std::string> found;
  for (const row r : answers[0]) {
    const std::optional<sql_text> again = give_default_again(r, place.role);
    if (!again) continue;
    auto given = co_await run(there, statement(*again));
    if (!given && is_lost(given.error())) co_return given.error();
    all_repaired = all_repaired && given.has_value();
    found.push_back(place.about() + "default privileges were missing; " +
                    (given ? "given again: " : "as " + quote_identifier(r[0].text()) + ": ") +
                    again->str());
  }
  for (const row r : answers[1]) {
    all_repaired = false;
    found.push_back(place.about() + "policy " + r[0].str() +
                    " is missing, or does not name the role any more; as the table's owner: make "
                    "it again, TO PUBLIC and with pg_has_role(current_user, " +
                    quote_literal(place.role) + ", 'usage') in it, which no member can drop");
  }
  for (const row r : answers[2]) {
    all_repaired = false;
    found.push_back(place.about() + "the bundle's role owns " + r[0].str() +
                    ", which works with all that the bundle may; as " +
                    quote_identifier(place.role) + " or a superuser: drop it");
  }
  if (!answers[2].empty()) {
    const auto role_oid = static_cast<oid>(std::stoul(place.role_oid));
    auto closed = co_await close_bundle_doors(there, ledger, us, place.role, role_oid);
    BOOST_OUTCOME_CO_TRY(const auto done, std::move(closed));
    for (const std::string& line : done) found.push_back(place.about() + line);
  }
  co_return found;
}

lease_task<std::vector<bundle_finding>> check_bundle_shapes(ledger_store& store,
                                                            connection_ptr where,
                                                            const lease_executor& us,
                                                            std::vector<std::string> bundles) {
  auto asked = co_await ask(where, statement(changed_shapes_query).bind_array(bundles));
  BOOST_OUTCOME_CO_TRY(const rows changed, std::move(asked));
  std::vector<bundle_finding> findings;
  for (const row r : changed) {
    bundle_place place{r[0].str(), r[1].str(), r[2].str(), r[3].str(), r[4].str(), r[5].str()};
    auto opened = co_await open_connection(store.connector(), place.database);
    if (!opened) {
      findings.push_back({place.bundle, place.about() + "has changed and cannot be looked at: " +
                                            opened.error().message()});
      continue;
    }
    bool all_repaired = true;
    auto compared = co_await compare_place(opened.assume_value(), where, us, place, all_repaired);
    BOOST_OUTCOME_CO_TRY(const auto found, std::move(compared));
    batch work;
    if (all_repaired) {
      work.add(statement(note_marks_statement).bind(place.role_oid).bind(place.database));
    }
    if (!found.empty()) {
      audit_entry entry("bundle_changed");
      entry.detail("bundle", place.bundle).detail("database", place.database);
      std::string outcome;
      for (const std::string& line : found) outcome += (outcome.empty() ? "" : "\n") + line;
      work.add(store.append_audit(entry.outcome(outcome)));
      for (const std::string& line : found) findings.push_back({place.bundle, line});
    }
    if (work.size() == 0) continue;
    auto noted = co_await run_all(where, std::move(work));
    if (!noted) co_return noted.error();
  }
  co_return findings;
}

}  // namespace

lease_task<void> record_bundle_shapes(ledger_store& store, connection_ptr where,
                                      std::vector<std::string> bundles) {
  auto asked = co_await run(where, statement(bundle_databases_query).bind_array(bundles));
  BOOST_OUTCOME_CO_TRY(const rows databases, std::move(asked));
  for (const row d : databases) {
    const std::string database = d[0].str();
    auto roles =
        co_await run(where, statement(bundle_role_oids_query).bind_array(bundles).bind(database));
    BOOST_OUTCOME_CO_TRY(const rows role_rows, std::move(roles));
    std::vector<std::string> oids;
    for (const row r : role_rows) oids.push_back(r[0].str());
    auto opened = co_await open_connection(store.connector(), database);
    if (!opened) continue;
    auto looked =
        co_await run(opened.assume_value(), statement(bundle_shape_query).bind_array(oids));
    if (!looked) continue;
    batch work;
    for (const row r : looked.assume_value()) {
      work.add(statement(record_shape_statement)
                   .bind(r[0].text())
                   .bind(database)
                   .bind(r[1].text())
                   .bind(r[2].text()));
    }
    if (work.size() == 0) continue;
    auto noted = co_await run_all(where, std::move(work));
    if (!noted) co_return noted.error();
  }
  co_return success();
}

boost::asio::awaitable<void> look_at_bundles(ledger_store& store, connection_ptr where,
                                             const lease_executor& us, std::span<lease_end> ends) {
  std::set<std::string> names;
  for (const lease_end& end : ends)
    names.insert(end.lease.bundles.begin(), end.lease.bundles.end());
  if (names.empty()) co_return;
  auto checked = co_await check_bundle_shapes(store, where, us, {names.begin(), names.end()});
  const std::vector<bundle_finding> failure =
      checked ? std::vector<bundle_finding>()
              : std::vector<bundle_finding>{
                    {"", "the bundles could not be compared: " + checked.error().message()}};
  for (const bundle_finding& f : checked ? checked.assume_value() : failure) {
    for (lease_end& end : ends) {
      const auto& of_lease = end.lease.bundles;
      if (f.bundle.empty() || std::ranges::find(of_lease, f.bundle) != of_lease.end())
        end.bundle_findings.push_back(f.text);
    }
  }
}

}  // namespace pgrant::detail
