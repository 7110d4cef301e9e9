// Passwords that are rotated, with a process that dies before each step.
#include "pgrant/rotation.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "integration/lease_world.hpp"
#include "integration/rotation_support.hpp"
#include "support/snapshots.hpp"

namespace test {
namespace {

using pgrant::file_secret_store;
using pgrant::rotation_options;

constexpr const char* rotation_steps[] = {"pending", "alter", "prove", "promote", "retire"};

pgrant::result<pgrant::rotation_report> rotate(boost::asio::io_context& context, server& where,
                                               const std::string& as,
                                               const std::filesystem::path& directory,
                                               rotation_options options) {
  return test::wait(
      context, async_rotate(socket_connector(context.get_executor(), where, as), over_tls(where),
                            std::make_shared<file_secret_store>(directory), std::move(options)));
}

// In a process of its own, which dies before that step.
void rotate_and_die(server& where, const std::string& as, const std::filesystem::path& directory,
                    const rotation_options& options, const std::string& before) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    boost::asio::io_context context;
    rotation_options dying = options;
    dying.on_step([&before](std::string_view step) {
      if (step == before) ::_exit(7);
    });
    const auto outcome = rotate(context, where, as, directory, dying);
    ::_exit(outcome ? 1 : 2);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
}

// The secrets of a login that the store holds, of which one at least has to log
// in.
bool somebody_knows(server& where, const std::string& login, file_secret_store& store) {
  const auto current = must(store.current(login));
  const auto pending = must(store.pending(login));
  const auto works = [&](const std::optional<pgrant::secret>& s) {
    return s && login_state(where, "postgres", login, s->reveal()) == "00000";
  };
  return works(current) || works(pending);
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE(
      "a rotated password logs in, the one before does not, and the "
      "ledger knows") {
    for_each_server(shape::azure, [](server& where) {
      lease_world& world = world_of(where);
      const auto directory = store_directory(where, "rotated");
      file_secret_store store(directory);
      psql(where, "postgres", world.connector(), "CREATE ROLE \"App/1\" LOGIN");
      const std::string count = "SELECT count(*) FROM pgrant.audit WHERE action = 'rotate'";
      const int earlier = std::stoi(psql_value(where, world.ledger_database(), count));
      for (const std::string& login : {std::string("App/1"), world.connector()}) {
        const rotation_options options = rotation_options(login == world.connector() ? "" : login)
                                             .ledger_database(world.ledger_database());
        std::string before;
        for (int round = 0; round < 2; ++round) {
          const auto report =
              must(rotate(world.context(), where, world.connector(), directory, options));
          CHECK(report.login == login);
          CHECK(!report.resumed);
          const std::string now(must(store.current(login))->reveal());
          CHECK(login_state(where, "postgres", login, now) == "00000");
          if (!before.empty()) CHECK(login_state(where, "postgres", login, before) == "28P01");
          before = now;
          struct stat file{};
          REQUIRE(::stat(store.current_path(login).c_str(), &file) == 0);
          CHECK((file.st_mode & 0777) == 0600);
        }
      }
      CHECK(std::distance(std::filesystem::directory_iterator(directory), {}) == 2);
      CHECK(std::stoi(psql_value(where, world.ledger_database(), count)) == earlier + 4);
      CHECK(where.log().find(std::string(must(store.current("App/1"))->reveal())) ==
            std::string::npos);
    });
  }

  TEST_CASE(
      "a process that dies before any step of a rotation loses nobody's "
      "access") {
    for (const int major : {versions().front(), versions().back()}) {
      CAPTURE(major);
      server& where = shared_server(major);
      lease_world& world = world_of(where);
      const auto directory = store_directory(where, "killed");
      file_secret_store store(directory);
      const std::string login = world.connector();
      const rotation_options options = rotation_options().ledger_database(world.ledger_database());
      must(rotate(world.context(), where, login, directory, options));
      for (const std::string before : rotation_steps) {
        CAPTURE(before);
        rotate_and_die(where, login, directory, options, before);
        CHECK(somebody_knows(where, login, store));
        const auto report = must(rotate(world.context(), where, login, directory, options));
        CHECK(report.resumed == (before == "prove" || before == "promote"));
        CHECK(!must(store.pending(login)));
        CHECK(login_state(where, "postgres", login, must(store.current(login))->reveal()) ==
              "00000");
        CHECK(std::distance(std::filesystem::directory_iterator(directory), {}) == 1);
      }
    }
  }

  TEST_CASE("rotation leaves leases alone, and says what is not there") {
    server& where = shared_server();
    lease_world& world = world_of(where);
    const auto directory = store_directory(where, "refused");
    psql(where, "postgres", world.connector(), "CREATE ROLE rotated_person LOGIN");
    const auto refused = [&](const rotation_options& options) {
      const auto outcome = rotate(world.context(), where, world.connector(), directory, options);
      REQUIRE(!outcome);
      return outcome.error();
    };
    const auto of = [&](const std::string& login) {
      return rotation_options(login).ledger_database(world.ledger_database());
    };
    const auto granted = world.grant(read_for_role("rotated_person"));
    CHECK(refused(of("rotated_person")).code() == pgrant::errc::conflict);
    must(rotate(world.context(), where, world.connector(), directory,
                of("rotated_person").during_leases(true)));
    const auto login = world.grant(read_for("ada"));
    CHECK(refused(of(login.lease.grantee).during_leases(true)).code() == pgrant::errc::conflict);
    CHECK(refused(of("nobody")).code() == pgrant::errc::not_found);
    CHECK(refused(of("world_read")).code() == pgrant::errc::invalid_argument);
    world.revoke(granted.lease.id);
    world.revoke(login.lease.id);

    // A store whose files others may read is not trusted.
    file_secret_store store(directory);
    must(store.put_pending("rotated_person", pgrant::secret("x")));
    std::filesystem::permissions(directory / "rotated_person.pending",
                                 std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    CHECK(refused(of("rotated_person")).code() == pgrant::errc::secret);
  }
}

}  // namespace test
