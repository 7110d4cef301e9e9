#include <libpq-fe.h>

#include <fstream>

#include "integration/connection_support.hpp"
#include "pgrant/ssl_mode.hpp"

namespace {

/// What libpq itself makes of the same parameters: "plain", "encrypted" or "refused".
std::string tls_oracle(const test::server& where, std::string_view mode, const std::string& ca,
                       const std::string& host) {
  const std::string password = where.admin_password();
  const std::string port = std::to_string(where.port());
  const std::string name(mode);
  // An empty value would mean a file in the home directory.
  const std::string file = ca.empty() ? "/dev/null/none" : ca;
  const char* keywords[] = {"host",     "hostaddr", "port",        "user",       "dbname",
                            "password", "sslmode",  "sslrootcert", "gssencmode", nullptr};
  const char* values[] = {host.c_str(), "127.0.0.1",      port.c_str(), where.admin().c_str(),
                          "postgres",   password.c_str(), name.c_str(), file.c_str(),
                          "disable",    nullptr};
  PGconn* link = PQconnectdbParams(keywords, values, 0);
  std::string seen = "refused";
  if (PQstatus(link) == CONNECTION_OK) seen = PQsslInUse(link) ? "encrypted" : "plain";
  PQfinish(link);
  return seen;
}

std::string tls_outcome(const test::server& where, std::string_view mode, const std::string& ca,
                        const std::string& host) {
  auto spec = test::tls_spec(where);
  REQUIRE(spec.set("host", host).has_value());
  REQUIRE(spec.set("hostaddr", "127.0.0.1").has_value());
  REQUIRE(spec.set("sslmode", mode).has_value());
  REQUIRE(spec.set("sslrootcert", ca).has_value());
  if (!pgrant::validate(spec)) return "refused";
  boost::asio::io_context context;
  pgrant::connection link(context.get_executor());
  const auto outcome = test::wait(context, link.async_connect(spec, test::password_options(where)));
  if (!outcome) {
    CHECK_MESSAGE((outcome.error().code() == pgrant::errc::tls ||
                   outcome.error().code() == pgrant::errc::authentication),
                  outcome.error().describe());
    return "refused";
  }
  const auto tls = link.tls();
  if (!tls) return "plain";
  CHECK(tls->chain_verified ==
        (pgrant::verifies_server(spec.ssl_mode()) || (mode == "require" && !ca.empty()) ||
         (mode == "prefer" && !ca.empty()) || (mode == "allow" && !ca.empty())));
  CHECK(tls->name_verified == (mode == "verify-full"));
  return "encrypted";
}

/// Restarts the server so that it offers TLS or not, and lets TCP in with it, without it, or both.
void offer_tls(test::server& where, bool on, std::string_view record) {
  std::ofstream(where.directory() / "data/pg_hba.conf") << "local all all trust\n"
                                                        << record << " all all all scram-sha-256\n";
  test::psql(where, "postgres", on ? "ALTER SYSTEM SET ssl = on" : "ALTER SYSTEM SET ssl = off");
  where.stop();
  where.start();
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("in every SSL mode pgrant ends where libpq ends") {
    const auto server = test::own_server(test::versions().back());
    const std::string other_ca = test::shared_server(test::shape::superuser).ca_file();
    for (const std::string_view record : {"hostssl", "hostnossl", "host"}) {
      for (const bool on : {true, false}) {
        offer_tls(*server, on, record);
        for (const auto& mode : pgrant::all_ssl_modes()) {
          for (const std::string& ca : {std::string(), server->ca_file(), other_ca}) {
            for (const std::string host : {"localhost", "elsewhere.test"}) {
              // A mode that verifies needs a root certificate: pgrant's default is the system's.
              if (ca.empty() && pgrant::verifies_server(mode.mode)) continue;
              CAPTURE(record);
              CAPTURE(on);
              CAPTURE(mode.name);
              CAPTURE(ca);
              CAPTURE(host);
              CHECK(tls_outcome(*server, mode.name, ca, host) ==
                    tls_oracle(*server, mode.name, ca, host));
            }
          }
        }
      }
    }
  }

  TEST_CASE("a server without TLS is refused by the modes that need it, and told apart") {
    const auto server =
        test::own_server(test::versions().back(), test::server_options().setting("ssl", "off"));
    boost::asio::io_context context;
    for (const auto mode :
         {pgrant::ssl_mode::require, pgrant::ssl_mode::verify_ca, pgrant::ssl_mode::verify_full}) {
      auto spec = test::tls_spec(*server);
      spec.ssl_mode(mode);
      pgrant::connection link(context.get_executor());
      const auto outcome =
          test::wait(context, link.async_connect(spec, test::password_options(*server)));
      REQUIRE_FALSE(outcome.has_value());
      CHECK(outcome.error().code() == pgrant::errc::tls);
      CHECK(outcome.error().field() == "sslmode");
    }
  }
}
