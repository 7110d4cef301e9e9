// More time for a lease: one transaction under the lock of its row.
#include "lease/cut.hpp"
#include "lease/lease_names.hpp"
#include "pgrant/json/policy.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment extension_query =
    R"(SELECT (SELECT e.seconds FROM pgrant.extension e
    WHERE e.lease_id = l.id AND e.idempotency_key = $2),
  l.expires_at <= pg_catalog.clock_timestamp(),
  ceil(extract(epoch FROM l.expires_at - coalesce(l.starts_at, l.granted_at)))::bigint,
  b.name, b.maximum_seconds
FROM pgrant.lease l LEFT JOIN LATERAL (
  SELECT k.name, k.maximum_seconds FROM pgrant.lease_bundle lb
  JOIN pgrant.bundle k ON k.name = lb.bundle AND k.maximum_seconds > 0
  WHERE lb.lease_id = l.id ORDER BY k.maximum_seconds LIMIT 1) b ON true
WHERE l.id = $1)";

constexpr sql_fragment insert_extension_statement =
    R"(INSERT INTO pgrant.extension (lease_id, idempotency_key, seconds, requester, reason)
VALUES ($1, $2, $3::bigint, $4, $5))";

constexpr sql_fragment extend_lease_statement =
    R"(UPDATE pgrant.lease SET expires_at = expires_at
  + pg_catalog.make_interval(secs => $2::bigint) WHERE id = $1)";

struct extend_call {
  extend_request request;
  std::string key;  // The caller's, or one of this call: a lost answer does not extend twice.
};

error cannot_extend(const std::string& id, std::string message) {
  return error(errc::stale, std::move(message))
      .with_field("lease")
      .with_object("lease " + id)
      .with_hint("ask for a new lease");
}

error too_long_in_all(const extend_call& call, std::int64_t so_far, std::int64_t longest,
                      const std::string& whose) {
  const std::int64_t left = std::max<std::int64_t>(0, longest - so_far);
  return error(errc::invalid_argument, "the lease would be longer than " + whose + " allows")
      .with_field("by")
      .with_object("lease " + call.request.lease())
      .with_detail("it has " + to_string(std::chrono::seconds(so_far)) + ", " +
                   to_string(call.request.by()) + " more are asked, " +
                   to_string(std::chrono::seconds(longest)) + " are the most in all")
      .with_hint(left == 0 ? "ask for a new lease when this one has ended"
                           : "at most " + to_string(std::chrono::seconds(left)) + " are left");
}

/// What the ledger says of an extension that is asked for.
enum class extension { wanted, done_before };

result<extension> judge_extension(const extend_call& call, const ledger_lease& found, const row& r,
                                  const lease_settings& settings) {
  const std::string& id = found.lease.id;
  if (!r[0].is_null()) {
    BOOST_OUTCOME_TRY(const auto before, r[0].int64());
    if (before == call.request.by().count()) return extension::done_before;
    return error(errc::conflict, "the idempotency key belongs to another extension of this lease")
        .with_field("idempotency_key")
        .with_object("lease " + id)
        .with_hint("use a new key for a new extension");
  }
  const bool open =
      found.lease.state == lease_state::active || found.lease.state == lease_state::scheduled;
  if (!open) return cannot_extend(id, "the lease is " + std::string(to_string(found.lease.state)));
  if (r[1].text() == "t") return cannot_extend(id, "the lease has expired");
  BOOST_OUTCOME_TRY(const auto so_far, r[2].int64());
  const std::int64_t after = so_far + call.request.by().count();
  const std::int64_t most = settings.maximum_total().count();
  if (!r[4].is_null()) {
    BOOST_OUTCOME_TRY(const auto longest, r[4].int64());
    if (after > longest && longest < most)
      return too_long_in_all(call, so_far, longest, "bundle " + r[3].str());
  }
  if (after > most) return too_long_in_all(call, so_far, most, "the settings");
  return extension::wanted;
}

lease_task<lease> extend_once(lease_engine& engine, connection_ptr where, const lease_executor& us,
                              const extend_call& call) {
  const std::string& id = call.request.lease();
  auto locked = co_await lock_lease(engine, where, id, busy_lease::wait);
  BOOST_OUTCOME_CO_TRY(const auto found, std::move(locked));
  auto asked = co_await run(where, statement(extension_query).bind(id).bind(call.key));
  if (!asked) {
    co_await roll_back(where);
    co_return asked.error();
  }
  const auto judged = judge_extension(call, *found, asked.assume_value()[0], engine.settings());
  if (!judged || judged.assume_value() == extension::done_before) {
    co_await roll_back(where);
    if (!judged) co_return judged.error();
    co_return found->lease;
  }
  const std::string seconds = std::to_string(call.request.by().count());
  batch work;
  work.add(statement(insert_extension_statement)
               .bind(id)
               .bind(call.key)
               .bind(seconds)
               .bind(call.request.requester())
               .bind(call.request.reason()));
  work.add(statement(extend_lease_statement).bind(id).bind(seconds));
  if (found->lease.kind == grantee_kind::ephemeral_login) {
    add_all(work, us.authority->expire_logins({&id, 1}));
  }
  work.add(statement(select_leases().raw(" WHERE l.id = $1")).bind(id));
  audit_entry entry("extend");
  entry.actor(call.request.requester()).lease(id).detail("grantee", found->lease.grantee);
  entry.detail("seconds", seconds).detail("reason", call.request.reason());
  work.add(engine.store().append_audit(entry)).add(statement("COMMIT"));
  auto committed = co_await run_all(where, std::move(work));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(committed));
  BOOST_OUTCOME_CO_TRY(auto extended, read_lease(answers[answers.size() - 3][0]));
  co_return extended.lease;
}

}  // namespace

lease_task<lease> lease_engine::extend(extend_request request) {
  BOOST_OUTCOME_CO_TRY(request.validate());
  extend_call call{std::move(request), {}};
  call.key = call.request.key();
  if (call.key.empty()) {
    BOOST_OUTCOME_CO_TRY(call.key, random_word(32));
  }
  step(call.request.lease(), "extend");
  std::optional<error> failed;
  for (int tries = 0; tries <= conflict_tries; ++tries) {
    if (tries > 0) co_await pause(conflict_pause(tries));
    auto opened = co_await store_->open();
    if (!opened) co_return failed.value_or(opened.error());
    const connection_ptr where = std::move(opened).assume_value();
    auto known = co_await who_are_we(where);
    BOOST_OUTCOME_CO_TRY(const lease_executor us, std::move(known));
    auto extended = co_await extend_once(*this, where, us, call);
    if (extended) co_return extended;
    failed = extended.error();
    if (!is_conflict(*failed) && !is_lost(*failed)) break;
  }
  if (failed->state() == "55P03"_sqlstate) {
    co_return error(errc::conflict, "somebody else is changing the lease")
        .with_field("lease")
        .with_object("lease " + call.request.lease())
        .with_state(failed->state())
        .with_hint("look at the lease, and try again if it has not ended")
        .with_advice(retry::again);
  }
  co_return *failed;
}

}  // namespace pgrant::detail
