// The audit trail as a list.
#include "lease/ledger_rows.hpp"
#include "lease/ledger_store.hpp"

namespace pgrant::detail {
namespace {

using store_ptr = std::shared_ptr<ledger_store>;

constexpr sql_fragment audit_query =
    R"(SELECT a.chain, a.n, (extract(epoch FROM a.at) * 1000000)::bigint, a.login, a.actor, a.action,
  a.lease_id, a.outcome,
  ARRAY(SELECT unnest(ARRAY[e.key, e.value]) FROM pg_catalog.jsonb_each_text(a.details) e)
FROM pgrant.audit a
WHERE ($1 = '' OR a.lease_id = $1) AND ($2 = '' OR a.action = $2) AND ($3 = '' OR a.actor = $3)
  AND ($4 = '' OR a.at >= timestamptz 'epoch' + nullif($4, '')::bigint * interval '1 microsecond')
  AND ($5 = '' OR a.at < timestamptz 'epoch' + nullif($5, '')::bigint * interval '1 microsecond')
  AND ($6 = '' OR a.at >= pg_catalog.statement_timestamp()
    - nullif($6, '')::bigint * interval '1 second')
ORDER BY a.at DESC, a.chain, a.n DESC LIMIT $7::bigint)";

std::string audit_time_text(const std::optional<server_time>& t) {
  return t ? std::to_string(t->time_since_epoch().count()) : std::string();
}

result<audit_record> read_audit_record(const row& r) {
  audit_record found;
  BOOST_OUTCOME_TRY(const auto chain, r[0].int64());
  found.chain = static_cast<int>(chain);
  BOOST_OUTCOME_TRY(found.n, r[1].int64());
  BOOST_OUTCOME_TRY(found.at, read_server_time(r[2]));
  found.login = r[3].str();
  found.actor = r[4].str();
  found.action = r[5].str();
  found.lease = r[6].str();
  found.outcome = r[7].str();
  BOOST_OUTCOME_TRY(const auto details, r[8].array());
  for (std::size_t i = 0; i + 1 < details.size(); i += 2)
    found.details.emplace(details[i].value_or(""), details[i + 1].value_or(""));
  return found;
}

lease_task<std::vector<audit_record>> list_audit(store_ptr store, audit_filter filter) {
  BOOST_OUTCOME_CO_TRY(filter.validate());
  auto opened = co_await store->open();
  BOOST_OUTCOME_CO_TRY(const auto where, std::move(opened));
  const auto& within = filter.within();
  statement query(audit_query);
  query.bind(filter.lease())
      .bind(filter.action())
      .bind(filter.actor())
      .bind(audit_time_text(filter.since()))
      .bind(audit_time_text(filter.before()))
      .bind(within ? std::to_string(within->count()) : std::string())
      .bind(std::to_string(filter.limit()));
  auto answer = co_await run(where, std::move(query));
  BOOST_OUTCOME_CO_TRY(const rows found, std::move(answer));
  std::vector<audit_record> records;
  for (const row r : found) {
    BOOST_OUTCOME_CO_TRY(auto record, read_audit_record(r));
    records.push_back(std::move(record));
  }
  co_return records;
}

}  // namespace

void start_audit(store_ptr store, audit_filter filter, completion<std::vector<audit_record>> done) {
  start_lease_task(store->executor(), list_audit(store, std::move(filter)), std::move(done));
}

}  // namespace pgrant::detail
