#include "lease/cut.hpp"

#include "lease/membership_sql.hpp"
#include "lease/migrations.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment lock_lease_bundles_statement =
    R"(SELECT FROM pgrant.bundle
WHERE role_oid IN (SELECT b.role_oid FROM pgrant.lease_bundle b WHERE b.lease_id = $1)
ORDER BY role_oid FOR UPDATE)";

constexpr sql_fragment forget_memberships_statement =
    R"(DELETE FROM pgrant.membership m USING pgrant.lease_bundle b, pgrant.lease l
WHERE l.id = $1 AND b.lease_id = l.id AND m.role_oid = b.role_oid
  AND m.member_oid = l.grantee_oid AND m.n <= 0)";

constexpr sql_fragment kept_bundles_query =
    R"(SELECT b.bundle FROM pgrant.lease l JOIN pgrant.lease_bundle b ON b.lease_id = l.id
WHERE l.id = $1 AND EXISTS (SELECT FROM pg_catalog.pg_auth_members a
  WHERE a.roleid = b.role_oid AND a.member = l.grantee_oid) ORDER BY b.bundle)";

// What an existing role has prepared in the time of the lease would write after it.
constexpr sql_fragment cut_lease_statement =
    R"(UPDATE pgrant.lease l SET state = s.state,
  ended_at = CASE WHEN s.state = 'ended' THEN pg_catalog.clock_timestamp() END
FROM (SELECT CASE WHEN $3::boolean AND $2 = 'ended' AND EXISTS (
    SELECT FROM pg_catalog.pg_prepared_xact() p
    JOIN pgrant.lease g ON g.id = $1 AND p.ownerid = g.grantee_oid AND p.prepared >= g.granted_at)
  THEN 'ending' ELSE $2 END AS state) s
WHERE l.id = $1)";

error no_such_lease(const std::string& id) {
  return error(errc::not_found, "there is no lease \"" + id + "\"")
      .with_field("lease")
      .with_hint("list the leases to see their ids");
}

struct cut_choice {
  bool take = true;  ///< False: leave the memberships to the end of the login.
};

// Whether sessions have to end, too: those of a login always; an existing role's where a session
// could have kept a bundle with SET ROLE.
lease_state state_after_cut(const lease_engine& engine, const lease_executor& us,
                            const ledger_lease& found, bool taken) {
  if (found.lease.kind == grantee_kind::ephemeral_login) return lease_state::ending;
  const bool sessions =
      taken && (!us.has_membership_options() || engine.settings().end_sessions_of_existing_roles());
  return sessions ? lease_state::ending : lease_state::ended;
}

lease_task<std::optional<cut_lease>> cut_once(lease_engine& engine, connection_ptr where,
                                              const lease_executor& us, const std::string& id,
                                              busy_lease busy, const std::string& why,
                                              cut_choice choice) {
  auto locked = co_await lock_lease(engine, where, id, busy);
  BOOST_OUTCOME_CO_TRY(const auto found, std::move(locked));
  if (!found) co_return std::optional<cut_lease>();
  if (found->lease.state != lease_state::active) {
    co_await roll_back(where);
    cut_lease as_it_is;
    as_it_is.found = *found;
    co_return std::optional<cut_lease>(std::move(as_it_is));
  }
  batch counting;
  counting.add(statement(lock_lease_bundles_statement).bind(id));
  counting.add(count_memberships_down(id));
  auto counted = co_await run_all(where, std::move(counting));
  BOOST_OUTCOME_CO_TRY(const auto counts, std::move(counted));

  batch work;
  std::vector<lease_membership> unneeded;
  for (const row r : counts[1]) {
    const auto read = read_ended_membership(r);
    if (!read) {
      co_await roll_back(where);
      co_return read.error();
    }
    const ended_membership& m = read.assume_value();
    if (!choice.take || !m.last || m.role_gone || m.member_gone) continue;
    unneeded.push_back(m.membership);
  }
  std::vector<statement> taking = us.authority->take(unneeded);
  const bool taken = !taking.empty();
  for (statement& next : taking) work.add(std::move(next));
  if (choice.take) work.add(insist_taken(us, id));
  work.add(statement(forget_memberships_statement).bind(id));
  work.add(statement(cut_lease_statement)
               .bind(id)
               .bind(to_string(state_after_cut(engine, us, *found, taken)))
               .bind(taken ? "true" : "false"));
  const std::size_t answers_before = work.size();
  work.add(statement(kept_bundles_query).bind(id));
  work.add(statement(select_leases().raw(" WHERE l.id = $1")).bind(id));
  audit_entry entry(why);
  entry.lease(id).detail("grantee", found->lease.grantee);
  if (!choice.take) entry.outcome("memberships are left to the end of the login");
  work.add(engine.ending_store().append_audit(entry)).add(statement("COMMIT"));
  auto committed = co_await run_all(where, std::move(work));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(committed));
  cut_lease done;
  for (const row r : answers[answers_before]) done.kept.push_back(r[0].str());
  BOOST_OUTCOME_CO_TRY(done.found, read_lease(answers[answers_before + 1][0]));
  co_return std::optional<cut_lease>(std::move(done));
}

}  // namespace

lease_task<ledger_lease> look_up_lease(connection_ptr where, std::string id) {
  auto asked = co_await run(where, statement(select_leases().raw(" WHERE l.id = $1")).bind(id));
  BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
  if (answer.empty()) co_return no_such_lease(id);
  auto found = read_lease(answer[0]);
  co_return found;
}

lease_task<std::optional<ledger_lease>> lock_lease(lease_engine& engine, connection_ptr where,
                                                   std::string id, busy_lease busy) {
  const auto patience = engine.settings().end_timeout().count();
  statement locking(busy == busy_lease::skip
                        ? select_leases().raw(" WHERE l.id = $1 FOR UPDATE SKIP LOCKED")
                        : select_leases().raw(" WHERE l.id = $1 FOR UPDATE"));
  locking.bind(id);
  batch work;
  work.add(statement("BEGIN"));
  // Somebody else who ends this lease may take as long as we would.
  work.add(statement(sql_text("SET LOCAL lock_timeout = ").number(patience)));
  work.add(statement("SET LOCAL idle_in_transaction_session_timeout = 0"));
  work.add(std::move(locking));
  auto locked = co_await run_all(where, std::move(work));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(locked));
  if (answers.back().empty()) {
    co_await roll_back(where);
    if (busy == busy_lease::wait) co_return no_such_lease(id);
    co_return std::optional<ledger_lease>();
  }
  BOOST_OUTCOME_CO_TRY(auto found, read_lease(answers.back()[0]));
  co_return std::optional<ledger_lease>(std::move(found));
}

lease_task<std::optional<cut_lease>> cut(lease_engine& engine, connection_ptr where,
                                         lease_executor us, std::string id, busy_lease busy,
                                         std::string why) {
  engine.step(id, "revoke");
  cut_choice choice;
  std::optional<error> failed;
  for (int tries = 0; tries <= conflict_tries; ++tries) {
    if (tries > 0) co_await pause(conflict_pause(tries));
    auto done = co_await cut_once(engine, where, us, id, busy, why, choice);
    if (done) co_return done;
    failed = done.error();
    if (is_conflict(*failed)) continue;
    if (is_lost(*failed) || failed->code() == errc::not_found || !choice.take) break;
    // A login that is dropped at the end loses everything, also what cannot be revoked singly.
    auto looked = co_await look_up_lease(where, id);
    if (!looked || looked.assume_value().lease.kind != grantee_kind::ephemeral_login) break;
    choice.take = false;
  }
  if (failed->state() == sqlstate::parse(guard_membership_left)) {
    failed = error(errc::not_granted, "the membership was there after its REVOKE")
                 .with_state(failed->state())
                 .with_object("lease " + id)
                 .with_hint("look at who granted it: SELECT * FROM pg_auth_members");
  }
  co_return failed->within("cannot take the lease's memberships back");
}

}  // namespace pgrant::detail
