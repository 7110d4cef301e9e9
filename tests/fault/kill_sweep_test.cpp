// A process, its line or the server dies at each message of each operation on leases: whoever comes
// next finds no access without a lease and no lease without its access.
#include <doctest/doctest.h>

#include "fault/fault_plan.hpp"
#include "fault/kill_sweep.hpp"

namespace test {
namespace {

constexpr struck_operation every_operation[] = {
    struck_operation::grant_to_person,  struck_operation::grant_to_role,
    struck_operation::revoke_of_person, struck_operation::revoke_of_role,
    struck_operation::expiry,           struck_operation::start,
    struck_operation::extension,        struck_operation::rotation};

struct points_of_sweep {
  std::size_t commits = 0, others = 0;
};
constexpr points_of_sweep all_points{1000, 1000};

// A message that has not been sent and one whose predecessor was answered are the same for a server
// that loses its client: without an answer at the first, with one at all others covers every gap.
void strike_everywhere(kill_sweep& sweep, struck_operation what, blow with,
                       points_of_sweep points) {
  CAPTURE(to_string(what));
  CAPTURE(to_string(with));
  const auto messages = sweep.messages_of(what);
  REQUIRE(messages.size() > 5);
  for (const int at : some_points(messages, points.commits, points.others)) {
    CAPTURE(at);
    CAPTURE(messages[static_cast<std::size_t>(at) - 1]);
    if (at == 1 || long_form()) sweep.run(what, with, at, false);
    sweep.run(what, with, at, true);
  }
}

// In the long form on every version in both shapes; else on the one shape.
template <class Body>
void for_each_fault_server(shape s, const char* fsync, Body body) {
  for (const int major : versions()) {
    for (const shape now : {shape::azure, shape::superuser}) {
      if (now != s && !long_form()) continue;
      const auto where = own_server(major, server_options().shape(now).setting("fsync", fsync));
      INFO(where->label());
      kill_sweep sweep(*where);
      body(sweep);
      CHECK(sweep.broken_trail() == "");
    }
  }
}

}  // namespace

TEST_SUITE("kill sweep") {
  TEST_CASE("a process is killed at each message") {
    for_each_fault_server(shape::azure, "off", [](kill_sweep& sweep) {
      for (const struck_operation what : every_operation) {
        const points_of_sweep points = what == struck_operation::grant_to_person ? all_points
                                       : what == struck_operation::revoke_of_person
                                           ? points_of_sweep{1000, 8}
                                           : points_of_sweep{2, 2};
        strike_everywhere(sweep, what, blow::kill, points);
      }
    });
  }

  TEST_CASE("a process is killed at each message, with issuers and granters") {
    for (const int major : versions()) {
      issuer_world set_up(major, server_options().setting("fsync", "off"));
      INFO(set_up.where().label());
      kill_sweep sweep(set_up);
      for (const struck_operation what : every_operation) {
        strike_everywhere(sweep, what, blow::kill, {1, 0});
        if (long_form()) strike_everywhere(sweep, what, blow::lost_line, all_points);
      }
      CHECK(sweep.broken_trail() == "");
    }
  }

  TEST_CASE("a line breaks at each message, the answer to COMMIT included") {
    for_each_fault_server(shape::superuser, "off", [](kill_sweep& sweep) {
      for (const struck_operation what : every_operation) {
        strike_everywhere(sweep, what, blow::lost_line, {2, 1});
      }
    });
  }

  TEST_CASE("the server crashes at each message") {
    // With fsync a recovery waits for the disk: what COMMIT promised must be there.
    for_each_fault_server(shape::azure, long_form() ? "on" : "off", [](kill_sweep& sweep) {
      for (const struck_operation what : every_operation) {
        // These are one transaction each, as a grant is.
        const bool alike = what == struck_operation::start || what == struck_operation::extension ||
                           what == struck_operation::rotation;
        if (alike && !long_form()) continue;
        strike_everywhere(sweep, what, blow::server_crash, {1, 0});
      }
    });
  }
}

}  // namespace test
