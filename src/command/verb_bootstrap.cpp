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
  if (given.profile == "least") options.profile(bootstrap_profile::least);
  if (given.issuers) options.issuers(*given.issuers);
  return options;
}

/// After an apply there must be nothing left to do. Gives what nobody of this login's can do.
result<std::vector<not_granted>> verify_bootstrap(session& s, const arguments& given) {
  arguments again = given;
  again.reset_password = false;  // A password cannot be compared, and would be set each time.
  auto left = s.run(s.client().async_plan_bootstrap(bootstrap_options_of(again)));
  if (!left) return left.error().within("the bootstrap was applied and cannot be verified");
  if (left.assume_value().empty()) return left.assume_value().not_granted;
  return error(errc::not_granted, "the bootstrap was applied, and there is still something to do")
      .with_detail(render(left.assume_value()))
      .with_hint("somebody else may be changing privileges; run the bootstrap again");
}

void print_verified(const std::vector<not_granted>& missing) {
  for (const not_granted& m : missing)
    std::printf("%s  %s%s: %s\n", styled("not granted", style::warn).c_str(),
                printable(m.object).c_str(),
                m.database.empty() ? "" : (" in database " + printable(m.database)).c_str(),
                printable(m.reason).c_str());
  std::printf("%s: a second bootstrap has nothing to do%s\n",
              styled("verified", style::good).c_str(),
              missing.empty() ? "" : "; the plan above says what would help with the rest");
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
  std::vector<not_granted> missing = plan.not_granted;
  if (!plan.empty()) {
    apply_options options;
    options.secret_value(std::string(connector_secret), std::move(password));
    const applied done = apply_with_progress(s, plan, std::move(options), given.json);
    if (done.failed) return *done.failed;
    BOOST_OUTCOME_TRY(missing, verify_bootstrap(s, given));
  }
  if (given.json) {
    BOOST_OUTCOME_TRY(const auto text, to_json(plan));
    std::fputs(json_object("pgrant.bootstrap/1", {{"applied", plan.empty() ? "false" : "true"},
                                                  {"verified", "true"},
                                                  {"plan", text}})
                   .c_str(),
               stdout);
  } else {
    print_verified(missing);
  }
  return exit_done;
}

}  // namespace

int run_bootstrap(const arguments& given) {
  const auto status = bootstrap(given);
  return status ? status.assume_value() : report_error(status.error(), given.json);
}

}  // namespace pgrant::command
