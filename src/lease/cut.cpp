#include "lease/cut.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "lease/membership_sql.hpp"
#include "lease/migrations.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment lock_lease_bundles_statement =
    R"(SELECT FROM pgrant.bundle
WHERE role_oid IN (SELECT coalesce(c.bundle_oid, b.role_oid) FROM pgrant.lease_bundle b
  LEFT JOIN pgrant.cohort c ON c.role_oid = b.role_oid WHERE b.lease_id = ANY ($1::text[]))
ORDER BY role_oid FOR UPDATE)";

constexpr sql_fragment lease_roles_query =
    "SELECT lease_id, role_oid FROM pgrant.lease_bundle WHERE lease_id = ANY ($1::text[])";

// The cohorts' places are free again.
constexpr sql_fragment forget_memberships_statement =
    R"(WITH gone AS (DELETE FROM pgrant.membership m USING pgrant.lease_bundle b, pgrant.lease l
  WHERE l.id = ANY ($1::text[]) AND b.lease_id = l.id AND m.role_oid = b.role_oid
    AND m.member_oid = l.grantee_oid AND m.n <= 0 RETURNING m.role_oid)
UPDATE pgrant.cohort c SET people = greatest(c.people - g.people, 0)
FROM (SELECT role_oid, count(*)::int AS people FROM gone GROUP BY role_oid) g
WHERE c.role_oid = g.role_oid)";

// Through the bundle's role itself or through one of its cohorts, whichever the lease had.
constexpr sql_fragment kept_bundles_query =
    R"(SELECT l.id, b.bundle FROM pgrant.lease l JOIN pgrant.lease_bundle b ON b.lease_id = l.id
LEFT JOIN pgrant.cohort c ON c.role_oid = b.role_oid
WHERE l.id = ANY ($1::text[]) AND (SELECT true FROM pg_catalog.pg_auth_members a
  LEFT JOIN pgrant.cohort o ON o.role_oid = a.roleid AND o.cut_at IS NULL
  WHERE a.member = l.grantee_oid
    AND coalesce(o.bundle_oid, a.roleid) = coalesce(c.bundle_oid, b.role_oid) LIMIT 1)
ORDER BY l.id, b.bundle)";

// What an existing role has prepared in the time of the lease would write after it.
constexpr sql_fragment cut_leases_statement =
    R"(UPDATE pgrant.lease l SET state = s.state,
  ended_at = CASE WHEN s.state = 'ended' THEN pg_catalog.clock_timestamp() END
FROM (SELECT g.id, CASE WHEN $3::boolean AND $2::text = 'ended' AND EXISTS (
      SELECT FROM pg_catalog.pg_prepared_xact() p
      WHERE p.ownerid = g.grantee_oid AND p.prepared >= g.granted_at)
    THEN 'ending' ELSE $2::text END AS state
  FROM pgrant.lease g WHERE g.id = ANY ($1::text[])) s
WHERE l.id = s.id)";

error no_such_lease(const std::string& id) {
  return error(errc::not_found, "there is no lease \"" + id + "\"")
      .with_field("lease")
      .with_hint("list the leases to see their ids");
}

// Somebody else who ends a lease may take as long as we would.
void add_patient_begin(batch& work, const lease_settings& settings) {
  work.add(statement("BEGIN"));
  work.add(statement(sql_text("SET LOCAL lock_timeout = ").number(settings.end_timeout().count())));
  work.add(statement("SET LOCAL idle_in_transaction_session_timeout = 0"));
}

bool is_cuttable(const ledger_lease& found) {
  return found.lease.state == lease_state::active || found.lease.state == lease_state::scheduled;
}

/// Cuts together, with each lease's outcome.
class cut_round {
 public:
  cut_round(lease_engine& engine, connection_ptr where, lease_executor us, busy_lease busy,
            std::string why)
      : engine_(engine),
        where_(std::move(where)),
        us_(std::move(us)),
        busy_(busy),
        why_(std::move(why)) {}

  // `take`: false leaves the memberships to the end of the login.
  boost::asio::awaitable<void> run(std::vector<std::string> ids, bool take) {
    std::optional<error> failed;
    for (int tries = 0; tries <= conflict_tries; ++tries) {
      if (tries > 0) co_await pause(conflict_pause(tries));
      auto done = co_await attempt(ids, take);
      if (done) co_return;
      failed = done.error();
      if (!is_conflict(*failed)) break;
    }
    const bool waited = failed->state() == "55P03"_sqlstate;
    if (ids.size() > 1 && (waited || may_blame_one(*failed))) {
      const auto middle = ids.begin() + std::ssize(ids) / 2;
      co_await run(std::vector<std::string>(ids.begin(), middle), take);
      co_await run(std::vector<std::string>(middle, ids.end()), take);
      co_return;
    }
    if (ids.size() == 1 && take && !is_lost(*failed)) {
      // A login that is dropped at the end loses everything, also what cannot be revoked singly.
      auto looked = co_await look_up_lease(where_, ids.front());
      if (looked && looked.assume_value().lease.kind == grantee_kind::ephemeral_login) {
        co_await run(std::move(ids), false);
        co_return;
      }
    }
    for (const std::string& id : ids) outcomes_.emplace(id, cut_error(id, *failed));
  }

  cut_outcome outcome_of(const std::string& id) const {
    const auto found = outcomes_.find(id);
    if (found != outcomes_.end()) return found->second;
    if (busy_ == busy_lease::wait) return no_such_lease(id);
    return std::optional<cut_lease>();
  }

 private:
  static error cut_error(const std::string& id, error why) {
    if (why.state() == sqlstate::parse(guard_membership_left)) {
      why = error(errc::not_granted, "the membership was there after its REVOKE")
                .with_state(why.state())
                .with_object("lease " + id)
                .with_hint("look at who granted it: SELECT * FROM pg_auth_members");
    }
    return why.within("cannot take the lease's memberships back");
  }

  lease_task<void> attempt(const std::vector<std::string>& ids, bool take) {
    auto locked = co_await lock(ids);
    BOOST_OUTCOME_CO_TRY(const auto found, std::move(locked));
    std::vector<std::string> active;
    std::map<std::string, ledger_lease> leases;
    for (const ledger_lease& l : found) {
      leases.emplace(l.lease.id, l);
      if (is_cuttable(l)) active.push_back(l.lease.id);
    }
    if (active.empty()) {
      co_await roll_back(where_);
      keep_others(leases);
      co_return success();
    }
    batch counting;
    counting.add(statement(lock_lease_bundles_statement).bind_array(active));
    counting.add(count_memberships_down(active));
    counting.add(statement(lease_roles_query).bind_array(active));
    auto counted = co_await run_kept(where_, std::move(counting));
    BOOST_OUTCOME_CO_TRY(const auto counts, std::move(counted));
    const auto read = unneeded(counts[1]);
    if (!read) {
      co_await roll_back(where_);
      co_return read.error();
    }
    std::vector<lease_membership> taking;
    std::set<std::pair<oid, oid>> taken;
    for (const ended_membership& m : read.assume_value()) {
      if (!take) break;
      // Where the bundle was cut as a whole, it is gone already.
      if (m.there) taking.push_back(m.membership);
      const bool stays =
          m.membership.own_before && (!us_.has_membership_options() || m.membership.own_inherit);
      if (!stays) taken.emplace(m.role_oid, m.member_oid);
    }
    std::set<std::string> losing;
    for (const row r : counts[2]) {
      BOOST_OUTCOME_CO_TRY(const oid role, r[1].oid());
      if (taken.contains({role, leases.at(r[0].str()).grantee_oid})) losing.insert(r[0].str());
    }
    auto work = closing(active, leases, losing, taking, take);
    const std::size_t kept_at = work.size() - 4;
    auto committed = co_await run_kept(where_, std::move(work));
    BOOST_OUTCOME_CO_TRY(const auto answers, std::move(committed));
    keep_others(leases);
    for (const row r : answers[kept_at + 1]) {
      BOOST_OUTCOME_CO_TRY(auto after, read_lease(r));
      cut_lease done;
      done.found = std::move(after);
      const std::string id = done.found.lease.id;
      outcomes_.insert_or_assign(id, std::optional<cut_lease>(std::move(done)));
    }
    for (const row r : answers[kept_at]) {
      const auto whose = outcomes_.find(r[0].str());
      if (whose != outcomes_.end()) whose->second.assume_value()->kept.push_back(r[1].str());
    }
    co_return success();
  }

  // In the order of ids: who cuts the same leases at the same time waits, once.
  lease_task<std::vector<ledger_lease>> lock(const std::vector<std::string>& ids) {
    const sql_fragment which = busy_ == busy_lease::skip
                                   ? sql_fragment(
                                         " WHERE l.id = ANY ($1::text[]) ORDER BY l.id"
                                         " FOR UPDATE SKIP LOCKED")
                                   : sql_fragment(
                                         " WHERE l.id = ANY ($1::text[]) ORDER BY l.id"
                                         " FOR UPDATE");
    batch work;
    add_patient_begin(work, engine_.settings());
    work.add(plan_for_few_rows());
    work.add(statement(select_leases().raw(which)).bind_array(ids));
    auto locked = co_await run_kept(where_, std::move(work));
    BOOST_OUTCOME_CO_TRY(const auto answers, std::move(locked));
    auto found = read_leases(answers.back());
    if (!found) co_await roll_back(where_);
    co_return found;
  }

  // What no lease needs any more, in the order in which all lock roles.
  static result<std::vector<ended_membership>> unneeded(const rows& counted) {
    std::vector<ended_membership> memberships;
    for (const row r : counted) {
      BOOST_OUTCOME_TRY(auto m, read_ended_membership(r));
      if (!m.last || m.role_gone || m.member_gone) continue;
      // What an administrator has taken meanwhile must not come back with the end of a lease.
      if (m.membership.own_before && !m.there) continue;
      memberships.push_back(std::move(m));
    }
    std::ranges::sort(memberships, {}, [](const ended_membership& m) {
      return std::pair(m.role_oid, m.member_oid);
    });
    return memberships;
  }

  // Whether sessions have to end, too: those of a login always; an existing role's where a session
  // could have kept a bundle with SET ROLE.
  lease_state state_after(const ledger_lease& found, bool loses) const {
    if (found.lease.kind == grantee_kind::ephemeral_login) return lease_state::ending;
    const bool sessions = loses && (!us_.has_membership_options() ||
                                    engine_.settings().end_sessions_of_existing_roles());
    return sessions ? lease_state::ending : lease_state::ended;
  }

  // The last four: the bundles that are kept, the leases, the audit trail, COMMIT.
  batch closing(const std::vector<std::string>& active,
                const std::map<std::string, ledger_lease>& leases,
                const std::set<std::string>& losing, const std::vector<lease_membership>& taking,
                bool take) {
    std::map<std::pair<lease_state, bool>, std::vector<std::string>> after;
    std::vector<audit_entry> entries;
    for (const std::string& id : active) {
      const ledger_lease& found = leases.at(id);
      const bool loses = losing.contains(id);
      after[{state_after(found, loses), loses}].push_back(id);
      audit_entry entry(why_);
      entry.lease(id).detail("grantee", found.lease.grantee);
      if (!take) entry.outcome("memberships are left to the end of the login");
      entries.push_back(std::move(entry));
    }
    batch work;
    add_all(work, us_.authority->take(taking));
    if (take) work.add(insist_taken(us_, active));
    work.add(statement(forget_memberships_statement).bind_array(active));
    for (const auto& [change, ids] : after) {
      work.add(statement(cut_leases_statement)
                   .bind_array(ids)
                   .bind(to_string(change.first))
                   .bind(change.second ? "true" : "false"));
    }
    work.add(statement(kept_bundles_query).bind_array(active));
    work.add(statement(select_leases().raw(" WHERE l.id = ANY ($1::text[])")).bind_array(active));
    work.add(engine_.ending_store().append_audit(entries)).add(statement("COMMIT"));
    return work;
  }

  // Leases that were not active are as they were.
  void keep_others(const std::map<std::string, ledger_lease>& leases) {
    for (const auto& [id, found] : leases) {
      if (is_cuttable(found)) continue;
      cut_lease as_it_is;
      as_it_is.found = found;
      outcomes_.insert_or_assign(id, std::optional<cut_lease>(std::move(as_it_is)));
    }
  }

  lease_engine& engine_;
  connection_ptr where_;
  lease_executor us_;
  busy_lease busy_;
  std::string why_;
  std::map<std::string, cut_outcome> outcomes_;
};

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
  statement locking(busy == busy_lease::skip
                        ? select_leases().raw(" WHERE l.id = $1 FOR UPDATE SKIP LOCKED")
                        : select_leases().raw(" WHERE l.id = $1 FOR UPDATE"));
  locking.bind(id);
  batch work;
  add_patient_begin(work, engine.settings());
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

boost::asio::awaitable<std::vector<cut_outcome>> cut_all(lease_engine& engine, connection_ptr where,
                                                         lease_executor us,
                                                         std::vector<std::string> ids,
                                                         busy_lease busy, std::string why) {
  cut_round round(engine, std::move(where), std::move(us), busy, std::move(why));
  for (std::size_t from = 0; from < ids.size(); from += most_cuts_together) {
    const std::size_t to = std::min(ids.size(), from + most_cuts_together);
    std::vector<std::string> part(ids.begin() + static_cast<std::ptrdiff_t>(from),
                                  ids.begin() + static_cast<std::ptrdiff_t>(to));
    for (const std::string& id : part) engine.step(id, "revoke");
    co_await round.run(std::move(part), true);
  }
  std::vector<cut_outcome> outcomes;
  for (const std::string& id : ids) outcomes.push_back(round.outcome_of(id));
  co_return outcomes;
}

lease_task<std::optional<cut_lease>> cut(lease_engine& engine, connection_ptr where,
                                         lease_executor us, std::string id, busy_lease busy,
                                         std::string why) {
  std::vector<std::string> ids(1, std::move(id));
  auto outcomes =
      co_await cut_all(engine, where, std::move(us), std::move(ids), busy, std::move(why));
  co_return outcomes.front();
}

}  // namespace pgrant::detail
