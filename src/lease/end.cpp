// Ending leases: one, those of a grantee, and all that are due.
#include "lease/bundle_shape.hpp"
#include "lease/cohort.hpp"
#include "lease/cron_jobs.hpp"
#include "lease/end_together.hpp"
#include "lease/end_work.hpp"
#include "lease/second_connection.hpp"

namespace pgrant::detail {
namespace {

sql_text due_leases_query() {
  return sql_text(R"(SELECT l.id FROM pgrant.lease l
WHERE (l.state IN ('scheduled', 'active') AND l.expires_at <= pg_catalog.statement_timestamp())
  OR l.state = 'ending'
  OR (l.state = 'held' AND l.next_try_at <= pg_catalog.statement_timestamp())
  OR )")
      .raw(cut_leases_condition)
      .raw(" ORDER BY l.expires_at LIMIT 20000");
}

constexpr sql_fragment leases_of_grantee_query =
    R"(SELECT l.id FROM pgrant.lease l
WHERE (l.grantee = $1 OR l.person = $1) AND l.state IN ('scheduled', 'active', 'ending', 'held')
ORDER BY l.granted_at)";

constexpr sql_fragment role_of_oid_query =
    "SELECT rolname FROM pg_catalog.pg_roles WHERE oid = $1::oid";

constexpr sql_fragment lease_ended_statement =
    R"(UPDATE pgrant.lease SET state = 'ended', ended_at = pg_catalog.clock_timestamp(),
  held_why = '', next_try_at = NULL WHERE id = $1)";

// Tries get rarer: after 1, 2, 4, … minutes, at most an hour; and they end at some time, after
// which only who revokes the lease tries again.
constexpr sql_fragment lease_held_statement =
    R"(UPDATE pgrant.lease SET state = 'held', held_why = $2, tries = tries + 1,
  next_try_at = CASE WHEN tries + 1 < $3::int THEN pg_catalog.clock_timestamp()
    + least(interval '1 hour', interval '1 minute' * 2 ^ least(tries, 10)) END WHERE id = $1)";

// What keeps an end from its end is told, and the next sweep tries again.
constexpr sql_fragment lease_still_ending_statement =
    "UPDATE pgrant.lease SET held_why = $2, tries = tries + 1 WHERE id = $1";

}  // namespace

lease_task<ledger_lease> close_lease(lease_engine& engine, connection_ptr holder,
                                     const ledger_lease& found, lease_state_change change) {
  batch work;
  if (change.to == lease_state::ended) {
    work.add(statement(lease_ended_statement).bind(found.lease.id));
  } else {
    const bool held = change.to == lease_state::held;
    statement noting(held ? lease_held_statement : lease_still_ending_statement);
    noting.bind(found.lease.id).bind(change.why);
    if (held) noting.bind(std::to_string(held_tries));
    work.add(std::move(noting));
  }
  work.add(statement(select_leases().raw(" WHERE l.id = $1")).bind(found.lease.id));
  audit_entry entry(change.to == lease_state::ended ? "end" : "hold");
  entry.lease(found.lease.id).detail("grantee", found.lease.grantee);
  if (change.to != lease_state::ended) entry.outcome(change.why);
  if (change.to != lease_state::ending) work.add(engine.ending_store().append_audit(entry));
  work.add(statement("COMMIT"));
  auto done = co_await run_all(holder, std::move(work));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(done));
  auto read = read_lease(answers[1][0]);
  co_return read;
}

lease_task<lease_end> leave_for_later(end_work& work, login_end& end, error why) {
  if (is_lost(why)) co_return why;
  if (work.found.lease.kind == grantee_kind::ephemeral_login) {
    auto taken = co_await end.take_back();
    if (!taken && is_lost(taken.error())) co_return taken.error();
  }
  lease_state_change change;
  change.to = lease_state::ending;
  change.why = why.describe();
  auto closed = co_await close_lease(work.engine, work.holder, work.found, std::move(change));
  BOOST_OUTCOME_CO_TRY(work.found, std::move(closed));
  work.done.lease = work.found.lease;
  co_return work.done;
}

namespace {

// DROP ROLE inside the transaction that holds the lease's lock: the login and the end of its lease
// are one.
lease_task<void> drop_login(connection_ptr holder, const lease_executor& us,
                            const std::string& login) {
  batch work;
  work.add(statement("SAVEPOINT before_drop"));
  work.add(statement("SET LOCAL lock_timeout = 2000"));
  add_all(work, us.authority->drop_logins({&login, 1}));
  auto sent = co_await holder->async_execute_batch(std::move(work), boost::asio::use_awaitable);
  if (!sent) co_return sent.error();
  const std::optional<error> failed = sent.assume_value().first_error();
  if (!failed) co_return success();
  if (!is_lost(*failed)) {
    auto undone = co_await run(holder, statement("ROLLBACK TO SAVEPOINT before_drop"));
    if (!undone) co_return undone.error();
  }
  co_return *failed;
}

// Everything between NOLOGIN and DROP ROLE. A failure is what was in the way.
lease_task<void> clear_login(end_work& work, login_end& end) {
  auto lent = co_await end.lend();
  // Without it sessions may still be ended and the login dropped; what needs it will say so.
  if (!lent && is_lost(lent.error())) co_return lent.error();
  auto disabled = co_await end.disable();
  if (!disabled) co_return disabled.error();
  // Before their memberships go, by which they are known.
  auto borrowers = co_await end.end_borrowers();
  if (!borrowers) co_return borrowers.error();
  auto taken = co_await take_memberships_of_login(work.worker, work.us, work.found.grantee_oid);
  if (!taken) co_return taken.error();
  if (lent) {
    auto hidden = co_await end.end_hidden_backends();
    if (!hidden) co_return hidden.error();
  }
  auto ended = co_await end.end_sessions();
  if (!ended) co_return ended.error();
  auto cleared = co_await end.end_prepared_transactions();
  if (!cleared) co_return cleared.error();
  // What does not work here shows in what keeps the login from being dropped.
  auto dropped = co_await end.drop_scraps();
  if (!dropped && is_lost(dropped.error())) co_return dropped.error();
  co_return success();
}

lease_task<lease_end> finish_login(end_work& work) {
  const std::string& login = work.found.lease.grantee;
  auto asked = co_await run(
      work.worker, statement(role_of_oid_query).bind(std::to_string(work.found.grantee_oid)));
  BOOST_OUTCOME_CO_TRY(const rows role, std::move(asked));
  lease_state_change change;
  if (!role.empty() && role.text(0, 0) != login) {
    change.to = lease_state::held;
    change.why = "the login was renamed to " + quote_identifier(role.text(0, 0)) +
                 "\nremedy: rename it back; the next sweep then drops it";
  } else if (!role.empty()) {
    login_end end(work.engine, work.worker, work.us, work.found.lease.id, login,
                  work.found.grantee_oid);
    auto cleared = co_await clear_login(work, end);
    work.done.sessions_ended += end.sessions_ended();
    if (!cleared) {
      auto later = co_await leave_for_later(work, end, cleared.error());
      co_return later;
    }
    work.engine.step(work.found.lease.id, "drop");
    auto dropped = co_await drop_login(work.holder, work.us, login);
    work.done.login_dropped = dropped.has_value();
    if (!dropped && dropped.error().state() == "2BP01"_sqlstate) {
      auto residue =
          co_await describe_residue(work.engine, work.worker, login, work.found.grantee_oid);
      BOOST_OUTCOME_CO_TRY(change.why, std::move(residue));
      change.to = lease_state::held;
      auto taken = co_await end.take_back();
      if (!taken && is_lost(taken.error())) co_return taken.error();
    } else if (!dropped && dropped.error().state() != "42704"_sqlstate) {
      error why = dropped.error();
      if (why.state() == "55P03"_sqlstate) {
        auto holders = co_await describe_lock_holders(work.worker, work.found.grantee_oid);
        if (holders && !holders.assume_value().empty())
          why = why.with_detail("named in a transaction of " + holders.assume_value());
      }
      auto later = co_await leave_for_later(work, end, std::move(why));
      co_return later;
    }
  }
  auto closed = co_await close_lease(work.engine, work.holder, work.found, std::move(change));
  BOOST_OUTCOME_CO_TRY(work.found, std::move(closed));
  work.done.lease = work.found.lease;
  if (work.done.login_dropped) {
    // A backend that slept through all of it has no role any more, and shows up now at the latest.
    login_end after(work.engine, work.worker, work.us, work.found.lease.id, login,
                    work.found.grantee_oid);
    auto ghosts = co_await after.end_sessions();
    if (ghosts) work.done.sessions_ended += after.sessions_ended();
  }
  co_return work.done;
}

// The rest of an end, after the cut. Nothing: another process has it in hand.
lease_task<std::optional<lease_end>> finish(lease_engine& engine, lease_executor us, cut_lease done,
                                            busy_lease busy) {
  std::string id = done.found.lease.id;
  co_await engine.turns().wait();
  const end_turns::turn ours(engine.turns());
  auto opened = co_await engine.ending_store().open();
  BOOST_OUTCOME_CO_TRY(auto holder, std::move(opened));
  auto second = co_await open_second(engine, holder, us, done.found);
  BOOST_OUTCOME_CO_TRY(auto worker, std::move(second));
  auto locked = co_await lock_lease(engine, holder, id, busy);
  if (!locked && locked.error().state() == "55P03"_sqlstate) {
    auto seen = co_await look_up_lease(holder, id);
    BOOST_OUTCOME_CO_TRY(auto found, std::move(seen));
    lease_end as_it_is;
    as_it_is.lease = std::move(found.lease);
    co_return std::optional<lease_end>(std::move(as_it_is));
  }
  BOOST_OUTCOME_CO_TRY(auto found, std::move(locked));
  if (!found) co_return std::optional<lease_end>();
  lease_end so_far;
  so_far.lease = found->lease;
  so_far.kept = std::move(done.kept);
  so_far.sessions_ended = done.sessions_ended;
  if (found->lease.state != lease_state::ending && found->lease.state != lease_state::held) {
    co_await roll_back(holder);
    co_return std::optional<lease_end>(std::move(so_far));
  }
  end_work work{engine,        std::move(holder),        std::move(worker),
                std::move(us), std::move(found).value(), std::move(so_far)};
  result<lease_end> outcome = work.done;
  if (work.found.lease.kind == grantee_kind::existing_role) {
    auto ended = co_await end_existing_role(work);
    outcome = std::move(ended);
  } else {
    auto ended = co_await finish_login(work);
    outcome = std::move(ended);
  }
  if (!outcome) co_return outcome.error();
  co_return std::optional<lease_end>(std::move(outcome).assume_value());
}

// First the access of all of them, then the logins that nothing holds, then the rest one by one.
lease_task<sweep_report> end_all(lease_engine& engine, connection_ptr where, rows due,
                                 busy_lease busy, std::string why) {
  auto known = co_await engine.who_are_we(where);
  BOOST_OUTCOME_CO_TRY(const lease_executor us, std::move(known));
  sweep_report report;
  std::vector<std::string> ids;
  for (const row r : due) ids.push_back(r[0].str());
  co_await unschedule_jobs(engine, where, us, ids);
  auto outcomes = co_await cut_all(engine, where, us, ids, busy, why);
  std::vector<cut_lease> cuts;
  std::vector<ledger_lease> ending;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    cut_outcome& done = outcomes[i];
    if (!done) {
      if (is_lost(done.error())) co_return done.error();
      report.failures.push_back({ids[i], done.error()});
    } else if (done.assume_value()) {
      cuts.push_back(std::move(*done.assume_value()));
      ending.push_back(cuts.back().found);
    }
  }
  auto dropped = co_await drop_all(engine, where, us, ending);
  BOOST_OUTCOME_CO_TRY(auto over, std::move(dropped));
  where.reset();  // the rest needs two connections, and a pool may have no third
  for (cut_lease& next : cuts) {
    const std::string id = next.found.lease.id;
    lease_end& end = over.at(id);
    if (end.lease.state == lease_state::ended) {
      end.kept = std::move(next.kept);
      report.ends.push_back(std::move(end));
      continue;
    }
    next.sessions_ended = end.sessions_ended;
    auto done = co_await finish(engine, us, std::move(next), busy);
    if (!done) {
      report.failures.push_back({id, done.error()});
    } else if (done.assume_value()) {
      report.ends.push_back(std::move(*done.assume_value()));
    }
  }
  if (report.ends.empty()) co_return report;
  auto reopened = co_await engine.ending_store().open();
  if (reopened) {
    co_await look_at_bundles(engine.ending_store(), reopened.assume_value(), us, report.ends);
  }
  co_return report;
}

// In a transaction with others who revoke, or, if another process has the lease in hand, by itself
// behind it.
lease_task<cut_lease> cut_in_turn(std::shared_ptr<lease_engine> engine, std::string id) {
  auto together = [engine](cut_queue::requests batch) {
    return cut_together(engine, std::move(batch));
  };
  cut_call call{id};
  auto done = co_await engine->cuts().submit(std::move(call), std::move(together));
  if (!done) co_return done.error();
  if (done.assume_value()) co_return std::move(*done.assume_value());
  auto opened = co_await engine->ending_store().open();
  BOOST_OUTCOME_CO_TRY(auto where, std::move(opened));
  auto known = co_await engine->who_are_we(where);
  BOOST_OUTCOME_CO_TRY(auto us, std::move(known));
  auto waited = co_await cut(*engine, where, std::move(us), id, busy_lease::wait, "revoke");
  if (!waited) co_return waited.error();
  co_return std::move(*waited.assume_value());
}

}  // namespace

lease_task<lease_end> lease_engine::revoke(std::string id) {
  auto done = co_await cut_in_turn(shared_from_this(), id);
  BOOST_OUTCOME_CO_TRY(auto taken, std::move(done));
  lease_end ended;
  ended.lease = taken.found.lease;
  ended.kept = taken.kept;
  ended.bundle_findings = taken.bundle_findings;
  if (taken.found.lease.state == lease_state::ended) co_return ended;
  auto together = [engine = shared_from_this()](drop_queue::requests batch) {
    return drop_together(engine, std::move(batch));
  };
  drop_call call{taken.found};
  auto dropped = co_await drops_->submit(std::move(call), std::move(together));
  if (!dropped) co_return dropped.error();
  ended = std::move(dropped).assume_value();
  ended.kept = taken.kept;
  if (ended.lease.state == lease_state::ended) co_return ended;
  taken.sessions_ended = ended.sessions_ended;
  auto opened = co_await ending_store_->open();
  BOOST_OUTCOME_CO_TRY(auto where, std::move(opened));
  auto known = co_await who_are_we(where);
  BOOST_OUTCOME_CO_TRY(const lease_executor us, std::move(known));
  where.reset();  // the rest needs two connections, and a pool may have no third
  auto finished = co_await finish(*this, us, std::move(taken), busy_lease::wait);
  BOOST_OUTCOME_CO_TRY(auto end, std::move(finished));
  auto reopened = co_await ending_store_->open();
  if (reopened) {
    co_await look_at_bundles(ending_store(), reopened.assume_value(), us, {&*end, 1});
  }
  co_return std::move(*end);
}

lease_task<sweep_report> lease_engine::revoke_grantee(std::string grantee) {
  auto opened = co_await ending_store_->open();
  BOOST_OUTCOME_CO_TRY(auto where, std::move(opened));
  auto asked = co_await run(where, statement(leases_of_grantee_query).bind(grantee));
  BOOST_OUTCOME_CO_TRY(const rows due, std::move(asked));
  if (due.empty()) {
    co_return error(errc::not_found, "nobody of this name has a lease")
        .with_field("grantee")
        .with_object(grantee)
        .with_hint("list the leases to see who has one");
  }
  auto report = co_await end_all(*this, std::move(where), due, busy_lease::wait, "revoke");
  co_return report;
}

lease_task<sweep_report> lease_engine::revoke_those(connection_ptr where, statement which) {
  auto asked = co_await run(where, std::move(which));
  BOOST_OUTCOME_CO_TRY(const rows due, std::move(asked));
  auto report = co_await end_all(*this, std::move(where), due, busy_lease::wait, "revoke");
  co_return report;
}

lease_task<sweep_report> lease_engine::sweep() {
  auto opened = co_await ending_store_->open();
  BOOST_OUTCOME_CO_TRY(auto where, std::move(opened));
  auto asked = co_await run(where, statement(due_leases_query()));
  BOOST_OUTCOME_CO_TRY(const rows due, std::move(asked));
  auto ended = co_await end_all(*this, std::move(where), due, busy_lease::skip, "expire");
  BOOST_OUTCOME_CO_TRY(auto report, std::move(ended));
  step("", "ghosts");
  auto reopened = co_await ending_store_->open();
  BOOST_OUTCOME_CO_TRY(auto last, std::move(reopened));
  auto ghosts = co_await end_ghost_sessions(std::move(last));
  if (ghosts) report.ghost_sessions = ghosts.assume_value();
  co_return report;
}

}  // namespace pgrant::detail
