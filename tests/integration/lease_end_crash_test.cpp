// Leases when connections die at the worst moments: everything converges.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "integration/lease_world.hpp"

namespace test {

using pgrant::lease_state;

namespace {

// Ends every session of the connector: what the server sees when a process dies.
void kill_connector(lease_world& world) {
  psql(world.where(), "postgres",
       "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE usename = '" +
           world.connector() + "' AND pid <> pg_backend_pid()");
}

std::string logins_without_lease(lease_world& world) {
  // Both ways round: the ledger and the roles say the same.
  const std::string logins =
      psql_value(world.where(), "postgres",
                 "SELECT coalesce(string_agg(rolname, ',' ORDER BY rolname COLLATE \"C\"), '') "
                 "FROM pg_roles WHERE rolname LIKE 'lease\\_%'");
  const std::string leases =
      psql_value(world.where(), world.ledger_database(),
                 "SELECT coalesce(string_agg(grantee, ',' ORDER BY grantee), '') FROM pgrant.lease "
                 "WHERE kind = 'ephemeral_login' AND state IN ('active', 'ending', 'held')");
  return logins == leases ? "" : logins + " / " + leases;
}

// Stands between a client and the server, and can keep the answer to a COMMIT for itself: it then
// closes the line, as a network does that dies at that moment.
class answer_thief {
 public:
  explicit answer_thief(const server& where)
      : target_(where.socket_directory() + "/.s.PGSQL." + std::to_string(where.port())),
        directory_(where.directory() / "thief") {
    std::filesystem::create_directories(directory_);
    listener_ = open_socket(path(), true);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  answer_thief(const answer_thief&) = delete;
  answer_thief& operator=(const answer_thief&) = delete;
  ~answer_thief() {
    stop_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& line : lines_) line.join();
    ::close(listener_);
  }

  std::string directory() const { return directory_.string(); }
  void steal_commit() { stealing_ = true; }
  int stolen() const { return stolen_; }

 private:
  std::string path() const { return directory_.string() + "/.s.PGSQL.5432"; }

  static int open_socket(const std::string& path, bool listening) {
    const int s = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof(name.sun_path));
    std::strcpy(name.sun_path, path.c_str());
    const auto* address = reinterpret_cast<const sockaddr*>(&name);
    if (listening) {
      REQUIRE(::bind(s, address, sizeof name) == 0);
      REQUIRE(::listen(s, 16) == 0);
    } else {
      REQUIRE(::connect(s, address, sizeof name) == 0);
    }
    return s;
  }

  void accept_all() {
    for (;;) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      lines_.emplace_back([this, client] { serve(client, open_socket(target_, false)); });
    }
  }

  void serve(int client, int upstream) {
    std::string buffer(65536, '\0');
    pollfd ends[2] = {{client, POLLIN, 0}, {upstream, POLLIN, 0}};
    for (bool open = true; open && !stop_;) {
      ::poll(ends, 2, 100);
      for (const int side : {0, 1}) {
        if (!open || !(ends[side].revents & (POLLIN | POLLHUP))) continue;
        const auto got = ::read(ends[side].fd, buffer.data(), buffer.size());
        open = got > 0;
        if (!open) continue;
        const std::string_view part(buffer.data(), static_cast<std::size_t>(got));
        static constexpr std::string_view committed(
            "C\0\0\0\x0b"
            "COMMIT",
            11);
        if (side == 1 && stealing_ && part.find(committed) != std::string_view::npos) {
          stealing_ = false;
          ++stolen_;
          open = false;
          continue;
        }
        open = ::send(ends[1 - side].fd, buffer.data(), part.size(), MSG_NOSIGNAL) == got;
      }
    }
    ::close(client);
    ::close(upstream);
  }

  std::string target_;
  std::filesystem::path directory_;
  int listener_ = -1;
  std::thread acceptor_;
  std::vector<std::thread> lines_;
  std::atomic<bool> stop_ = false, stealing_ = false;
  std::atomic<int> stolen_ = 0;
};

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("an end that dies before any of its steps is finished by the next sweep") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string before = access_state(where, world.database());
      // The short way, and the long one, which a login with a trace of its own takes.
      const std::pair<bool, const char*> steps[] = {
          {false, "revoke"}, {false, "disable"}, {false, "sessions"},
          {false, "drop"},   {true, "lend"},     {true, "disable"},
          {true, "hidden"},  {true, "sessions"}, {true, "drop"}};
      for (const auto& [trace, name] : steps) {
        const std::string step = name;
        CAPTURE(trace);
        CAPTURE(step);
        const auto granted = world.grant(read_for("ada"));
        session open(where, world.database(), granted.lease.grantee);
        if (trace) {
          CHECK(open.state("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC") == "00000");
        }
        bool died = false;
        pgrant::lease_settings settings = world.settings();
        settings.on_step([&](const pgrant::lease_step& now) {
          if (died || now.step != step || now.lease != granted.lease.id) return;
          died = true;
          kill_connector(world);
        });
        const auto revoked = world.run(world.leases(settings).async_revoke(granted.lease.id));
        REQUIRE(died);
        REQUIRE(!revoked);
        CHECK(revoked.error().advice() == pgrant::retry::reconnect);
        if (step == "revoke") {
          CHECK(world.revoke(granted.lease.id).lease.state == lease_state::ended);
        } else {
          CHECK(open.state("SELECT FROM world.t") != "00000");  // access went first
          const auto report = must(world.run(world.leases().async_sweep()));
          CHECK(report.failures.empty());
          REQUIRE(report.ends.size() == 1);
          CHECK(report.ends[0].lease.state == lease_state::ended);
        }
        CHECK(access_state(where, world.database()) == before);
      }
    });
  }

  TEST_CASE("a grant whose COMMIT got no answer is one lease, and its password is known") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login();
      const std::string before = access_state(where, world.database());
      answer_thief thief(where);
      pgrant::connection_spec spec;
      spec.host(thief.directory()).port(5432).user(world.connector());
      spec.ssl_mode(pgrant::ssl_mode::disable);
      pgrant::leases leases(std::make_shared<pgrant::direct_connector>(
                                world.context().get_executor(), spec, pgrant::connect_options()),
                            world.settings());
      must(world.run(leases.async_list(pgrant::lease_filter())));

      thief.steal_commit();
      const auto granted = must(world.run(leases.async_grant(read_for("ada"))));
      CHECK(thief.stolen() == 1);
      REQUIRE(granted.credentials);
      CHECK(granted.credentials->user == granted.lease.grantee);
      CHECK(login_state(where, world.database(), granted.credentials->user,
                        granted.credentials->password.reveal()) == "00000");
      thief.steal_commit();
      const auto given = must(world.run(leases.async_grant(read_for_role(person))));
      CHECK(thief.stolen() == 2);
      CHECK(must(world.run(leases.async_list(pgrant::lease_filter()))).size() == 2);

      for (const std::string& id : {granted.lease.id, given.lease.id}) {
        thief.steal_commit();
        const auto lost = world.run(leases.async_revoke(id));
        REQUIRE(!lost);
        CHECK(lost.error().advice() == pgrant::retry::reconnect);
        CHECK(must(world.run(leases.async_revoke(id))).lease.state == lease_state::ended);
      }
      CHECK(psql_value(where, world.ledger_database(), "SELECT count(*) FROM pgrant.membership") ==
            "0");
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("while connections die all the time, leases and logins stay the same thing") {
    for (const int major : {versions().front(), versions().back()}) {
      CAPTURE(major);
      const auto where = own_server(major);
      lease_world world(*where);
      const std::string person = world.fresh_login();
      const std::string before = access_state(*where, world.database());
      pgrant::lease_settings settings = world.settings();
      settings.password_iterations(1);

      // So many shots for each call and no more: on a slow machine, too, some call gets through.
      std::atomic<int> bullets = 0;
      std::atomic<bool> stop = false;
      std::atomic<int> killed = 0;
      std::thread killer([&] {
        session sniper(*where, "postgres", where->superuser());
        const std::string shoot =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" +
            world.connector() + "'";
        for (unsigned shot = 0; !stop; ++shot) {
          std::this_thread::sleep_for(std::chrono::milliseconds(3 + shot * 7 % 31));
          if (bullets <= 0 || sniper.run(shoot).empty()) continue;
          --bullets;
          ++killed;
        }
      });
      const auto insist = [&](auto attempt) {
        for (int tries = 0;; ++tries) {
          bullets = tries < 3 ? 4 : 0;
          auto outcome = world.run(attempt());
          if (outcome || tries == 10) return outcome;
        }
      };
      std::vector<std::string> ids;
      for (int i = 0; i < 16; ++i) {
        pgrant::grant_request request = i % 4 == 0 ? read_for_role(person) : read_for("ada");
        request.also("world-write").idempotency_key("key " + std::to_string(i));
        const auto granted = insist([&] { return world.leases(settings).async_grant(request); });
        if (!granted) {
          FAIL_CHECK(granted.error().describe());
          continue;
        }
        ids.push_back(granted.value().lease.id);
      }
      for (std::size_t i = 0; i < ids.size(); i += 2) {
        const auto ended = insist([&] { return world.leases(settings).async_revoke(ids[i]); });
        if (!ended) FAIL_CHECK(ended.error().describe());
      }
      stop = true;
      killer.join();

      CHECK(killed > 3);  // how often depends on the machine
      CHECK(ids.size() == 16);
      CHECK(logins_without_lease(world) == "");
      CHECK(psql_value(*where, world.ledger_database(), "SELECT count(*) FROM pgrant.lease") ==
            "16");
      CHECK(must(world.run(pgrant::ledger(world.open_as_connector(), world.ledger_database())
                               .async_verify_audit()))
                .broken.empty());
      for (std::size_t i = 1; i < ids.size(); i += 2) world.revoke(ids[i]);
      must(world.run(world.leases().async_sweep()));
      CHECK(must(world.run(world.leases().async_list(pgrant::lease_filter()))).empty());
      CHECK(access_state(*where, world.database()) == before);
      CHECK(psql_value(*where, world.ledger_database(), "SELECT count(*) FROM pgrant.membership") ==
            "0");
    }
  }
}

}  // namespace test
