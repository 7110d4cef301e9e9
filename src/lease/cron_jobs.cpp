#include "lease/cron_jobs.hpp"

#include "lease/login_end.hpp"
#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment cron_login_query =
    R"(SELECT l.id, l.grantee, l.grantee_oid, c.database
FROM (SELECT * FROM pgrant.lease WHERE id = ANY ($1::text[]) OFFSET 0) l
CROSS JOIN LATERAL (SELECT CASE WHEN pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')
  THEN pg_catalog.current_setting('cron.database_name', true) END AS database) c
JOIN pg_catalog.pg_roles r ON r.oid = l.grantee_oid AND r.rolname = l.grantee
WHERE l.kind = 'ephemeral_login' AND l.state = 'active' AND c.database <> '')";

constexpr sql_fragment cron_usage_query =
    R"(SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = 'cron'
  AND pg_catalog.has_schema_privilege($1::oid, n.oid, 'USAGE')))";

constexpr sql_fragment unschedule_statement =
    "SELECT cron.unschedule(jobid) FROM cron.job WHERE username = current_user";

struct cron_login {
  std::string lease, name, database;
  oid id = 0;
};

boost::asio::awaitable<void> unschedule_jobs_of(lease_engine& engine, connection_ptr where,
                                                lease_executor us, cron_login login) {
  auto opened = co_await open_connection(engine.ending_store().connector(), login.database);
  if (!opened) co_return;
  const connection_ptr there = std::move(opened).assume_value();
  auto usable = co_await run(there, statement(cron_usage_query).bind(std::to_string(login.id)));
  if (!usable || usable.assume_value().text(0, 0) != "t") co_return;

  engine.step(login.lease, "jobs");
  login_end end(engine, where, us, login.lease, login.name, login.id);
  auto lent = co_await end.lend();
  if (!lent) co_return;
  batch work;
  work.add(statement("BEGIN"));
  // The login may lock its own rows; then the job stays, and fails.
  work.add(statement("SET LOCAL lock_timeout = 300"));
  work.add(statement("SET LOCAL statement_timeout = 2000"));
  work.add(statement(sql_text("SET LOCAL ROLE ").name(login.name)));
  work.add(statement(unschedule_statement)).add(statement("COMMIT"));
  auto done = co_await run_all(there, std::move(work));
  // The session has been a stranger's for a moment.
  there->close();
  if (done && done.assume_value()[4].empty()) co_return;
  audit_entry entry("unschedule");
  entry.lease(login.lease).detail("grantee", login.name).detail("database", login.database);
  if (done) entry.detail("jobs", std::to_string(done.assume_value()[4].size()));
  if (!done) entry.outcome(done.error().describe());
  auto noted = co_await run(where, engine.ending_store().append_audit(entry));
  if (!noted) where->close();
}

}  // namespace

boost::asio::awaitable<void> unschedule_jobs(lease_engine& engine, connection_ptr where,
                                             lease_executor us, std::vector<std::string> leases) {
  auto asked = co_await ask(where, statement(cron_login_query).bind_array(leases));
  if (!asked) co_return;
  for (const row r : asked.assume_value()) {
    const auto id = r[2].oid();
    if (!id) continue;
    cron_login login{r[0].str(), r[1].str(), r[3].str(), id.assume_value()};
    co_await unschedule_jobs_of(engine, where, us, std::move(login));
  }
}

}  // namespace pgrant::detail
