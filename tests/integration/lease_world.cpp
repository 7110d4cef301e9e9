#include "integration/lease_world.hpp"

#include <atomic>
#include <map>

#include "support/snapshots.hpp"

namespace test {
namespace {

std::string next_world_name(const std::string& stem) {
  static std::atomic<int> count = 0;
  return stem + "_" + std::to_string(++count);
}

}  // namespace

lease_world::lease_world(server& where, connector_kind kind)
    : where_(where), connector_(next_world_name("connector")), database_("lease_world") {
  const bool plain = kind == connector_kind::plain;
  const bool azure = where.shape() == shape::azure && !plain;
  const std::string& admin = where.admin();
  psql(where, "postgres", admin, "CREATE DATABASE lease_world");
  psql(where, "postgres", admin,
       "CREATE ROLE " + connector_ + (azure || plain ? " LOGIN CREATEROLE" : " LOGIN SUPERUSER"));
  psql(where, database_, admin, R"(
CREATE SCHEMA world;
CREATE TABLE world.t (id int);
INSERT INTO world.t VALUES (1), (2);)");
  if (azure) {
    psql(where, "postgres", admin, "GRANT azure_pg_admin TO " + connector_);
    psql(where, database_, admin, R"(
GRANT ALL ON SCHEMA world TO azure_pg_admin WITH GRANT OPTION;
GRANT ALL ON world.t TO azure_pg_admin WITH GRANT OPTION;)");
  }
  psql(where, database_, connector_, R"(
CREATE ROLE world_read NOLOGIN;
CREATE ROLE world_write NOLOGIN;)");
  psql(where, database_, plain ? admin : connector_, R"(
GRANT USAGE ON SCHEMA world TO world_read, world_write;
GRANT SELECT ON world.t TO world_read;
GRANT SELECT, INSERT ON world.t TO world_write;)");
  ledger_database_ = fresh_ledger_database();

  std::vector<pgrant::planned_bundle> bundles(2);
  bundles[0].name = "world-read";
  bundles[1].name = "world-write";
  for (auto& bundle : bundles) {
    bundle.role = role_of(bundle.name);
    bundle.databases = {database_};
  }
  bundles[1].maximum_seconds = 7200;
  pgrant::ledger ledger(open_as_connector(), ledger_database_);
  must(run(ledger.async_register(std::move(bundles), {})));
}

lease_world::lease_world(server& where, std::string connector, std::string ledger_database,
                         std::string role_prefix)
    : where_(where),
      connector_(std::move(connector)),
      ledger_database_(std::move(ledger_database)),
      database_("lease_world"),
      role_prefix_(std::move(role_prefix)) {}

std::string lease_world::role_of(const std::string& bundle) const {
  return role_prefix_ + (bundle == "world-read" ? "world_read" : "world_write");
}

std::shared_ptr<pgrant::database_connector> lease_world::open_as_connector() {
  return socket_connector(context_.get_executor(), where_, connector_);
}

pgrant::lease_settings lease_world::settings() const {
  pgrant::connection_spec endpoint;
  endpoint.host(where_.host()).port(where_.port()).root_certificate(where_.ca_file());
  endpoint.ssl_mode(pgrant::ssl_mode::verify_full);
  return pgrant::lease_settings().ledger_database(ledger_database_).endpoint(endpoint);
}

pgrant::leases lease_world::leases(pgrant::lease_settings settings) {
  return pgrant::leases(open_as_connector(), std::move(settings));
}

pgrant::granted_lease lease_world::grant(pgrant::grant_request request) {
  return must(run(leases().async_grant(std::move(request))));
}

pgrant::lease_end lease_world::revoke(const std::string& id) {
  return must(run(leases().async_revoke(id)));
}

std::string lease_world::fresh_ledger_database() {
  const std::string name = next_world_name("ledger");
  psql(where_, "postgres", where_.admin(), "CREATE DATABASE " + name);
  psql(where_, "postgres", where_.admin(),
       "REVOKE CONNECT, TEMPORARY ON DATABASE " + name + " FROM PUBLIC");
  psql(where_, "postgres", where_.admin(),
       "GRANT CONNECT, CREATE ON DATABASE " + name + " TO " + connector_);
  return name;
}

std::string lease_world::fresh_login(const std::string& attributes) {
  const std::string name = next_world_name("person");
  psql(where_, "postgres", "CREATE ROLE " + name + ' ' + attributes);
  return name;
}

std::string lease_world::state_as_connector(const std::string& sql) {
  return psql_state(where_, ledger_database_, connector_, sql);
}

lease_world& world_of(server& where) {
  static std::map<const server*, std::unique_ptr<lease_world>> worlds;
  auto& world = worlds[&where];
  if (!world) world = std::make_unique<lease_world>(where);
  return *world;
}

std::string access_state(const server& where, const std::string& database) {
  const std::string options = where.major() >= 16 ? ", a.inherit_option, a.set_option" : "";
  const std::string queries[] = {
      "SELECT r.rolname, r.rolsuper, r.rolcanlogin, r.rolinherit, r.rolcreaterole, r.rolconnlimit, "
      "r.rolvaliduntil FROM pg_roles r ORDER BY 1",
      "SELECT a.roleid::regrole, a.member, a.grantor::regrole, a.admin_option" + options +
          " FROM pg_auth_members a ORDER BY 1, 2, 3",
      "SELECT datname, datacl FROM pg_database ORDER BY 1",
      "SELECT nspname, nspacl FROM pg_namespace WHERE nspname !~ '^pg_temp' ORDER BY 1",
      "SELECT c.oid::regclass, c.relacl FROM pg_class c WHERE c.relacl IS NOT NULL ORDER BY 1",
      "SELECT oid, defaclrole, defaclacl FROM pg_default_acl ORDER BY 1",
  };
  std::string state;
  for (const std::string& query : queries) {
    for (const auto& line : psql(where, database, query)) {
      for (const std::string& value : line) state += value + '|';
      state += '\n';
    }
  }
  return state;
}

pgrant::grant_request read_for(const std::string& person) {
  return pgrant::grant_request("world-read").to(person).lasting(std::chrono::hours(1));
}

pgrant::grant_request read_for_role(const std::string& role) {
  return pgrant::grant_request("world-read").to_role(role).lasting(std::chrono::hours(1));
}

}  // namespace test
