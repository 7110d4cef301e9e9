#include <cstdio>

#include "command/applying.hpp"
#include "command/describe.hpp"
#include "command/policy_file.hpp"
#include "command/terminal.hpp"
#include "command/verbs.hpp"
#include "pgrant/json/apply.hpp"
#include "pgrant/json/plan.hpp"
#include "pgrant/plan_text.hpp"

namespace pgrant::command {

namespace {

result<int> show_plan(const arguments& given) {
  BOOST_OUTCOME_TRY(const auto desired, read_policy_file(given.policy_file));
  BOOST_OUTCOME_TRY(auto s, session::open(given, given.password_file));
  BOOST_OUTCOME_TRY(const auto plan, s.run(s.client().async_plan(desired)));
  BOOST_OUTCOME_TRY(const auto text, to_json(plan));
  if (!given.out.empty()) {
    BOOST_OUTCOME_TRY(write_new_file(given.out, text, false));
  }
  std::fputs((given.json ? text : render(plan)).c_str(), stdout);
  const bool something = !plan.empty() || !plan.not_granted.empty();
  return given.check && something ? exit_not_empty : exit_done;
}

result<plan> plan_to_apply(session& s, const arguments& given) {
  if (!given.plan_file.empty()) {
    BOOST_OUTCOME_TRY(const auto text, read_file(given.plan_file));
    auto stored = plan_from_json(text);
    if (!stored) return stored.error().with_object(given.plan_file);
    return stored;
  }
  BOOST_OUTCOME_TRY(const auto desired, read_policy_file(given.policy_file));
  return s.run(s.client().async_plan(desired));
}

result<int> apply(const arguments& given) {
  if (given.plan_file.empty() && given.policy_file.empty())
    return error(errc::invalid_argument, "what to apply is not said")
        .with_field("policy")
        .with_hint("give a policy file, or --plan and a plan file");
  if (!given.policy_file.empty()) {
    BOOST_OUTCOME_TRY(read_policy_file(given.policy_file));  // Bad input is said without a server.
  }
  BOOST_OUTCOME_TRY(auto s, session::open(given, given.password_file));
  BOOST_OUTCOME_TRY(const auto plan, plan_to_apply(s, given));
  BOOST_OUTCOME_TRY(check_applicable(plan, {}));
  BOOST_OUTCOME_TRY(const bool go_on, agree_on(plan, given));
  if (!go_on) {
    std::fputs("nothing was done\n", stdout);
    return exit_failed;
  }
  // Also without steps: the ledger takes over what the policy says of bundles.
  const applied done = apply_with_progress(s, plan, {}, given.json);
  if (done.failed && given.json) {
    std::fputs(to_json(*done.failed, done.report).c_str(), stdout);
    return report_error(*done.failed, false);
  }
  if (done.failed) return *done.failed;
  if (given.json) {
    BOOST_OUTCOME_TRY(const auto text, to_json(plan));
    std::fputs(
        json_object("pgrant.apply/1", {{"report", to_json(done.report)}, {"plan", text}}).c_str(),
        stdout);
  } else {
    std::fputs((styled("applied", style::good) + ", and every effect was read back\n").c_str(),
               stdout);
  }
  return exit_done;
}

}  // namespace

int run_plan(const arguments& given) {
  const auto status = show_plan(given);
  return status ? status.assume_value() : report_error(status.error(), given.json);
}

int run_apply(const arguments& given) {
  const auto status = apply(given);
  return status ? status.assume_value() : report_error(status.error(), given.json);
}

}  // namespace pgrant::command
