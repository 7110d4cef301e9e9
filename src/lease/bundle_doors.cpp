#include "lease/bundle_doors.hpp"

#include "lease/borrowed_role.hpp"
#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

// Routines with the types of their arguments; views with everybody who is in their ACL.
constexpr sql_fragment bundle_doors_query =
    R"(SELECT 'routine', n.nspname, p.proname, pg_catalog.array_to_string(ARRAY(
  SELECT pg_catalog.format_type(t, NULL) FROM pg_catalog.unnest(p.proargtypes) t), ', ')
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.proowner = $1::oid AND p.prosecdef
UNION ALL
SELECT 'view', n.nspname, c.relname,
  CASE WHEN a.grantee = 0 THEN '' ELSE pg_catalog.pg_get_userbyid(a.grantee) END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a
WHERE c.relowner = $1::oid AND c.relkind = 'v' AND a.grantee <> c.relowner)";

std::optional<sql_text> close_bundle_door(const row& r) {
  sql_text text;
  if (r[0].text() == "routine") {
    if (!check_argument_types(r[3].text())) return std::nullopt;
    text.raw("ALTER ROUTINE ").routine(r[1].text(), r[2].text(), r[3].text());
    text.raw(" SECURITY INVOKER");
  } else {
    text.raw("REVOKE ALL ON TABLE ").qualified(r[1].text(), r[2].text()).raw(" FROM ");
    if (r[3].text().empty()) {
      text.raw("PUBLIC");
    } else {
      text.name(r[3].text());
    }
  }
  return text;
}

}  // namespace

lease_task<std::vector<std::string>> close_bundle_doors(connection_ptr there, connection_ptr ledger,
                                                        const lease_executor& us, std::string role,
                                                        oid role_oid) {
  auto asked = co_await run(there, statement(bundle_doors_query).bind(std::to_string(role_oid)));
  BOOST_OUTCOME_CO_TRY(const rows doors, std::move(asked));
  std::vector<std::string> closed;
  if (doors.empty()) co_return closed;
  borrowed_role acting(ledger, us, role, role_oid);
  if (!us.superuser) {
    auto borrowed = co_await acting.borrow();
    BOOST_OUTCOME_CO_TRY(const bool may, std::move(borrowed));
    if (!may) co_return closed;
  }
  std::optional<error> lost;
  for (const row r : doors) {
    const std::optional<sql_text> closing = close_bundle_door(r);
    if (!closing) continue;
    batch work;
    work.add(statement("BEGIN")).add(statement("SET LOCAL lock_timeout = 500"));
    work.add(statement(sql_text("SET LOCAL ROLE ").name(role)));
    work.add(statement(*closing)).add(statement("COMMIT"));
    auto done = co_await run_all(there, std::move(work));
    if (done) closed.push_back("done as " + quote_identifier(role) + ": " + closing->str());
    if (!done && is_lost(done.error())) {
      lost = done.error();
      break;
    }
  }
  if (!us.superuser) {
    auto returned = co_await acting.give_back();
    if (!returned) co_return returned.error();
  }
  if (lost) co_return *lost;
  co_return closed;
}

}  // namespace pgrant::detail
