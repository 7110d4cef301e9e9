// One grant: what is made before its transaction, and what is told after it.
#include <algorithm>

#include "lease/grant_call.hpp"
#include "lease/lease_names.hpp"
#include "pgrant/password.hpp"
#include "pgrant/scram.hpp"

namespace pgrant::detail {

result<void> name_login(grant_call& call, const lease_settings& settings) {
  if (!call.ephemeral()) return success();
  BOOST_OUTCOME_TRY(call.login, login_name(settings.login_prefix(), call.request.person()));
  return success();
}

result<grant_call> begin_grant(grant_request request, const lease_settings& settings) {
  BOOST_OUTCOME_TRY(request.validate());
  grant_call call{std::move(request), {}, {}, {}, {}, {}, {}};
  BOOST_OUTCOME_TRY(call.id, random_word(16));
  BOOST_OUTCOME_TRY(call.attempt, random_word(16));
  BOOST_OUTCOME_TRY(name_login(call, settings));
  if (call.ephemeral()) {
    BOOST_OUTCOME_TRY(call.password, generate_password());
  }
  return call;
}

result<void> make_verifier(grant_call& call, const lease_settings& settings) {
  if (call.password.empty() || !call.verifier.empty()) return success();
  BOOST_OUTCOME_TRY(
      call.verifier,
      scram_verifier(call.password, scram_options().iterations(settings.password_iterations())));
  if (is_scram_verifier(call.verifier.reveal())) return success();
  call.verifier = {};
  return error(errc::internal, "the password's verifier is malformed");
}

credentials credentials_of(const grant_call& call, const lease_settings& settings) {
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

result<granted_lease> answer_from_ledger(grant_call& call, const lease_settings& settings,
                                         const ledger_lease& found) {
  const lease& l = found.lease;
  auto asked = call.request.bundles(), has = l.bundles;
  std::sort(asked.begin(), asked.end());
  std::sort(has.begin(), has.end());
  if (asked != has || l.kind != call.kind() || l.person != call.person() ||
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

bool may_grant_together(const grant_call& a, const grant_call& b) {
  return a.request.key().empty() || a.request.key() != b.request.key();
}

lease_task<granted_lease> lease_engine::grant(grant_request request) {
  BOOST_OUTCOME_CO_TRY(auto call, begin_grant(std::move(request), settings_));
  if (grants_->busy()) {
    BOOST_OUTCOME_CO_TRY(make_verifier(call, settings_));
  }
  step(call.id, "grant");
  auto together = [engine = shared_from_this()](grant_queue::requests batch) {
    return grant_together(engine, std::move(batch));
  };
  auto granted = co_await grants_->submit(std::move(call), std::move(together));
  co_return granted;
}

}  // namespace pgrant::detail
