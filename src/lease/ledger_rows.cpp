#include "lease/ledger_rows.hpp"

namespace pgrant::detail {
namespace {

#define PGRANT_LEASE_COLUMNS                                                             \
  "l.id, l.bundles, l.kind, l.grantee, l.person, l.requester, l.reason, l.state, "       \
  "(extract(epoch FROM l.granted_at) * 1000000)::bigint, "                               \
  "(extract(epoch FROM l.expires_at) * 1000000)::bigint, "                               \
  "(extract(epoch FROM l.ended_at) * 1000000)::bigint, "                                 \
  "l.held_why, l.attempt, l.grantee_oid, l.seconds, l.ticket, "                          \
  "CASE WHEN l.labels = '{}' THEN '{}' ELSE ARRAY(SELECT unnest(ARRAY[e.key, e.value]) " \
  "FROM pg_catalog.jsonb_each_text(l.labels) e) END, "                                   \
  "(extract(epoch FROM coalesce(l.starts_at, l.granted_at)) * 1000000)::bigint, "        \
  "l.idempotency_key"

}  // namespace

sql_text select_leases() {
  return sql_text("SELECT " PGRANT_LEASE_COLUMNS " FROM pgrant.lease l");
}

sql_fragment returning_lease() {
  return " RETURNING " PGRANT_LEASE_COLUMNS;
}

#undef PGRANT_LEASE_COLUMNS

result<server_time> read_server_time(const cell& value) {
  BOOST_OUTCOME_TRY(const auto microseconds, value.int64());
  return server_time(std::chrono::microseconds(microseconds));
}

result<ledger_lease> read_lease(const row& r) {
  ledger_lease found;
  lease& l = found.lease;
  l.id = r[0].str();
  BOOST_OUTCOME_TRY(const auto bundles, r[1].array());
  for (const auto& bundle : bundles) l.bundles.push_back(bundle.value_or(""));
  l.kind = r[2].text() == to_string(grantee_kind::existing_role) ? grantee_kind::existing_role
                                                                 : grantee_kind::ephemeral_login;
  l.grantee = r[3].str();
  l.person = r[4].str();
  l.requester = r[5].str();
  l.reason = r[6].str();
  const auto state = parse_lease_state(r[7].text());
  if (!state) {
    return error(errc::unsupported, "the ledger holds a lease in an unknown state")
        .with_detail("lease " + l.id + ": " + r[7].str());
  }
  l.state = *state;
  BOOST_OUTCOME_TRY(l.granted_at, read_server_time(r[8]));
  BOOST_OUTCOME_TRY(l.expires_at, read_server_time(r[9]));
  if (!r[10].is_null()) {
    BOOST_OUTCOME_TRY(l.ended_at, read_server_time(r[10]));
  }
  l.held_why = r[11].str();
  found.attempt = r[12].str();
  BOOST_OUTCOME_TRY(found.grantee_oid, r[13].oid());
  BOOST_OUTCOME_TRY(found.seconds, r[14].int64());
  l.ticket = r[15].str();
  BOOST_OUTCOME_TRY(const auto labels, r[16].array());
  for (std::size_t i = 0; i + 1 < labels.size(); i += 2)
    l.labels.emplace(labels[i].value_or(""), labels[i + 1].value_or(""));
  BOOST_OUTCOME_TRY(l.starts_at, read_server_time(r[17]));
  found.idempotency_key = r[18].str();
  return found;
}

result<std::vector<ledger_lease>> read_leases(const rows& answer) {
  std::vector<ledger_lease> found;
  for (const row r : answer) {
    BOOST_OUTCOME_TRY(auto next, read_lease(r));
    found.push_back(std::move(next));
  }
  return found;
}

}  // namespace pgrant::detail
