#include "integration/issuer_world.hpp"

#include "pgrant/inspector.hpp"

namespace test {

issuer_world::issuer_world(int major, server_options options)
    : where_(own_server(major, std::move(options))) {
  const std::string& admin = where_->admin();
  psql(*where_, "postgres", admin, "CREATE DATABASE lease_world");
  psql(*where_, database_, admin, R"(
CREATE SCHEMA world;
CREATE TABLE world.t (id int);
INSERT INTO world.t VALUES (1), (2);)");
  apply(plan_bootstrap(
      pgrant::bootstrap_options(connector_).profile(pgrant::bootstrap_profile::least).issuers(12)));
  apply(plan_policy(bundles()));
  std::vector<pgrant::planned_bundle> known(2);
  known[0].name = "world-read";
  known[0].role = "pgrant_world_read";
  known[1].name = "world-write";
  known[1].role = "pgrant_world_write";
  for (auto& each : known) each.databases = {database_};
  pgrant::ledger ledger(open(connector_), "pgrant");
  must(run(ledger.async_register(std::move(known), {})));
}

pgrant::plan issuer_world::plan_bootstrap(const pgrant::bootstrap_options& options) {
  const pgrant::snapshot state = take_snapshot(*where_, where_->admin());
  return must(make_plan(state, must(bootstrap_policy(state, options))));
}

pgrant::plan issuer_world::plan_policy(const pgrant::policy& desired) {
  return must(make_plan(take_snapshot(*where_, where_->admin()), desired));
}

void issuer_world::apply(pgrant::plan plan) {
  pgrant::apply_options options;
  options.secret_value(std::string(pgrant::connector_secret), pgrant::secret("a long password"));
  must(run(async_apply(open(where_->admin()), std::move(plan), std::move(options))));
}

pgrant::policy issuer_world::bundles() {
  pgrant::policy desired;
  for (const bool writes : {false, true}) {
    pgrant::bundle& b = desired.bundles.emplace_back();
    b.name = writes ? "world-write" : "world-read";
    pgrant::grant_rule& rule = b.grants.emplace_back();
    rule.objects.database = "lease_world";
    rule.objects.schema = "world";
    rule.objects.name = "t";
    rule.privileges = pgrant::privilege::select;
    if (writes) rule.privileges |= pgrant::privilege::insert;
  }
  return desired;
}

pgrant::lease_settings issuer_world::settings() const {
  pgrant::connection_spec endpoint;
  endpoint.host(where_->host()).port(where_->port()).root_certificate(where_->ca_file());
  endpoint.ssl_mode(pgrant::ssl_mode::verify_full);
  return pgrant::lease_settings().endpoint(endpoint);
}

}  // namespace test
