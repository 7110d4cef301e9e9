// The verbs of `leases`, put together from the parts.
#include <algorithm>

#include "lease/cohort.hpp"
#include "lease/lease_engine.hpp"
#include "lease/lease_names.hpp"
#include "lease/ledger_trust.hpp"
#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment leases_of_bundle_query =
    R"(SELECT l.id FROM pgrant.lease l
WHERE ($1 = '' OR $1 = ANY (l.bundles)) AND l.state IN ('scheduled', 'active', 'ending', 'held')
ORDER BY l.granted_at)";

constexpr sql_fragment bundle_known_query =
    R"(SELECT b.name FROM pgrant.bundle b UNION SELECT l.bundle FROM pgrant.lease_bundle l
WHERE l.bundle = $1 ORDER BY 1)";

error unknown_bundle_to_revoke(const std::string& name, const std::vector<std::string>& known) {
  std::string hint;
  for (const std::string& near : near_names(name, known))
    hint += (hint.empty() ? "did you mean " : ", ") + near;
  if (hint.empty()) hint = "list the leases to see their bundles";
  return error(errc::not_found, "there is no bundle \"" + name + "\"")
      .with_field("bundle")
      .with_hint(hint);
}

}  // namespace

lease_task<void> lease_engine::trust(std::shared_ptr<ledger_store> store) {
  std::optional<error> failed;
  for (int tries = 0; tries <= conflict_tries; ++tries) {
    if (tries > 0) co_await pause(conflict_pause(tries));
    auto opened = co_await store->open();
    if (!opened) co_return failed.value_or(opened.error());
    auto trusted = co_await trust_ledger(*store, std::move(opened).assume_value(),
                                         settings_.accept_restored_ledger());
    ledger_trusted_ = trusted.has_value();
    if (trusted) co_return success();
    failed = trusted.error();
    // What it writes can be written twice.
    if (!is_conflict(*failed) && !is_lost(*failed)) break;
  }
  co_return *failed;
}

lease_task<void> lease_engine::trust_once() {
  if (ledger_trusted_) co_return success();
  auto trusted = co_await trust(store_);
  co_return trusted;
}

lease_task<granted_lease> lease_engine::grant_as_asked(grant_request request) {
  BOOST_OUTCOME_CO_TRY(request.validate());
  auto trusted = co_await trust_once();
  if (!trusted) co_return trusted.error();
  auto asked = co_await starts_later(request);
  BOOST_OUTCOME_CO_TRY(const bool later, std::move(asked));
  std::optional<error> failed;
  for (int tries = 0; tries <= conflict_tries; ++tries) {
    if (tries > 0) co_await pause(conflict_pause(tries));
    grant_request wanted = request;
    if (!request.ad_hoc().empty()) {
      auto made = co_await make_ad_hoc(request);
      BOOST_OUTCOME_CO_TRY(wanted, std::move(made));
    }
    result<granted_lease> granted = error(errc::internal, "");
    if (later) {
      auto scheduled = co_await schedule(std::move(wanted));
      granted = std::move(scheduled);
    } else {
      auto done = co_await grant(std::move(wanted));
      granted = std::move(done);
    }
    if (granted) co_return granted;
    failed = granted.error();
    // A sweep may drop the role of ad-hoc privileges between the two.
    const bool swept = failed->code() == errc::not_found || failed->code() == errc::stale;
    if (request.ad_hoc().empty() || !swept || failed->field() == "grantee") break;
  }
  co_return *failed;
}

lease_task<lease> lease_engine::extend_as_asked(extend_request request) {
  BOOST_OUTCOME_CO_TRY(request.validate());
  auto trusted = co_await trust_once();
  if (!trusted) co_return trusted.error();
  const std::string id = request.lease();
  auto extended = co_await extend(std::move(request));
  if (extended) co_return extended;
  auto why = co_await explain_unknown_lease(extended.error(), id);
  co_return why;
}

lease_task<lease_end> lease_engine::revoke_as_asked(std::string id) {
  auto ended = co_await revoke(id);
  if (ended) co_return ended;
  auto why = co_await explain_unknown_lease(ended.error(), id);
  co_return why;
}

lease_task<sweep_report> lease_engine::revoke_bundle(std::string name) {
  if (name.empty()) {
    co_return error(errc::invalid_argument, "no bundle is named").with_field("bundle");
  }
  auto opened = co_await ending_store_->open();
  BOOST_OUTCOME_CO_TRY(auto where, std::move(opened));
  auto asked = co_await run(where, statement(bundle_known_query).bind(name));
  BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
  std::vector<std::string> known;
  for (const row r : answer) known.push_back(r[0].str());
  if (std::find(known.begin(), known.end(), name) == known.end())
    co_return unknown_bundle_to_revoke(name, known);
  auto report = co_await break_glass(std::move(where), std::move(name));
  co_return report;
}

lease_task<sweep_report> lease_engine::revoke_all() {
  auto opened = co_await ending_store_->open();
  BOOST_OUTCOME_CO_TRY(auto where, std::move(opened));
  auto report = co_await break_glass(std::move(where), "");
  co_return report;
}

lease_task<sweep_report> lease_engine::break_glass(connection_ptr where, std::string bundle) {
  step("", "cut");
  auto cut = co_await cut_bundle(*this, where, bundle);
  if (!cut && is_lost(cut.error())) co_return cut.error();
  auto ended =
      co_await revoke_those(std::move(where), statement(leases_of_bundle_query).bind(bundle));
  BOOST_OUTCOME_CO_TRY(sweep_report report, std::move(ended));
  // Each lost the bundle with its lease all the same.
  if (!cut) report.failures.push_back({"", cut.error()});
  auto opened = co_await ending_store_->open();
  if (opened) {
    auto dropped = co_await drop_empty_cohorts(*this, std::move(opened).assume_value());
    if (!dropped) report.failures.push_back({"", dropped.error()});
  }
  co_return report;
}

lease_task<sweep_report> lease_engine::sweep_round() {
  auto trusted = co_await trust(ending_store_);
  if (!trusted) co_return trusted.error();
  auto opened = co_await ending_store_->open();
  BOOST_OUTCOME_CO_TRY(auto where, std::move(opened));
  auto begun = co_await start_due(std::move(where));
  BOOST_OUTCOME_CO_TRY(sweep_report first, std::move(begun));
  auto swept = co_await sweep();
  BOOST_OUTCOME_CO_TRY(sweep_report report, std::move(swept));
  auto dropped = co_await drop_unneeded_ad_hoc();
  if (dropped) {
    report.dropped_bundles = std::move(dropped).assume_value();
  } else {
    report.failures.push_back({"", dropped.error()});
  }
  auto last = co_await ending_store_->open();
  BOOST_OUTCOME_CO_TRY(auto there, std::move(last));
  auto tidied = co_await drop_empty_cohorts(*this, std::move(there));
  if (!tidied) report.failures.push_back({"", tidied.error()});
  report.started = std::move(first.started);
  report.failures.insert(report.failures.begin(), first.failures.begin(), first.failures.end());
  co_return report;
}

using engine_ptr = std::shared_ptr<lease_engine>;

namespace {

// The engine lives as long as its operation.
template <class T>
lease_task<T> keep_engine(engine_ptr engine, lease_task<T> operation) {
  const auto valid = engine->settings().validate();
  if (!valid) co_return valid.error();
  auto outcome = co_await std::move(operation);
  co_return outcome;
}

template <class T>
void start_lease_operation(engine_ptr engine, lease_task<T> operation, completion<T> done) {
  const auto executor = engine->executor();
  start_lease_task(executor, keep_engine(std::move(engine), std::move(operation)), std::move(done));
}

}  // namespace

void start_grant(engine_ptr engine, grant_request request, completion<granted_lease> done) {
  auto operation = engine->grant_as_asked(std::move(request));
  start_lease_operation(std::move(engine), std::move(operation), std::move(done));
}

void start_list(engine_ptr engine, lease_filter filter, completion<std::vector<lease>> done) {
  auto operation = engine->list(std::move(filter));
  start_lease_operation(std::move(engine), std::move(operation), std::move(done));
}

void start_extend(engine_ptr engine, extend_request request, completion<lease> done) {
  auto operation = engine->extend_as_asked(std::move(request));
  start_lease_operation(std::move(engine), std::move(operation), std::move(done));
}

void start_revoke(engine_ptr engine, std::string id, completion<lease_end> done) {
  auto operation = engine->revoke_as_asked(std::move(id));
  start_lease_operation(std::move(engine), std::move(operation), std::move(done));
}

void start_revoke_grantee(engine_ptr engine, std::string grantee, completion<sweep_report> done) {
  auto operation = engine->revoke_grantee(std::move(grantee));
  start_lease_operation(std::move(engine), std::move(operation), std::move(done));
}

void start_revoke_bundle(engine_ptr engine, std::string bundle, completion<sweep_report> done) {
  auto operation = engine->revoke_bundle(std::move(bundle));
  start_lease_operation(std::move(engine), std::move(operation), std::move(done));
}

void start_revoke_all(engine_ptr engine, completion<sweep_report> done) {
  auto operation = engine->revoke_all();
  start_lease_operation(std::move(engine), std::move(operation), std::move(done));
}

void start_adopt(engine_ptr engine, adopt_mode mode, completion<adopt_report> done) {
  auto operation = engine->adopt(mode);
  start_lease_operation(std::move(engine), std::move(operation), std::move(done));
}

void start_sweep(engine_ptr engine, completion<sweep_report> done) {
  auto operation = engine->sweep_round();
  start_lease_operation(std::move(engine), std::move(operation), std::move(done));
}

}  // namespace pgrant::detail
