// The main job on a throwaway server: from nothing to access that ends.
//   main_job DIRECTORY [SERVERS]      a directory to make, and where 18/bin/postgres and the like
//   are
#include <pgrant/client.hpp>
#include <pgrant/json/policy.hpp>
#include <pgrant/password.hpp>
#include <pgrant/sandbox.hpp>
#include <pgrant/wait.hpp>

#include <boost/asio/io_context.hpp>
#include <iostream>

constexpr const char* policy_text = R"({"version": 1, "bundles": {"sales-read": {"grants": [
  {"database": "shop", "schema": "sales", "tables": "*", "privileges": ["SELECT"]}]}}})";

pgrant::client open(boost::asio::io_context& context, pgrant::connection_spec spec,
                    pgrant::secret password) {
  pgrant::client_options options;
  options.connecting(pgrant::connect_options().password(std::move(password)));
  return {context.get_executor(), std::move(spec), std::move(options)};
}

pgrant::result<void> run(pgrant::sandbox& server) {
  boost::asio::io_context context;
  const auto facts = server.status();
  BOOST_OUTCOME_TRY(auto spec, pgrant::connection_spec::parse(facts.admin_dsn));
  BOOST_OUTCOME_TRY(auto admin_password, server.password(facts.administrator));
  auto admin = open(context, spec, std::move(admin_password));

  BOOST_OUTCOME_TRY(auto report, pgrant::wait(context, admin.async_check()));
  std::cout << "PostgreSQL " << report.server_version_text << " over " << report.tls->protocol
            << '\n';

  // The administrator sets the connector up, once.
  BOOST_OUTCOME_TRY(auto password, pgrant::generate_password());
  pgrant::apply_options with_password;
  with_password.secret_value(std::string(pgrant::connector_secret), password.clone());
  auto planning = admin.async_plan_bootstrap(pgrant::bootstrap_options("keeper"));
  BOOST_OUTCOME_TRY(auto bootstrap, pgrant::wait(context, std::move(planning)));
  auto applying = admin.async_apply(std::move(bootstrap), std::move(with_password));
  BOOST_OUTCOME_TRY(auto applied, pgrant::wait(context, std::move(applying)));
  std::cout << "set up in " << applied.databases.size() - 1 << " databases\n";

  // From here on the connector works.
  spec.user("keeper");
  auto keeper = open(context, spec, std::move(password));
  BOOST_OUTCOME_TRY(auto policy, pgrant::policy_from_json(policy_text));
  BOOST_OUTCOME_TRY(auto plan, pgrant::wait(context, keeper.async_plan(std::move(policy))));
  BOOST_OUTCOME_TRY(applied, pgrant::wait(context, keeper.async_apply(std::move(plan))));

  auto request = pgrant::grant_request("sales-read").to("ada").lasting(std::chrono::hours(1));
  BOOST_OUTCOME_TRY(auto granted,
                    pgrant::wait(context, keeper.async_grant(request.because("ticket 17"))));
  std::cout << "psql \"" << granted.credentials->conninfo << "\"\n";
  BOOST_OUTCOME_TRY(auto end, pgrant::wait(context, keeper.async_revoke(granted.lease.id)));
  std::cout << "the lease has " << to_string(end.lease.state) << '\n';
  return pgrant::success();
}

int main(int count, char** arguments) {
  if (count < 2) return std::cerr << "usage: main_job DIRECTORY [SERVERS]\n", 2;
  pgrant::sandbox_options options(arguments[1]);
  if (count > 2) options.search_path({arguments[2]});
  auto server = pgrant::sandbox::start(std::move(options));
  if (!server) return std::cerr << server.error().describe() << '\n', 1;
  const auto done = run(server.value());
  if (!done) std::cerr << done.error().describe() << '\n';
  return server.value().remove() && done ? 0 : 1;
}
