#include "pgrant/sandbox.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "support/psql.hpp"
#include "support/servers.hpp"

namespace {

namespace fs = std::filesystem;

bool process_exists(int pid) {
  return ::kill(pid, 0) == 0;
}

unsigned mode_of(const fs::path& path) {
  struct stat found{};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777;
}

// A directory beside the servers' own, for sandboxes that a test makes itself.
fs::path sandbox_place(const std::string& name) {
  const fs::path near = test::shared_server(test::versions().back()).directory();
  return near.parent_path() / (near.filename().string() + "-" + name);
}

}  // namespace

TEST_SUITE("integration sandbox") {
  TEST_CASE("every version runs in both shapes, with the content that it promises") {
    test::for_each_server([](test::server& server) {
      const pgrant::sandbox_report report = server.sandbox().status();
      CHECK(report.running);
      CHECK(process_exists(report.pid));
      CHECK(report.version.starts_with(std::to_string(server.major()) + "."));
      const bool azure = server.shape() == test::shape::azure;

      const auto self = test::psql(server, "postgres", server.admin(),
                                   "SELECT rolsuper, rolcreaterole, rolcreatedb,"
                                   " pg_catalog.current_setting('server_version_num')::int / 10000"
                                   " FROM pg_catalog.pg_roles WHERE rolname = current_user");
      CHECK(self == test::table{{azure ? "f" : "t", "t", "t", std::to_string(server.major())}});

      // Not all names: other tests make databases of their own.
      const auto names = test::psql(
          server, "postgres",
          "SELECT datname, datdba::regrole::text FROM pg_database"
          " WHERE datname IN ('azure_maintenance', 'azure_sys', 'billing', 'postgres', 'shop')"
          " ORDER BY datname COLLATE \"C\"");
      if (azure)
        CHECK(names == test::table{{"azure_maintenance", "azuresu"},
                                   {"azure_sys", "azuresu"},
                                   {"billing", "pgadmin"},
                                   {"postgres", "azure_pg_admin"},
                                   {"shop", "pgadmin"}});
      else
        CHECK(names ==
              test::table{{"billing", "pgadmin"}, {"postgres", "postgres"}, {"shop", "pgadmin"}});

      // The administrator may grant on the shop's own schemas, and not on legacy.
      const auto may = [&](const char* grant) {
        return test::psql_state(server, "shop", server.admin(),
                                "BEGIN; " + std::string(grant) + " TO analysts; ROLLBACK");
      };
      CHECK(may("GRANT SELECT ON ALL TABLES IN SCHEMA sales") == "00000");
      CHECK(may("GRANT SELECT ON ALL TABLES IN SCHEMA inventory") == "00000");
      CHECK(may("GRANT USAGE ON SCHEMA \"Odd.Schema\"") == "00000");
      CHECK(may("ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT SELECT ON TABLES") == "00000");
      CHECK(may("GRANT SELECT ON legacy.ledger_1998") == (azure ? "01007" : "00000"));
      if (azure && server.major() >= 16)
        CHECK(test::psql_state(server, "shop", server.admin(), "SET ROLE legacy_owner") == "42501");
      CHECK(test::psql_value(server, "shop",
                             "SELECT string_agg(DISTINCT relkind::text, '' ORDER BY relkind::text)"
                             " FROM pg_class WHERE relnamespace = 'sales'::regnamespace") ==
            "ISimprv");
    });
  }

  TEST_CASE("from outside there is only verified TLS and a password") {
    test::for_each_server(test::shape::azure, [](test::server& server) {
      CHECK(test::login_state(server, "postgres", server.admin(), server.admin_password()) ==
            "00000");
      CHECK(test::login_state(server, "shop", "grace", server.password("grace")) == "00000");
      CHECK(test::login_state(server, "postgres", server.admin(), "wrong") == "28P01");
      CHECK(test::login_state(server, "postgres", server.superuser(), "") == "08000");
      CHECK(test::login_state(server, "azure_maintenance", server.admin(),
                              server.admin_password()) == "42501");
      CHECK(test::plain_login_state(server, server.admin(), server.admin_password()) == "28000");
      const auto tls =
          test::session(server, "postgres", server.admin(), server.admin_password())
              .run("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
      CHECK(tls == test::table{{"t", "TLSv1.3"}});
    });
  }

  TEST_CASE("secrets lie in files of their owner alone, and nowhere else") {
    const auto server = test::own_server(test::versions().back(),
                                         test::server_options().setting("log_statement", "all"));
    for (const pgrant::sandbox_login& login : server->report().logins) {
      CHECK(mode_of(login.password_file) == 0600);
      const std::string password = server->password(login.name);
      CHECK(password.size() == 24);
      CHECK(server->log().find(password) == std::string::npos);
      std::ifstream state(server->directory() / "sandbox.json");
      const std::string text{std::istreambuf_iterator<char>(state), {}};
      CHECK(text.find(password) == std::string::npos);
    }
    CHECK(mode_of(server->directory() / "passwords") == 0700);
    CHECK(mode_of(server->socket_directory()) == 0700);
  }

  TEST_CASE("it stops and resumes from anywhere, and its data stays") {
    const auto server = test::own_server(test::versions().front());
    const int first_pid = server->report().pid;
    const std::uint16_t port = server->port();
    test::psql(*server, "shop", "CREATE TABLE public.kept (x int)");

    auto again = pgrant::sandbox::open(server->directory());
    REQUIRE(again);
    CHECK(again.value().status().pid == first_pid);
    REQUIRE(again.value().stop());
    CHECK_FALSE(process_exists(first_pid));
    CHECK_FALSE(server->sandbox().status().running);
    CHECK(server->sandbox().stop());  // nothing to do

    server->start();
    CHECK(server->port() == port);
    CHECK(server->report().running);
    CHECK(test::psql_value(*server, "shop", "SELECT to_regclass('public.kept') IS NOT NULL") ==
          "t");
    server->stop(true);
    server->start();
    CHECK(test::psql_value(*server, "shop", "SELECT to_regclass('public.kept') IS NOT NULL") ==
          "t");
  }

  TEST_CASE("a new sandbox, options, and what is left of it: nothing") {
    const fs::path directory = sandbox_place("new");
    const auto made =
        pgrant::sandbox::start(pgrant::sandbox_options(directory)
                                   .postgresql(test::postgresql_programs(test::versions().back()))
                                   .administrator("Ops-Admin")
                                   .content(false)
                                   .tls(false)
                                   .setting("work_mem", "5MB"));
    REQUIRE_MESSAGE(made, made.error().describe());
    pgrant::sandbox sandbox = made.value();
    const pgrant::sandbox_report report = sandbox.status();
    CHECK(report.administrator == "Ops-Admin");
    CHECK(report.databases.empty());
    CHECK(report.ca_file.empty());
    {
      const test::server server(sandbox);
      CHECK(test::psql_value(server, "postgres", "SHOW work_mem") == "5MB");
      CHECK(test::plain_login_state(server, "Ops-Admin", server.admin_password()) == "00000");
      CHECK(test::psql_value(server, "postgres", "SELECT to_regrole('grace') IS NULL") == "t");
    }  // a test's server removes its sandbox
    CHECK_FALSE(process_exists(report.pid));
    CHECK_FALSE(fs::exists(directory));
  }

  TEST_CASE("what cannot be is one clear error, and leaves nothing") {
    const auto running = test::own_server(test::versions().back());
    const fs::path directory = sandbox_place("refused");
    const auto refused = [&](const pgrant::sandbox_options& options) {
      const auto made = pgrant::sandbox::start(options);
      REQUIRE_FALSE(made);
      return made.error();
    };
    const fs::path programs = test::postgresql_programs(test::versions().back());

    const auto port =
        refused(pgrant::sandbox_options(directory).postgresql(programs).port(running->port()));
    CHECK(port.code() == pgrant::errc::conflict);
    CHECK(port.field() == "port");
    CHECK_FALSE(fs::exists(directory));

    const auto missing = refused(pgrant::sandbox_options(directory).postgresql("/nonexistent"));
    CHECK(missing.code() == pgrant::errc::not_found);
    CHECK(missing.hint().find("apt-get install postgresql") != std::string::npos);

    CHECK(refused(pgrant::sandbox_options(directory).major(13)).field() == "major");
    CHECK(refused(pgrant::sandbox_options(directory).administrator("azuresu")).field() ==
          "administrator");
    CHECK(refused(pgrant::sandbox_options(directory).administrator("../x")).field() ==
          "administrator");
    CHECK(refused(pgrant::sandbox_options(directory).setting("port", "1\nfsync = on")).field() ==
          "settings");
    CHECK(refused(pgrant::sandbox_options(running->directory())).code() == pgrant::errc::conflict);
    CHECK(refused(pgrant::sandbox_options(fs::path("/var/tmp") / std::string(100, 'x'))).field() ==
          "directory");
    CHECK(refused(pgrant::sandbox_options(directory).copy_from(running->directory())).field() ==
          "copy_from");

    const auto setting = refused(pgrant::sandbox_options(directory).postgresql(programs).setting(
        "shared_buffers", "one or two"));
    CHECK(setting.code() == pgrant::errc::io);
    CHECK(setting.detail().find("shared_buffers") != std::string::npos);
    CHECK_FALSE(fs::exists(directory));
    CHECK(pgrant::sandbox::open(directory).error().code() == pgrant::errc::not_found);
  }

  TEST_CASE("root's server needs a way in") {
    if (::geteuid() != 0) return;
    const fs::path closed = sandbox_place("closed");
    fs::create_directory(closed);
    ::chmod(closed.c_str(), 0700);
    const auto made = pgrant::sandbox::start(pgrant::sandbox_options(closed / "sandbox"));
    fs::remove_all(closed);
    REQUIRE_FALSE(made);
    CHECK(made.error().code() == pgrant::errc::io);
    CHECK(made.error().message().find(closed.string()) != std::string::npos);
  }
}
