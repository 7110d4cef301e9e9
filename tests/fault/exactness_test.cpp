// Whatever a grantee had, and in whichever order leases overlap: the state after their end is the
// state before them, byte for byte.
#include <doctest/doctest.h>

#include "fault/agreement.hpp"
#include "fault/fault_plan.hpp"

namespace test {
namespace {

/// A membership that somebody gave before any lease: its options, or none.
struct earlier_entry {
  bool there = false, admin = false, inherit = false, set = false;
};

struct earlier_access {
  earlier_entry of_connector;  // by the grantor that the leases have, too
  earlier_entry of_other;      // by somebody else; on 14 and 15 there is only one entry
};

std::vector<earlier_entry> every_entry(bool options) {
  std::vector<earlier_entry> all{{}};
  for (int bits = 0; bits < (options ? 8 : 2); ++bits) {
    all.push_back({true, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0});
  }
  return all;
}

std::vector<earlier_access> every_access(bool options) {
  std::vector<earlier_access> all;
  for (const earlier_entry& ours : every_entry(options)) {
    for (const earlier_entry& others : every_entry(options)) {
      if (options || !ours.there || !others.there) all.push_back({ours, others});
    }
  }
  return all;
}

std::string text_of(const earlier_entry& e) {
  if (!e.there) return "none";
  return std::string(e.admin ? "A" : "a") + (e.inherit ? "I" : "i") + (e.set ? "S" : "s");
}

std::string truth(bool value) {
  return value ? "TRUE" : "FALSE";
}

/// Leases as steps: "+0" grants the first, "-1" ends the second.
constexpr const char* orders[] = {"+0+1-0-1", "+0+1-1-0", "+0-0+1-1"};

struct lease_pair {
  const char* name;
  std::vector<std::string> bundles[2];
  bool person[2];  // for a new login rather than the role
};

std::vector<lease_pair> every_pair() {
  const std::vector<std::string> read{"world-read"}, write{"world-write"},
      both{"world-write", "world-read"};
  return {{"one bundle", {read, read}, {false, false}},
          {"two bundles", {read, write}, {false, false}},
          {"one and both", {read, both}, {false, false}},
          {"role and login", {both, read}, {false, true}},
          {"two logins", {read, both}, {true, true}}};
}

class exactness {
 public:
  explicit exactness(server& where)
      : where_(where),
        world_(where),
        leases_(world_.leases(world_.settings().password_iterations(1))) {
    // Another role that may give the bundles away, with whoever has ADMIN from it.
    psql(where, "postgres",
         "CREATE ROLE other_giver LOGIN; CREATE ROLE friend; "
         "GRANT world_read, world_write TO other_giver WITH ADMIN OPTION");
    psql(where, world_.database(),
         "CREATE ROLE team; GRANT SELECT ON world.t TO team; GRANT team TO other_giver");
  }

  void check(const earlier_access& had) {
    INFO("had of the connector: ", text_of(had.of_connector));
    INFO("had of others: ", text_of(had.of_other));
    const std::string role = world_.fresh_login();
    psql(where_, world_.database(),
         "GRANT team TO " + role + "; GRANT SELECT (id) ON world.t TO " + role + "; ALTER ROLE " +
             role + " CONNECTION LIMIT 7");
    for (const char* bundle : {"world_read", "world_write"}) {
      give(world_.connector(), bundle, role, had.of_connector);
      give("other_giver", bundle, role, had.of_other);
      if (had.of_connector.admin || had.of_other.admin) {
        psql(where_, "postgres", role, "GRANT " + std::string(bundle) + " TO friend");
      }
    }
    const std::string before = access_state(where_, world_.database());
    const memberships entries = observer(world_).memberships_now();
    for (const lease_pair& pair : every_pair()) {
      for (const char* order : orders) {
        INFO(pair.name, " ", order);
        play(pair, order, role, entries);
        CHECK(access_state(where_, world_.database()) == before);
      }
    }
    psql(where_, "postgres",
         "REVOKE world_read, world_write FROM friend" +
             std::string(where_.major() >= 16 && (had.of_connector.admin || had.of_other.admin)
                             ? " GRANTED BY " + role
                             : ""));
    psql(where_, world_.database(), "DROP OWNED BY " + role + "; DROP ROLE " + role);
  }

 private:
  void give(const std::string& grantor, const std::string& bundle, const std::string& role,
            const earlier_entry& entry) {
    if (!entry.there) return;
    const std::string options = where_.major() >= 16
                                    ? " WITH ADMIN " + truth(entry.admin) + ", INHERIT " +
                                          truth(entry.inherit) + ", SET " + truth(entry.set)
                                    : std::string(entry.admin ? " WITH ADMIN OPTION" : "");
    psql(where_, "postgres", grantor, "GRANT " + bundle + " TO " + role + options);
  }

  void play(const lease_pair& pair, const std::string& order, const std::string& role,
            const memberships& before) {
    std::string ids[2];
    for (std::size_t at = 0; at < order.size(); at += 2) {
      const auto which = static_cast<std::size_t>(order[at + 1] - '0');
      if (order[at] == '-') {
        const auto end = must(world_.run(leases_.async_revoke(ids[which])));
        CHECK_MESSAGE(end.lease.state == pgrant::lease_state::ended, end.lease.held_why);
      } else {
        pgrant::grant_request request(pair.bundles[which][0]);
        for (std::size_t i = 1; i < pair.bundles[which].size(); ++i)
          request.also(pair.bundles[which][i]);
        request.lasting(std::chrono::hours(1));
        pair.person[which] ? request.to("somebody") : request.to_role(role);
        ids[which] = must(world_.run(leases_.async_grant(request))).lease.id;
      }
      CHECK(observer(world_).disagreements_with(before) == "");
    }
  }

  server& where_;
  lease_world world_;
  pgrant::leases leases_;
};

}  // namespace

TEST_SUITE("exactness") {
  TEST_CASE("leases in any order leave what was there before") {
    for (const int major : versions()) {
      for (const shape s : {shape::azure, shape::superuser}) {
        const auto where = own_server(major, server_options().shape(s));
        INFO(where->label());
        exactness exact(*where);
        const auto all = every_access(major >= 16);
        for (const int at : some_points(static_cast<int>(all.size()), s == shape::azure ? 2 : 1)) {
          exact.check(all[static_cast<std::size_t>(at) - 1]);
        }
      }
    }
  }
}

}  // namespace test
