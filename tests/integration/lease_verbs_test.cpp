// Extending, labels, later starts, breaking the glass: what is done with leases beside granting and
// ending one.
#include <doctest/doctest.h>

#include <thread>

#include "integration/lease_world.hpp"

namespace test {

using pgrant::errc;
using pgrant::extend_request;
using pgrant::lease_filter;
using pgrant::lease_state;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

std::string valid_until(server& where, const std::string& login) {
  return psql_value(where, "postgres",
                    "SELECT (extract(epoch FROM rolvaliduntil) * 1000000)::bigint FROM pg_roles "
                    "WHERE rolname = '" +
                        login + "'");
}

std::string microseconds_of(pgrant::server_time t) {
  return std::to_string(t.time_since_epoch().count());
}

pgrant::lease only_lease(lease_world& world, const std::string& id) {
  auto found = must(world.run(world.leases().async_list(lease_filter().everything().id(id))));
  REQUIRE(found.size() == 1);
  return found.front();
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("an extension moves ledger and login together, once a key, up to the cap") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const auto granted = world.grant(read_for("Ada").also("world-write"));
      const std::string id = granted.lease.id;
      const auto extend = [&](extend_request request) {
        return world.run(world.leases().async_extend(std::move(request)));
      };
      const auto longer = must(extend(extend_request(id, seconds(600)).because("not done")));
      CHECK(longer.expires_at - granted.lease.expires_at == seconds(600));
      CHECK(longer.granted_at == granted.lease.granted_at);
      CHECK(valid_until(where, granted.lease.grantee) == microseconds_of(longer.expires_at));

      const auto keyed = extend_request(id, seconds(60)).idempotency_key("once");
      CHECK(must(extend(keyed)).expires_at - longer.expires_at == seconds(60));
      CHECK(must(extend(keyed)).expires_at - longer.expires_at == seconds(60));
      const auto other = extend(extend_request(id, seconds(61)).idempotency_key("once"));
      REQUIRE(!other);
      CHECK(other.error().code() == errc::conflict);
      CHECK(other.error().field() == "idempotency_key");

      // world-write allows two hours in all: 49 minutes are left.
      const auto beyond = extend(extend_request(id, hours(1)));
      REQUIRE(!beyond);
      INFO(beyond.error().describe());
      CHECK(beyond.error().code() == errc::invalid_argument);
      CHECK(beyond.error().field() == "by");
      CHECK(beyond.error().message().find("world-write") != std::string::npos);
      CHECK(beyond.error().hint() == "at most 49m are left");
      auto tight = world.settings();
      tight.maximum_total(hours(1));
      const auto capped =
          world.run(world.leases(tight).async_extend(extend_request(id, seconds(1))));
      REQUIRE(!capped);
      CHECK(capped.error().field() == "by");
      CHECK(only_lease(world, id).expires_at - longer.expires_at == seconds(60));
      CHECK(must(extend(extend_request(id, seconds(49 * 60)))).expires_at -
                granted.lease.granted_at ==
            hours(2));

      CHECK(
          psql_value(where, world.ledger_database(),
                     "SELECT count(*) FROM pgrant.audit WHERE action = 'extend' AND lease_id = '" +
                         id + "'") == "3");
      world.revoke(id);
      const auto late = extend(extend_request(id, seconds(1)));
      REQUIRE(!late);
      CHECK(late.error().code() == errc::stale);
      CHECK(late.error().field() == "lease");
      const auto unknown = extend(extend_request("nosuchlease", seconds(1)));
      REQUIRE(!unknown);
      CHECK(unknown.error().code() == errc::not_found);
    });
  }

  TEST_CASE("a lease past its time cannot be extended, whether or not it was swept") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const auto granted = world.grant(read_for("Late").lasting(seconds(1)));
      std::this_thread::sleep_for(std::chrono::milliseconds(1100));
      const auto late =
          world.run(world.leases().async_extend(extend_request(granted.lease.id, hours(1))));
      REQUIRE(!late);
      CHECK(late.error().code() == errc::stale);
      CHECK(valid_until(where, granted.lease.grantee) == microseconds_of(granted.lease.expires_at));
      must(world.run(world.leases().async_sweep()));
      CHECK(only_lease(world, granted.lease.id).state == lease_state::ended);
    });
  }

  TEST_CASE("ticket, labels and connection limit are kept, and leases are found by them") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const auto one = world.grant(read_for("Grace Labelled")
                                       .ticket("OPS-'17")
                                       .label("team", "d\"ata {x}")
                                       .label("env", "prod")
                                       .requested_by("boss")
                                       .connection_limit(2));
      const auto two = world.grant(read_for("Grace Labelled").label("env", "prod"));
      CHECK(one.lease.ticket == "OPS-'17");
      CHECK(one.lease.labels.at("team") == "d\"ata {x}");
      CHECK(psql_value(where, "postgres",
                       "SELECT rolconnlimit FROM pg_roles WHERE rolname = '" + one.lease.grantee +
                           "'") == "2");
      const auto count = [&](lease_filter filter) {
        return must(world.run(world.leases().async_list(filter.of_grantee("Grace Labelled"))))
            .size();
      };
      CHECK(count(lease_filter()) == 2);
      CHECK(count(lease_filter().label("env", "prod")) == 2);
      CHECK(count(lease_filter().label("env", "prod").label("team", "d\"ata {x}")) == 1);
      CHECK(count(lease_filter().label("env", "test")) == 0);
      CHECK(count(lease_filter().ticket("OPS-'17")) == 1);
      CHECK(count(lease_filter().requested_by("boss")) == 1);
      CHECK(count(lease_filter().limit(1)) == 1);
      CHECK(count(lease_filter().in_state(lease_state::ended)) == 0);
      CHECK(count(lease_filter().expiring_within(seconds(3590))) == 0);
      CHECK(count(lease_filter().expiring_within(seconds(3610))) == 2);
      CHECK(count(lease_filter().expiring_before(one.lease.expires_at)) == 0);
      world.revoke(one.lease.id);
      CHECK(count(lease_filter()) == 1);
      CHECK(count(lease_filter().in_state(lease_state::ended)) == 1);
      CHECK(count(lease_filter().everything()) == 2);
      world.revoke(two.lease.id);
      const auto refused = world.run(world.leases().async_list(lease_filter().limit(0)));
      REQUIRE(!refused);
      CHECK(refused.error().field() == "limit");
    });
  }

  TEST_CASE("a later start: known credentials, no access before, all of it from then on") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login();
      const std::string before = access_state(where, world.database());
      const auto login = world.grant(read_for("Later").starting_in(seconds(2)));
      const auto role = world.grant(read_for_role(person).starting_in(seconds(2)));
      REQUIRE(login.credentials);
      const std::string user = login.credentials->user;
      const std::string password(login.credentials->password.reveal());
      CHECK(login.lease.state == lease_state::scheduled);
      CHECK(login.lease.expires_at - login.lease.starts_at == hours(1));
      CHECK(login_state(where, world.database(), user, password) == "28000");
      CHECK(psql_state(where, world.database(), person, "SELECT FROM world.t") == "42501");
      CHECK(must(world.run(world.leases().async_sweep())).started.empty());
      std::this_thread::sleep_for(std::chrono::milliseconds(2100));
      const auto swept = must(world.run(world.leases().async_sweep()));
      CHECK(swept.failures.empty());
      CHECK(swept.started.size() == 2);
      CHECK(only_lease(world, login.lease.id).state == lease_state::active);
      CHECK(only_lease(world, login.lease.id).expires_at == login.lease.expires_at);
      CHECK(valid_until(where, user) == microseconds_of(login.lease.expires_at));
      CHECK(login_state(where, world.database(), user, password) == "00000");
      {
        session open(where, world.database(), user, password);
        CHECK(open.run("SELECT count(*) FROM world.t")[0][0] == "2");
      }
      CHECK(psql_state(where, world.database(), person, "SELECT FROM world.t") == "00000");
      CHECK(must(world.run(world.leases().async_sweep())).started.empty());
      CHECK(world.revoke(login.lease.id).lease.state == lease_state::ended);
      CHECK(world.revoke(role.lease.id).lease.state == lease_state::ended);
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("a scheduled lease that is revoked, or whose time passes unseen, leaves nothing") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login();
      const std::string before = access_state(where, world.database());
      // Another lease of the same bundle must not lose its membership.
      const auto other = world.grant(read_for_role(person));
      const std::string with_other = access_state(where, world.database());
      const auto login = world.grant(read_for("Never").starting_in(hours(1)));
      const auto role = world.grant(read_for_role(person).starting_in(hours(1)));
      CHECK(world.revoke(role.lease.id).lease.state == lease_state::ended);
      const auto end = world.revoke(login.lease.id);
      CHECK(end.lease.state == lease_state::ended);
      CHECK(end.login_dropped);
      CHECK(access_state(where, world.database()) == with_other);
      world.revoke(other.lease.id);
      const auto brief = world.grant(read_for("Brief").lasting(seconds(1)).starting_in(seconds(1)));
      std::this_thread::sleep_for(std::chrono::milliseconds(2200));
      const auto swept = must(world.run(world.leases().async_sweep()));
      CHECK(swept.started.empty());
      CHECK(only_lease(world, brief.lease.id).state == lease_state::ended);
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("a start that is due for a role that is gone is an answer, not a stuck lease") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string person = world.fresh_login();
      const auto role = world.grant(read_for_role(person).starting_in(seconds(1)));
      psql(where, "postgres", "DROP ROLE " + person);
      std::this_thread::sleep_for(std::chrono::milliseconds(1100));
      const auto swept = must(world.run(world.leases().async_sweep()));
      REQUIRE(swept.failures.size() == 1);
      CHECK(swept.failures[0].lease == role.lease.id);
      CHECK(swept.failures[0].why.code() == errc::not_found);
      const auto after = only_lease(world, role.lease.id);
      CHECK(after.state == lease_state::failed);
      CHECK(!after.held_why.empty());
      CHECK(must(world.run(world.leases().async_sweep())).failures.empty());
    });
  }

  TEST_CASE("breaking the glass ends a bundle's leases, then all of them") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      must(world.run(world.leases().async_revoke_all()));
      const std::string before = access_state(where, world.database());
      world.grant(read_for("one"));
      world.grant(read_for("two").also("world-write"));
      world.grant(read_for("three").starting_in(hours(1)));
      const auto writer =
          world.grant(pgrant::grant_request("world-write").to("four").lasting(hours(1)));
      const auto cut = must(world.run(world.leases().async_revoke_bundle("world-read")));
      CHECK(cut.failures.empty());
      CHECK(cut.ends.size() == 3);
      CHECK(only_lease(world, writer.lease.id).state == lease_state::active);
      const auto all = must(world.run(world.leases().async_revoke_all()));
      CHECK(all.ends.size() == 1);
      CHECK(access_state(where, world.database()) == before);
      CHECK(must(world.run(world.leases().async_revoke_all())).ends.empty());
      const auto unknown = world.run(world.leases().async_revoke_bundle("world-raed"));
      REQUIRE(!unknown);
      CHECK(unknown.error().code() == errc::not_found);
      CHECK(unknown.error().hint().find("world-read") != std::string::npos);
    });
  }

  TEST_CASE("ad-hoc privileges share a role while leases need it, and are gone after the last") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      // The first GRANT on a database writes its default ACL down, for good.
      psql(where, "postgres", where.admin(),
           "GRANT CONNECT ON DATABASE " + world.database() + " TO PUBLIC");
      const std::string before = access_state(where, world.database());
      pgrant::grant_rule rule;
      rule.objects.database = world.database();
      rule.objects.schema = "world";
      rule.objects.name = "t";
      rule.privileges = pgrant::privilege::select;
      const auto wanted = [&](const std::string& person) {
        return pgrant::grant_request(rule).to(person).lasting(hours(1));
      };
      const auto one = world.grant(wanted("one"));
      const auto two = world.grant(wanted("two").also("world-write"));
      REQUIRE(one.lease.bundles.size() == 1);
      CHECK(two.lease.bundles == std::vector<std::string>{"world-write", one.lease.bundles[0]});
      const auto adhoc_roles = [&where] {
        return psql_value(where, "postgres",
                          "SELECT count(*) FROM pg_roles WHERE rolname ~ '^pgrant_adhoc_'");
      };
      CHECK(adhoc_roles() == "1");
      {
        session open(where, world.database(), one.credentials->user,
                     std::string(one.credentials->password.reveal()));
        CHECK(open.run("SELECT count(*) FROM world.t")[0][0] == "2");
        CHECK(open.state("INSERT INTO world.t VALUES (3)") == "42501");
      }
      const auto age = [&] {
        psql(where, world.ledger_database(),
             "UPDATE pgrant.bundle SET registered_at = registered_at - interval '1 hour' "
             "WHERE name LIKE 'adhoc-%'");
      };
      world.revoke(one.lease.id);
      age();
      CHECK(must(world.run(world.leases().async_sweep())).dropped_bundles.empty());
      world.revoke(two.lease.id);
      const auto swept = must(world.run(world.leases().async_sweep()));
      CHECK(swept.failures.empty());
      CHECK(swept.dropped_bundles == one.lease.bundles);
      CHECK(adhoc_roles() == "0");
      CHECK(access_state(where, world.database()) == before);

      rule.objects.name = "nosuchtable";
      const auto refused = world.run(world.leases().async_grant(wanted("three")));
      REQUIRE(!refused);
      CHECK(!refused.error().hint().empty());
      CHECK(adhoc_roles() == "0");
    });
  }
}

}  // namespace test
