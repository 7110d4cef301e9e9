// Listing leases, and what is said where somebody names one that is not there.
#include "lease/lease_engine.hpp"
#include "lease/lease_names.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment list_condition =
    R"(
WHERE CASE WHEN pg_catalog.cardinality($1::text[]) > 0 THEN l.state = ANY ($1::text[])
    ELSE $2::boolean OR l.state IN ('scheduled', 'active', 'ending', 'held') END
  AND ($3 = '' OR $3 = ANY (l.bundles))
  AND ($4 = '' OR l.grantee = $4 OR l.person = $4)
  AND ($5 = '' OR l.requester = $5)
  AND ($6 = '' OR l.ticket = $6)
  AND l.labels @> pg_catalog.jsonb_object($7::text[])
  AND ($8 = '' OR l.expires_at
    < timestamptz 'epoch' + nullif($8, '')::bigint * interval '1 microsecond')
  AND ($9 = '' OR l.expires_at < pg_catalog.statement_timestamp()
    + nullif($9, '')::bigint * interval '1 second')
  AND ($10 = '' OR l.id = $10)
ORDER BY l.granted_at DESC, l.id LIMIT nullif($11, '')::bigint)";

std::string microseconds_text(const std::optional<server_time>& t) {
  return t ? std::to_string(t->time_since_epoch().count()) : std::string();
}

}  // namespace

lease_task<std::vector<lease>> lease_engine::list(lease_filter filter) {
  BOOST_OUTCOME_CO_TRY(filter.validate());
  std::vector<std::string> states, labels;
  for (const lease_state each : filter.states()) states.emplace_back(to_string(each));
  for (const auto& [key, value] : filter.labels()) {
    labels.push_back(key);
    labels.push_back(value);
  }
  const auto& within = filter.expires_within();
  const auto& limit = filter.limit();
  auto opened = co_await store_->open();
  BOOST_OUTCOME_CO_TRY(const auto where, std::move(opened));
  statement query(select_leases().raw(list_condition));
  query.bind_array(states)
      .bind(filter.includes_over() ? "true" : "false")
      .bind(filter.bundle())
      .bind(filter.grantee())
      .bind(filter.requester())
      .bind(filter.ticket())
      .bind_array(labels)
      .bind(microseconds_text(filter.expires_before()))
      .bind(within ? std::to_string(within->count()) : std::string())
      .bind(filter.id())
      .bind(limit ? std::to_string(*limit) : std::string());
  auto answer = co_await run(where, std::move(query));
  BOOST_OUTCOME_CO_TRY(const rows found, std::move(answer));
  BOOST_OUTCOME_CO_TRY(auto read, read_leases(found));
  std::vector<lease> leases;
  leases.reserve(read.size());
  for (ledger_lease& l : read) leases.push_back(std::move(l.lease));
  co_return leases;
}

boost::asio::awaitable<error> lease_engine::explain_unknown_lease(error why, std::string id) {
  if (why.code() != errc::not_found || why.field() != "lease") co_return why;
  auto opened = co_await store_->open();
  if (!opened) co_return why;
  auto asked =
      co_await run(std::move(opened).assume_value(), statement(R"(SELECT l.id, l.grantee = $1
  OR l.person = $1 FROM pgrant.lease l WHERE l.state <> 'failed'
ORDER BY 2 DESC, l.state IN ('scheduled', 'active', 'ending', 'held') DESC, l.granted_at DESC LIMIT 1000)")
                                                         .bind(id));
  if (!asked) co_return why;
  const rows& known = asked.assume_value();
  if (known.empty()) co_return why.with_hint("there are no leases");
  if (known.text(0, 1) == "t") {
    co_return why.with_hint("this is somebody who has leases: name the grantee, or the lease " +
                            known.at(0, 0).str());
  }
  std::vector<std::string> ids;
  for (const row r : known) {
    // The beginning is enough to tell people which one was meant.
    if (id.size() >= 4 && r[0].text().starts_with(id))
      co_return why.with_hint("write all of it: " + r[0].str());
    ids.push_back(r[0].str());
  }
  std::string hint;
  for (const std::string& near : near_names(id, ids)) hint += (hint.empty() ? "" : ", ") + near;
  if (!hint.empty()) co_return why.with_hint("did you mean " + hint + "?");
  co_return why;
}

}  // namespace pgrant::detail
