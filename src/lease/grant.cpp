// Granting a lease: one transaction, repeated as a whole where others were in the way.
#include <algorithm>

#include "lease/grant_check.hpp"
#include "lease/lease_names.hpp"
#include "lease/membership_sql.hpp"
#include "lease/migrations.hpp"
#include "pgrant/password.hpp"
#include "pgrant/scram.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment insert_lease_statement =
    R"(INSERT INTO pgrant.lease (id, attempt, idempotency_key, kind, grantee, person, requester,
  reason, bundles, seconds, state, granted_at, expires_at)
VALUES ($1, $2, nullif($3, ''), $4, $5, $6, $7, $8, $9::text[], $10::bigint, 'active',
  pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp()))";

constexpr sql_fragment lock_bundles_statement =
    R"(SELECT FROM pgrant.bundle WHERE name = ANY ($1::text[]) ORDER BY role_oid FOR UPDATE)";

constexpr sql_fragment insist_bundles_statement =
    R"(SELECT pgrant.insist((SELECT count(*) FROM pgrant.bundle b
  JOIN pg_catalog.pg_roles r ON r.oid = b.role_oid AND r.rolname = b.role_name
  WHERE b.name = ANY ($1::text[]) AND b.role_oid = ANY ($2::oid[]))
  = pg_catalog.cardinality($1::text[]), $3, 'a bundle has changed'))";

// The lease starts behind the locks: a transaction that waited for them does not cost its grantee.
constexpr sql_fragment start_lease_statement =
    R"(UPDATE pgrant.lease l SET grantee_oid = r.oid, granted_at = c.now,
  expires_at = c.now + pg_catalog.make_interval(secs => l.seconds)
FROM (SELECT pg_catalog.clock_timestamp() AS now) c, pg_catalog.pg_roles r
WHERE l.id = $1 AND r.rolname = l.grantee)";

/// One call of grant: what stays the same while its transaction is repeated.
struct grant_attempt {
  grant_request request;
  std::string id, attempt;
  std::string login;
  std::string database;  // where the credentials lead to: the first one of the first bundle
  secret password;
  secret verifier;

  bool ephemeral() const noexcept { return request.role().empty(); }
  const std::string& grantee() const noexcept { return ephemeral() ? login : request.role(); }
  const std::string& person() const noexcept {
    return ephemeral() ? request.person() : request.role();
  }
  const std::string& requester() const noexcept {
    return request.requester().empty() ? person() : request.requester();
  }
};

result<void> name_login(grant_attempt& call, const lease_settings& settings) {
  if (!call.ephemeral()) return success();
  BOOST_OUTCOME_TRY(call.login, login_name(settings.login_prefix(), call.request.person()));
  return success();
}

result<grant_attempt> begin_grant(grant_request request, const lease_settings& settings) {
  BOOST_OUTCOME_TRY(request.validate());
  grant_attempt call{std::move(request), {}, {}, {}, {}, {}, {}};
  BOOST_OUTCOME_TRY(call.id, random_word(16));
  BOOST_OUTCOME_TRY(call.attempt, random_word(16));
  BOOST_OUTCOME_TRY(name_login(call, settings));
  if (call.ephemeral()) {
    BOOST_OUTCOME_TRY(call.password, generate_password());
    BOOST_OUTCOME_TRY(
        call.verifier,
        scram_verifier(call.password, scram_options().iterations(settings.password_iterations())));
    if (!is_scram_verifier(call.verifier.reveal())) {
      return error(errc::internal, "the password's verifier is malformed");
    }
  }
  return call;
}

credentials credentials_of(const grant_attempt& call, const lease_settings& settings) {
  const connection_spec& from = settings.endpoint();
  connection_spec to;
  for (const auto* keyword : {"host", "hostaddr", "port", "sslmode", "sslrootcert"}) {
    // The value was valid in the spec that it comes from.
    if (!from.get(keyword).empty()) (void)to.set(keyword, from.get(keyword));
  }
  to.ssl_mode(from.ssl_mode());
  to.user(call.login);
  to.database(call.database.empty() ? from.database() : call.database);
  credentials given;
  given.user = call.login;
  given.password = call.password.clone();
  given.conninfo = to_conninfo(to);
  return given;
}

// The ledger's answer to somebody who asked before: the same call whose answer was lost, or another
// one with the same key.
result<granted_lease> answer_from_ledger(grant_attempt& call, const lease_settings& settings,
                                         const ledger_lease& found) {
  const lease& l = found.lease;
  auto asked = call.request.bundles(), has = l.bundles;
  std::sort(asked.begin(), asked.end());
  std::sort(has.begin(), has.end());
  const grantee_kind kind =
      call.ephemeral() ? grantee_kind::ephemeral_login : grantee_kind::existing_role;
  if (asked != has || l.kind != kind || l.person != call.person() ||
      found.seconds != call.request.duration().count()) {
    return error(errc::conflict, "the idempotency key belongs to another request")
        .with_field("idempotency_key")
        .with_object("lease " + l.id)
        .with_hint("use a new key for a new request");
  }
  granted_lease answer{l, std::nullopt};
  if (found.attempt == call.attempt && call.ephemeral()) {
    call.login = l.grantee;  // an earlier try may have had another name
    answer.credentials = credentials_of(call, settings);
  }
  return answer;
}

std::vector<std::string> oids_of(const checked_grant& checked) {
  std::vector<std::string> oids;
  for (const checked_bundle& b : checked.bundles) oids.push_back(std::to_string(b.role_oid));
  return oids;
}

// Everything up to the point where the memberships are counted.
batch opening_batch(const grant_attempt& call, const checked_grant& checked,
                    const lease_settings& settings) {
  std::vector<std::string> names;
  for (const checked_bundle& b : checked.bundles) names.push_back(b.name);
  batch work;
  work.add(statement("BEGIN"));
  work.add(statement(insert_lease_statement)
               .bind(call.id)
               .bind(call.attempt)
               .bind(call.request.key())
               .bind(to_string(call.ephemeral() ? grantee_kind::ephemeral_login
                                                : grantee_kind::existing_role))
               .bind(call.grantee())
               .bind(call.person())
               .bind(call.requester())
               .bind(call.request.reason())
               .bind_array(call.request.bundles())
               .bind(std::to_string(call.request.duration().count())));
  for (const checked_bundle& b : checked.bundles) {
    work.add(statement("INSERT INTO pgrant.lease_bundle VALUES ($1, $2, $3::oid)")
                 .bind(call.id)
                 .bind(b.name)
                 .bind(std::to_string(b.role_oid)));
  }
  if (call.ephemeral()) {
    new_login login;
    login.name = call.login;
    login.verifier = call.verifier.reveal();
    login.valid_until = checked.valid_until;
    login.connection_limit = settings.connection_limit();
    for (statement& making : checked.executor.authority->create_logins({&login, 1}))
      work.add(std::move(making));
  }
  // From here on others wait for us: what costs time has been done.
  work.add(statement(lock_bundles_statement).bind_array(names));
  work.add(statement(insist_bundles_statement)
               .bind_array(names)
               .bind_array(oids_of(checked))
               .bind(guard_bundle_changed));
  for (const checked_bundle& b : checked.bundles) {
    work.add(count_membership_up(checked.executor, b.role_oid, b.grantor_oid, call.grantee()));
  }
  return work;
}

// The rest, from the GRANTs to the COMMIT. The lease's row is the third answer from the end.
void add_closing(batch& work, const grant_attempt& call, const checked_grant& checked,
                 const std::vector<lease_membership>& memberships, const ledger_store& store) {
  for (statement& giving : checked.executor.authority->give(memberships))
    work.add(std::move(giving));
  work.add(insist_given(checked.executor, oids_of(checked), call.grantee()));
  work.add(statement(start_lease_statement).bind(call.id));
  if (call.ephemeral()) {
    for (statement& expiring : checked.executor.authority->expire_logins({&call.id, 1}))
      work.add(std::move(expiring));
  }
  work.add(statement(select_leases().raw(" WHERE l.id = $1")).bind(call.id));
  audit_entry entry("grant");
  entry.actor(call.requester()).lease(call.id);
  entry.detail("grantee", call.grantee()).detail("person", call.person());
  entry.detail("reason", call.request.reason());
  entry.detail("seconds", std::to_string(call.request.duration().count()));
  for (const checked_bundle& b : checked.bundles) entry.detail("bundle " + b.name, b.role);
  work.add(store.append_audit(entry)).add(statement("COMMIT"));
}

lease_task<ledger_lease> commit_grant(connection_ptr where, const grant_attempt& call,
                                      const checked_grant& checked, const lease_settings& settings,
                                      const ledger_store& store) {
  batch work = opening_batch(call, checked, settings);
  const std::size_t first_membership = work.size() - checked.bundles.size();
  std::vector<lease_membership> memberships(checked.bundles.size());
  for (std::size_t i = 0; i < memberships.size(); ++i) {
    // A login that was made a moment ago has no membership yet: nothing has to be asked.
    memberships[i].grantor = checked.bundles[i].grantor;
    memberships[i].role = checked.bundles[i].role;
    memberships[i].member = call.grantee();
  }
  if (!call.ephemeral()) {
    auto opened = co_await run_all(where, std::move(work));
    BOOST_OUTCOME_CO_TRY(const auto answers, std::move(opened));
    for (std::size_t i = 0; i < memberships.size(); ++i) {
      const rows& counted = answers[first_membership + i];
      if (counted.empty()) {
        co_await roll_back(where);
        co_return error(errc::not_found, "the role was dropped a moment ago")
            .with_field("grantee")
            .with_object("role " + quote_identifier(call.grantee()));
      }
      const auto read = read_membership(counted[0]);
      if (!read) {
        co_await roll_back(where);
        co_return read.error();
      }
      lease_membership m = read.assume_value();
      m.role = std::move(memberships[i].role);
      m.member = std::move(memberships[i].member);
      memberships[i] = std::move(m);
    }
    work = batch();
  }
  add_closing(work, call, checked, memberships, store);
  auto closed = co_await run_all(where, std::move(work));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(closed));
  const rows& found = answers[answers.size() - 3];
  BOOST_OUTCOME_CO_TRY(auto granted, read_lease(found[0]));
  co_return granted;
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

}  // namespace

lease_task<granted_lease> lease_engine::grant(grant_request request) {
  BOOST_OUTCOME_CO_TRY(auto call, begin_grant(std::move(request), settings_));
  step(call.id, "grant");
  std::optional<error> failed;
  for (int tries = 0; tries <= conflict_tries; ++tries) {
    if (tries > 0) co_await pause(conflict_pause(tries));
    auto opened = co_await store_->open();
    // After a lost answer nobody knows whether the lease is there: the first error says so.
    if (!opened) co_return failed.value_or(opened.error());
    const connection_ptr where = std::move(opened).assume_value();
    auto looked = co_await check_grant(where, settings_, call.request, call.id);
    if (!looked && is_lost(looked.error())) {
      failed = looked.error();
      continue;
    }
    BOOST_OUTCOME_CO_TRY(const auto checked, std::move(looked));
    if (checked.earlier) {
      const auto& known = *checked.earlier;
      co_return answer_from_ledger(call, settings_, known);
    }
    call.database.clear();
    for (const checked_bundle& b : checked.bundles) {
      if (call.database.empty() && !b.databases.empty()) call.database = b.databases.front();
    }
    auto committed = co_await commit_grant(where, call, checked, settings_, *store_);
    if (committed) {
      granted_lease answer{committed.assume_value().lease, std::nullopt};
      if (call.ephemeral()) answer.credentials = credentials_of(call, settings_);
      co_return answer;
    }
    failed = committed.error();
    if (failed->state() == "42710"_sqlstate || failed->state() == "23505"_sqlstate) {
      // The name is taken, or the key: the next round finds out, with another name.
      BOOST_OUTCOME_CO_TRY(name_login(call, settings_));
    } else if (!is_conflict(*failed) && !is_lost(*failed)) {
      break;
    }
  }
  co_return grant_error(*failed);
}

}  // namespace pgrant::detail
