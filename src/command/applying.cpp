#include "command/applying.hpp"

#include <cstdio>

#include "command/terminal.hpp"
#include "pgrant/plan_text.hpp"

namespace pgrant::command {

result<bool> agree_on(const plan& what, const arguments& given) {
  if (!given.json) std::fputs(render(what).c_str(), stdout);
  if (what.empty() || given.yes) return true;
  if (given.json)
    return error(errc::invalid_argument, "with --json no plan is shown that one could agree to")
        .with_hint("look at it without --json first; then give --yes");
  std::fflush(stdout);
  return confirm("Apply these " + std::to_string(what.steps.size()) + " statements as " +
                 printable(what.executor) + "?");
}

applied apply_with_progress(session& s, const plan& what, apply_options options, bool quiet) {
  auto bar = std::make_shared<progress_bar>("apply");
  options.on_progress([bar](const apply_progress& p) {
    bar->show(p.done, p.total, p.database.empty() ? "roles" : p.database);
  });
  applied done;
  std::string lines;
  options.on_database([&lines, &done](const database_report& one) {
    done.report.databases.push_back(one);
    lines += !one.failed   ? styled("done", style::good)
             : one.unknown ? styled("unknown", style::warn)
                           : styled("failed", style::bad);
    lines += "  " +
             (one.database.empty() ? std::string("cluster-wide")
                                   : "database " + printable(quote_identifier(one.database))) +
             ": " + std::to_string(one.steps) + " statements" +
             (one.unknown ? ", plan again to see whether they were committed\n" : "\n");
  });
  auto report = s.run(s.client().async_apply(what, std::move(options)));
  bar.reset();
  if (!quiet) std::fputs(lines.c_str(), stdout);
  if (report) {
    done.report = std::move(report).assume_value();
  } else {
    done.failed = report.error();
  }
  if (!quiet)
    for (const std::string& w : done.report.warnings)
      std::fputs((styled("warning", style::warn) + " " + printable(w) + "\n").c_str(), stdout);
  return done;
}

std::string json_object(const char* format, const std::vector<json_member>& members) {
  std::string text = "{\"format\": \"" + std::string(format) + "\"";
  for (const json_member& m : members) text += ",\n\"" + std::string(m.name) + "\": " + m.text;
  return text + "}\n";
}

}  // namespace pgrant::command
