// A ledger that is lost, restored, or read: adoption, distrust, the audit trail as a list.
#include <doctest/doctest.h>

#include <algorithm>

#include "integration/lease_world.hpp"

namespace test {

using pgrant::adopt_mode;
using pgrant::errc;
using pgrant::lease_state;

namespace {

pgrant::lease_settings settings_of(lease_world& world, const std::string& ledger) {
  auto settings = world.settings();
  settings.ledger_database(ledger);
  return settings;
}

void register_world_bundles(lease_world& world, const std::string& ledger) {
  std::vector<pgrant::planned_bundle> bundles(1);
  bundles[0].name = "world-read";
  bundles[0].role = world.role_of("world-read");
  bundles[0].databases = {world.database()};
  pgrant::ledger book(world.open_as_connector(), ledger);
  must(world.run(book.async_register(std::move(bundles), {})));
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("the leases of a lost ledger are shown, then adopted, and end as all others") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      must(world.run(world.leases().async_revoke_all()));
      const std::string person = world.fresh_login();
      const std::string fresh = world.fresh_ledger_database();
      const std::string before = access_state(where, world.database());
      const auto granted = world.grant(read_for("Ada"));
      psql(where, "postgres", "GRANT world_read TO " + person);
      psql(where, "postgres", "COMMENT ON ROLE world_read IS 'pgrant bundle world-read: Reads'");
      auto leases = world.leases(settings_of(world, fresh));

      const auto shown = must(world.run(leases.async_adopt()));
      CHECK(!shown.written);
      REQUIRE(shown.bundles.size() == 1);
      CHECK(shown.bundles[0].name == "world-read");
      CHECK(shown.bundles[0].role == "world_read");
      CHECK(shown.bundles[0].description == "Reads");
      CHECK(shown.bundles[0].databases == std::vector<std::string>{world.database()});
      REQUIRE(shown.leases.size() == 1);
      CHECK(shown.leases[0].grantee == granted.lease.grantee);
      CHECK(shown.leases[0].person == "ada");
      CHECK(shown.leases[0].expires_at == granted.lease.expires_at);
      // Roles of other tests may be members, too.
      CHECK(std::ranges::count(shown.left, person, &pgrant::unadopted::role) == 1);
      CHECK(psql_value(where, fresh, "SELECT count(*) FROM pgrant.lease") == "0");
      CHECK(psql_value(where, fresh, "SELECT count(*) FROM pgrant.bundle") == "0");

      const auto written = must(world.run(leases.async_adopt(adopt_mode::write)));
      CHECK(written.written);
      REQUIRE(written.leases.size() == 1);
      const std::string id = written.leases[0].id;
      CHECK(must(world.run(leases.async_adopt(adopt_mode::write))).leases.empty());

      const auto end = must(world.run(leases.async_revoke(id)));
      INFO(end.lease.held_why);
      CHECK(end.lease.state == lease_state::ended);
      CHECK(end.login_dropped);
      CHECK(psql_value(where, fresh, "SELECT count(*) FROM pgrant.membership") == "0");
      // The old ledger learns of it by itself.
      CHECK(world.revoke(granted.lease.id).lease.state == lease_state::ended);
      psql(where, "postgres", "REVOKE world_read FROM " + person);
      psql(where, "postgres", "COMMENT ON ROLE world_read IS NULL");
      CHECK(access_state(where, world.database()) == before);
    });
  }

  TEST_CASE("nothing is granted or swept with a restored ledger before somebody says so") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string database = world.fresh_ledger_database();
      register_world_bundles(world, database);
      auto leases = world.leases(settings_of(world, database));
      const auto granted = must(world.run(leases.async_grant(read_for("Before"))));
      const pgrant::ledger book(world.open_as_connector(), database);
      const auto looked = [&] { return must(world.run(pgrant::ledger(book).async_examine())); };
      CHECK(looked().restored.empty());
      CHECK(looked().version == looked().library_version);

      const auto claim = [&](const std::string& change) {
        psql(where, database, "UPDATE pgrant.identity SET " + change);
      };
      const auto refused = [&](auto operation) {
        const auto outcome = world.run(std::move(operation));
        REQUIRE(!outcome);
        CHECK(outcome.error().code() == errc::stale);
        CHECK(outcome.error().field() == "ledger");
        CHECK(!outcome.error().hint().empty());
      };
      SUBCASE("another cluster") {
        claim("system_identifier = '1'");
      }
      SUBCASE("loaded from a dump") {
        claim("table_oid = 1");
      }
      SUBCASE("an earlier time") {
        claim("timeline = '0000FFFF', seen_at = seen_at - interval '1 day'");
      }
      CHECK(looked().restored.size() == 1);
      // A process that starts now, and one that has granted before, at its next sweep.
      auto other = world.leases(settings_of(world, database));
      refused(other.async_grant(read_for("After")));
      refused(
          other.async_extend(pgrant::extend_request(granted.lease.id, std::chrono::seconds(1))));
      refused(leases.async_sweep());
      refused(leases.async_grant(read_for("After")));

      auto settings = settings_of(world, database);
      must(world.run(world.leases(settings.accept_restored_ledger(true)).async_sweep()));
      CHECK(looked().restored.empty());
      must(world.run(leases.async_sweep()));
      CHECK(must(world.run(leases.async_revoke(granted.lease.id))).lease.state ==
            lease_state::ended);
    });
  }

  TEST_CASE("a failover is no restore") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string database = world.fresh_ledger_database();
      auto leases = world.leases(settings_of(world, database));
      must(world.run(leases.async_sweep()));
      psql(where, database, "UPDATE pgrant.identity SET timeline = '0000FFFF'");
      must(world.run(leases.async_sweep()));
      CHECK(psql_value(where, database, "SELECT timeline FROM pgrant.identity") == "00000001");
    });
  }

  TEST_CASE("a look at the ledger names logins that contradict it") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const std::string database = world.fresh_ledger_database();
      pgrant::ledger book(world.open_as_connector(), database);
      CHECK(must(world.run(book.async_examine())).version == 0);
      CHECK(psql_value(where, database, "SELECT to_regnamespace('pgrant') IS NULL") == "t");
      register_world_bundles(world, database);
      auto leases = world.leases(settings_of(world, database));
      const auto gone = must(world.run(leases.async_grant(read_for("Gone"))));
      const auto open = must(world.run(leases.async_grant(read_for("Open"))));
      const auto strange = world.grant(read_for("Strange"));  // in the other ledger
      psql(where, "postgres", "DROP ROLE " + gone.lease.grantee);
      psql(where, "postgres", "ALTER ROLE " + open.lease.grantee + " CONNECTION LIMIT -1");
      const auto found = must(world.run(book.async_examine()));
      using names = std::vector<std::string>;
      CHECK(found.missing_logins == names{gone.lease.grantee});
      CHECK(found.unlimited_logins == names{open.lease.grantee});
      CHECK(std::ranges::count(found.unknown_logins, strange.lease.grantee) == 1);
      CHECK(std::ranges::count(found.unknown_logins, open.lease.grantee) == 0);
      world.revoke(strange.lease.id);
      must(world.run(leases.async_revoke_all()));
    });
  }

  TEST_CASE("the audit trail is listed by lease, action, actor and time") {
    for_each_server([](server& where) {
      lease_world& world = world_of(where);
      const auto granted =
          world.grant(read_for("Ada").because("incident").ticket("OPS-1").requested_by("boss"));
      const std::string id = granted.lease.id;
      world.revoke(id);
      pgrant::ledger book(world.open_as_connector(), world.ledger_database());
      const auto list = [&](pgrant::audit_filter filter) {
        return must(world.run(book.async_audit(std::move(filter))));
      };
      const auto all = list(pgrant::audit_filter().of_lease(id));
      REQUIRE(all.size() == 3);
      CHECK(all[0].action == "end");
      CHECK(all[1].action == "revoke");
      CHECK(all[2].action == "grant");
      CHECK(all[2].actor == "boss");
      CHECK(all[2].details.at("reason") == "incident");
      CHECK(all[2].details.at("ticket") == "OPS-1");
      CHECK(all[2].login == world.connector());
      CHECK(list(pgrant::audit_filter().of_lease(id).action("grant")).size() == 1);
      CHECK(list(pgrant::audit_filter().of_lease(id).actor("boss")).size() == 1);
      CHECK(list(pgrant::audit_filter().of_lease(id).limit(2)).size() == 2);
      CHECK(list(pgrant::audit_filter().of_lease(id).since(all[1].at)).size() == 2);
      CHECK(list(pgrant::audit_filter().of_lease(id).before(all[1].at)).size() == 1);
      CHECK(list(pgrant::audit_filter().of_lease(id).within(std::chrono::minutes(5))).size() == 3);
    });
  }
}

}  // namespace test
