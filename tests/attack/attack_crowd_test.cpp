// Grantees who take every connection that the server has.
#include <doctest/doctest.h>

#include "attack/attack_world.hpp"
#include "pgrant/client.hpp"

namespace test {

using pgrant::lease_state;

TEST_SUITE("integration") {
  TEST_CASE("S12: access ends although all connections are taken") {
    for (const int major : {versions().front(), versions().back()}) {
      CAPTURE(major);
      const auto where = own_server(major, server_options().setting("max_connections", "24"));
      lease_world world(*where);
      pgrant::connection_spec spec;
      spec.host(where->socket_directory()).port(where->port()).user(world.connector());
      spec.ssl_mode(pgrant::ssl_mode::disable);
      pgrant::client client(world.context().get_executor(), spec,
                            pgrant::client_options().leases(world.settings()));
      std::vector<attacker> crowd;
      for (int i = 0; i < 6; ++i) crowd.push_back(attack_with(world, "world-read"));
      must(world.run(client.async_leases()));
      // The pool fetches the connection that it keeps in hand.
      world.context().restart();
      world.context().run_for(std::chrono::milliseconds(700));

      std::vector<std::unique_ptr<slow_client>> taken;
      for (const attacker& who : crowd) {
        for (int i = 0; i < 5; ++i) {
          auto one = std::make_unique<slow_client>(*where, world.database(), who.name, "");
          if (one->outcome("SELECT FROM world.t") == "00000") taken.push_back(std::move(one));
        }
      }
      // More than one login may have.
      CHECK(taken.size() > 5);
      CHECK(psql_state(*where, "postgres", world.connector(), "SELECT 1") == "53300");
      const auto start = std::chrono::steady_clock::now();
      const auto end = must(world.run(client.async_revoke(crowd[0].lease)));
      INFO(end.lease.held_why);
      CHECK(end.lease.state == lease_state::ended);
      CHECK(end.login_dropped);
      CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
      CHECK(taken.front()->outcome("SELECT FROM world.t") != "00000");
      CHECK(taken.back()->outcome("SELECT FROM world.t") == "00000");
      taken.clear();
      CHECK(left_of(world, crowd[0]) == "");
    }
  }
}

}  // namespace test
