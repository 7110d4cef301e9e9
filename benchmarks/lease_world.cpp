#include "lease_world.hpp"

#include <cstdio>
#include <cstdlib>
#include <pgrant/ledger.hpp>

namespace bench {

raw_connection::raw_connection(const std::string& conninfo) : link_(PQconnectdb(conninfo.c_str())) {
  if (PQstatus(link_) == CONNECTION_OK) return;
  std::fprintf(stderr, "%s\n", PQerrorMessage(link_));
  std::exit(1);
}

std::string raw_connection::value(const std::string& sql) {
  PGresult* answer = PQexec(link_, sql.c_str());
  const ExecStatusType status = PQresultStatus(answer);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    std::fprintf(stderr, "%s: %s\n", sql.c_str(), PQresultErrorMessage(answer));
    std::exit(1);
  }
  std::string text = PQntuples(answer) > 0 ? PQgetvalue(answer, 0, 0) : "";
  PQclear(answer);
  return text;
}

void raw_connection::pipeline(const std::vector<std::string>& statements) {
  PQenterPipelineMode(link_);
  for (const std::string& sql : statements) {
    PQsendQueryParams(link_, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0);
  }
  PQpipelineSync(link_);
  for (bool more = true; more;) {
    PGresult* answer = PQgetResult(link_);
    if (!answer) continue;
    const ExecStatusType status = PQresultStatus(answer);
    more = status != PGRES_PIPELINE_SYNC;
    if (status == PGRES_FATAL_ERROR || status == PGRES_PIPELINE_ABORTED) {
      std::fprintf(stderr, "%s\n", PQresultErrorMessage(answer));
      std::exit(1);
    }
    PQclear(answer);
  }
  PQexitPipelineMode(link_);
}

world::world(std::string directory, int major) : major_(major) {
  box_ = std::make_unique<pgrant::sandbox>(
      must(pgrant::sandbox::start(pgrant::sandbox_options(directory)
                                      .search_path({"/var/cache/pgrant/postgresql"})
                                      .major(major)
                                      .setting("fsync", "on")
                                      .setting("synchronous_commit", "on")
                                      .setting("full_page_writes", "on")
                                      .setting("max_connections", "700"))));
  const pgrant::sandbox_report report = box_->status();
  superuser_ = report.superuser;
  socket_directory_ = report.socket_directory;
  port_ = std::to_string(report.port);
  raw_connection admin(conninfo(superuser_, "postgres"));
  admin.value("SET client_min_messages = error");
  admin.value("CREATE ROLE " + connector + " LOGIN CREATEROLE");
  admin.value("GRANT azure_pg_admin TO " + connector);
  admin.value("CREATE DATABASE " + ledger);
  admin.value("REVOKE CONNECT, TEMPORARY ON DATABASE " + ledger + " FROM PUBLIC");
  admin.value("GRANT CONNECT, CREATE ON DATABASE " + ledger + " TO " + connector);
  admin.value(
      "DO $$ BEGIN FOR i IN 0..1999 LOOP EXECUTE format('CREATE ROLE person_%s LOGIN', i); "
      "END LOOP; END $$");
  raw_connection(conninfo(connector, "postgres")).value("CREATE ROLE bench_bundle NOLOGIN");
  boost::asio::io_context context;
  pgrant::planned_bundle bundle;
  bundle.name = "bench";
  bundle.role = "bench_bundle";
  pgrant::ledger made(
      std::make_shared<pgrant::direct_connector>(
          context.get_executor(), must(pgrant::connection_spec::parse(conninfo(connector, ledger))),
          pgrant::connect_options()),
      ledger);
  must(pgrant::wait(context, made.async_register({bundle}, {})));
}

world::~world() {
  (void)box_->remove();
}

std::string world::conninfo(const std::string& user, const std::string& database) const {
  return "host=" + socket_directory_ + " port=" + port_ + " user=" + user + " dbname=" + database +
         " sslmode=disable";
}

void world::make_crowd(int people) const {
  as_superuser().value("DO $$ BEGIN FOR i IN 0.." + std::to_string(people - 1) +
                       " LOOP EXECUTE format('CREATE ROLE crowd_%s LOGIN', i); END LOOP; END $$");
}

pgrant::leases world::leases(boost::asio::io_context& context, int iterations,
                             int cohort_size) const {
  const auto spec = must(pgrant::connection_spec::parse(conninfo(connector, ledger)));
  return pgrant::leases(
      std::make_shared<pgrant::pool>(context.get_executor(), spec, pgrant::pool_options()),
      pgrant::lease_settings()
          .ledger_database(ledger)
          .password_iterations(iterations)
          .cohort_size(cohort_size));
}

std::vector<std::string> raw_lease::grant() const {
  const bool login = !verifier_.empty(), options = major_ >= 16;
  std::vector<std::string> work;
  work.push_back("BEGIN");
  work.push_back(
      "INSERT INTO pgrant.lease (id, attempt, kind, grantee, person, requester, reason, bundles, "
      "seconds, state, granted_at, expires_at) VALUES ('" +
      id_ + "', '" + id_ + "', '" + (login ? "ephemeral_login" : "existing_role") + "', '" +
      grantee_ +
      "', 'x', 'x', '', '{bench}', 3600, 'active', clock_timestamp(), "
      "clock_timestamp())");
  work.push_back("INSERT INTO pgrant.lease_bundle SELECT '" + id_ +
                 "', 'bench', 'bench_bundle'::regrole");
  if (login) {
    work.push_back("CREATE ROLE " + grantee_ +
                   " LOGIN INHERIT NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS "
                   "CONNECTION LIMIT 5 PASSWORD '" +
                   verifier_ + "' VALID UNTIL 'tomorrow'");
  }
  work.push_back("SELECT FROM pgrant.bundle WHERE name = 'bench' ORDER BY role_oid FOR UPDATE");
  work.push_back(
      "INSERT INTO pgrant.membership AS m SELECT 'bench_bundle'::regrole, oid, 1, 0, false, false, "
      "false, false, '[]' FROM pg_roles WHERE rolname = '" +
      grantee_ + "' ON CONFLICT (role_oid, member_oid) DO UPDATE SET n = m.n + 1");
  work.push_back("GRANT bench_bundle TO " + grantee_ +
                 (options ? " WITH INHERIT TRUE, SET FALSE" : ""));
  work.push_back(
      "SELECT pgrant.insist(EXISTS (SELECT FROM pg_auth_members a JOIN pg_roles g ON g.oid = "
      "a.member WHERE a.roleid = 'bench_bundle'::regrole AND g.rolname = '" +
      grantee_ + "'), 'PGR02', 'missing')");
  work.push_back(
      "UPDATE pgrant.lease l SET grantee_oid = r.oid, granted_at = clock_timestamp(), expires_at = "
      "clock_timestamp() + interval '1 hour' FROM pg_roles r WHERE l.id = '" +
      id_ + "' AND r.rolname = l.grantee");
  if (login) {
    work.push_back(
        "SELECT pgrant.let_login_expire(l.grantee, l.expires_at) FROM pgrant.lease l WHERE l.id = "
        "'" +
        id_ + "'");
  }
  work.push_back("SELECT * FROM pgrant.lease WHERE id = '" + id_ + "'");
  work.push_back("SELECT pgrant.append_audit(" + chain_ + ", 'x', 'grant', '" + id_ +
                 "', '', '{\"grantee\": \"" + grantee_ + "\"}')");
  work.push_back("COMMIT");
  return work;
}

std::vector<std::string> raw_lease::end() const {
  std::vector<std::string> work;
  work.push_back("BEGIN");
  work.push_back("SELECT * FROM pgrant.lease WHERE id = '" + id_ + "' FOR UPDATE");
  work.push_back("SELECT FROM pgrant.bundle WHERE name = 'bench' ORDER BY role_oid FOR UPDATE");
  work.push_back(
      "UPDATE pgrant.membership m SET n = n - 1 FROM pgrant.lease l WHERE l.id = '" + id_ +
      "' AND m.role_oid = 'bench_bundle'::regrole AND m.member_oid = l.grantee_oid RETURNING n");
  work.push_back("REVOKE bench_bundle FROM " + grantee_);
  work.push_back(
      "DELETE FROM pgrant.membership m USING pgrant.lease l WHERE l.id = '" + id_ +
      "' AND m.role_oid = 'bench_bundle'::regrole AND m.member_oid = l.grantee_oid AND m.n <= 0");
  if (!verifier_.empty()) work.push_back("DROP ROLE " + grantee_);
  work.push_back(
      "UPDATE pgrant.lease SET state = 'ended', ended_at = clock_timestamp() WHERE id = '" + id_ +
      "'");
  work.push_back("SELECT pgrant.append_audit(" + chain_ + ", '', 'revoke', '" + id_ +
                 "', '', '{}')");
  work.push_back("COMMIT");
  return work;
}

}  // namespace bench
