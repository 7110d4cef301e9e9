#include "lease/ledger_store.hpp"

#include <random>
#include <vector>

#include "lease/migrations.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment ledger_state_query =
    R"(SELECT n.oid IS NOT NULL,
  coalesce(pg_catalog.pg_has_role(n.nspowner, 'USAGE'), true),
  coalesce(pg_catalog.pg_get_userbyid(n.nspowner), ''),
  pg_catalog.to_regclass('pgrant.migration') IS NOT NULL,
  pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
FROM (VALUES (1)) one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'pgrant')";

constexpr sql_fragment ledger_version_query =
    "SELECT coalesce(max(version), 0), coalesce(max(oldest_library), 0) FROM pgrant.migration";

int library_version() {
  return migrations().back().version;
}

// How far the ledger is, and whether this library may work with it.
result<int> usable_version(const rows& answer) {
  BOOST_OUTCOME_TRY(const auto version, answer.at(0, 0).int64());
  BOOST_OUTCOME_TRY(const auto oldest, answer.at(0, 1).int64());
  if (oldest > library_version()) {
    return error(errc::unsupported, "the ledger was made by a newer pgrant")
        .with_detail("ledger version " + std::to_string(version) + ", this library knows " +
                     std::to_string(library_version()))
        .with_hint("use a newer version of pgrant");
  }
  return static_cast<int>(version);
}

std::vector<std::string> details_of(const audit_entry& entry) {
  std::vector<std::string> details;
  for (const auto& [name, value] : entry.details()) {
    details.push_back(name);
    details.push_back(value);
  }
  return details;
}

std::string ledger_object(const std::string& database) {
  return "schema pgrant in database " + quote_identifier(database);
}

}  // namespace

ledger_store::ledger_store(std::shared_ptr<database_connector> connector, std::string database)
    : connector_(std::move(connector)), database_(std::move(database)) {
  std::random_device random;
  chain_ = static_cast<int>(random() % audit_chains);
}

lease_task<connection_ptr> ledger_store::open() {
  auto opened = co_await open_connection(connector_, database_);
  if (!opened) {
    error why = opened.error();
    if (why.state() == "3D000"_sqlstate) {
      why = error(errc::not_found, "the ledger's database does not exist")
                .with_state(why.state())
                .with_object("database " + quote_identifier(database_))
                .with_hint("run the bootstrap, which makes it, or name another one");
    }
    co_return why.within("cannot open the ledger");
  }
  if (ready_.load() == 0) {
    auto version = co_await prepare(opened.assume_value());
    if (!version) co_return version.error();
  }
  co_return opened;
}

lease_task<int> ledger_store::prepare(connection_ptr where) {
  auto asked = co_await run(where, statement(ledger_state_query));
  BOOST_OUTCOME_CO_TRY(const rows state, std::move(asked));
  const auto holds = [&state](std::size_t column) { return state.text(0, column) == "t"; };
  const bool schema = holds(0), ours = holds(1), table = holds(3), may_create = holds(4);
  if (!ours) {
    co_return error(errc::denied, "the ledger belongs to another role")
        .with_object(ledger_object(database_))
        .with_detail("its owner is " + state.at(0, 2).str())
        .with_hint("connect as that role, or use another ledger database");
  }
  if (!schema && !may_create) {
    co_return error(errc::denied, "the ledger is missing and may not be created")
        .with_object(ledger_object(database_))
        .with_hint("run the bootstrap, which grants CREATE on the database to the connector");
  }
  int version = 0;
  if (table) {
    auto answer = co_await run(where, statement(ledger_version_query));
    BOOST_OUTCOME_CO_TRY(const rows found, std::move(answer));
    BOOST_OUTCOME_CO_TRY(version, usable_version(found));
  }
  for (int tries = 1; version < library_version(); ++tries) {
    auto migrated = co_await migrate(where);
    if (migrated) {
      version = migrated.assume_value();
      break;
    }
    // Two processes that start on an empty database collide in the catalog: one of them was first.
    const error& why = migrated.error();
    const bool collided =
        is_conflict(why) || why.state() == "42P06"_sqlstate || why.state() == "42P07"_sqlstate;
    if (!collided || tries == conflict_tries) co_return why.within("cannot prepare the ledger");
    co_await pause(conflict_pause(tries));
  }
  ready_.store(version);
  co_return version;
}

lease_task<int> ledger_store::migrate(connection_ptr where) {
  batch ground;
  ground.add(statement("BEGIN"));
  for (const sql_fragment piece : migration_ground()) ground.add(statement(piece));
  // Whoever waits here finds everything done when the lock is free.
  ground.add(statement("LOCK TABLE pgrant.migration IN SHARE ROW EXCLUSIVE MODE"));
  ground.add(statement(ledger_version_query));
  auto laid = co_await run_all(where, std::move(ground));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(laid));
  const auto present = usable_version(answers.back());
  if (!present) {
    co_await roll_back(where);
    co_return present.error();
  }
  batch forward;
  for (const migration& step : migrations()) {
    if (step.version <= present.assume_value()) continue;
    for (const sql_fragment piece : step.statements) forward.add(statement(piece));
    forward.add(statement("INSERT INTO pgrant.migration (version, oldest_library, description) "
                          "VALUES ($1::int, $2::int, $3)")
                    .bind(std::to_string(step.version))
                    .bind(std::to_string(step.oldest_library))
                    .bind(step.description.view()));
  }
  forward.add(statement("COMMIT"));
  auto done = co_await run_all(where, std::move(forward));
  if (!done) co_return done.error();
  co_return std::max(present.assume_value(), library_version());
}

statement ledger_store::append_audit(const audit_entry& entry) const {
  return statement(
             "SELECT pgrant.append_audit($1::int, $2, $3, $4, $5, "
             "pg_catalog.jsonb_object($6::text[]))")
      .bind(std::to_string(chain_))
      .bind(entry.actor())
      .bind(entry.action())
      .bind(entry.lease())
      .bind(entry.outcome())
      .bind_array(details_of(entry));
}

statement ledger_store::append_audit(const std::vector<audit_entry>& entries) const {
  std::vector<std::string> actors, actions, leases, outcomes, details;
  for (const audit_entry& entry : entries) {
    actors.push_back(entry.actor());
    actions.push_back(entry.action());
    leases.push_back(entry.lease());
    outcomes.push_back(entry.outcome());
    details.push_back(array_literal(details_of(entry)));
  }
  return statement("SELECT pgrant.append_audit_entries($1::int, $2, $3, $4, $5, $6)")
      .bind(std::to_string(chain_))
      .bind_array(actors)
      .bind_array(actions)
      .bind_array(leases)
      .bind_array(outcomes)
      .bind_array(details);
}

}  // namespace pgrant::detail
