#include "lease/login_drop.hpp"

#include <algorithm>
#include <set>

#include "lease/hidden_backends.hpp"

namespace pgrant::detail {
namespace {

// By ids alone, not through the index of open leases, which may be large. 1260 is pg_authid. Before
// 16 a role can lend itself, and whoever has it could go on as it.
#define PGRANT_LOOK_AT_GRANTEES(lent)                                                          \
  "SELECT l.id, l.grantee_oid, r.rolname IS NULL, r.rolname IS DISTINCT FROM l.grantee, "      \
  "l.grantee_oid = ANY (ARRAY(SELECT a.usesysid FROM pg_catalog.pg_stat_get_activity(NULL) a " \
  "WHERE a.usesysid IS NOT NULL)), "                                                           \
  "(l.kind = 'ephemeral_login' AND (SELECT true FROM pg_catalog.pg_shdepend d "                \
  "WHERE d.refclassid = 1260 AND d.refobjid = l.grantee_oid LIMIT 1) IS NOT NULL) "            \
  "OR l.grantee_oid = ANY (ARRAY(SELECT p.ownerid FROM pg_catalog.pg_prepared_xact() p))" lent \
  " FROM pgrant.lease l LEFT JOIN LATERAL (SELECT r.rolname FROM pg_catalog.pg_roles r "       \
  "WHERE r.oid = l.grantee_oid OFFSET 0) r ON true "                                           \
  "WHERE l.id = ANY ($1::text[]) AND l.state || '' = 'ending' ORDER BY l.id "                  \
  "FOR UPDATE OF l SKIP LOCKED"

constexpr sql_fragment look_at_grantees_16 = PGRANT_LOOK_AT_GRANTEES("");
constexpr sql_fragment look_at_grantees_14 = PGRANT_LOOK_AT_GRANTEES(
    " OR (SELECT true FROM pg_catalog.pg_auth_members m "
    "WHERE m.roleid = l.grantee_oid LIMIT 1) IS NOT NULL "
    // What it passed on, if somebody gave it ADMIN; from 16 on that shows among the dependencies.
    "OR l.grantee_oid = ANY (ARRAY(SELECT m.grantor FROM pg_catalog.pg_auth_members m))");

#undef PGRANT_LOOK_AT_GRANTEES

constexpr sql_fragment insist_dropped_statement =
    R"(SELECT pgrant.insist(NOT EXISTS (SELECT FROM pg_catalog.unnest($1::oid[]) o
  WHERE pg_catalog.pg_get_userbyid(o) NOT LIKE 'unknown (OID=%)'), '2BP01',
  'a login is there after its DROP'))";

constexpr sql_fragment end_leases_statement =
    R"(UPDATE pgrant.lease SET state = 'ended', ended_at = pg_catalog.clock_timestamp(),
  held_why = '', next_try_at = NULL WHERE id = ANY ($1::text[]))";

constexpr sql_fragment terminate_sessions_of_all_query =
    R"(SELECT pg_catalog.pg_terminate_backend(a.pid), a.pid, a.usesysid
FROM pg_catalog.pg_stat_activity a WHERE a.usesysid = ANY ($1::oid[]))";

// Backends of ordinary clients that come are hidden for a moment; who is hidden for longer hides.
constexpr int hidden_looks = 4;
constexpr std::chrono::milliseconds hidden_pause{30};
// How often, and for how long in all, sessions are told to end before the long way has to do it.
constexpr int session_looks = 12;
constexpr std::chrono::milliseconds session_pause{20};

class drop_round {
 public:
  drop_round(lease_engine& engine, connection_ptr where, lease_executor us,
             const std::vector<ledger_lease>& leases)
      : engine_(engine), where_(std::move(where)), us_(std::move(us)) {
    for (const ledger_lease& l : leases) {
      if (l.grantee_oid != 0) leases_.emplace(l.lease.id, l);
    }
  }

  lease_task<void> run() {
    std::vector<std::string> ids;
    for (const auto& [id, l] : leases_) ids.push_back(id);
    auto hiding = co_await somebody_hides();
    BOOST_OUTCOME_CO_TRY(const bool before, std::move(hiding));
    if (before) co_return success();
    auto dropped = co_await drop(std::move(ids));
    if (!dropped) co_return dropped.error();
    std::vector<std::string> closing = std::exchange(busy_, {});
    if (closing.empty()) co_return success();
    auto closed = co_await disable(std::move(closing));
    if (!closed) co_return closed.error();
    for (const std::string& id : closed_) engine_.step(id, "sessions");
    for (int look = 0; look < session_looks && !closed_.empty(); ++look) {
      auto ended = co_await end_sessions(closed_);
      if (!ended && is_lost(ended.error())) co_return ended.error();
      if (!ended) break;  // for who may act as the logins
      co_await pause(session_pause);
      auto hides = co_await somebody_hides();
      BOOST_OUTCOME_CO_TRY(const bool still, std::move(hides));
      if (still) break;
      auto again = co_await drop(std::exchange(closed_, {}));
      if (!again) co_return again.error();
      closed_ = std::exchange(busy_, {});
    }
    co_return success();
  }

  lease_end end_of(const ledger_lease& l) const {
    lease_end end;
    end.lease = l.lease;
    const auto over = ends_.find(l.lease.id);
    if (over != ends_.end()) end = over->second;
    const auto sessions = sessions_.find(l.lease.id);
    if (sessions != sessions_.end()) end.sessions_ended = sessions->second;
    return end;
  }

 private:
  // Somebody has authenticated whom the catalog does not name yet; as whom, only the long way can
  // find out.
  lease_task<bool> somebody_hides() {
    std::set<std::string> hidden;
    for (int look = 0; look < hidden_looks; ++look) {
      if (look > 0) co_await pause(hidden_pause);
      auto asked = co_await ask(where_, statement(hidden_backends_query));
      BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
      std::set<std::string> now;
      for (const row r : answer) {
        if (look == 0 || hidden.contains(r[0].str())) now.insert(r[0].str());
      }
      hidden = std::move(now);
      if (hidden.empty()) co_return false;
    }
    co_return true;
  }

  // Ends those that leave nothing, and keeps in `busy_` those that have sessions alone.
  lease_task<void> drop(std::vector<std::string> ids) {
    if (ids.empty()) co_return success();
    auto tried = co_await attempt(ids);
    if (tried) co_return success();
    const error& why = tried.error();
    if (is_lost(why)) co_return why;
    // One that cannot be dropped by itself is for the long way.
    if (ids.size() == 1) co_return success();
    const auto middle = ids.begin() + std::ssize(ids) / 2;
    auto first = co_await drop(std::vector<std::string>(ids.begin(), middle));
    if (!first) co_return first.error();
    auto second = co_await drop(std::vector<std::string>(middle, ids.end()));
    if (!second) co_return second.error();
    co_return success();
  }

  lease_task<void> attempt(const std::vector<std::string>& ids) {
    batch looking;
    looking.add(statement("BEGIN")).add(statement("SET LOCAL lock_timeout = 1000"));
    looking.add(plan_for_few_rows());
    looking.add(statement(us_.has_membership_options() ? look_at_grantees_16 : look_at_grantees_14)
                    .bind_array(ids));
    auto looked = co_await run_kept(where_, std::move(looking));
    BOOST_OUTCOME_CO_TRY(const auto seen, std::move(looked));
    std::vector<std::string> over, dropped, logins, oids, busy;
    for (const row r : seen[3]) {
      const std::string id = r[0].str();
      const ledger_lease& l = leases_.at(id);
      const bool ours = l.lease.kind == grantee_kind::ephemeral_login;
      const bool gone = r[2].text() == "t", other = r[3].text() == "t",
                 sessions = r[4].text() == "t", residue = r[5].text() == "t";
      if (gone && ours) {
        over.push_back(id);
      } else if (other || residue || (sessions && !ours)) {
        continue;
      } else if (sessions) {
        busy.push_back(id);
      } else {
        over.push_back(id);
        if (!ours) continue;
        dropped.push_back(id);
        logins.push_back(l.lease.grantee);
        oids.push_back(r[1].str());
      }
    }
    if (over.empty()) {
      co_await roll_back(where_);
    } else {
      for (const std::string& id : dropped) engine_.step(id, "drop");
      auto committed = co_await run_kept(where_, dropping(over, logins, oids));
      BOOST_OUTCOME_CO_TRY(const auto answers, std::move(committed));
      BOOST_OUTCOME_CO_TRY(auto after, read_leases(answers[answers.size() - 3]));
      for (ledger_lease& l : after) {
        lease_end& end = ends_[l.lease.id];
        end.login_dropped = std::ranges::find(logins, l.lease.grantee) != logins.end();
        end.lease = std::move(l.lease);
      }
    }
    busy_.insert(busy_.end(), busy.begin(), busy.end());
    // Who came in between has no role any more.
    if (!dropped.empty()) {
      auto ended = co_await end_sessions(dropped);
      if (!ended && is_lost(ended.error())) co_return ended.error();
    }
    co_return success();
  }

  // The leases' rows are the third answer from the end.
  batch dropping(const std::vector<std::string>& over, const std::vector<std::string>& logins,
                 const std::vector<std::string>& oids) {
    std::vector<audit_entry> entries;
    for (const std::string& id : over) {
      entries.push_back(
          audit_entry("end").lease(id).detail("grantee", leases_.at(id).lease.grantee));
    }
    batch work;
    add_all(work, us_.authority->drop_logins(logins));
    if (!oids.empty()) work.add(statement(insist_dropped_statement).bind_array(oids));
    work.add(statement(end_leases_statement).bind_array(over));
    work.add(statement(select_leases().raw(" WHERE l.id = ANY ($1::text[])")).bind_array(over));
    work.add(engine_.ending_store().append_audit(entries)).add(statement("COMMIT"));
    return work;
  }

  // NOLOGIN, committed before their sessions are ended. Those that somebody holds are for the long
  // way.
  lease_task<void> disable(std::vector<std::string> ids) {
    std::vector<std::string> logins;
    for (const std::string& id : ids) {
      engine_.step(id, "disable");
      logins.push_back(leases_.at(id).lease.grantee);
    }
    batch work;
    work.add(statement("BEGIN")).add(statement("SET LOCAL lock_timeout = 300"));
    add_all(work, us_.authority->disable_logins(logins));
    work.add(statement("COMMIT"));
    auto done = co_await run_all(where_, std::move(work));
    if (done) {
      closed_.insert(closed_.end(), ids.begin(), ids.end());
      co_return success();
    }
    if (is_lost(done.error())) co_return done.error();
    if (ids.size() == 1) co_return success();
    const auto middle = ids.begin() + std::ssize(ids) / 2;
    auto first = co_await disable(std::vector<std::string>(ids.begin(), middle));
    if (!first) co_return first.error();
    auto second = co_await disable(std::vector<std::string>(middle, ids.end()));
    if (!second) co_return second.error();
    co_return success();
  }

  // Tells the sessions of these leases' logins to end. A backend takes a moment to go, and is told
  // again meanwhile: each counts once.
  lease_task<void> end_sessions(const std::vector<std::string>& ids) {
    std::vector<std::string> oids;
    std::map<std::string, std::string> whose;
    for (const std::string& id : ids) {
      oids.push_back(std::to_string(leases_.at(id).grantee_oid));
      whose.emplace(oids.back(), id);
    }
    auto asked = co_await ask(where_, statement(terminate_sessions_of_all_query).bind_array(oids));
    BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
    for (const row r : answer) {
      if (r[0].text() != "t" || !told_.insert(r[1].str()).second) continue;
      ++sessions_[whose.at(r[2].str())];
    }
    co_return success();
  }

  lease_engine& engine_;
  connection_ptr where_;
  lease_executor us_;
  std::map<std::string, ledger_lease> leases_;
  std::map<std::string, lease_end> ends_;
  std::vector<std::string> busy_;    // Have sessions, and nothing else.
  std::vector<std::string> closed_;  // The same, but nobody can log in any more.
  std::set<std::string> told_;       // Process numbers.
  std::map<std::string, int> sessions_;
};

}  // namespace

lease_task<std::map<std::string, lease_end>> drop_logins_together(
    lease_engine& engine, connection_ptr where, lease_executor us,
    const std::vector<ledger_lease>& leases) {
  drop_round round(engine, std::move(where), std::move(us), leases);
  auto done = co_await round.run();
  if (!done) co_return done.error();
  std::map<std::string, lease_end> ends;
  for (const ledger_lease& l : leases) ends.emplace(l.lease.id, round.end_of(l));
  co_return ends;
}

}  // namespace pgrant::detail
