#include "sandbox/setup.hpp"

#include <libpq-fe.h>

#include <cstdint>
#include <memory>

#include "pgrant/scram.hpp"
#include "pgrant/sql.hpp"

namespace pgrant::detail {

namespace {

struct setup_connection_close {
  void operator()(PGconn* c) const noexcept { PQfinish(c); }
};
using setup_connection = std::unique_ptr<PGconn, setup_connection_close>;

struct setup_result_clear {
  void operator()(PGresult* r) const noexcept { PQclear(r); }
};
using setup_result = std::unique_ptr<PGresult, setup_result_clear>;

result<setup_connection> connect_for_setup(const sandbox_layout& layout, const sandbox_state& state,
                                           const std::string& database, const std::string& user) {
  const std::string host = layout.socket().string();
  const std::string port = std::to_string(state.port);
  const char* const keywords[] = {
      "host", "port", "dbname", "user", "client_encoding", "application_name", nullptr};
  const char* const values[] = {host.c_str(), port.c_str(),     database.c_str(), user.c_str(),
                                "UTF8",       "pgrant sandbox", nullptr};
  setup_connection connection(PQconnectdbParams(keywords, values, 0));
  if (PQstatus(connection.get()) == CONNECTION_OK) {
    PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
    return connection;
  }
  return pgrant::error(errc::connect, "could not connect to the sandbox to set it up")
      .with_detail(PQerrorMessage(connection.get()))
      .with_object("database \"" + database + "\"");
}

result<void> execute_setup(PGconn* connection, const std::string& sql) {
  const setup_result answer(PQexec(connection, sql.c_str()));
  const ExecStatusType status = PQresultStatus(answer.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return success();
  const char* state = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
  return pgrant::error(errc::server, "a statement of the sandbox's set-up failed")
      .with_state(sqlstate::parse(state ? state : ""))
      .with_detail(PQresultErrorMessage(answer.get()))
      .with_object("database \"" + std::string(PQdb(connection)) + "\"");
}

std::string with_administrator(std::string sql, const std::string& administrator) {
  constexpr std::string_view placeholder = "@admin@";
  const std::string name = quote_identifier(administrator);
  for (std::size_t at = sql.find(placeholder); at != std::string::npos;
       at = sql.find(placeholder, at + name.size()))
    sql.replace(at, placeholder.size(), name);
  return sql;
}

result<void> run_setup(const sandbox_layout& layout, const sandbox_state& state,
                       std::span<const setup_step> steps) {
  setup_connection connection;
  const setup_step* last = nullptr;
  for (const setup_step& step : steps) {
    if (state.major < step.from_major || state.major >= step.before_major) continue;
    // A new connection only where the step before was elsewhere, or had SET something.
    const bool elsewhere =
        !last || std::string_view(last->database) != step.database || last->role != step.role;
    if (elsewhere) {
      connection.reset();  // before the next one: CREATE DATABASE wants its template alone
      BOOST_OUTCOME_TRY(
          connection, connect_for_setup(layout, state, step.database,
                                        step.role == setup_role::superuser ? state.superuser
                                                                           : state.administrator));
    }
    last = &step;
    BOOST_OUTCOME_TRY(
        execute_setup(connection.get(), with_administrator(step.sql, state.administrator)));
  }
  return success();
}

// The server, and so its log, gets a verifier only.
result<void> give_password(PGconn* connection, const std::string& login, const secret& password) {
  BOOST_OUTCOME_TRY(const secret verifier, scram_verifier(password));
  return execute_setup(
      connection,
      sql_text("ALTER ROLE ").name(login).raw(" PASSWORD ").literal(verifier.reveal()).str());
}

}  // namespace

std::string setup_digest() {
  std::uint64_t digest = 14695981039346656037U;  // FNV-1a
  for (const auto steps :
       {azure_setup(), superuser_setup(), application_setup(), shop_setup(), billing_setup()})
    for (const setup_step& step : steps)
      for (const std::string_view text :
           {std::string_view(step.database), std::string_view(step.sql)})
        for (const char c : text)
          digest = (digest ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return std::to_string(digest);
}

result<void> set_up_cluster(const sandbox_layout& layout, sandbox_state& state,
                            const std::vector<std::pair<std::string, secret>>& passwords,
                            bool content) {
  const bool azure = state.profile == sandbox_profile::azure;
  BOOST_OUTCOME_TRY(run_setup(layout, state, azure ? azure_setup() : superuser_setup()));
  if (content) {
    BOOST_OUTCOME_TRY(run_setup(layout, state, application_setup()));
    BOOST_OUTCOME_TRY(run_setup(layout, state, shop_setup()));
    BOOST_OUTCOME_TRY(run_setup(layout, state, billing_setup()));
  }
  BOOST_OUTCOME_TRY(const setup_connection connection,
                    connect_for_setup(layout, state, "postgres", state.superuser));
  for (const auto& [login, password] : passwords) {
    BOOST_OUTCOME_TRY(give_password(connection.get(), login, password));
  }
  const int version = PQserverVersion(connection.get());
  state.version = std::to_string(version / 10000) + "." + std::to_string(version % 10000);
  return success();
}

}  // namespace pgrant::detail
