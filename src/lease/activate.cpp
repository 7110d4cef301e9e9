// Leases whose time has come: login, memberships and end in one transaction.
#include <algorithm>

#include "lease/cohort.hpp"
#include "lease/cut.hpp"
#include "lease/grant_parts.hpp"
#include "lease/role_pin.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment startable_leases_query =
    R"(SELECT l.id FROM pgrant.lease l WHERE l.state = 'scheduled'
  AND l.starts_at <= pg_catalog.statement_timestamp()
  AND l.expires_at > pg_catalog.statement_timestamp() ORDER BY l.starts_at LIMIT 1000)";

constexpr sql_fragment start_scheduled_lease_statement =
    R"(UPDATE pgrant.lease l SET state = 'active',
  grantee_oid = pg_catalog.to_regrole(pg_catalog.quote_ident(l.grantee)) WHERE l.id = $1)";

constexpr sql_fragment rebind_bundles_statement =
    R"(UPDATE pgrant.lease_bundle l SET role_oid = u.oid
FROM unnest($2::text[], $3::oid[]) u (name, oid)
WHERE l.lease_id = $1 AND l.bundle = u.name AND l.role_oid <> u.oid)";

// Nothing was given: what is left of a login goes as at every end.
constexpr sql_fragment fail_start_statement =
    R"(UPDATE pgrant.lease l SET held_why = $2,
  state = CASE WHEN l.kind = 'ephemeral_login' THEN 'ending' ELSE 'failed' END,
  ended_at = CASE WHEN l.kind = 'ephemeral_login' THEN NULL ELSE pg_catalog.clock_timestamp() END
WHERE l.id = $1)";

grant_request request_again(const ledger_lease& found) {
  const lease& l = found.lease;
  grant_request request(l.bundles.front());
  for (std::size_t i = 1; i < l.bundles.size(); ++i) request.also(l.bundles[i]);
  if (l.kind == grantee_kind::existing_role) {
    request.to_role(l.grantee);
  } else {
    request.to(l.person);
  }
  request.lasting(std::chrono::seconds(found.seconds));
  return request;
}

batch start_transaction(const ledger_lease& found, const checked_grant& checked,
                        const lease_executor& us, const ledger_store& store, int cohort_size) {
  const lease& l = found.lease;
  std::vector<std::string> names, oids;
  bundle_oids bundles;
  for (std::size_t i = 0; i < checked.bundles.size(); ++i) {
    names.push_back(checked.bundles[i].name);
    oids.push_back(std::to_string(checked.memberships[i].role_oid));
    bundles.emplace(names.back(), std::to_string(checked.bundles[i].role_oid));
  }
  std::vector<counted_membership> counted;
  std::vector<lease_membership> given;
  for (const checked_membership& m : checked.memberships) {
    counted.push_back({m.membership, m.role_oid, m.grantor_oid, 1, m.in_cohort});
  }
  std::ranges::sort(counted, {}, &counted_membership::role_oid);
  for (const counted_membership& m : counted) given.push_back(m.membership);
  const bool ephemeral = l.kind == grantee_kind::ephemeral_login;
  batch work;
  work.add(statement(rebind_bundles_statement).bind(l.id).bind_array(names).bind_array(oids));
  if (!ephemeral) pin_roles(work, {l.grantee});
  lock_bundles(work, bundles);
  if (auto entering = enter_cohorts(counted, cohort_size)) work.add(std::move(*entering));
  work.add(count_memberships_up(us, counted));
  if (ephemeral) add_all(work, us.authority->enable_logins({&l.grantee, 1}));
  add_all(work, us.authority->give(given));
  work.add(insist_given(us, counted));
  work.add(statement(start_scheduled_lease_statement).bind(l.id));
  if (ephemeral) add_all(work, us.authority->expire_logins({&l.id, 1}));
  work.add(statement(select_leases().raw(" WHERE l.id = $1")).bind(l.id));
  audit_entry entry("start");
  entry.lease(l.id).detail("grantee", l.grantee);
  work.add(store.append_audit(entry)).add(statement("COMMIT"));
  return work;
}

lease_task<void> refuse_start(lease_engine& engine, connection_ptr where, const std::string& id,
                              const error& why) {
  audit_entry entry("start");
  entry.lease(id).outcome(why.describe());
  batch work;
  work.add(statement(fail_start_statement).bind(id).bind(why.describe()));
  work.add(engine.ending_store().append_audit(entry)).add(statement("COMMIT"));
  auto done = co_await run_all(where, std::move(work));
  if (!done) co_return done.error();
  co_return why;
}

// None: another process has it in hand, or it is started already.
lease_task<std::optional<lease>> start_once(lease_engine& engine, connection_ptr where,
                                            std::string id) {
  auto locked = co_await lock_lease(engine, where, id, busy_lease::skip);
  BOOST_OUTCOME_CO_TRY(const auto found, std::move(locked));
  if (!found) co_return std::optional<lease>();
  if (found->lease.state != lease_state::scheduled) {
    co_await roll_back(where);
    co_return std::optional<lease>();
  }
  grant_call call{request_again(*found), {}, {}, found->lease.grantee, {}, {}, {}};
  grant_queue::requests calls(1, std::make_shared<grant_queue::request>(std::move(call)));
  auto looked = co_await check_grants(engine, where, calls);
  BOOST_OUTCOME_CO_TRY(checked_grants checked, std::move(looked));
  if (!checked.wishes.empty()) {
    // A transaction of its own, and the lease in it.
    co_await roll_back(where);
    auto made = co_await make_cohorts(engine, where, checked.wishes);
    if (!made) co_return made.error();
    auto again = co_await start_once(engine, where, id);
    co_return again;
  }
  const auto& judged = checked.each.front();
  if (!judged) {
    auto refused = co_await refuse_start(engine, where, id, judged.error());
    co_return refused.error();
  }
  auto committed = co_await run_all(
      where, start_transaction(*found, judged.assume_value(), checked.executor,
                               engine.ending_store(), engine.settings().cohort_size()));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(committed));
  BOOST_OUTCOME_CO_TRY(auto started, read_lease(answers[answers.size() - 3][0]));
  co_return std::optional<lease>(std::move(started.lease));
}

}  // namespace

lease_task<sweep_report> lease_engine::start_due(connection_ptr where) {
  sweep_report report;
  auto asked = co_await run(where, statement(startable_leases_query));
  BOOST_OUTCOME_CO_TRY(const rows due, std::move(asked));
  for (const row r : due) {
    const std::string id = r[0].str();
    step(id, "start");
    std::optional<error> failed;
    for (int tries = 0; tries <= conflict_tries; ++tries) {
      if (tries > 0) co_await pause(conflict_pause(tries));
      auto started = co_await start_once(*this, where, id);
      failed.reset();
      if (started && started.assume_value()) report.started.push_back(*started.assume_value());
      if (started) break;
      failed = started.error();
      if (!is_conflict(*failed)) break;
    }
    if (!failed) continue;
    if (is_lost(*failed)) co_return *failed;
    report.failures.push_back({id, failed->within("the lease cannot start")});
  }
  co_return report;
}

}  // namespace pgrant::detail
