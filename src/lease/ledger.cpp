#include "pgrant/ledger.hpp"

#include <algorithm>

#include "lease/bundle_shape.hpp"
#include "lease/ledger_store.hpp"
#include "lease/lock_holder.hpp"

namespace pgrant {
namespace detail {
namespace {

// Sorted by the roles' OIDs, the order in which every transaction locks bundles.
constexpr sql_fragment register_bundle_statement =
    R"(INSERT INTO pgrant.bundle AS b
  (name, role_name, role_oid, description, maximum_seconds, databases, grade, existing_role_grade,
   accepted)
SELECT $1, $2::text, r.oid, $3, $4::bigint, $5::text[], nullif($6::text, ''), nullif($7::text, ''),
  $8::text[]
FROM pg_catalog.pg_roles r WHERE r.rolname = $2::text
ON CONFLICT (name) DO UPDATE SET role_name = excluded.role_name, role_oid = excluded.role_oid,
  description = excluded.description, maximum_seconds = excluded.maximum_seconds,
  databases = excluded.databases, grade = excluded.grade,
  existing_role_grade = excluded.existing_role_grade, accepted = excluded.accepted,
  registered_at = pg_catalog.clock_timestamp())";

constexpr sql_fragment registered_bundles_query =
    R"(SELECT b.name, b.role_name, b.description, b.maximum_seconds, b.databases, b.role_oid,
  r.rolname IS NOT DISTINCT FROM b.role_name, coalesce(b.grade, ''),
  coalesce(b.existing_role_grade, ''), b.accepted
FROM pgrant.bundle b LEFT JOIN pg_catalog.pg_roles r ON r.oid = b.role_oid ORDER BY b.name)";

// A row whose hash does not follow from the one before it, or that is not followed by the head.
constexpr sql_fragment broken_audit_query =
    R"(SELECT w.chain, w.n FROM (
  SELECT a.chain, a.n, a.hash IS DISTINCT FROM pgrant.audit_hash(coalesce(
      lag(a.hash) OVER chained, pg_catalog.sha256(pg_catalog.convert_to(
        'pgrant audit chain ' || a.chain, 'UTF8'))), a::pgrant.audit)
    OR a.n <> coalesce(lag(a.n) OVER chained, 0) + 1 AS broken
  FROM pgrant.audit a WINDOW chained AS (PARTITION BY a.chain ORDER BY a.n)) w
WHERE w.broken
UNION ALL
SELECT h.chain, h.n FROM pgrant.audit_head h
WHERE h.n > 0 AND NOT EXISTS (SELECT FROM pgrant.audit a
  WHERE a.chain = h.chain AND a.n = h.n AND a.hash = h.hash)
ORDER BY 1, 2 LIMIT 100)";

// Who locks a row is in its xmax, and holds the lock of its own transaction's number.
constexpr sql_fragment row_holder_query =
    "SELECT " PGRANT_LOCK_HOLDER
    " FROM pgrant.managed_database d"
    " JOIN pg_catalog.pg_locks l ON l.locktype = 'transactionid' AND l.transactionid = d.xmax"
    " JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
    " WHERE d.name = $1 AND l.granted";

using store_ptr = std::shared_ptr<ledger_store>;

lease_task<int> prepare_ledger(store_ptr store) {
  auto opened = co_await store->open();
  BOOST_OUTCOME_CO_TRY(const auto where, std::move(opened));
  auto version = co_await store->prepare(where);
  co_return version;
}

lease_task<void> register_once(store_ptr store, connection_ptr where,
                               const std::vector<planned_bundle>& bundles,
                               const std::vector<std::string>& dropped) {
  std::vector<std::string> names = dropped;
  for (const planned_bundle& b : bundles) names.push_back(b.name);

  batch work;
  work.add(statement("BEGIN"));
  work.add(statement("SELECT FROM pgrant.bundle WHERE name = ANY ($1::text[]) ORDER BY role_oid "
                     "FOR UPDATE")
               .bind_array(names));
  // First: a bundle that was renamed has the role of a dropped one.
  work.add(
      statement("DELETE FROM pgrant.bundle WHERE name = ANY ($1::text[])").bind_array(dropped));
  for (const planned_bundle& b : bundles) {
    work.add(statement(register_bundle_statement)
                 .bind(b.name)
                 .bind(b.role)
                 .bind(b.description)
                 .bind(std::to_string(b.maximum_seconds))
                 .bind_array(b.databases)
                 .bind(b.grade ? std::string(to_string(*b.grade)) : std::string())
                 .bind(b.existing_role_grade ? std::string(to_string(*b.existing_role_grade))
                                             : std::string())
                 .bind_array(b.accepted));
  }
  auto done = co_await run_all(where, std::move(work));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(done));
  for (std::size_t i = 0; i < bundles.size(); ++i) {
    if (answers[i + 3].affected() == 1) continue;
    co_await roll_back(where);
    co_return error(errc::not_found, "the bundle's role does not exist")
        .with_field("bundles." + bundles[i].name)
        .with_object("role " + quote_identifier(bundles[i].role))
        .with_hint("apply the policy first");
  }
  audit_entry entry("register");
  for (const planned_bundle& b : bundles) entry.detail("bundle " + b.name, b.role);
  for (const std::string& name : dropped) entry.detail("bundle " + name, "forgotten");
  batch end;
  end.add(store->append_audit(entry)).add(statement("COMMIT"));
  auto committed = co_await run_all(where, std::move(end));
  if (!committed) co_return committed.error();
  co_return success();
}

lease_task<void> register_bundles(store_ptr store, std::vector<planned_bundle> bundles,
                                  std::vector<std::string> dropped) {
  auto opened = co_await store->open();
  BOOST_OUTCOME_CO_TRY(const auto where, std::move(opened));
  std::ranges::sort(bundles, {}, &planned_bundle::name);
  std::optional<error> failed;
  for (int tries = 0; tries <= conflict_tries; ++tries) {
    if (tries > 0) co_await pause(conflict_pause(tries));
    auto done = co_await register_once(store, where, bundles, dropped);
    if (done) {
      std::vector<std::string> names;
      for (const planned_bundle& b : bundles) names.push_back(b.name);
      // What cannot be noted is not compared when a lease ends; the bundle is there all the same.
      auto noted = co_await record_bundle_shapes(*store, where, std::move(names));
      if (!noted && is_lost(noted.error())) where->close();
      co_return success();
    }
    failed = done.error();
    if (!is_conflict(*failed)) break;
  }
  if (failed->state() == "23505"_sqlstate) {
    // Somebody who registered the same at the same moment would be done by now.
    co_return error(errc::conflict, "two bundles have the same role")
        .with_state(failed->state())
        .with_detail(failed->detail())
        .with_field("bundles")
        .with_hint("give each bundle a role of its own, or drop the other bundle");
  }
  co_return *failed;
}

result<registered_bundle> read_registered_bundle(const row& r) {
  registered_bundle found;
  found.bundle.name = r[0].str();
  found.bundle.role = r[1].str();
  found.bundle.description = r[2].str();
  BOOST_OUTCOME_TRY(found.bundle.maximum_seconds, r[3].int64());
  BOOST_OUTCOME_TRY(const auto databases, r[4].array());
  for (const auto& name : databases) found.bundle.databases.push_back(name.value_or(""));
  BOOST_OUTCOME_TRY(found.role_oid, r[5].oid());
  BOOST_OUTCOME_TRY(found.intact, r[6].boolean());
  found.bundle.grade = parse_safety_grade(r[7].text());
  found.bundle.existing_role_grade = parse_safety_grade(r[8].text());
  BOOST_OUTCOME_TRY(const auto accepted, r[9].array());
  for (const auto& name : accepted) found.bundle.accepted.push_back(name.value_or(""));
  return found;
}

lease_task<std::vector<registered_bundle>> read_bundles(store_ptr store) {
  auto opened = co_await store->open();
  BOOST_OUTCOME_CO_TRY(const auto where, std::move(opened));
  auto answer = co_await run(where, statement(registered_bundles_query));
  BOOST_OUTCOME_CO_TRY(const rows found, std::move(answer));
  std::vector<registered_bundle> bundles;
  for (const row r : found) {
    BOOST_OUTCOME_CO_TRY(auto bundle, read_registered_bundle(r));
    bundles.push_back(std::move(bundle));
  }
  co_return bundles;
}

lease_task<void> record_entry(store_ptr store, audit_entry entry) {
  auto opened = co_await store->open();
  BOOST_OUTCOME_CO_TRY(const auto where, std::move(opened));
  auto done = co_await run(where, store->append_audit(entry));
  if (!done) co_return done.error();
  co_return success();
}

lease_task<audit_verdict> verify_trail(store_ptr store) {
  auto opened = co_await store->open();
  BOOST_OUTCOME_CO_TRY(const auto where, std::move(opened));
  batch questions;
  questions.add(statement("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
      .add(statement("SELECT count(*) FROM pgrant.audit"))
      .add(statement(broken_audit_query))
      .add(statement("COMMIT"));
  auto asked = co_await run_all(where, std::move(questions));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(asked));
  audit_verdict verdict;
  BOOST_OUTCOME_CO_TRY(verdict.entries, answers[1].at(0, 0).int64());
  for (const row r : answers[2]) {
    verdict.broken.push_back("chain " + r[0].str() + ", entry " + r[1].str() +
                             ": changed or missing");
  }
  co_return verdict;
}

lease_task<database_lock> lock_managed_database(store_ptr store, std::string database,
                                                std::chrono::milliseconds limit) {
  auto opened = co_await store->open();
  BOOST_OUTCOME_CO_TRY(const auto where, std::move(opened));
  // 0 would be no limit.
  const auto patience = std::max(limit, std::chrono::milliseconds(1));
  batch work;
  work.add(statement("INSERT INTO pgrant.managed_database VALUES ($1) ON CONFLICT DO NOTHING")
               .bind(database))
      .sync()
      .add(statement("BEGIN"))
      // An apply may take long, and this connection only holds the lock meanwhile.
      .add(statement("SET LOCAL idle_in_transaction_session_timeout = 0"))
      .add(statement("SELECT pg_catalog.set_config('lock_timeout', $1, true),"
                     " pg_catalog.set_config('statement_timeout', '0', true)")
               .bind(std::to_string(patience.count())))
      .add(statement("SELECT FROM pgrant.managed_database WHERE name = $1 FOR UPDATE")
               .bind(database));
  auto locked = co_await run_all(where, std::move(work));
  if (locked) co_return database_lock(where);
  const error why = locked.error();
  if (why.state() != "55P03"_sqlstate)
    co_return why.within("cannot lock database " + quote_identifier(database));
  auto asked = co_await run(where, statement(row_holder_query).bind(database));
  BOOST_OUTCOME_CO_TRY(const rows holders, std::move(asked));
  co_return turn_taken(database, holders).with_state(why.state());
}

}  // namespace

void start_prepare(store_ptr store, completion<int> done) {
  start_lease_task(store->executor(), prepare_ledger(store), std::move(done));
}

void start_register(store_ptr store, std::vector<planned_bundle> bundles,
                    std::vector<std::string> dropped, completion<void> done) {
  start_lease_task(store->executor(),
                   register_bundles(store, std::move(bundles), std::move(dropped)),
                   std::move(done));
}

void start_bundles(store_ptr store, completion<std::vector<registered_bundle>> done) {
  start_lease_task(store->executor(), read_bundles(store), std::move(done));
}

void start_record(store_ptr store, audit_entry entry, completion<void> done) {
  start_lease_task(store->executor(), record_entry(store, std::move(entry)), std::move(done));
}

void start_verify_audit(store_ptr store, completion<audit_verdict> done) {
  start_lease_task(store->executor(), verify_trail(store), std::move(done));
}

void start_lock_database(store_ptr store, std::string database, std::chrono::milliseconds limit,
                         completion<database_lock> done) {
  start_lease_task(store->executor(), lock_managed_database(store, std::move(database), limit),
                   std::move(done));
}

}  // namespace detail

database_lock::~database_lock() {
  if (holder_) holder_->close();
}

database_lock& database_lock::operator=(database_lock&& other) noexcept {
  if (this == &other) return *this;
  if (holder_) holder_->close();
  holder_ = std::move(other.holder_);
  return *this;
}

ledger::ledger(std::shared_ptr<database_connector> connector, std::string database)
    : store_(std::make_shared<detail::ledger_store>(std::move(connector), std::move(database))) {}

const std::string& ledger::database() const noexcept {
  return store_->database();
}

}  // namespace pgrant
