#include "support/psql.hpp"

#include <libpq-fe.h>
#include <poll.h>

namespace test {

namespace {

PGconn* as_connection(void* connection) {
  return static_cast<PGconn*>(connection);
}

enum class way { socket, verified_tls, plain_tcp };

PGconn* connect_plainly(const server& where, std::string_view database, std::string_view user,
                        std::string_view password, way through) {
  const std::string port = std::to_string(where.port());
  const std::string host = through == way::socket ? where.socket_directory() : where.host();
  const std::string ca_file = where.ca_file();
  const std::string dbname(database), login(user), given(password);
  const char* const keywords[] = {"host",        "port",     "dbname",          "user", "sslmode",
                                  "sslrootcert", "password", "client_encoding", nullptr};
  const char* const values[] = {host.c_str(),
                                port.c_str(),
                                dbname.c_str(),
                                login.c_str(),
                                through == way::verified_tls ? "verify-full" : "disable",
                                ca_file.c_str(),
                                given.c_str(),
                                "UTF8",
                                nullptr};
  // Not in one call: a refusal's SQLSTATE comes only in verbose messages.
  PGconn* connection = PQconnectStartParams(keywords, values, 0);
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  for (PostgresPollingStatusType next = PGRES_POLLING_WRITING;
       PQstatus(connection) != CONNECTION_BAD && next != PGRES_POLLING_OK &&
       next != PGRES_POLLING_FAILED;
       next = PQconnectPoll(connection)) {
    pollfd wait{PQsocket(connection),
                static_cast<short>(next == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    ::poll(&wait, 1, -1);
  }
  return connection;
}

// libpq gives the SQLSTATE of a refused login only inside of its verbose text.
std::string refused_state(PGconn* connection) {
  const std::string text = PQerrorMessage(connection);
  for (const std::string_view before : {"FATAL:  ", "ERROR:  "}) {
    const std::size_t at = text.find(before);
    if (at != std::string::npos && text.size() > at + before.size() + 5)
      return text.substr(at + before.size(), 5);
  }
  return "08000";
}

std::string state_of_login(PGconn* connection) {
  const std::string state =
      PQstatus(connection) == CONNECTION_OK ? "00000" : refused_state(connection);
  PQfinish(connection);
  return state;
}

PGconn* usable(const server& where, PGconn* connection) {
  if (PQstatus(connection) == CONNECTION_OK) return connection;
  const std::string why = PQerrorMessage(connection);
  PQfinish(connection);
  FAIL("no session on " << where.label() << ": " << why);
  return nullptr;
}

struct warnings {
  std::string state;
};

void note_warning(void* seen, const PGresult* notice) {
  const char* state = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
  const std::string_view code = state ? state : "";
  if (code == "01007" || code == "01006") static_cast<warnings*>(seen)->state = code;
}

std::string outcome_of(PGconn* connection, std::string_view sql, table* rows,
                       std::string* message) {
  warnings seen;
  PQsetNoticeReceiver(connection, note_warning, &seen);
  PGresult* result = PQexec(connection, std::string(sql).c_str());
  const ExecStatusType status = PQresultStatus(result);
  std::string state = "00000";
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) {
    const char* code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    state = code ? code : "08006";
    if (message) *message = PQerrorMessage(connection);
  } else if (!seen.state.empty()) {
    state = seen.state;
  }
  if (rows)
    for (int r = 0; r < PQntuples(result); ++r) {
      std::vector<std::string>& row = rows->emplace_back();
      for (int c = 0; c < PQnfields(result); ++c)
        row.push_back(PQgetisnull(result, r, c) ? "<null>" : PQgetvalue(result, r, c));
    }
  PQclear(result);
  PQsetNoticeReceiver(connection, [](void*, const PGresult*) {}, nullptr);
  return state;
}

}  // namespace

table psql(const server& where, std::string_view database, std::string_view user,
           std::string_view sql) {
  return session(where, database, user).run(sql);
}

table psql(const server& where, std::string_view database, std::string_view sql) {
  return psql(where, database, where.superuser(), sql);
}

std::string psql_value(const server& where, std::string_view database, std::string_view sql) {
  const table rows = psql(where, database, sql);
  if (rows.size() != 1 || rows.front().empty()) FAIL("one row expected from: " << std::string(sql));
  return rows.front().front();
}

std::string psql_state(const server& where, std::string_view database, std::string_view user,
                       std::string_view sql) {
  PGconn* connection = connect_plainly(where, database, user, "", way::socket);
  const std::string state = PQstatus(connection) == CONNECTION_OK
                                ? outcome_of(connection, sql, nullptr, nullptr)
                                : refused_state(connection);
  PQfinish(connection);
  return state;
}

std::string login_state(const server& where, std::string_view database, std::string_view user,
                        std::string_view password) {
  return state_of_login(connect_plainly(where, database, user, password, way::verified_tls));
}

std::string plain_login_state(const server& where, std::string_view user,
                              std::string_view password) {
  return state_of_login(connect_plainly(where, "postgres", user, password, way::plain_tcp));
}

session::session(const server& where, std::string_view database, std::string_view user)
    : connection_(usable(where, connect_plainly(where, database, user, "", way::socket))) {}

session::session(const server& where, std::string_view database, std::string_view user,
                 std::string_view password)
    : connection_(
          usable(where, connect_plainly(where, database, user, password, way::verified_tls))) {}

session::~session() {
  PQfinish(as_connection(connection_));
}

table session::run(std::string_view sql) {
  table rows;
  std::string message;
  outcome_of(as_connection(connection_), sql, &rows, &message);
  if (!message.empty()) FAIL(message << "in: " << std::string(sql));
  return rows;
}

std::string session::state(std::string_view sql) {
  return outcome_of(as_connection(connection_), sql, nullptr, nullptr);
}

int session::backend_pid() const {
  return PQbackendPID(as_connection(connection_));
}

}  // namespace test
