// Leases that start later: what is made when they are granted.
#include "lease/grant_parts.hpp"
#include "lease/request_details.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment insert_scheduled_lease_statement =
    R"(INSERT INTO pgrant.lease (id, attempt, idempotency_key, kind, grantee, person, requester,
  reason, bundles, seconds, state, granted_at, starts_at, expires_at)
SELECT $1, $2, nullif($3, ''), $4, $5, $6, $7, $8, $9::text[], $10::bigint, 'scheduled', c.now, s.at,
  s.at + $10::bigint * interval '1 second'
FROM (SELECT pg_catalog.clock_timestamp() AS now) c CROSS JOIN LATERAL (SELECT coalesce(
  timestamptz 'epoch' + nullif($11, '')::bigint * interval '1 microsecond',
  c.now + nullif($12, '')::bigint * interval '1 second') AS at) s)";

// Whom to watch until then: an existing role may be another one when the lease starts.
constexpr sql_fragment note_scheduled_login_statement =
    R"(UPDATE pgrant.lease l SET grantee_oid = pg_catalog.to_regrole(pg_catalog.quote_ident(l.grantee))
WHERE l.id = $1 AND l.kind = 'ephemeral_login')";

constexpr sql_fragment time_to_start_query =
    R"(SELECT ceil(extract(epoch FROM timestamptz 'epoch' + $1::bigint * interval '1 microsecond'
  - pg_catalog.clock_timestamp()))::bigint)";

constexpr std::int64_t latest_start_seconds = std::int64_t{90} * 24 * 3600;

// From BEGIN to COMMIT; the lease's row is the third answer from the end.
batch schedule_transaction(const grant_call& call, const checked_grant& checked,
                           const lease_executor& us, const lease_settings& settings,
                           const ledger_store& store) {
  std::vector<std::string> ids, names, oids;
  for (const checked_bundle& b : checked.bundles) {
    ids.push_back(call.id);
    names.push_back(b.name);
    oids.push_back(std::to_string(b.role_oid));
  }
  const grant_request& request = call.request;
  batch work;
  work.add(statement("BEGIN"));
  work.add(statement(insert_scheduled_lease_statement)
               .bind(call.id)
               .bind(call.attempt)
               .bind(request.key())
               .bind(to_string(call.kind()))
               .bind(call.grantee())
               .bind(call.person())
               .bind(call.requester())
               .bind(request.reason())
               .bind_array(request.bundles())
               .bind(std::to_string(request.duration().count()))
               .bind(request.start() ? std::to_string(request.start()->time_since_epoch().count())
                                     : std::string())
               .bind(request.delay() ? std::to_string(request.delay()->count()) : std::string()));
  work.add(insert_lease_bundles(ids, names, oids));
  if (auto details = write_request_details({&call})) work.add(std::move(*details));
  if (call.ephemeral()) {
    // VALID UNTIL is set anew at the start; until then NOLOGIN holds.
    const new_login login = login_of(call, checked, settings);
    add_all(work, us.authority->create_logins({&login, 1}));
    add_all(work, us.authority->disable_logins({&call.login, 1}));
    work.add(statement(note_scheduled_login_statement).bind(call.id));
  }
  work.add(statement(select_leases().raw(" WHERE l.id = $1")).bind(call.id));
  work.add(store.append_audit(grant_entry("schedule", call, checked))).add(statement("COMMIT"));
  return work;
}

// One try: the answer, or what was in the way.
lease_task<granted_lease> schedule_once(lease_engine& engine, connection_ptr where,
                                        grant_queue::request_ptr asked) {
  grant_queue::requests calls(1, asked);
  auto looked = co_await check_grants(engine, where, calls);
  BOOST_OUTCOME_CO_TRY(checked_grants all, std::move(looked));
  grant_call& call = asked->work;
  BOOST_OUTCOME_CO_TRY(const checked_grant checked, std::move(all.each.front()));
  if (checked.earlier) {
    const ledger_lease& known = *checked.earlier;
    co_return answer_from_ledger(call, engine.settings(), known);
  }
  choose_database(call, checked);
  auto committed = co_await run_all(
      where, schedule_transaction(call, checked, all.executor, engine.settings(), engine.store()));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(committed));
  BOOST_OUTCOME_CO_TRY(auto made, read_lease(answers[answers.size() - 3][0]));
  granted_lease answer{std::move(made.lease), std::nullopt};
  if (call.ephemeral()) answer.credentials = credentials_of(call, engine.settings());
  co_return answer;
}

}  // namespace

lease_task<bool> lease_engine::starts_later(grant_request request) {
  if (request.delay()) co_return *request.delay() > request.delay()->zero();
  if (!request.start()) co_return false;
  auto opened = co_await store_->open();
  BOOST_OUTCOME_CO_TRY(const auto where, std::move(opened));
  auto asked =
      co_await run(where, statement(time_to_start_query)
                              .bind(std::to_string(request.start()->time_since_epoch().count())));
  BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
  BOOST_OUTCOME_CO_TRY(const auto seconds, answer.at(0, 0).int64());
  if (seconds > latest_start_seconds) {
    co_return error(errc::invalid_argument, "the start is not within the next 90 days")
        .with_field("starting_at")
        .with_hint("ask again when it is nearer");
  }
  co_return seconds > 0;
}

lease_task<granted_lease> lease_engine::schedule(grant_request request) {
  BOOST_OUTCOME_CO_TRY(auto call, begin_grant(std::move(request), settings_));
  step(call.id, "schedule");
  const auto asked = std::make_shared<grant_queue::request>(std::move(call));
  std::optional<error> failed;
  for (int tries = 0; tries <= conflict_tries; ++tries) {
    if (tries > 0) co_await pause(conflict_pause(tries));
    auto opened = co_await store_->open();
    // After a lost answer nobody knows whether the lease is there: the first error says so.
    if (!opened) co_return failed.value_or(opened.error());
    auto tried = co_await schedule_once(*this, std::move(opened).assume_value(), asked);
    if (tried) co_return tried;
    failed = tried.error();
    const bool taken = failed->state() == "42710"_sqlstate || failed->state() == "23505"_sqlstate;
    if (!taken && !is_conflict(*failed) && !is_lost(*failed)) break;
    if (taken) {
      BOOST_OUTCOME_CO_TRY(name_login(asked->work, settings_));
    }
  }
  co_return failed->within("cannot grant the lease");
}

}  // namespace pgrant::detail
