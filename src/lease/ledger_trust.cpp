#include "lease/ledger_trust.hpp"

namespace pgrant::detail {
namespace {

// The timeline of the WAL that is written now: control data know a new one only after a checkpoint.
constexpr sql_fragment identity_query =
    R"(SELECT i.one IS NOT NULL, coalesce(i.system_identifier, ''), coalesce(i.timeline, ''),
  coalesce(i.table_oid, 0)::text,
  CASE WHEN pg_catalog.pg_is_in_recovery() THEN '' ELSE pg_catalog.substr(
    pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) END,
  'pgrant.lease'::pg_catalog.regclass::oid::text,
  coalesce(i.seen_at < pg_catalog.clock_timestamp() - interval '15 minutes', false),
  coalesce(i.seen_at < pg_catalog.clock_timestamp() - interval '1 minute', false),
  coalesce(pg_catalog.date_trunc('second', i.seen_at)::text, '')
FROM (VALUES (1)) v LEFT JOIN pgrant.identity i ON true)";

constexpr sql_fragment write_identity_statement =
    R"(INSERT INTO pgrant.identity AS i (system_identifier, timeline, table_oid, seen_at)
VALUES ($1, $2, $3::oid, pg_catalog.clock_timestamp())
ON CONFLICT (one) DO UPDATE SET system_identifier = excluded.system_identifier,
  timeline = excluded.timeline, table_oid = excluded.table_oid, seen_at = excluded.seen_at)";

bool both_known_and_different(const std::string& a, const std::string& b) {
  return !a.empty() && !b.empty() && a != b;
}

std::string lines_of(const std::vector<std::string>& signs) {
  std::string text;
  for (const std::string& sign : signs) text += (text.empty() ? "" : "\n") + sign;
  return text;
}

}  // namespace

std::vector<std::string> restore_signs(const ledger_identity& id) {
  std::vector<std::string> signs;
  if (!id.recorded) return signs;
  if (both_known_and_different(id.recorded_system, id.system)) {
    signs.push_back("the ledger was written on another cluster: system identifier " +
                    id.recorded_system + ", here it is " + id.system);
  }
  if (both_known_and_different(id.recorded_table, id.table)) {
    signs.push_back("the ledger's tables were loaded from a dump, last written to before at " +
                    id.recorded_at);
  }
  if (id.long_ago && both_known_and_different(id.recorded_timeline, id.timeline)) {
    signs.push_back("the server has begun timeline " + id.timeline + " since " + id.recorded_at +
                    ", when it was on " + id.recorded_timeline +
                    ": it seems to be restored to that time");
  }
  return signs;
}

lease_task<ledger_identity> read_identity(connection_ptr where) {
  batch questions;
  questions.add(statement(identity_query)).sync();
  // On some servers not everybody may ask this: it must not take the other along.
  questions.add(
      statement("SELECT c.system_identifier::text FROM pg_catalog.pg_control_system() c"));
  auto sent = co_await where->async_execute_batch(std::move(questions), boost::asio::use_awaitable);
  BOOST_OUTCOME_CO_TRY(const batch_result answers, std::move(sent));
  if (!answers[0]) co_return answers[0].error();
  const row r = answers[0].assume_value()[0];
  ledger_identity id;
  BOOST_OUTCOME_CO_TRY(id.recorded, r[0].boolean());
  id.recorded_system = r[1].str();
  id.recorded_timeline = r[2].str();
  id.recorded_table = r[3].str();
  id.timeline = r[4].str();
  id.table = r[5].str();
  BOOST_OUTCOME_CO_TRY(id.long_ago, r[6].boolean());
  BOOST_OUTCOME_CO_TRY(id.to_be_renewed, r[7].boolean());
  id.recorded_at = r[8].str();
  if (answers[1]) id.system = answers[1].assume_value().text(0, 0);
  co_return id;
}

lease_task<void> trust_ledger(const ledger_store& store, connection_ptr where, bool accept) {
  auto read = co_await read_identity(where);
  BOOST_OUTCOME_CO_TRY(const ledger_identity id, std::move(read));
  const auto signs = restore_signs(id);
  if (!signs.empty() && !accept) {
    co_return error(errc::stale, "the ledger was restored to an earlier time, or moved")
        .with_field("ledger")
        .with_object("schema pgrant in database " + quote_identifier(store.database()))
        .with_detail(lines_of(signs))
        .with_hint(
            "compare the leases with the logins that are there (check names what differs); then "
            "go on with --accept-restored, or lease_settings::accept_restored_ledger");
  }
  const bool moved = both_known_and_different(id.recorded_timeline, id.timeline);
  if (id.recorded && !id.to_be_renewed && !moved && signs.empty()) co_return success();
  statement write(write_identity_statement);
  write.bind(id.system).bind(id.timeline).bind(id.table);
  if (signs.empty()) {
    auto written = co_await run(where, std::move(write));
    if (!written) co_return written.error();
    co_return success();
  }
  audit_entry entry("accept_restored");
  entry.detail("signs", lines_of(signs));
  batch work;
  work.add(statement("BEGIN")).add(std::move(write)).add(store.append_audit(entry));
  work.add(statement("COMMIT"));
  auto written = co_await run_all(where, std::move(work));
  if (!written) co_return written.error();
  co_return success();
}

}  // namespace pgrant::detail
