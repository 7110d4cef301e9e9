// What a check says about real servers, and that one connection is enough for it.
#include "pgrant/check.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "pgrant/json/check.hpp"
#include "support/main_job.hpp"

namespace {

std::set<std::string> found_in(const pgrant::check_report& report) {
  std::set<std::string> ids;
  for (const pgrant::finding& f : report.findings) ids.insert(f.id);
  return ids;
}

int logins_in(const std::string& log) {
  int count = 0;
  const std::string_view mark = "connection authorized: user=apono_connector";
  for (std::size_t at = log.find(mark); at != std::string::npos; at = log.find(mark, at + 1))
    ++count;
  return count;
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("a check of the administrator") {
    test::for_each_server([](test::server& where) {
      test::main_job job(where);
      const auto report = test::value_of(job.run(job.admin().async_check()));
      CHECK(report.role == where.admin());
      CHECK(report.database == "postgres");
      CHECK(report.server_version / 10000 == where.major());
      CHECK(
          report.system_identifier ==
          test::psql_value(where, "postgres", "SELECT system_identifier FROM pg_control_system()"));
      REQUIRE(report.tls.has_value());
      CHECK(report.tls->protocol == "TLSv1.3");
      CHECK(report.tls->chain_verified);
      CHECK(report.tls->name_verified);
      const bool azure = where.shape() == test::shape::azure;
      CHECK((report.platform == pgrant::platform::azure) == azure);
      CHECK(report.superuser != azure);
      CHECK(report.in_admin_group == azure);
      CHECK(report.admin_group_admin == azure);
      CHECK(report.create_role);
      CHECK(report.may_end_sessions);
      // Reserved databases are nobody's business.
      const auto has = [&](std::string_view name) {
        return std::ranges::find(report.databases, name, &pgrant::checked_database::name) !=
               report.databases.end();
      };
      CHECK(has("shop"));
      CHECK(has("billing"));
      CHECK(!has("template0"));
      CHECK(has("azure_sys") == false);

      const auto ids = found_in(report);
      CHECK(ids.contains("login-is-superuser") == !azure);
      CHECK(ids.contains("login-not-in-admin-group") == false);
      CHECK(ids.contains("public-may-create") ==
            (test::psql_value(where, "postgres",
                              "SELECT has_schema_privilege('public', 'public', 'CREATE')") == "t"));
      CHECK(ids.contains("public-may-create") == (where.major() == 14));
      CHECK(ids.contains("prepared-transactions") == false);
      CHECK(to_json(report).find("\"pgrant.check/1\"") != std::string::npos);
    });
  }

  TEST_CASE("a login that can do nothing is told what it lacks") {
    auto& where = test::shared_server();
    test::main_job job(where);
    auto grace = job.as("grace", where.password("grace"));
    const auto report = test::value_of(job.run(grace.async_check()));
    const auto ids = found_in(report);
    for (const char* id : {"login-cannot-create-roles", "login-not-in-admin-group",
                           "login-cannot-end-sessions", "databases-not-grantable"})
      CHECK_MESSAGE(ids.contains(id), id);
    CHECK(report.findings.front().severity == pgrant::finding_severity::problem);
  }

  TEST_CASE(
      "one connection is enough, one more to the ledger, and a bootstrapped connector lacks "
      "nothing") {
    const auto where =
        test::own_server(test::versions().back(), test::server_options()
                                                      .setting("log_connections", "on")
                                                      .setting("max_prepared_transactions", "5"));
    test::main_job job(*where);
    job.bootstrap();
    const int before = logins_in(where->log());
    const auto report = test::value_of(job.run(job.connector().async_check()));
    CHECK(logins_in(where->log()) == before + 2);
    REQUIRE(report.ledger);
    CHECK(report.ledger->restored.empty());
    const auto ids = found_in(report);
    CHECK(ids.contains("prepared-transactions"));
    for (const char* id :
         {"login-cannot-create-roles", "login-not-in-admin-group", "login-cannot-end-sessions",
          "databases-not-grantable", "ledger-missing", "ledger-closed", "ledger-open-to-public"})
      CHECK_MESSAGE(!ids.contains(id), id);
    CHECK(report.connect_time.count() > 0);
    CHECK(report.round_trip.count() > 0);

    test::psql(*where, "postgres", "GRANT CONNECT ON DATABASE pgrant TO PUBLIC");
    const auto open = test::value_of(job.run(job.connector().async_check()));
    CHECK(found_in(open).contains("ledger-open-to-public"));
  }
}
