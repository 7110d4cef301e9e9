#include "lease/borrowed_role.hpp"

#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

// Whether there is no need to borrow, and as whom it would be granted: from 16 on somebody with
// ADMIN; before, the server asks for CREATEROLE or ADMIN and keeps no entry for each grantor.
constexpr sql_fragment may_borrow_query_16 =
    R"(SELECT pg_catalog.pg_has_role(me.oid, $1::oid, 'SET'),
  (SELECT pg_catalog.pg_get_userbyid(a.member) FROM pg_catalog.pg_auth_members a
    WHERE a.roleid = $1::oid AND a.admin_option AND pg_catalog.pg_has_role(me.oid, a.member, 'USAGE')
    ORDER BY a.member <> me.oid, a.member LIMIT 1)
FROM pg_catalog.pg_roles me WHERE me.rolname = current_user)";

constexpr sql_fragment may_borrow_query_14 =
    R"(SELECT pg_catalog.pg_has_role(me.oid, $1::oid, 'MEMBER'), ''
FROM pg_catalog.pg_roles me WHERE me.rolname = current_user)";

constexpr sql_fragment note_borrowed_statement_16 =
    R"(INSERT INTO pgrant.borrowed_role
  (role_oid, grantor_oid, own_before, own_admin, own_inherit, own_set)
SELECT $1::oid, g.oid, a.roleid IS NOT NULL, coalesce(a.admin_option, false),
  coalesce(a.inherit_option, false), coalesce(a.set_option, false)
FROM pg_catalog.pg_roles me JOIN pg_catalog.pg_roles g ON g.rolname = $2::text
LEFT JOIN pg_catalog.pg_auth_members a
  ON a.roleid = $1::oid AND a.member = me.oid AND a.grantor = g.oid
WHERE me.rolname = current_user)";

constexpr sql_fragment note_borrowed_statement_14 =
    R"(INSERT INTO pgrant.borrowed_role
  (role_oid, grantor_oid, own_before, own_admin, own_inherit, own_set)
VALUES ($1::oid, 0, false, false, false, false))";

constexpr sql_fragment forget_borrowed_statement =
    R"(DELETE FROM pgrant.borrowed_role WHERE role_oid = $1::oid
RETURNING pg_catalog.pg_get_userbyid(grantor_oid), own_before, own_admin, own_inherit, own_set,
  (SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.oid = role_oid))";

sql_fragment borrowed_truth(const cell& value) {
  return value.text() == "t" ? sql_fragment("TRUE") : sql_fragment("FALSE");
}

}  // namespace

borrowed_role::borrowed_role(connection_ptr where, const lease_executor& us, std::string role,
                             oid role_oid)
    : where_(std::move(where)), us_(us), role_(std::move(role)), role_oid_(role_oid) {}

lease_task<bool> borrowed_role::borrow() {
  auto asked = co_await run(
      where_, statement(us_.has_membership_options() ? may_borrow_query_16 : may_borrow_query_14)
                  .bind(std::to_string(role_oid_)));
  BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
  if (answer.text(0, 0) == "t") co_return true;
  if (answer.at(0, 1).is_null()) co_return false;
  auto borrowed = co_await borrow_from(answer.at(0, 1).str());
  co_return borrowed;
}

lease_task<bool> borrowed_role::borrow_from(std::string grantor) {
  sql_text granting("GRANT ");
  granting.name(role_).raw(" TO ").name(us_.role);
  if (us_.has_membership_options())
    granting.raw(" WITH INHERIT FALSE, SET TRUE GRANTED BY ").name(grantor);
  statement noting(us_.has_membership_options() ? note_borrowed_statement_16
                                                : note_borrowed_statement_14);
  noting.bind(std::to_string(role_oid_));
  if (us_.has_membership_options()) noting.bind(grantor);
  batch work;
  work.add(statement("BEGIN")).add(statement("SET LOCAL lock_timeout = 2000"));
  work.add(std::move(noting)).add(statement(std::move(granting))).add(statement("COMMIT"));
  auto done = co_await run_all(where_, std::move(work));
  if (done) co_return true;
  if (is_lost(done.error())) co_return done.error();
  co_return false;
}

lease_task<void> borrowed_role::give_back() {
  batch work;
  work.add(statement("BEGIN")).add(statement("SET LOCAL lock_timeout = 2000"));
  work.add(statement(forget_borrowed_statement).bind(std::to_string(role_oid_)));
  auto begun = co_await run_all(where_, std::move(work));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(begun));
  batch rest;
  if (!answers[2].empty() && !answers[2].at(0, 5).is_null()) {
    const row before = answers[2][0];
    const bool had = before[1].text() == "t";
    sql_text giving(had ? sql_fragment("GRANT ") : sql_fragment("REVOKE "));
    giving.name(before[5].text())
        .raw(had ? sql_fragment(" TO ") : sql_fragment(" FROM "))
        .name(us_.role);
    if (had) {
      giving.raw(" WITH ADMIN ").raw(borrowed_truth(before[2]));
      giving.raw(", INHERIT ").raw(borrowed_truth(before[3]));
      giving.raw(", SET ").raw(borrowed_truth(before[4]));
    }
    if (us_.has_membership_options()) giving.raw(" GRANTED BY ").name(before[0].text());
    rest.add(statement(std::move(giving)));
  }
  rest.add(statement("COMMIT"));
  auto done = co_await run_all(where_, std::move(rest));
  if (!done) co_return done.error().within("cannot give back a role that was borrowed");
  co_return success();
}

}  // namespace pgrant::detail
