// Privileges that no bundle names: a bundle role of their own, found by a digest of what it grants.
#include <openssl/evp.h>

#include <algorithm>

#include "lease/lease_engine.hpp"
#include "pgrant/applier.hpp"
#include "pgrant/inspector.hpp"
#include "pgrant/json/policy.hpp"
#include "pgrant/planner.hpp"

namespace pgrant::detail {

/// What may put a bundle's name in the place of the privileges themselves.
struct ad_hoc_access {
  static grant_request named(grant_request request, std::string bundle) {
    request.ad_hoc_.clear();
    request.bundles_.push_back(std::move(bundle));
    return request;
  }
};

namespace {

constexpr sql_fragment unneeded_ad_hoc_query =
    R"(SELECT b.name, b.databases FROM pgrant.bundle b
WHERE b.name LIKE 'retired-adhoc-%' OR b.name LIKE 'adhoc-%'
  AND b.registered_at < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $1::int)
  AND NOT EXISTS (SELECT FROM pgrant.lease_bundle lb JOIN pgrant.lease l ON l.id = lb.lease_id
    WHERE lb.bundle = b.name AND l.state IN ('scheduled', 'active', 'ending', 'held'))
ORDER BY b.name LIMIT 20)";

// From here on no grant finds it: whoever asks for the same makes it anew, after the drop.
constexpr sql_fragment retire_ad_hoc_statement =
    R"(UPDATE pgrant.bundle b SET name = 'retired-' || b.name WHERE b.name = $1
  AND NOT EXISTS (SELECT FROM pgrant.lease_bundle lb JOIN pgrant.lease l ON l.id = lb.lease_id
    WHERE lb.bundle = $1 AND l.state IN ('scheduled', 'active', 'ending', 'held')))";

// A grant may be between the making of its role and its transaction for so long.
constexpr int ad_hoc_grace_seconds = 300;
constexpr std::string_view ad_hoc_retired = "retired-";

result<std::string> digest_of(const std::vector<grant_rule>& rules) {
  // The same rules in another order are the same privileges.
  std::vector<std::string> texts;
  for (const grant_rule& rule : rules) {
    policy one;
    one.bundles.emplace_back().grants.push_back(rule);
    texts.push_back(to_json(one));
  }
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  std::string all;
  for (const std::string& text : texts) all += text;
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_Digest(all.data(), all.size(), hash, &length, EVP_sha256(), nullptr) != 1)
    return error(errc::internal, "a digest cannot be made");
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < 16; ++i) {
    text += digits[hash[i] >> 4];
    text += digits[hash[i] & 15];
  }
  return text;
}

// Plain names of databases are inspected alone; a pattern may mean any.
inspect_options databases_of(const std::vector<grant_rule>& rules) {
  std::vector<std::string> names;
  for (const grant_rule& rule : rules) {
    const std::string& name = rule.objects.database;
    if (name.find_first_of("*?\\") != std::string::npos) return inspect_options();
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return inspect_options().databases(std::move(names));
}

lease_task<void> apply_ad_hoc(std::shared_ptr<database_connector> connector, policy desired,
                              inspect_options where, ledger book) {
  auto inspected = co_await async_inspect(connector, std::move(where), boost::asio::use_awaitable);
  BOOST_OUTCOME_CO_TRY(const snapshot state, std::move(inspected));
  planner_options planning;
  planning.ledger_database(book.database());
  auto planned = make_plan(state, desired, planning);
  BOOST_OUTCOME_CO_TRY(plan what, std::move(planned));
  apply_options options;
  options.through(std::move(book));
  auto applied = co_await async_apply(connector, std::move(what), std::move(options),
                                      boost::asio::use_awaitable);
  if (!applied) co_return applied.error();
  co_return success();
}

}  // namespace

lease_task<grant_request> lease_engine::make_ad_hoc(grant_request request) {
  const std::vector<grant_rule> rules = request.ad_hoc();
  BOOST_OUTCOME_CO_TRY(const std::string digest, digest_of(rules));
  policy desired;
  bundle& b = desired.bundles.emplace_back();
  b.name = "adhoc-" + digest;
  b.description = "ad-hoc privileges of leases";
  b.grants = rules;
  const std::string name = b.name;
  step("", "ad hoc");
  auto made = co_await apply_ad_hoc(store_->connector(), std::move(desired), databases_of(rules),
                                    ledger(store_->connector(), store_->database()));
  if (!made) co_return made.error().within("cannot make a role for the ad-hoc privileges");
  co_return ad_hoc_access::named(std::move(request), name);
}

lease_task<std::vector<std::string>> lease_engine::drop_unneeded_ad_hoc() {
  auto opened = co_await ending_store_->open();
  BOOST_OUTCOME_CO_TRY(auto where, std::move(opened));
  auto asked = co_await run(
      where, statement(unneeded_ad_hoc_query).bind(std::to_string(ad_hoc_grace_seconds)));
  BOOST_OUTCOME_CO_TRY(const rows unneeded, std::move(asked));
  std::vector<std::string> dropped;
  for (const row r : unneeded) {
    std::string name = r[0].str();
    BOOST_OUTCOME_CO_TRY(const auto databases, r[1].array());
    inspect_options around;
    std::vector<std::string> names;
    for (const auto& each : databases) names.push_back(each.value_or(""));
    around.databases(std::move(names));
    if (name.starts_with(ad_hoc_retired)) {
      name.erase(0, ad_hoc_retired.size());
    } else {
      auto retired = co_await run(where, statement(retire_ad_hoc_statement).bind(name));
      BOOST_OUTCOME_CO_TRY(const rows done, std::move(retired));
      if (done.affected() == 0) continue;  // A grant was faster.
    }
    policy desired;
    desired.dropped_bundles.push_back(name);
    auto gone = co_await apply_ad_hoc(store_->connector(), std::move(desired), std::move(around),
                                      ledger(store_->connector(), store_->database()));
    if (!gone) co_return gone.error().within("cannot drop bundle " + name);
    auto forgotten = co_await run(
        where, statement("DELETE FROM pgrant.bundle WHERE name = 'retired-' || $1").bind(name));
    if (!forgotten) co_return forgotten.error();
    dropped.push_back(std::move(name));
  }
  co_return dropped;
}

}  // namespace pgrant::detail
