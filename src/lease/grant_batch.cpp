// The transaction that several grants share: repeated as a whole where others were in the way, and
// by halves where one of the requests must be at fault.
#include <algorithm>
#include <map>
#include <set>

#include "lease/cohort.hpp"
#include "lease/grant_parts.hpp"
#include "lease/migrations.hpp"
#include "lease/request_details.hpp"
#include "lease/role_pin.hpp"

namespace pgrant::detail {
namespace {

// Leases start behind the locks: a transaction that waited for them does not cost its grantees.
// unnest of several arrays has no schema: the grammar itself knows it, and takes pg_catalog's.
constexpr sql_fragment insert_leases_statement =
    R"(INSERT INTO pgrant.lease (id, attempt, idempotency_key, kind, grantee, grantee_oid, person,
  requester, reason, bundles, seconds, state, granted_at, expires_at)
SELECT u.id, u.attempt, nullif(u.key, ''), u.kind, u.grantee,
  pg_catalog.to_regrole(pg_catalog.quote_ident(u.grantee)), u.person, u.requester, u.reason,
  u.bundles::text[], u.seconds, 'active', c.now,
  c.now + pg_catalog.make_interval(secs => u.seconds)
FROM (SELECT pg_catalog.clock_timestamp() AS now) c, unnest($1::text[], $2::text[],
  $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
  $10::bigint[]) u (id, attempt, key, kind, grantee, person, requester, reason, bundles, seconds))";

/// A request that passed the check.
struct ready_grant {
  grant_queue::request_ptr request;
  checked_grant checked;
};

statement insert_leases(const std::vector<ready_grant>& ready) {
  std::vector<std::string> columns[10];
  for (const ready_grant& each : ready) {
    const grant_call& call = each.request->work;
    columns[0].push_back(call.id);
    columns[1].push_back(call.attempt);
    columns[2].push_back(call.request.key());
    columns[3].emplace_back(to_string(call.kind()));
    columns[4].push_back(call.grantee());
    columns[5].push_back(call.person());
    columns[6].push_back(call.requester());
    columns[7].push_back(call.request.reason());
    columns[8].push_back(array_literal(call.request.bundles()));
    columns[9].push_back(std::to_string(call.request.duration().count()));
  }
  statement insert(insert_leases_statement);
  for (const auto& column : columns) insert.bind_array(column);
  return insert;
}

statement insert_bundles_of(const std::vector<ready_grant>& ready) {
  std::vector<std::string> ids, names, oids;
  for (const ready_grant& each : ready) {
    for (std::size_t i = 0; i < each.checked.bundles.size(); ++i) {
      ids.push_back(each.request->work.id);
      names.push_back(each.checked.bundles[i].name);
      oids.push_back(std::to_string(each.checked.memberships[i].role_oid));
    }
  }
  return insert_lease_bundles(ids, names, oids);
}

bundle_oids bundles_of(const std::vector<ready_grant>& ready) {
  bundle_oids bundles;
  for (const ready_grant& each : ready) {
    for (const checked_bundle& b : each.checked.bundles) {
      bundles.emplace(b.name, std::to_string(b.role_oid));
    }
  }
  return bundles;
}

std::vector<new_login> logins_of(const std::vector<ready_grant>& ready,
                                 const lease_settings& settings) {
  std::vector<new_login> logins;
  for (const ready_grant& each : ready) {
    const grant_call& call = each.request->work;
    if (call.ephemeral()) logins.push_back(login_of(call, each.checked, settings));
  }
  return logins;
}

// Each once, in the order of roles; two requests may need the same membership.
std::vector<counted_membership> memberships_of(const std::vector<ready_grant>& ready) {
  std::map<std::pair<oid, std::string>, counted_membership> sorted;
  for (const ready_grant& each : ready) {
    for (const checked_membership& m : each.checked.memberships) {
      counted_membership& counted = sorted[{m.role_oid, m.membership.member}];
      if (counted.leases++ > 0) continue;
      counted.membership = m.membership;
      counted.role_oid = m.role_oid;
      counted.grantor_oid = m.grantor_oid;
      counted.in_cohort = m.in_cohort;
    }
  }
  std::vector<counted_membership> memberships;
  for (auto& [place, each] : sorted) memberships.push_back(std::move(each));
  return memberships;
}

// From BEGIN to COMMIT. The leases' rows are the third answer from the end.
batch grant_transaction(const std::vector<ready_grant>& ready, const lease_executor& us,
                        const lease_settings& settings, const ledger_store& store) {
  std::vector<std::string> ids, made;
  std::vector<audit_entry> entries;
  std::vector<const grant_call*> calls;
  std::set<std::string> existing_roles;
  for (const ready_grant& each : ready) {
    calls.push_back(&each.request->work);
    if (!calls.back()->ephemeral()) existing_roles.insert(calls.back()->grantee());
    ids.push_back(each.request->work.id);
    if (each.request->work.ephemeral()) made.push_back(each.request->work.id);
    entries.push_back(grant_entry("grant", each.request->work, each.checked));
  }
  const auto memberships = memberships_of(ready);
  std::vector<lease_membership> given;
  for (const counted_membership& m : memberships) given.push_back(m.membership);
  batch work;
  work.add(statement("BEGIN")).add(plan_for_few_rows());
  add_all(work, us.authority->create_logins(logins_of(ready, settings)));
  pin_roles(work, {existing_roles.begin(), existing_roles.end()});
  // From here on others wait for us: what costs time has been done.
  lock_bundles(work, bundles_of(ready));
  if (auto entering = enter_cohorts(memberships, settings.cohort_size()))
    work.add(std::move(*entering));
  work.add(count_memberships_up(us, memberships));
  add_all(work, us.authority->give(given));
  work.add(insist_given(us, memberships));
  work.add(insert_leases(ready)).add(insert_bundles_of(ready));
  if (auto details = write_request_details(calls)) work.add(std::move(*details));
  add_all(work, us.authority->expire_logins(made));
  work.add(statement(select_leases().raw(" WHERE l.id = ANY ($1::text[])")).bind_array(ids));
  work.add(store.append_audit(entries)).add(statement("COMMIT"));
  return work;
}

error grant_error(const error& why) {
  if (why.state() == sqlstate::parse(guard_membership_missing)) {
    return error(errc::not_granted, "the membership was not there after its GRANT")
        .with_state(why.state())
        .with_hint("look at what else changes the bundle's role");
  }
  if (is_conflict(why)) {
    return error(errc::conflict, "others were in the way of the grant each time")
        .with_state(why.state())
        .with_detail(why.message())
        .with_advice(retry::again);
  }
  return why.within("cannot grant the lease");
}

/// Grants together, with everybody's answer.
class grant_round {
 public:
  explicit grant_round(lease_engine& engine) : engine_(engine), queue_(engine.grants()) {}

  boost::asio::awaitable<void> run(grant_queue::requests batch) {
    std::optional<error> failed;
    for (int tries = 0; tries <= conflict_tries; ++tries) {
      if (tries > 0) co_await pause(conflict_pause(tries));
      auto opened = co_await engine_.store().open();
      batch = queue_.wanted(batch);
      if (batch.empty()) co_return;
      // After a lost answer nobody knows whether the leases are there: the first error says so.
      if (!opened) co_return answer_all(batch, failed.value_or(opened.error()));
      auto tried = co_await attempt(std::move(opened).assume_value(), batch);
      if (tried) co_return;
      failed = tried.error();
      const bool taken = failed->state() == "42710"_sqlstate || failed->state() == "23505"_sqlstate;
      if (!taken && !is_conflict(*failed) && !is_lost(*failed)) break;
      // A name is taken, or a key: the next round finds out, with other names.
      if (!taken) continue;
      for (const auto& each : batch) {
        const auto renamed = name_login(each->work, engine_.settings());
        if (!renamed) queue_.answer(each, renamed.error());
      }
    }
    if (batch.size() < 2 || !may_blame_one(*failed)) {
      co_return answer_all(batch, grant_error(*failed));
    }
    const auto middle = batch.begin() + std::ssize(batch) / 2;
    co_await run(grant_queue::requests(batch.begin(), middle));
    co_await run(grant_queue::requests(middle, batch.end()));
  }

 private:
  // Answers whom it can. Fails, with all others in `batch`, if the transaction did.
  lease_task<void> attempt(connection_ptr where, grant_queue::requests& batch) {
    const grant_queue::watch watch(queue_, where, batch);
    auto looked = co_await check_grants(engine_, where, batch);
    if (looked && !looked.assume_value().wishes.empty()) {
      auto made = co_await make_cohorts(engine_, where, looked.assume_value().wishes);
      if (!made) co_return made.error();
      auto again = co_await check_grants(engine_, where, batch);
      looked = std::move(again);
    }
    if (!looked && is_lost(looked.error())) co_return looked.error();
    if (!looked) {
      answer_all(batch, looked.error());
      co_return success();
    }
    checked_grants& checked = looked.assume_value();
    const std::vector<ready_grant> ready = sort_out(batch, checked);
    batch.clear();
    for (const ready_grant& each : ready) batch.push_back(each.request);
    if (ready.empty()) co_return success();
    auto work = grant_transaction(ready, checked.executor, engine_.settings(), engine_.store());
    auto committed = co_await run_kept(where, std::move(work));
    BOOST_OUTCOME_CO_TRY(const auto answers, std::move(committed));
    BOOST_OUTCOME_CO_TRY(const auto leases, read_leases(answers[answers.size() - 3]));
    for (const ledger_lease& found : leases) {
      const auto whose = std::ranges::find_if(
          batch, [&found](const auto& each) { return each->work.id == found.lease.id; });
      if (whose == batch.end()) continue;
      granted_lease answer{found.lease, std::nullopt};
      const grant_call& call = (*whose)->work;
      if (call.ephemeral()) answer.credentials = credentials_of(call, engine_.settings());
      queue_.answer(*whose, std::move(answer));
    }
    co_return success();
  }

  // Answers those whose answer is known before anything is changed.
  std::vector<ready_grant> sort_out(const grant_queue::requests& batch, checked_grants& checked) {
    std::vector<ready_grant> ready;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      result<checked_grant>& judged = checked.each[i];
      grant_call& call = batch[i]->work;
      if (!judged) {
        queue_.answer(batch[i], judged.error());
      } else if (judged.assume_value().earlier) {
        const ledger_lease& known = *judged.assume_value().earlier;
        queue_.answer(batch[i], answer_from_ledger(call, engine_.settings(), known));
      } else {
        choose_database(call, judged.assume_value());
        ready.push_back({batch[i], std::move(judged).assume_value()});
      }
    }
    return ready;
  }

  void answer_all(const grant_queue::requests& batch, const error& why) {
    for (const auto& each : batch) queue_.answer(each, why);
  }

  lease_engine& engine_;
  grant_queue& queue_;
};

}  // namespace

boost::asio::awaitable<void> grant_together(std::shared_ptr<lease_engine> engine,
                                            grant_queue::requests batch) {
  grant_round round(*engine);
  co_await round.run(std::move(batch));
}

}  // namespace pgrant::detail
