// The pgrant command: arguments in, one verb of the facade, text or JSON out.
#include <csignal>
#include <exception>
#include <iostream>
#include <string_view>
#include <utility>

#include "command/describe.hpp"
#include "command/verbs.hpp"

int main(int argc, char** argv) {
  using namespace pgrant::command;
  using verb_function = int (*)(const arguments&);
  static constexpr std::pair<std::string_view, verb_function> verbs[] = {
      {"check", run_check},   {"bootstrap", run_bootstrap}, {"inventory", run_inventory},
      {"plan", run_plan},     {"apply", run_apply},         {"grant", run_grant},
      {"leases", run_leases}, {"revoke", run_revoke},       {"expire", run_expire},
      {"schema", run_schema}, {"password", run_password},   {"sandbox", run_sandbox},
  };
  const parsed line = parse_arguments(argc, argv);
  if (!line.given) return line.status;
  std::signal(SIGPIPE, SIG_DFL);  // `pgrant inventory | head` ends quietly.
  try {
    for (const auto& [name, run] : verbs)
      if (name == line.given->verb) return run(*line.given);
  } catch (const std::exception& why) {
    return report_error(pgrant::error(pgrant::errc::internal, why.what()), line.given->json);
  }
  return exit_usage;
}
