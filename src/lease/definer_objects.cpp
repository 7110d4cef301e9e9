#include "lease/definer_objects.hpp"

namespace pgrant::detail {
namespace {

// 1255 is pg_proc, 1259 pg_class, 1260 pg_authid.
constexpr sql_fragment databases_of_owner_query =
    R"(SELECT d.datname FROM pg_catalog.pg_shdepend s
JOIN pg_catalog.pg_database d ON d.oid = s.dbid
WHERE s.refclassid = 1260 AND s.refobjid = $1::oid AND s.deptype = 'o'
  AND s.classid IN (1255, 1259) GROUP BY d.datname ORDER BY d.datname)";

constexpr sql_fragment definer_objects_query =
    R"(SELECT pg_catalog.pg_describe_object(1255, p.oid, 0) FROM pg_catalog.pg_proc p
WHERE p.proowner = $1::oid AND p.prosecdef
UNION ALL
SELECT pg_catalog.pg_describe_object(1259, c.oid, 0) FROM pg_catalog.pg_class c
WHERE c.relowner = $1::oid AND c.relkind = 'v' AND NOT coalesce(c.reloptions, '{}')
  && ARRAY['security_invoker=true', 'security_invoker=on', 'security_invoker=1',
    'security_invoker=yes']
LIMIT 20)";

bool is_closed_to_us(const error& why) {
  return why.state() == "42501"_sqlstate || why.state() == "55000"_sqlstate ||
         why.state() == "3D000"_sqlstate || why.state().in_class("28");
}

}  // namespace

lease_task<std::vector<definer_object>> definer_objects_of(ledger_store& store,
                                                           connection_ptr where, oid role) {
  const std::string id = std::to_string(role);
  auto asked = co_await run(where, statement(databases_of_owner_query).bind(id));
  BOOST_OUTCOME_CO_TRY(const rows databases, std::move(asked));
  std::vector<definer_object> found;
  for (const row d : databases) {
    const std::string database = d[0].str();
    auto opened = co_await open_connection(store.connector(), database);
    // Where the connector may not enter, it has granted nothing that could be handed on.
    if (!opened && is_closed_to_us(opened.error())) continue;
    if (!opened) co_return opened.error();
    auto looked = co_await run(opened.assume_value(), statement(definer_objects_query).bind(id));
    BOOST_OUTCOME_CO_TRY(const rows objects, std::move(looked));
    for (const row o : objects) found.push_back({database, o[0].str()});
  }
  co_return found;
}

}  // namespace pgrant::detail
