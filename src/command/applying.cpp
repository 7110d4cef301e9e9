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

result<apply_report> apply_with_progress(session& s, const plan& what, apply_options options,
                                         bool quiet) {
  auto bar = std::make_shared<progress_bar>("apply");
  options.on_progress([bar](const apply_progress& p) {
    bar->show(p.done, p.total, p.database.empty() ? "roles" : p.database);
  });
  std::string lines;
  options.on_database([&lines](const database_report& one) {
    lines += one.failed ? styled("failed", style::bad) : styled("done", style::good);
    lines += "  " +
             (one.database.empty() ? std::string("cluster-wide")
                                   : "database " + printable(quote_identifier(one.database))) +
             ": " + std::to_string(one.steps) + " statements\n";
  });
  auto report = s.run(s.client().async_apply(what, std::move(options)));
  bar.reset();
  if (!quiet) std::fputs(lines.c_str(), stdout);
  if (report && !quiet)
    for (const std::string& w : report.assume_value().warnings)
      std::fputs((styled("warning", style::warn) + " " + printable(w) + "\n").c_str(), stdout);
  return report;
}

std::string json_object(const char* format, const std::vector<json_member>& members) {
  std::string text = "{\"format\": \"" + std::string(format) + "\"";
  for (const json_member& m : members) text += ",\n\"" + std::string(m.name) + "\": " + m.text;
  return text + "}\n";
}

}  // namespace pgrant::command
