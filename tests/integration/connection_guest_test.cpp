// What a library that lives in somebody else's process must not do.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "connection/encrypt_password.hpp"
#include "integration/connection_support.hpp"

using pgrant::errc;
using pgrant::statement;

namespace {

std::size_t open_files() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("descriptors are closed, whatever became of the connection") {
    auto& server = test::shared_server();
    boost::asio::io_context context;
    {
      auto first = test::connected(context, server);
    }
    context.restart();
    context.run();
    const std::size_t before = open_files();
    for (int i = 0; i < 10; ++i) {
      auto good = test::connected(context, server);
      auto wrong = test::tls_spec(server);
      REQUIRE(wrong.set("host", "127.0.0.1,localhost").has_value());
      REQUIRE(wrong.set("port", "1," + std::to_string(server.port())).has_value());
      pgrant::connection bad(context.get_executor());
      CHECK_FALSE(test::wait(context, bad.async_connect(wrong, {})).has_value());
      CHECK_FALSE(test::wait(context, good.async_execute(statement("SELECT pg_terminate_backend("
                                                                   "pg_backend_pid())")))
                      .has_value());
    }
    context.restart();
    context.run();
    CHECK(open_files() == before);
  }

  TEST_CASE("descriptors do not go to programs that the host starts") {
    auto& server = test::shared_server();
    boost::asio::io_context context;
    auto link = test::connected(context, server);
    const std::string list = "for f in /proc/$$/fd/*; do readlink $f; done | grep -c socket:";
    FILE* child = popen(list.c_str(), "r");
    REQUIRE(child != nullptr);
    int sockets = -1;
    CHECK(fscanf(child, "%d", &sockets) == 1);
    pclose(child);
    CHECK(sockets == 0);
  }

  TEST_CASE("a forked child neither uses nor ends the parent's session") {
    auto& server = test::shared_server();
    boost::asio::io_context context;
    auto link = test::connected(context, server);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      // Only what a child may do: no test macros, no exit handlers.
      context.notify_fork(boost::asio::io_context::fork_child);
      context.restart();
      int code = 1;
      {
        pgrant::connection inherited = std::move(link);
        inherited.async_execute(statement("SELECT 1"), [&](pgrant::result<pgrant::rows> r) {
          if (!r && r.error().code() == errc::closed) code = 0;
        });
        context.run_for(std::chrono::seconds(5));
      }
      context.restart();
      context.run_for(std::chrono::seconds(5));
      _exit(code);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(test::value_of(context, link, statement("SELECT 1")) == "1");
  }

  TEST_CASE("the host's handling of SIGPIPE is left alone") {
    struct sigaction before{};
    sigaction(SIGPIPE, nullptr, &before);
    const auto server = test::own_server(test::versions().back());
    boost::asio::io_context context;
    auto link = test::connected(context, *server);
    server->stop(true);
    static_cast<void>(test::wait(
        context, link.async_execute(statement("SELECT $1").bind(std::string(8 << 20, 'x')))));
    struct sigaction after{};
    sigaction(SIGPIPE, nullptr, &after);
    const bool unchanged = before.sa_handler == SIG_DFL && after.sa_handler == SIG_DFL;
    CHECK(unchanged);  // and so the signal would have ended this process
  }

  TEST_CASE("a verifier of a password that is not ASCII lets its owner in") {
    auto& server = test::shared_server(test::shape::superuser);
    boost::asio::io_context context;
    auto link = test::connected(context, server);
    // SASLprep makes a plain space of the first, and "fi" of the ligature.
    const std::string given = "p\xC2\xA0\xEF\xAC\x81\xC3\xBC";
    const std::string normal = "p fi\xC3\xBC";
    const auto verifier =
        pgrant::detail::encrypt_password(link, "prep", pgrant::secret::copy_of(given));
    REQUIRE(verifier.has_value());
    CHECK(verifier.value().reveal().starts_with("SCRAM-SHA-256$"));
    pgrant::sql_text create("CREATE ROLE prep LOGIN PASSWORD ");
    create.literal(verifier.value().reveal());
    REQUIRE(test::wait(context, link.async_execute(statement(create))).has_value());
    for (const std::string& password : {given, normal}) {
      auto spec = test::spec_of(server.conninfo("postgres", "prep"));
      pgrant::connection login(context.get_executor());
      const auto outcome =
          test::wait(context, login.async_connect(spec, pgrant::connect_options().password(
                                                            pgrant::secret::copy_of(password))));
      CHECK_MESSAGE(outcome.has_value(), outcome.error().describe());
    }
    CHECK(test::wait(context, link.async_execute(statement("DROP ROLE prep"))).has_value());
  }
}
