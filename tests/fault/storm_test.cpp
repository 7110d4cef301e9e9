// Many grant and end on the same bundles and roles at the same moment.
#include <doctest/doctest.h>

#include <memory>

#include "fault/agreement.hpp"
#include "fault/fault_plan.hpp"
#include "fault/process.hpp"

namespace test {

TEST_SUITE("storm") {
  TEST_CASE("64 connections of 4 processes on 2 bundles and 24 roles: nobody gets an error") {
    for (const int major : versions()) {
      const auto where = own_server(
          major, server_options().setting("fsync", "on").setting("max_connections", "200"));
      INFO(where->label());
      lease_world world(*where);
      std::string roles;
      for (int i = 0; i < 24; ++i) roles += (i == 0 ? "" : ",") + world.fresh_login();
      const std::string before = access_state(*where, world.database());

      std::vector<std::unique_ptr<worker_process>> crowd;
      for (int i = 0; i < 4; ++i) {
        crowd.push_back(std::make_unique<worker_process>(where->socket_directory(), where->port(),
                                                         world.connector(), world.ledger_database(),
                                                         "pool"));
        crowd.back()->send({"storm", long_form() ? "60" : "5", "16",
                            std::to_string(base_seed() + static_cast<std::uint64_t>(100 * i)),
                            roles});
      }
      int leases = 0;
      for (auto& one : crowd) {
        const auto answer = one->answer(std::chrono::seconds(150));
        REQUIRE(answer);
        REQUIRE_MESSAGE(answer->front() == "stormed", answer->back());
        leases += std::stoi(answer->at(1));
        CHECK_MESSAGE(answer->at(2) == "0", answer->at(3));
      }
      MESSAGE(where->label() << ": " << leases << " leases granted and ended");
      CHECK(leases > 64);
      CHECK(observer(world).disagreements() == "");
      CHECK(broken_audit(world) == "");
      CHECK(psql_value(*where, world.ledger_database(),
                       "SELECT count(*) FROM pgrant.lease WHERE state = 'ended'") ==
            std::to_string(leases));
      CHECK(psql_value(*where, world.ledger_database(), "SELECT count(*) FROM pgrant.membership") ==
            "0");
      CHECK(access_state(*where, world.database()) == before);
    }
  }
}

}  // namespace test
