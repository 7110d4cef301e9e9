#include <cstdio>

#include "command/applying.hpp"
#include "command/describe.hpp"
#include "command/terminal.hpp"
#include "command/verbs.hpp"
#include "pgrant/json/plan.hpp"
#include "pgrant/plan_text.hpp"

namespace pgrant::command {

namespace {

bootstrap_options bootstrap_options_of(const arguments& given) {
  bootstrap_options options(given.connector);
  options.databases(given.databases)
      .creators(given.creators)
      .ledger_database(given.ledger_database)
      .reset_password(given.reset_password);
  return options;
}

/// After an apply there must be nothing left to do.
result<void> verify_bootstrap(session& s, const arguments& given) {
  arguments again = given;
  again.reset_password = false;  // A password cannot be compared, and would be set each time.
  auto left = s.run(s.client().async_plan_bootstrap(bootstrap_options_of(again)));
  if (!left) return left.error().within("the bootstrap was applied and cannot be verified");
  if (left.assume_value().empty()) return success();
  return error(errc::not_granted, "the bootstrap was applied, and there is still something to do")
      .with_detail(render(left.assume_value()))
      .with_hint("somebody else may be changing privileges; run the bootstrap again");
}

result<int> bootstrap(const arguments& given) {
  BOOST_OUTCOME_TRY(auto password,
                    read_secret_file(given.password_file, "the connector's password"));
  BOOST_OUTCOME_TRY(auto s, session::open(given, given.admin_password_file));
  BOOST_OUTCOME_TRY(const auto plan,
                    s.run(s.client().async_plan_bootstrap(bootstrap_options_of(given))));
  BOOST_OUTCOME_TRY(const bool go_on, agree_on(plan, given));
  if (!go_on) {
    std::fputs("nothing was done\n", stdout);
    return exit_failed;
  }
  if (!plan.empty()) {
    apply_options options;
    options.secret_value(std::string(connector_secret), std::move(password));
    BOOST_OUTCOME_TRY(apply_with_progress(s, plan, std::move(options), given.json));
    BOOST_OUTCOME_TRY(verify_bootstrap(s, given));
  }
  if (given.json) {
    BOOST_OUTCOME_TRY(const auto text, to_json(plan));
    std::fputs(json_object("pgrant.bootstrap/1", {{"applied", plan.empty() ? "false" : "true"},
                                                  {"verified", "true"},
                                                  {"plan", text}})
                   .c_str(),
               stdout);
  } else if (plan.empty()) {
    std::fputs((styled("verified", style::good) + ": nothing to do\n").c_str(), stdout);
  } else {
    std::fputs(
        (styled("verified", style::good) + ": a second bootstrap has nothing to do\n").c_str(),
        stdout);
  }
  return exit_done;
}

}  // namespace

int run_bootstrap(const arguments& given) {
  const auto status = bootstrap(given);
  return status ? status.assume_value() : report_error(status.error(), given.json);
}

}  // namespace pgrant::command
