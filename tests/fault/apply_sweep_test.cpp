// An apply that dies at any of its messages: the next apply brings the bundle to its plan, and
// nobody who has it on lease notices.
#include <doctest/doctest.h>

#include <fstream>

#include "fault/agreement.hpp"
#include "fault/fault_plan.hpp"
#include "fault/kill_sweep.hpp"

namespace test {
namespace {

// The lease is an existing role's, which before 16 never has a better grade here: PUBLIC may
// create.
constexpr const char* narrow_policy = R"({"version": 1, "bundles": {"reports": {
  "accept": ["public-create", "grade-d"], "grants": [
  {"database": "lease_world", "schema": "world", "tables": "t", "privileges": ["SELECT"]}]}}})";
constexpr const char* wide_policy = R"({"version": 1, "bundles": {"reports": {
  "accept": ["public-create", "grade-d"], "grants": [
  {"database": "lease_world", "schema": "world", "tables": "*",
   "privileges": ["SELECT", "INSERT"]}]}}})";
constexpr const char* no_policy = R"({"version": 1, "dropped_bundles": ["reports"]})";

/// From a policy that was applied to the next.
struct policy_change {
  const char* name;
  const char* from;
  const char* to;
};

constexpr policy_change every_change[] = {{"bundle made", no_policy, narrow_policy},
                                          {"bundle widened", narrow_policy, wide_policy},
                                          {"bundle narrowed", wide_policy, narrow_policy},
                                          {"bundle dropped", narrow_policy, no_policy}};

class apply_sweep {
 public:
  explicit apply_sweep(server& where)
      : where_(where),
        world_(where),
        proxy_(where),
        heir_(std::make_unique<worker_process>(where.socket_directory(), where.port(),
                                               world_.connector(), world_.ledger_database())),
        role_(world_.fresh_login()) {
    psql(where, world_.database(),
         "CREATE TABLE world.u (id int); ALTER TABLE world.u OWNER TO " + where.admin());
    psql(where, world_.database(), where.admin(),
         "GRANT ALL ON world.u TO " + world_.connector() + " WITH GRANT OPTION");
    // Once to and fro, so that the ACLs have the shape that they keep.
    apply(narrow_policy);
    apply(wide_policy);
    apply(no_policy);
  }

  void check(const policy_change& change, blow with) {
    CAPTURE(change.name);
    CAPTURE(to_string(with));
    apply(change.from);
    const std::string before = access_state(where_, world_.database());
    play(change, with, strike());
    const auto messages = proxy_.seen();
    apply(change.to);
    const std::string after = access_state(where_, world_.database());
    REQUIRE(before != after);
    apply(change.from);
    for (const int at : some_points(messages, 1, 1)) {
      CAPTURE(at);
      CAPTURE(messages[static_cast<std::size_t>(at) - 1]);
      for (const bool answered : {false, true}) {
        if (!answered && !long_form()) continue;
        strike hit;
        hit.at = at;
        hit.answered = answered;
        const std::string lease = grant_if_there(change);
        play(change, with, std::move(hit));
        if (!lease.empty()) {
          CHECK(psql_state(where_, world_.database(), role_, "SELECT FROM world.t") == "00000");
          REQUIRE(ask({"revoke", lease}).at(2) == "ended");
        }
        apply(change.to);
        CHECK(apply(change.to) == "0");
        CHECK(access_state(where_, world_.database()) == after);
        apply(change.from);
        CHECK(access_state(where_, world_.database()) == before);
        CHECK(observer(world_).disagreements() == "");
      }
    }
    apply(no_policy);
  }

 private:
  std::vector<std::string> ask(const std::vector<std::string>& order) {
    const auto answer = heir_->ask(order);
    REQUIRE(answer);
    if (answer->front() == "error") FAIL(order.front() << ": " << answer->back());
    return *answer;
  }

  std::string file_of(const std::string& policy) {
    const auto path = where_.directory() / "policy.json";
    std::ofstream(path) << policy;
    return path.string();
  }

  // The number of steps that it took.
  std::string apply(const char* policy) { return ask({"apply", file_of(policy)}).at(1); }

  // A lease on the bundle, if it is there before and after the change.
  std::string grant_if_there(const policy_change& change) {
    if (change.from == no_policy || change.to == no_policy) return "";
    return ask({"grant", "reports", "", role_, "600", ""}).at(1);
  }

  void play(const policy_change& change, blow with, strike hit) {
    {
      worker_process victim(proxy_.directory(), 5432, world_.connector(), world_.ledger_database());
      if (with == blow::kill) hit.act = [&victim] { victim.kill(); };
      if (with == blow::server_crash) {
        hit.act = [this] { static_cast<void>(where_.sandbox().crash()); };
      }
      proxy_.arm(std::move(hit));
      const auto answer = victim.ask({"apply", file_of(change.to)});
      if (!proxy_.struck()) {
        REQUIRE(answer);
        CHECK_MESSAGE(answer->front() == "applied", answer->back());
      }
    }
    proxy_.settle();
    if (with == blow::server_crash) where_.start();
    observer(world_).wait_until_quiet();
  }

  server& where_;
  lease_world world_;
  message_proxy proxy_;
  std::unique_ptr<worker_process> heir_;
  std::string role_;
};

}  // namespace

TEST_SUITE("kill sweep") {
  TEST_CASE("an apply dies at each message") {
    for (const int major : versions()) {
      for (const shape s : {shape::azure, shape::superuser}) {
        if (s == shape::superuser && !long_form()) continue;
        const auto where = own_server(
            major, server_options().shape(s).setting("fsync", long_form() ? "on" : "off"));
        INFO(where->label());
        apply_sweep sweep(*where);
        for (const policy_change& change : every_change) {
          sweep.check(change, blow::kill);
          if (long_form()) sweep.check(change, blow::lost_line);
        }
        sweep.check(every_change[1], blow::server_crash);
      }
    }
  }
}

}  // namespace test
