#include <cstdio>

#include "command/connection.hpp"
#include "command/describe.hpp"
#include "command/terminal.hpp"
#include "command/verbs.hpp"
#include "pgrant/json/rotation.hpp"
#include "pgrant/plan_text.hpp"

namespace pgrant::command {

namespace {

result<int> rotate(const arguments& given) {
  const auto store = std::make_shared<file_secret_store>(given.directory);
  BOOST_OUTCOME_TRY(store->check());  // before a password is asked for
  BOOST_OUTCOME_TRY(auto s, session::open(given, given.password_file));
  rotation_options options(given.login);
  options.during_leases(given.during_leases);
  BOOST_OUTCOME_TRY(const auto report, s.run(s.client().async_rotate(store, std::move(options))));
  const std::string file = store->current_path(report.login).string();
  if (given.json) {
    std::fputs(to_json(report).c_str(), stdout);
  } else {
    std::printf("%s  %s: the password in %s logs in%s\n", styled("rotated", style::good).c_str(),
                printable(report.login).c_str(), printable(file).c_str(),
                report.resumed ? "; an earlier rotation was brought to its end" : "");
  }
  return exit_done;
}

}  // namespace

int run_rotate(const arguments& given) {
  const auto status = rotate(given);
  return status ? status.assume_value() : report_error(status.error(), given.json);
}

}  // namespace pgrant::command
