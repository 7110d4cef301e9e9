#include <cstdio>

#include "command/connection.hpp"
#include "command/describe.hpp"
#include "command/verbs.hpp"
#include "pgrant/json/check.hpp"

namespace pgrant::command {

int run_check(const arguments& given) {
  auto opened = session::open(given, given.password_file);
  if (!opened) return report_error(opened.error(), given.json);
  session& s = opened.assume_value();
  const auto report = s.run(s.client().async_check());
  if (!report) return report_error(report.error(), given.json);
  std::fputs(
      (given.json ? to_json(report.assume_value()) : check_text(report.assume_value())).c_str(),
      stdout);
  return exit_done;
}

}  // namespace pgrant::command
