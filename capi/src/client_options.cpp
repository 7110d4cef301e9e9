// Options of the client and its verbs as the library's own types.
#include <chrono>
#include <limits>

#include "client.hpp"

namespace pgrant::capi {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t most_ms = 31'536'000'000;  // a year
constexpr std::int64_t most_seconds = 31'536'000;
constexpr std::int64_t most_int = std::numeric_limits<std::int32_t>::max();

}  // namespace

client_settings read_client_options(const pgrant_options* from) {
  const option_reader read(from, PGRANT_OPTIONS_CLIENT);
  client_settings made;
  read.hidden("password", [&](const secret& value) {
    made.password = std::make_shared<const secret>(value.clone());
  });
  read.flag("ask_secret", [&](bool on) { made.ask_secret = on; });
  read.flag("keep_connections", [&](bool on) { made.options.keep_connections(on); });

  session_settings session;
  connect_options connecting;
  read.text("application_name", [&](const std::string& name) { session.application_name(name); });
  read.integer("lock_timeout_ms", 0, most_int,
               [&](std::int64_t t) { session.lock_timeout(milliseconds(t)); });
  read.integer("statement_timeout_ms", 0, most_int,
               [&](std::int64_t t) { session.statement_timeout(milliseconds(t)); });
  read.integer("idle_in_transaction_timeout_ms", 0, most_int,
               [&](std::int64_t t) { session.idle_in_transaction_timeout(milliseconds(t)); });
  read.integer("connect_timeout_ms", 1, most_ms,
               [&](std::int64_t t) { connecting.timeout(milliseconds(t)); });
  read.integer("attempt_timeout_ms", 1, most_ms,
               [&](std::int64_t t) { connecting.attempt_timeout(milliseconds(t)); });
  made.options.connecting(std::move(connecting.session(std::move(session))));

  lease_settings leases;
  read.text("ledger_database", [&](const std::string& name) { leases.ledger_database(name); });
  read.text("login_prefix", [&](const std::string& prefix) { leases.login_prefix(prefix); });
  read.integer("connection_limit", 1, most_int,
               [&](std::int64_t n) { leases.connection_limit(static_cast<int>(n)); });
  read.integer("password_iterations", 1, most_int,
               [&](std::int64_t n) { leases.password_iterations(static_cast<int>(n)); });
  read.integer("maximum_duration_s", 1, most_seconds,
               [&](std::int64_t t) { leases.maximum_duration(seconds(t)); });
  read.integer("end_timeout_ms", 1, most_ms,
               [&](std::int64_t t) { leases.end_timeout(milliseconds(t)); });
  read.integer("ends_at_once", 1, 1'000,
               [&](std::int64_t n) { leases.ends_at_once(static_cast<int>(n)); });
  read.flag("end_sessions_of_existing_roles",
            [&](bool on) { leases.end_sessions_of_existing_roles(on); });
  read.text("endpoint", [&](const std::string& text) {
    auto endpoint = connection_spec::parse(text);
    if (!endpoint) refuse(endpoint.error().with_field("endpoint"));
    leases.endpoint(std::move(endpoint).assume_value());
  });
  read.integer("maximum_total_s", 1, most_seconds,
               [&](std::int64_t t) { leases.maximum_total(seconds(t)); });
  read.flag("accept_restored_ledger", [&](bool on) { leases.accept_restored_ledger(on); });
  take(leases.validate());
  made.options.leases(std::move(leases));
  return made;
}

std::pair<inspect_options, snapshot_json_options> read_inspect_options(const pgrant_options* from) {
  const option_reader read(from, PGRANT_OPTIONS_INSPECT);
  inspect_options made;
  snapshot_json_options written;
  read.list("databases", [&](const std::vector<std::string>& names) { made.databases(names); });
  read.flag("include_reserved_databases", [&](bool on) { made.include_reserved_databases(on); });
  read.flag("include_system_schemas", [&](bool on) { made.include_system_schemas(on); });
  read.integer("concurrency", 1, 1'000,
               [&](std::int64_t n) { made.concurrency(static_cast<int>(n)); });
  read.flag("objects", [&](bool on) { written.objects(on); });
  read.flag("privileges", [&](bool on) { written.privileges(on); });
  return {std::move(made), written};
}

planner_options read_plan_options(const pgrant_options* from, const std::string& ledger_database) {
  const option_reader read(from, PGRANT_OPTIONS_PLAN);
  planner_options made;
  made.ledger_database(ledger_database);
  read.integer("objects_per_statement", 1, most_int,
               [&](std::int64_t n) { made.objects_per_statement(static_cast<int>(n)); });
  read.text("ledger_database", [&](const std::string& name) { made.ledger_database(name); });
  return made;
}

bootstrap_options read_bootstrap_options(const pgrant_options* from,
                                         const std::string& ledger_database) {
  const option_reader read(from, PGRANT_OPTIONS_BOOTSTRAP);
  std::string connector;
  read.text("connector", [&](const std::string& name) { connector = name; });
  if (connector.empty()) refuse("connector", "a bootstrap needs the connector's name");
  bootstrap_options made(std::move(connector));
  made.ledger_database(ledger_database);
  read.list("databases", [&](const std::vector<std::string>& names) { made.databases(names); });
  read.list("creators", [&](const std::vector<std::string>& names) { made.creators(names); });
  read.text("ledger_database", [&](const std::string& name) { made.ledger_database(name); });
  read.flag("reset_password", [&](bool on) { made.reset_password(on); });
  read.text("profile", [&](const std::string& name) {
    if (name != "guide" && name != "least") refuse("profile", "there is no such profile");
    made.profile(name == "least" ? bootstrap_profile::least : bootstrap_profile::guide);
  });
  read.integer("issuers", 0, 1'000, [&](std::int64_t n) { made.issuers(static_cast<int>(n)); });
  return made;
}

apply_options read_apply_options(const pgrant_options* from) {
  const option_reader read(from, PGRANT_OPTIONS_APPLY);
  apply_options made;
  using shared_secret = std::shared_ptr<const secret>;
  read.family<shared_secret>("secret", [&](std::string name, const shared_secret& value) {
    made.secret_value(std::move(name), value->clone());
  });
  read.integer("lock_timeout_ms", 0, most_int,
               [&](std::int64_t t) { made.lock_timeout(milliseconds(t)); });
  read.integer("statement_timeout_ms", 0, most_int,
               [&](std::int64_t t) { made.statement_timeout(milliseconds(t)); });
  read.integer("turn_timeout_ms", 0, most_int,
               [&](std::int64_t t) { made.turn_timeout(milliseconds(t)); });
  return made;
}

}  // namespace pgrant::capi
