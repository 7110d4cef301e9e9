#include "attack/attack_world.hpp"

#include <poll.h>

#include <cstring>
#include <map>
#include <thread>

namespace test {

using pgrant::lease_state;

namespace {

struct attacked_place {
  std::unique_ptr<server> where;
  std::unique_ptr<lease_world> world;
};

void add_create_bundle(lease_world& world) {
  psql(world.where(), world.database(), world.connector(), R"(
CREATE ROLE world_create NOLOGIN;
GRANT USAGE, CREATE ON SCHEMA world TO world_create;
GRANT SELECT, INSERT, UPDATE, DELETE ON world.t TO world_create;)");
  std::vector<pgrant::planned_bundle> bundles(1);
  bundles[0].name = "world-create";
  bundles[0].role = "world_create";
  bundles[0].databases = {world.database()};
  pgrant::ledger ledger(world.open_as_connector(), world.ledger_database());
  must(world.run(ledger.async_register(std::move(bundles), {})));
}

// Rows of `query`, each as a line behind `what`.
std::string lines_of(const server& where, const std::string& database, const std::string& what,
                     const std::string& query) {
  std::string text;
  for (const auto& row : psql(where, database, query)) {
    text += what + ':';
    for (const std::string& value : row) text += ' ' + value;
    text += '\n';
  }
  return text;
}

std::string state_in_text(const char* text) {
  for (const char* const before : {"FATAL:  ", "ERROR:  "}) {
    const char* at = std::strstr(text, before);
    if (at != nullptr && std::strlen(at) > 13) return std::string(at + 8, 5);
  }
  return "gone";
}

}  // namespace

lease_world& attacked_world(int major, shape s) {
  static std::map<std::pair<int, shape>, attacked_place> places;
  attacked_place& place = places[{major, s}];
  if (!place.world) {
    place.where =
        own_server(major, server_options().shape(s).setting("max_prepared_transactions", "10"));
    place.world = std::make_unique<lease_world>(*place.where);
    add_create_bundle(*place.world);
  }
  return *place.world;
}

attacker attack_with(lease_world& world, pgrant::grant_request request) {
  auto granted = world.grant(std::move(request));
  attacker who;
  who.lease = granted.lease.id;
  who.name = granted.lease.grantee;
  who.oid = psql_value(world.where(), "postgres",
                       "SELECT oid FROM pg_roles WHERE rolname = '" + who.name + "'");
  if (granted.credentials) who.password = std::string(granted.credentials->password.reveal());
  return who;
}

attacker attack_with(lease_world& world, const std::string& bundle) {
  return attack_with(world,
                     pgrant::grant_request(bundle).to("mallory").lasting(std::chrono::hours(1)));
}

attacker attack_as(lease_world& world, const std::string& bundle, const std::string& role) {
  return attack_with(world,
                     pgrant::grant_request(bundle).to_role(role).lasting(std::chrono::hours(1)));
}

std::string left_of(lease_world& world, const attacker& who) {
  const server& where = world.where();
  const std::string is = " = " + who.oid;
  std::string left;
  if (!who.password.empty()) {
    left += lines_of(where, "postgres", "role", "SELECT rolname FROM pg_roles WHERE oid" + is);
    left += lines_of(where, "postgres", "session",
                     "SELECT pid, state, query FROM pg_stat_activity WHERE usesysid" + is);
    left += lines_of(where, "postgres", "dependency",
                     "SELECT dbid, classid::regclass, objid FROM pg_shdepend "
                     "WHERE refclassid = 'pg_authid'::regclass AND refobjid" +
                         is);
    // A login that was dropped has no name any more.
    left +=
        lines_of(where, "postgres", "prepared transaction",
                 "SELECT gid, database FROM pg_prepared_xacts WHERE owner IS NULL OR owner = '" +
                     who.name + "'");
  }
  left += lines_of(where, "postgres", "bundle",
                   "SELECT a.roleid::regrole FROM pg_auth_members a JOIN pg_roles r ON r.oid = "
                   "a.roleid WHERE r.rolname LIKE 'world\\_%' AND a.member" +
                       is);
  left += lines_of(where, "postgres", "the connector acts as the role",
                   "SELECT a.* FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member "
                   "WHERE m.rolname = '" +
                       world.connector() + "' AND a.grantor = a.member AND a.roleid" + is);
  left += lines_of(where, "postgres", "ghost",
                   "SELECT pid, usesysid FROM pg_stat_activity WHERE usesysid <> 0 "
                   "AND usesysid NOT IN (SELECT oid FROM pg_roles)");
  left += lines_of(where, world.ledger_database(), "counted membership",
                   "SELECT role_oid FROM pgrant.membership WHERE member_oid" + is);
  left += lines_of(where, world.ledger_database(), "borrowed role",
                   "SELECT role_oid FROM pgrant.borrowed_role");
  return left;
}

pgrant::lease_end end_of(lease_world& world, const attacker& who) {
  auto end = world.revoke(who.lease);
  INFO(end.lease.held_why);
  CHECK(end.lease.state == lease_state::ended);
  CHECK(end.login_dropped == !who.password.empty());
  CHECK(left_of(world, who) == "");
  return end;
}

pgrant::lease_end held_end_of(lease_world& world, const attacker& who,
                              const std::vector<std::string>& reasons) {
  auto end = world.revoke(who.lease);
  CHECK(end.lease.state == lease_state::held);
  for (const std::string& reason : reasons) {
    INFO(end.lease.held_why);
    INFO(reason);
    CHECK(end.lease.held_why.find(reason) != std::string::npos);
  }
  if (!who.password.empty()) {
    CHECK(login_state(world.where(), world.database(), who.name, who.password) == "28000");
    CHECK(count_sessions(world, "usesysid = " + who.oid) == 0);
  }
  for (const char* const what : {"SELECT", "INSERT", "UPDATE", "DELETE"}) {
    CHECK(psql_value(world.where(), world.database(),
                     "SELECT has_table_privilege(" + who.oid + "::oid, 'world.t', '" + what +
                         "')") == "f");
  }
  return end;
}

void sweep_up(lease_world& world, const attacker& who) {
  psql(world.where(), world.ledger_database(),
       "UPDATE pgrant.lease SET next_try_at = now() WHERE id = '" + who.lease + "'");
  const auto report = must(world.run(world.leases().async_sweep()));
  bool ended = false;
  for (const auto& end : report.ends) {
    INFO(end.lease.held_why);
    if (end.lease.id == who.lease) ended = end.lease.state == lease_state::ended;
  }
  CHECK(ended);
  CHECK(left_of(world, who) == "");
}

slow_client::slow_client(const server& where, const std::string& database, const std::string& user,
                         const std::string& options, const std::string& password) {
  const std::string port = std::to_string(where.port());
  const std::string host = password.empty() ? where.socket_directory() : where.host();
  const char* const keywords[] = {"host",    "port",     "dbname",  "user",
                                  "options", "password", "sslmode", nullptr};
  const char* const values[] = {host.c_str(),
                                port.c_str(),
                                database.c_str(),
                                user.c_str(),
                                options.c_str(),
                                password.c_str(),
                                password.empty() ? "disable" : "require",
                                nullptr};
  connection_.reset(PQconnectStartParams(keywords, values, 0));
  PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
  PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
}

bool slow_client::go_on(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (next_ != PGRES_POLLING_OK && next_ != PGRES_POLLING_FAILED) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd wait{PQsocket(connection_.get()),
                static_cast<short>(next_ == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    if (::poll(&wait, 1, static_cast<int>(left.count())) == 0) return false;
    next_ = PQconnectPoll(connection_.get());
  }
  return next_ == PGRES_POLLING_OK;
}

void slow_client::go_on_until_challenged() {
  // The server's first answer is its list of mechanisms; libpq sends its first message on it.
  for (int answers = 0; answers < 1;) {
    pollfd wait{PQsocket(connection_.get()),
                static_cast<short>(next_ == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    ::poll(&wait, 1, 5000);
    const bool waiting = PQstatus(connection_.get()) == CONNECTION_AWAITING_RESPONSE;
    next_ = PQconnectPoll(connection_.get());
    REQUIRE(next_ != PGRES_POLLING_FAILED);
    if (waiting && next_ == PGRES_POLLING_READING) ++answers;
  }
}

std::string slow_client::outcome(const std::string& sql) {
  if (!go_on(std::chrono::seconds(8))) return state_in_text(PQerrorMessage(connection_.get()));
  const std::unique_ptr<PGresult, void (*)(PGresult*)> answer(
      PQexec(connection_.get(), sql.c_str()), PQclear);
  const ExecStatusType status = PQresultStatus(answer.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return "00000";
  const char* state = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
  return state != nullptr ? state : "gone";
}

bool is_shut_out(session& one, const std::string& sql) {
  const std::string state = one.state(sql);
  return state == "57P01" || state == "08006";
}

int count_sessions(lease_world& world, const std::string& condition) {
  return std::stoi(psql_value(world.where(), "postgres",
                              "SELECT count(*) FROM pg_stat_activity WHERE " + condition));
}

}  // namespace test
