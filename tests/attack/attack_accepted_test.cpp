// Grantees of bundles that no plan lets through unless the policy accepts by name what they can do.
#include <doctest/doctest.h>

#include <algorithm>

#include "attack/attack_world.hpp"
#include "pgrant/client.hpp"
#include "pgrant/json/policy.hpp"

namespace test {
namespace {

/// Applied as the connector. Without `accept` its plan is refused, or asks.
class accepted_bundle {
 public:
  /// `grants`, `accept`: as in a policy.
  accepted_bundle(lease_world& world, std::string name, const std::string& grants,
                  const std::string& accept)
      : world_(world), name_(std::move(name)), client_(client_of(world)) {
    // What connectors on Azure have from the owner of a database.
    psql(world.where(), world.database(), world.where().admin(), R"(
CREATE TABLE IF NOT EXISTS world.parent (id int PRIMARY KEY);
INSERT INTO world.parent VALUES (1), (2) ON CONFLICT DO NOTHING;
CREATE SEQUENCE IF NOT EXISTS world.numbers;
GRANT ALL ON world.parent TO azure_pg_admin WITH GRANT OPTION;
GRANT ALL ON world.numbers TO azure_pg_admin WITH GRANT OPTION;
GRANT CREATE ON DATABASE lease_world TO azure_pg_admin WITH GRANT OPTION;)");
    auto warned = plan(policy_text(grants, ""));
    const auto found = std::ranges::find(warned.safety.at(0).findings, accept,
                                         [](const auto& finding) { return finding.name; });
    REQUIRE(found != warned.safety[0].findings.end());
    if (found->severity == pgrant::safety_severity::refusal) {
      CHECK(!world.run(client_.async_apply(std::move(warned))));
    } else {
      CHECK(found->severity == pgrant::safety_severity::question);
    }
    apply(policy_text(
        grants, R"("grade-d", "prepared-transactions", "create-on-schema", ")" + accept + '"'));
  }
  attacker attack() const { return attack_with(world_, name_); }

 private:
  static pgrant::client client_of(lease_world& world) {
    pgrant::connection_spec spec;
    spec.host(world.where().socket_directory()).port(world.where().port());
    spec.user(world.connector()).database("postgres").ssl_mode(pgrant::ssl_mode::disable);
    return pgrant::client(
        world.context().get_executor(), spec,
        pgrant::client_options().keep_connections(false).leases(world.settings()));
  }

  std::string policy_text(const std::string& grants, const std::string& accept) const {
    return R"({"version": 1, "bundles": {")" + name_ + R"(": {"accept": [)" + accept +
           R"(], "grants": [)" + grants + "]}}}";
  }
  pgrant::plan plan(const std::string& policy) {
    return must(world_.run(client_.async_plan(must(pgrant::policy_from_json(policy)))));
  }
  void apply(const std::string& policy) { must(world_.run(client_.async_apply(plan(policy)))); }

  lease_world& world_;
  std::string name_;
  pgrant::client client_;
};

constexpr const char* on_table =
    R"({"database": "lease_world", "schema": "world", "tables": "t", "privileges": )";
constexpr const char* on_schema =
    R"({"database": "lease_world", "schema": "world", "privileges": ["CREATE", "USAGE"]})";

std::string triggers_of(lease_world& world) {
  return psql_value(world.where(), world.database(),
                    "SELECT coalesce(string_agg(tgname, ' '), '') FROM pg_trigger "
                    "WHERE tgrelid = 'world.t'::regclass");
}

std::string state_as_owner(lease_world& world, const std::string& sql) {
  return psql_state(world.where(), world.database(), world.where().admin(), sql);
}

}  // namespace

TEST_SUITE("integration") {
  TEST_CASE("R6: a foreign key that stops its target's owner holds the lease, which names it") {
    for_each_attacked([](lease_world& world) {
      const accepted_bundle made(
          world, "parents",
          R"({"database": "lease_world", "schema": "world", "tables": "parent",
              "privileges": ["SELECT", "REFERENCES"]}, )" +
              std::string(on_schema),
          "references");
      const attacker who = made.attack();
      psql(world.where(), world.database(), who.name,
           "CREATE TABLE world.child (id int REFERENCES world.parent (id)); "
           "INSERT INTO world.child VALUES (1)");
      held_end_of(world, who, {"owns table world.child", "DROP OWNED BY " + who.name});
      CHECK(state_as_owner(world, "DELETE FROM world.parent") != "00000");
      psql(world.where(), world.database(), "DROP TABLE world.child");
      CHECK(state_as_owner(world, "DELETE FROM world.parent") == "00000");
      sweep_up(world, who);
    });
  }

  TEST_CASE("R7: a trigger with a function of the server's stays, without anybody's access") {
    for_each_attacked([](lease_world& world) {
      const accepted_bundle made(world, "triggers",
                                 std::string(on_table) + R"(["SELECT", "TRIGGER"]})", "trigger");
      const attacker who = made.attack();
      psql(world.where(), world.database(), who.name,
           "CREATE TRIGGER lasting BEFORE UPDATE ON world.t FOR EACH ROW EXECUTE FUNCTION "
           "suppress_redundant_updates_trigger()");
      // Nothing in the catalogs leads from it to who made it.
      end_of(world, who);
      CHECK(triggers_of(world) == "lasting");
      psql(world.where(), world.database(), world.where().admin(),
           "DROP TRIGGER lasting ON world.t");
    });
  }

  TEST_CASE("R10: a sequence that was set stays where it is, and is out of reach") {
    for_each_attacked([](lease_world& world) {
      const accepted_bundle made(world, "numbers",
                                 R"({"database": "lease_world", "schema": "world",
                                     "sequences": "numbers", "privileges": ["USAGE", "UPDATE"]})",
                                 "sequence-update");
      const attacker who = made.attack();
      session open(world.where(), world.database(), who.name);
      open.run("SELECT setval('world.numbers', 41)");
      end_of(world, who);
      CHECK(is_shut_out(open, "SELECT setval('world.numbers', 1)"));
      CHECK(psql_value(world.where(), world.database(), "SELECT nextval('world.numbers')") == "42");
    });
  }

  TEST_CASE("R11: schemas, and publications on tables of its own, hold the lease") {
    for_each_attacked([](lease_world& world) {
      const accepted_bundle made(world, "places",
                                 R"({"database": "lease_world", "privileges": ["CREATE"]})",
                                 "create-on-database");
      const attacker who = made.attack();
      psql(world.where(), world.database(), who.name, R"(
CREATE SCHEMA hideout; CREATE TABLE hideout.own (id int);
CREATE PUBLICATION leak FOR TABLE hideout.own;)");
      held_end_of(world, who,
                  {"owns schema hideout", "owns table hideout.own", "owns publication leak"});
      psql(world.where(), world.database(), "DROP OWNED BY " + who.name + " CASCADE");
      sweep_up(world, who);
    });
  }

  TEST_CASE("T2: a trigger with a temporary function goes with its session") {
    for_each_attacked([](lease_world& world) {
      const accepted_bundle made(world, "triggers",
                                 std::string(on_table) + R"(["SELECT", "TRIGGER"]})", "trigger");
      const attacker who = made.attack();
      session open(world.where(), world.database(), who.name);
      open.run(R"(
CREATE FUNCTION pg_temp.spoil() RETURNS trigger LANGUAGE plpgsql
  AS 'BEGIN NEW.id := 666; RETURN NEW; END';
CREATE TRIGGER spoiling BEFORE INSERT ON world.t FOR EACH ROW EXECUTE FUNCTION pg_temp.spoil();)");
      const std::string insert = "INSERT INTO world.t VALUES (7) RETURNING id";
      const auto inserted = [&] {
        return psql(world.where(), world.database(), world.where().admin(), insert)[0][0];
      };
      CHECK(inserted() == "666");
      end_of(world, who);
      CHECK(is_shut_out(open));
      CHECK(triggers_of(world) == "");
      CHECK(inserted() == "7");
    });
  }

  TEST_CASE("T3: a trigger with a function of its own is held with the function") {
    for_each_attacked([](lease_world& world) {
      const accepted_bundle made(
          world, "trojans",
          std::string(on_table) + R"(["SELECT", "INSERT", "TRIGGER"]}, )" + on_schema, "trigger");
      const attacker who = made.attack();
      psql(world.where(), world.database(), who.name, R"(
CREATE FUNCTION world.spoil() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  AS 'BEGIN DELETE FROM world.t; RETURN NEW; END';
CREATE TRIGGER spoiling AFTER INSERT ON world.t EXECUTE FUNCTION world.spoil();)");
      held_end_of(world, who, {"owns function world.spoil()", "DROP OWNED BY " + who.name});
      // For its owner it does nothing any more: who writes is stopped, and sees by what.
      CHECK(state_as_owner(world, "INSERT INTO world.t VALUES (8)") == "42501");
      psql(world.where(), world.database(), "DROP OWNED BY " + who.name + " CASCADE");
      CHECK(triggers_of(world) == "");
      CHECK(state_as_owner(world, "INSERT INTO world.t VALUES (8)") == "00000");
      sweep_up(world, who);
    });
  }
}

}  // namespace test
