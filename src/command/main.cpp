// The pgrant command: arguments in, one verb of the facade, text or JSON out.
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <string_view>
#include <utility>

#include "command/describe.hpp"
#include "command/verbs.hpp"

namespace {

/// The verb's status, unless what it printed got lost, for instance on a full disk.
int after_output(int status) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  const auto lost = pgrant::error(pgrant::errc::io, "the output could not be written")
                        .with_detail(std::strerror(errno));
  pgrant::command::report_error(lost, false);
  return pgrant::command::exit_failed;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace pgrant::command;
  using verb_function = int (*)(const arguments&);
  static constexpr std::pair<std::string_view, verb_function> verbs[] = {
      {"check", run_check},   {"bootstrap", run_bootstrap}, {"inventory", run_inventory},
      {"plan", run_plan},     {"apply", run_apply},         {"grant", run_grant},
      {"leases", run_leases}, {"revoke", run_revoke},       {"expire", run_expire},
      {"schema", run_schema}, {"password", run_password},   {"sandbox", run_sandbox},
      {"extend", run_extend}, {"audit", run_audit},         {"adopt", run_adopt},
      {"rotate", run_rotate},
  };
  std::setlocale(LC_CTYPE, "C.UTF-8");  // How wide characters are; nothing else depends on it.
  const parsed line = parse_arguments(argc, argv);
  if (!line.given) return line.status;
  std::signal(SIGPIPE, SIG_DFL);  // `pgrant inventory | head` ends quietly.
  try {
    for (const auto& [name, run] : verbs)
      if (name == line.given->verb) return after_output(run(*line.given));
  } catch (const std::exception& why) {
    return report_error(pgrant::error(pgrant::errc::internal, why.what()), line.given->json);
  }
  return exit_usage;
}
