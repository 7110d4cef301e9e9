// Bundles with more people than one role should have: the rest hang on cohorts, and nobody but the
// catalog can tell.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "integration/lease_world.hpp"

namespace test {

using pgrant::errc;
using pgrant::granted_lease;
using pgrant::lease_state;

namespace {

constexpr int small_cohort = 3;

pgrant::lease_settings cohort_settings(const lease_world& world, int size = small_cohort) {
  return world.settings().cohort_size(size).password_iterations(1);
}

std::string ledger_value(lease_world& world, const std::string& sql) {
  return psql_value(world.where(), world.ledger_database(), sql);
}

// "number:people", as the ledger counts them; with "!" where the catalog has others.
std::string cohorts_of(lease_world& world) {
  return ledger_value(
      world,
      "SELECT coalesce(string_agg(c.number || ':' || c.people || CASE WHEN c.people = (SELECT "
      "count(*) FROM pg_auth_members a WHERE a.roleid = c.role_oid AND NOT a.admin_option) THEN "
      "'' ELSE '!' END, ' ' ORDER BY c.number), '') FROM pgrant.cohort c WHERE c.cut_at IS NULL");
}

std::string cohort_name(lease_world& world, int number) {
  return "pgrant_cohort_" + ledger_value(world, "SELECT 'world_read'::regrole::oid") + "_" +
         std::to_string(number);
}

bool may_read(lease_world& world, const std::string& role) {
  return psql_value(world.where(), world.database(),
                    "SELECT has_table_privilege('" + role + "', 'world.t', 'SELECT')") == "t";
}

// All that the server says of a role and the bundle, but for the role's name.
std::string rights_of(lease_world& world, const std::string& role) {
  std::string sql = "SELECT concat_ws(' ', has_table_privilege('" + role +
                    "', 'world.t', 'SELECT'), has_table_privilege('" + role +
                    "', 'world.t', 'INSERT')";
  for (const std::string right : {"USAGE", "MEMBER", "USAGE WITH ADMIN OPTION", "SET"}) {
    if (right == "SET" && world.where().major() < 16) continue;
    sql += ", pg_has_role('" + role + "', 'world_read', '" + right + "')";
  }
  return psql_value(world.where(), world.database(), sql + ")");
}

std::vector<granted_lease> grant_people(lease_world& world, pgrant::leases& leases, int count) {
  std::vector<granted_lease> granted;
  for (int i = 0; i < count; ++i)
    granted.push_back(must(world.run(leases.async_grant(read_for("p" + std::to_string(i))))));
  return granted;
}

void begin_cohorts(lease_world& world) {
  must(world.run(world.leases().async_revoke_all()));
  must(world.run(world.leases().async_sweep()));
  REQUIRE(cohorts_of(world) == "");
}

template <class Act>
void for_each_cohort_world(Act act) {
  for_each_server([&act](server& where) {
    if (where.major() < 16) return;
    lease_world& world = world_of(where);
    begin_cohorts(world);
    act(where, world);
  });
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("beyond its size a bundle's people hang on cohorts, with the same rights") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      begin_cohorts(world);
      const bool cohorts = where.major() >= 16;
      const std::string person = world.fresh_login(), first = world.fresh_login();
      const std::string before = access_state(where, world.database());
      auto leases = world.leases(cohort_settings(world));
      const auto first_lease = must(world.run(leases.async_grant(read_for_role(first))));
      auto granted = grant_people(world, leases, 4);
      granted.push_back(must(world.run(leases.async_grant(read_for_role(person)))));
      granted.push_back(must(world.run(leases.async_grant(read_for("last").also("world-write")))));
      CHECK(cohorts_of(world) == (cohorts ? "1:3 2:1" : ""));
      for (const granted_lease& g : granted) {
        if (g.lease.person == "last") continue;
        INFO(g.lease.grantee);
        CHECK(rights_of(world, g.lease.grantee) == rights_of(world, first));
        CHECK(g.lease.bundles == std::vector<std::string>{"world-read"});
      }
      const auto& last = granted.back();
      const std::string password(last.credentials->password.reveal());
      {
        session open(where, world.database(), last.credentials->user, password);
        CHECK(open.run("SELECT count(*) FROM world.t")[0][0] == "2");
        if (cohorts) {
          CHECK(open.state("SET ROLE world_read") == "42501");
          CHECK(open.state("SET ROLE " + cohort_name(world, 2)) == "42501");
          CHECK(open.state("GRANT world_read TO " + first) == "42501");
        }
      }
      if (cohorts) {
        CHECK(ledger_value(world,
                           "SELECT bool_and(NOT a.admin_option AND a.inherit_option AND NOT "
                           "a.set_option) FROM pg_auth_members a JOIN pgrant.cohort c ON a.roleid "
                           "= c.role_oid AND NOT a.admin_option OR a.member = c.role_oid") == "t");
      }

      // A second lease goes the first one's way, and the last one takes the access.
      const auto again = must(world.run(leases.async_grant(read_for_role(person))));
      const auto direct = must(world.run(leases.async_grant(read_for_role(first))));
      CHECK(cohorts_of(world) == (cohorts ? "1:3 2:1" : ""));
      const auto end = must(world.run(leases.async_revoke(granted[4].lease.id)));
      CHECK(end.kept == std::vector<std::string>{"world-read"});
      CHECK(may_read(world, person));
      CHECK(must(world.run(leases.async_revoke(again.lease.id))).kept.empty());
      CHECK(!may_read(world, person));
      CHECK(cohorts_of(world) == (cohorts ? "1:2 2:1" : ""));
      CHECK(must(world.run(leases.async_revoke(first_lease.lease.id))).kept.size() == 1);
      CHECK(must(world.run(leases.async_revoke(direct.lease.id))).kept.empty());
      CHECK(!may_read(world, first));

      // The place that became free is the next one's; nobody moves.
      auto moved = must(world.run(leases.async_grant(read_for_role(person))));
      auto next = must(world.run(leases.async_grant(read_for_role(first))));
      CHECK(cohorts_of(world) == (cohorts ? "1:3 2:1" : ""));
      granted[4] = std::move(moved);
      granted.push_back(std::move(next));
      for (const granted_lease& g : granted) {
        const auto over = must(world.run(leases.async_revoke(g.lease.id)));
        CHECK(over.lease.state == lease_state::ended);
        CHECK(over.kept.empty());
      }
      must(world.run(leases.async_sweep()));
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("breaking the glass takes the bundle from everybody before the first lease ends") {
    for_each_cohort_world([](server& where, lease_world& world) {
      const std::string person = world.fresh_login(), stays = world.fresh_login();
      const std::string before = access_state(where, world.database());
      auto settings = cohort_settings(world);
      std::vector<std::string> people;
      std::string at_first;
      settings.on_step([&](const pgrant::lease_step& now) {
        if (now.step != "revoke" || !at_first.empty() || people.empty()) return;
        for (const std::string& name : people) at_first += may_read(world, name) ? '1' : '0';
      });
      auto leases = world.leases(settings);
      auto granted = grant_people(world, leases, 6);
      granted.push_back(must(world.run(leases.async_grant(read_for_role(person)))));
      const auto other = must(world.run(leases.async_grant(
          pgrant::grant_request("world-write").to_role(stays).lasting(std::chrono::hours(1)))));
      session open(where, world.database(), person);
      CHECK(open.state("SELECT FROM world.t") == "00000");
      for (const granted_lease& g : granted) people.push_back(g.lease.grantee);
      CHECK(cohorts_of(world) == "1:3 2:1");
      const auto report = must(world.run(leases.async_revoke_bundle("world-read")));
      CHECK(at_first == "0000000");
      CHECK(report.failures.empty());
      CHECK(report.ends.size() == granted.size());
      for (const auto& end : report.ends) {
        CHECK(end.lease.state == lease_state::ended);
        CHECK(end.kept.empty());
      }
      CHECK(open.state("SELECT FROM world.t") == "42501");
      CHECK(may_read(world, stays));
      CHECK(ledger_value(world, "SELECT count(*) FROM pgrant.cohort") == "0");
      must(world.run(leases.async_revoke(other.lease.id)));
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("what a crash has left in a cut cohort ends with the next sweep") {
    for_each_cohort_world([](server& where, lease_world& world) {
      const std::string person = world.fresh_login(), direct = world.fresh_login();
      const std::string before = access_state(where, world.database());
      auto settings = cohort_settings(world);
      bool dying = false;
      settings.on_step([&](const pgrant::lease_step& now) {
        if (now.step != "revoke" || !std::exchange(dying, false)) return;
        psql(where, "postgres",
             "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE usename = '" +
                 world.connector() + "'");
      });
      auto leases = world.leases(settings);
      std::set<std::string> again = {
          must(world.run(leases.async_grant(read_for_role(direct)))).lease.id};
      const auto granted = grant_people(world, leases, 4);
      again.insert(must(world.run(leases.async_grant(read_for_role(person)))).lease.id);
      CHECK(cohorts_of(world) == "1:3");
      dying = true;
      CHECK(!world.run(leases.async_revoke_bundle("world-read")));
      CHECK(ledger_value(world, "SELECT count(*) FROM pgrant.lease WHERE state = 'active'") == "6");
      for (const granted_lease& g : granted) CHECK(!may_read(world, g.lease.grantee));
      CHECK(!may_read(world, person));
      CHECK(!may_read(world, direct));

      // Whoever is granted anew meanwhile is not taken along.
      const auto refused =
          world.run(world.leases(cohort_settings(world, 0)).async_grant(read_for_role(direct)));
      REQUIRE(!refused);
      CHECK(refused.error().code() == errc::conflict);
      auto restarted = world.leases(cohort_settings(world, 1));
      const auto anew = must(world.run(restarted.async_grant(read_for_role(person))));
      const auto other = must(world.run(restarted.async_grant(read_for_role(direct))));
      CHECK(may_read(world, person));
      CHECK(may_read(world, direct));
      CHECK(cohorts_of(world) == "2:1 3:1");
      const auto report = must(world.run(restarted.async_sweep()));
      CHECK(report.failures.empty());
      CHECK(report.ends.size() == 6);
      for (const auto& end : report.ends) {
        CHECK(end.lease.state == lease_state::ended);
        CHECK(end.kept.empty() == !again.contains(end.lease.id));
      }
      CHECK(may_read(world, person));
      CHECK(must(world.run(restarted.async_revoke(anew.lease.id))).kept.empty());
      CHECK(!may_read(world, person));
      CHECK(may_read(world, direct));
      must(world.run(restarted.async_revoke_bundle("world-read")));
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("the size of cohorts may change between processes") {
    for_each_cohort_world([](server& where, lease_world& world) {
      const std::string person = world.fresh_login();
      const std::string before = access_state(where, world.database());
      auto leases = world.leases(cohort_settings(world));
      grant_people(world, leases, 4);
      must(world.run(leases.async_grant(read_for_role(person))));
      CHECK(cohorts_of(world) == "1:2");
      const auto grant = [&world](int size, pgrant::grant_request request) {
        must(world.run(world.leases(cohort_settings(world, size)).async_grant(request)));
        return cohorts_of(world);
      };
      CHECK(grant(1, read_for("smaller")) == "1:2 2:1");
      CHECK(grant(1, read_for_role(person)) == "1:2 2:1");
      CHECK(grant(0, read_for("none")) == "1:2 2:1");
      CHECK(grant(0, read_for_role(person)) == "1:2 2:1");
      CHECK(grant(500, read_for("larger")) == "1:2 2:1");
      CHECK(grant(4, read_for("full")) == "1:3 2:1");
      const auto all = must(world.run(leases.async_revoke_bundle("world-read")));
      CHECK(all.ends.size() == 11);
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("a role that has a cohort's name and is none gets nothing, and nobody through it") {
    for_each_cohort_world([](server& where, lease_world& world) {
      const std::string before = access_state(where, world.database());
      const std::string intruder = cohort_name(world, 1);
      psql(where, "postgres", "CREATE ROLE " + intruder + " NOLOGIN");
      auto leases = world.leases(cohort_settings(world));
      grant_people(world, leases, 3);
      const auto refused = world.run(leases.async_grant(read_for("fourth")));
      REQUIRE(!refused);
      CHECK(refused.error().code() == errc::conflict);
      CHECK(refused.error().field() == "bundles.world-read");
      CHECK(refused.error().object() == "role " + intruder);
      CHECK(!refused.error().hint().empty());
      CHECK(!may_read(world, intruder));
      CHECK(psql_value(where, "postgres",
                       "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'lease\\_fourth%'") ==
            "0");
      must(world.run(leases.async_grant(
          pgrant::grant_request("world-write").to("w").lasting(std::chrono::hours(1)))));
      psql(where, "postgres", "DROP ROLE " + intruder);
      must(world.run(leases.async_grant(read_for("fourth"))));
      CHECK(cohorts_of(world) == "1:1");

      // One that takes the place of ours.
      psql(where, "postgres", "DROP ROLE " + intruder + "; CREATE ROLE " + intruder);
      must(world.run(leases.async_grant(read_for("fifth"))));
      CHECK(!may_read(world, intruder));
      const auto all = must(world.run(leases.async_revoke_all()));
      CHECK(all.failures.empty());
      CHECK(all.ends.size() == 6);
      must(world.run(leases.async_sweep()));
      CHECK(ledger_value(world, "SELECT count(*) FROM pgrant.cohort") == "0");
      psql(where, "postgres", "DROP ROLE " + intruder);
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("many who grant at the same time fill cohorts to their size and no further") {
    for_each_cohort_world([](server& where, lease_world& world) {
      const std::string before = access_state(where, world.database());
      pgrant::leases committers[] = {world.leases(cohort_settings(world)),
                                     world.leases(cohort_settings(world))};
      grant_people(world, committers[0], 5);
      must(world.run(committers[1].async_list(pgrant::lease_filter())));
      int missing = 0, failed = 0;
      const auto grant_at_once = [&](int count) {
        missing = count;
        for (int i = 0; i < count; ++i) {
          committers[i % 2].async_grant(read_for("many " + std::to_string(i)), [&](auto answer) {
            if (!answer) ++failed;
            --missing;
          });
        }
        world.context().restart();
      };
      // Both see one place, and wait for the bundle.
      session holder(where, world.ledger_database(), world.connector());
      holder.run("BEGIN");
      holder.run("SELECT FROM pgrant.bundle WHERE name = 'world-read' FOR UPDATE");
      grant_at_once(2);
      const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (std::chrono::steady_clock::now() < limit &&
             psql_value(where, "postgres",
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") !=
                 "2")
        world.context().run_for(std::chrono::milliseconds(20));
      holder.run("COMMIT");
      while (missing > 0) REQUIRE(world.context().run_one_for(std::chrono::seconds(20)) == 1);
      CHECK(cohorts_of(world) == "1:3 2:1");

      grant_at_once(24);
      while (missing > 0) REQUIRE(world.context().run_one_for(std::chrono::seconds(20)) == 1);
      CHECK(failed == 0);
      constexpr int count = 31;
      CHECK(ledger_value(world, "SELECT max(people) FROM pgrant.cohort") == "3");
      CHECK(cohorts_of(world).find('!') == std::string::npos);
      CHECK(ledger_value(world, "SELECT count(*) FROM pgrant.membership") == std::to_string(count));
      const auto all = must(world.run(committers[0].async_revoke_bundle("world-read")));
      CHECK(all.ends.size() == count);
      CHECK(all.failures.empty());
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("a lease in a cohort may start later, and ends where nobody knows of the cohort") {
    for_each_cohort_world([](server& where, lease_world& world) {
      const std::string before = access_state(where, world.database());
      auto leases = world.leases(cohort_settings(world));
      grant_people(world, leases, 3);
      const auto later = must(
          world.run(leases.async_grant(read_for("later").starting_in(std::chrono::seconds(1)))));
      CHECK(cohorts_of(world) == "");
      std::this_thread::sleep_for(std::chrono::milliseconds(1050));
      CHECK(must(world.run(leases.async_sweep())).started.size() == 1);
      CHECK(may_read(world, later.lease.grantee));
      CHECK(cohorts_of(world) == "1:1");
      // As a library without cohorts sees the ledger.
      const std::string cohort = cohort_name(world, 1);
      psql(where, world.ledger_database(), "DELETE FROM pgrant.cohort");
      const auto end = must(world.run(leases.async_revoke(later.lease.id)));
      CHECK(end.lease.state == lease_state::ended);
      CHECK(end.kept.empty());
      CHECK(ledger_value(world, "SELECT count(*) FROM pgrant.membership") == "3");
      must(world.run(leases.async_revoke_all()));
      psql(where, "postgres", "DROP ROLE " + cohort);
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("the cohorts of a lost ledger are adopted with their people") {
    for_each_cohort_world([](server& where, lease_world& world) {
      const std::string before = access_state(where, world.database());
      auto leases = world.leases(cohort_settings(world));
      const auto granted = grant_people(world, leases, 5);
      for (const std::string table : {"lease_bundle", "lease", "membership", "cohort"})
        psql(where, world.ledger_database(), "DELETE FROM pgrant." + table);
      const pgrant::ledger book(world.open_as_connector(), world.ledger_database());
      const auto refused = world.run(leases.async_grant(read_for("before")));
      CHECK(refused.has_value());  // Nobody counts whom the ledger does not know.
      const auto adopted = must(world.run(leases.async_adopt(pgrant::adopt_mode::write)));
      CHECK(adopted.leases.size() == 5);
      CHECK(must(world.run(pgrant::ledger(book).async_examine())).unknown_logins.empty());
      CHECK(cohorts_of(world) == "1:2");
      must(world.run(leases.async_grant(read_for("after"))));
      CHECK(cohorts_of(world) == "1:3");
      const auto all = must(world.run(leases.async_revoke_bundle("world-read")));
      CHECK(all.ends.size() == 7);
      CHECK(all.failures.empty());
      CHECK(access_state(where, world.database()) == before);
    });
  }
}

}  // namespace test
