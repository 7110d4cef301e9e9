#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <cstdlib>
#include <functional>

#include "integration/connection_support.hpp"

using pgrant::connect_options;
using pgrant::errc;
using pgrant::operator""_sqlstate;

namespace {

pgrant::error connect_failure_of(const pgrant::connection_spec& spec,
                                 connect_options options = connect_options()) {
  boost::asio::io_context context;
  pgrant::connection link(context.get_executor());
  const auto outcome = test::wait(context, link.async_connect(spec, std::move(options)));
  REQUIRE_FALSE(outcome.has_value());
  CHECK_FALSE(link.is_open());
  const pgrant::error why = outcome.error();
  CHECK_FALSE(why.message().empty());
  CHECK_MESSAGE(!why.hint().empty(), why.describe());
  return why;
}

std::string another_ca(const test::server& not_of) {
  // Of a server of another template: each has an authority of its own.
  const int major = not_of.major() == 15 ? test::versions().back() : 15;
  return test::shared_server(major == not_of.major() ? 14 : major).ca_file();
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("a connection knows where it goes and how it is secured") {
    test::for_each_server(test::shape::azure, [](test::server& server) {
      boost::asio::io_context context;
      auto link = test::connected(context, server);
      CHECK(link.is_open());
      CHECK(link.server_version() / 10'000 == server.major());
      CHECK(link.user() == server.admin());
      CHECK(link.database() == "postgres");
      CHECK(link.host() == server.host());
      CHECK_FALSE(link.address().empty());
      CHECK(link.transaction() == pgrant::transaction_status::idle);
      CHECK(link.parameter_status("client_encoding") == "UTF8");
      CHECK(test::value_of(context, link, pgrant::statement("SELECT pg_backend_pid()")) ==
            std::to_string(link.backend_pid()));
      const auto tls = link.tls();
      REQUIRE(tls.has_value());
      CHECK(tls->protocol == "TLSv1.3");
      CHECK(tls->cipher.starts_with("TLS_"));
      CHECK(tls->bits >= 128);
      CHECK(tls->chain_verified);
      CHECK(tls->name_verified);
      CHECK(tls->not_before < tls->not_after);
      CHECK(tls->subject.find("CN=") != std::string::npos);
      CHECK_FALSE(tls->subject_names.empty());
    });
  }

  TEST_CASE("every session has pgrant's settings") {
    test::for_each_server(test::shape::azure, [](test::server& server) {
      boost::asio::io_context context;
      pgrant::connection link(context.get_executor());
      auto options =
          test::password_options(server).session(pgrant::session_settings()
                                                     .lock_timeout(std::chrono::milliseconds(1234))
                                                     .statement_timeout(std::chrono::seconds(7))
                                                     .application_name("a 'quoted' name"));
      REQUIRE(test::wait(context, link.async_connect(test::tls_spec(server), options)).has_value());
      const auto shown = [&](std::string_view name) {
        return test::value_of(context, link,
                              pgrant::statement("SELECT current_setting($1)").bind(name));
      };
      CHECK(shown("search_path") == "pg_catalog, pg_temp");
      CHECK(shown("lock_timeout") == "1234ms");
      CHECK(shown("statement_timeout") == "7s");
      CHECK(shown("idle_in_transaction_session_timeout") == "1min");
      CHECK(shown("application_name") == "a 'quoted' name");
      CHECK(shown("client_encoding") == "UTF8");
      CHECK(shown("standard_conforming_strings") == "on");
      CHECK(shown("DateStyle").starts_with("ISO"));
      CHECK(shown("TimeZone") == "UTC");
      if (server.major() >= 16) CHECK(shown("createrole_self_grant").empty());
    });
  }

  TEST_CASE("each way not to get in is one clear error") {
    test::for_each_server(test::shape::azure, [](test::server& server) {
      const auto right = test::tls_spec(server);

      const auto password = connect_failure_of(
          right, connect_options().password(pgrant::secret(std::string("hunter2"))));
      CHECK(password.code() == errc::authentication);
      CHECK(password.state() == "28P01"_sqlstate);
      CHECK(password.advice() == pgrant::retry::never);
      CHECK(password.describe().find("hunter2") == std::string::npos);

      const auto no_password = connect_failure_of(right);
      CHECK(no_password.code() == errc::authentication);
      CHECK(no_password.field() == "password");

      auto spec = right;
      spec.database("no \"such\" database");
      const auto database = connect_failure_of(spec, test::password_options(server));
      CHECK(database.code() == errc::not_found);
      CHECK(database.state() == "3D000"_sqlstate);

      spec = right;
      spec.root_certificate(another_ca(server));
      const auto authority = connect_failure_of(spec, test::password_options(server));
      CHECK(authority.code() == errc::tls);
      CHECK(authority.field() == "sslrootcert");
      CHECK(authority.message().find("not trusted") != std::string::npos);

      spec = right;
      REQUIRE(spec.set("host", "elsewhere.test").has_value());
      REQUIRE(spec.set("hostaddr", "127.0.0.1").has_value());
      const auto name = connect_failure_of(spec, test::password_options(server));
      CHECK(name.code() == errc::tls);
      CHECK(name.field() == "host");

      spec = right;
      spec.root_certificate("/etc/passwd");
      const auto no_certificate = connect_failure_of(spec, test::password_options(server));
      CHECK(no_certificate.code() == errc::tls);
      CHECK(no_certificate.field() == "sslrootcert");

      spec = right;
      spec.ssl_mode(pgrant::ssl_mode::disable);
      spec.root_certificate("");
      const auto no_entry = connect_failure_of(spec, test::password_options(server));
      CHECK(no_entry.code() == errc::authentication);
      CHECK(no_entry.state() == "28000"_sqlstate);

      spec = right;
      REQUIRE(spec.set("target_session_attrs", "standby").has_value());
      const auto attributes = connect_failure_of(spec, test::password_options(server));
      CHECK(attributes.code() == errc::connect);
      CHECK(attributes.field() == "target_session_attrs");
    });
  }

  TEST_CASE("too many connections have an SQLSTATE and a remedy") {
    auto server = test::own_server(test::versions().back(),
                                   test::server_options().setting("max_connections", "20"));
    boost::asio::io_context context;
    std::vector<pgrant::connection> taken;
    std::optional<pgrant::error> why;
    for (int i = 0; i < 25 && !why; ++i) {
      taken.emplace_back(context.get_executor());
      const auto outcome = test::wait(
          context,
          taken.back().async_connect(test::tls_spec(*server), test::password_options(*server)));
      if (!outcome) why = outcome.error();
    }
    REQUIRE(why.has_value());
    CHECK(why->code() == errc::connect);
    CHECK(why->state() == "53300"_sqlstate);
    CHECK(why->advice() == pgrant::retry::reconnect);
  }

  TEST_CASE("a server that is not there, a name that is not there") {
    const auto down = connect_failure_of(test::spec_of("host=127.0.0.1 port=1 user=ada"));
    CHECK(down.code() == errc::connect);
    CHECK(down.advice() == pgrant::retry::reconnect);
    const auto unknown = connect_failure_of(test::spec_of("host=no-such-host.invalid user=ada"));
    CHECK(unknown.code() == errc::connect);
    CHECK(unknown.field() == "host");
    const auto no_socket = connect_failure_of(test::spec_of("host=/nowhere user=ada"));
    CHECK(no_socket.code() == errc::connect);
  }

  TEST_CASE("a server that never answers costs no more than the time that was given") {
    boost::asio::io_context other;
    boost::asio::ip::tcp::acceptor silent(other, {boost::asio::ip::address_v4::loopback(),
                                                  0});  // accepts in the kernel, says nothing
    const auto spec = test::spec_of("host=127.0.0.1 user=ada port=" +
                                    std::to_string(silent.local_endpoint().port()));
    const auto start = std::chrono::steady_clock::now();
    const auto attempt =
        connect_failure_of(spec, connect_options().attempt_timeout(std::chrono::milliseconds(200)));
    CHECK(attempt.code() == errc::timeout);
    CHECK(attempt.object().find("127.0.0.1") != std::string::npos);
    const auto all =
        connect_failure_of(spec, connect_options().timeout(std::chrono::milliseconds(200)));
    CHECK(all.code() == errc::timeout);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  }

  TEST_CASE("a peer that is not PostgreSQL, or hangs up, is an error of connecting") {
    for (const char* says : {"", "HTTP/1.1 400 Bad Request\r\n\r\n", "S", "N"}) {
      CAPTURE(says);
      boost::asio::io_context context;
      boost::asio::ip::tcp::acceptor peer(context, {boost::asio::ip::address_v4::loopback(), 0});
      std::vector<boost::asio::ip::tcp::socket> accepted;
      std::function<void()> accept = [&] {
        peer.async_accept([&](boost::system::error_code, boost::asio::ip::tcp::socket socket) {
          socket.send(boost::asio::buffer(std::string_view(says)));
          socket.shutdown(boost::asio::ip::tcp::socket::shutdown_send);
          accepted.push_back(std::move(socket));
          accept();
        });
      };
      accept();
      pgrant::connection link(context.get_executor());
      const auto outcome = test::wait(
          context, link.async_connect(test::spec_of("host=127.0.0.1 user=ada port=" +
                                                    std::to_string(peer.local_endpoint().port())),
                                      connect_options().timeout(std::chrono::minutes(1))));
      REQUIRE_FALSE(outcome.has_value());
      const auto code = outcome.error().code();
      CHECK((code == errc::connect || code == errc::tls));
      CHECK((std::string_view(says) == "N") == (outcome.error().field() == "sslmode"));
    }
  }

  TEST_CASE("the next host is tried, and the dead one does no harm to other sockets") {
    auto& server = test::shared_server();
    boost::asio::io_context context;
    auto bystander = test::connected(context, server);
    auto spec = test::tls_spec(server);
    REQUIRE(spec.set("host", "127.0.0.1,localhost").has_value());
    REQUIRE(spec.set("port", "1," + std::to_string(server.port())).has_value());
    pgrant::connection link(context.get_executor());
    const auto outcome =
        test::wait(context, link.async_connect(spec, test::password_options(server)));
    REQUIRE_MESSAGE(outcome.has_value(), outcome.error().describe());
    CHECK(link.host() == "localhost");
    CHECK(test::value_of(context, bystander, pgrant::statement("SELECT 1")) == "1");
  }

  TEST_CASE("the environment of the process has no say") {
    auto& server = test::shared_server();
    constexpr std::array<std::pair<const char*, const char*>, 12> variables = {
        {{"PGHOST", "nowhere.invalid"},
         {"PGHOSTADDR", "192.0.2.1"},
         {"PGPORT", "1"},
         {"PGUSER", "nobody"},
         {"PGPASSWORD", "wrong"},
         {"PGDATABASE", "nowhere"},
         {"PGOPTIONS", "-c nosuch=1"},
         {"PGSSLMODE", "require"},
         {"PGSSLROOTCERT", "/nowhere"},
         {"PGREQUIREPEER", "nobody"},
         {"PGCHANNELBINDING", "require"},
         {"PGTARGETSESSIONATTRS", "standby"}}};
    for (const auto& [name, value] : variables) setenv(name, value, 1);
    boost::asio::io_context context;
    pgrant::connection link(context.get_executor());
    auto outcome = test::wait(context, link.async_connect(test::socket_spec(server), {}));
    const auto no_password = connect_failure_of(test::tls_spec(server));
    for (const auto& [name, value] : variables) unsetenv(name);
    REQUIRE_MESSAGE(outcome.has_value(), outcome.error().describe());
    CHECK_FALSE(link.tls().has_value());
    CHECK(no_password.field() == "password");
  }

  TEST_CASE("a database may have any name") {
    auto& server = test::shared_server();
    for (const std::string name :
         {"host=nowhere.invalid port=1", "postgresql://x/y", "a'b\\c \"d\""}) {
      CAPTURE(name);
      test::psql(server, "postgres", "CREATE DATABASE " + pgrant::quote_identifier(name));
      boost::asio::io_context context;
      {
        pgrant::connection link(context.get_executor());
        auto outcome = test::wait(context, link.async_connect(test::socket_spec(server, name), {}));
        REQUIRE_MESSAGE(outcome.has_value(), outcome.error().describe());
        CHECK(test::value_of(context, link, pgrant::statement("SELECT current_database()")) ==
              name);
        CHECK(test::wait(context, link.async_close()).has_value());
      }
      test::psql(server, "postgres",
                 "DROP DATABASE " + pgrant::quote_identifier(name) + " WITH (FORCE)");
    }
  }

  TEST_CASE("a second connect on an open connection is refused") {
    auto& server = test::shared_server();
    boost::asio::io_context context;
    auto link = test::connected(context, server);
    const auto again = test::wait(
        context, link.async_connect(test::tls_spec(server), test::password_options(server)));
    CHECK(again.error().code() == errc::conflict);
    CHECK(test::wait(context, link.async_close()).has_value());
    CHECK_FALSE(link.is_open());
    CHECK(test::wait(context, link.async_execute(pgrant::statement("SELECT 1"))).error().code() ==
          errc::closed);
    CHECK(test::wait(context,
                     link.async_connect(test::tls_spec(server), test::password_options(server)))
              .has_value());
  }
}
