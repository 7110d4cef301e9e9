#include <cstdio>

#include "command/connection.hpp"
#include "command/describe.hpp"
#include "command/request_file.hpp"
#include "command/terminal.hpp"
#include "command/verbs.hpp"
#include "pgrant/json/audit.hpp"
#include "pgrant/json/policy.hpp"
#include "pgrant/plan_text.hpp"

namespace pgrant::command {

namespace {

result<audit_filter> audit_filter_of(const arguments& given) {
  audit_filter filter;
  filter.of_lease(given.lease).action(given.action).actor(given.requester);
  if (!given.since.empty()) {
    BOOST_OUTCOME_TRY(const auto since, time_of(given.since, "since"));
    filter.since(since);
  }
  if (!given.before.empty()) {
    BOOST_OUTCOME_TRY(const auto before, time_of(given.before, "before"));
    filter.before(before);
  }
  if (!given.within.empty()) {
    auto within = parse_duration(given.within);
    if (!within) return within.error().with_field("within");
    filter.within(within.assume_value());
  }
  if (given.limit > 0) filter.limit(given.limit);
  return filter;
}

std::string audit_table(const std::vector<audit_record>& entries) {
  if (entries.empty()) return "no entries\n";
  std::vector<std::vector<std::string>> rows = {
      {"TIME", "ACTION", "LEASE", "ACTOR", "LOGIN", "OUTCOME", "DETAILS"}};
  for (const audit_record& e : entries) {
    std::string details;
    for (const auto& [name, value] : e.details)
      details += (details.empty() ? "" : ", ") + name + " " + value;
    rows.push_back({time_text(e.at), e.action, e.lease, e.actor, e.login, e.outcome, details});
  }
  return table(rows);
}

result<int> audit(const arguments& given) {
  if (given.subject == "verify") {
    BOOST_OUTCOME_TRY(auto s, session::open(given, given.password_file));
    BOOST_OUTCOME_TRY(const auto verdict, s.run(s.client().async_verify_audit()));
    const bool intact = verdict.broken.empty();
    if (given.json) {
      std::fputs(to_json(verdict).c_str(), stdout);
    } else {
      for (const std::string& line : verdict.broken)
        std::printf("%s  %s\n", styled("broken", style::bad).c_str(), printable(line).c_str());
      std::printf("%s entries, %s\n", std::to_string(verdict.entries).c_str(),
                  intact ? "each as it was written" : "not all as they were written");
    }
    return intact ? exit_done : exit_failed;
  }
  BOOST_OUTCOME_TRY(const auto filter, audit_filter_of(given));
  BOOST_OUTCOME_TRY(auto s, session::open(given, given.password_file));
  BOOST_OUTCOME_TRY(const auto entries, s.run(s.client().async_audit(filter)));
  std::fputs((given.json ? to_json(entries) : audit_table(entries)).c_str(), stdout);
  return exit_done;
}

std::string adopt_text(const adopt_report& report) {
  std::string text;
  for (const planned_bundle& b : report.bundles)
    text += "bundle " + printable(b.name) + " with role " + printable(b.role) + "\n";
  if (!report.leases.empty()) text += lease_table(report.leases);
  for (const unadopted& u : report.left) {
    text += styled("left", style::warn) + "  role " + printable(u.role) + ": " + printable(u.why) +
            "\n    remedy: " + printable(u.remedy) + "\n";
  }
  if (report.bundles.empty() && report.leases.empty()) return text + "there is nothing to adopt\n";
  return text + (report.written ? styled("written", style::good) + " into the ledger\n"
                                : "nothing was written; --yes writes this\n");
}

result<int> adopt(const arguments& given) {
  BOOST_OUTCOME_TRY(auto s, session::open(given, given.password_file));
  const adopt_mode mode = given.yes ? adopt_mode::write : adopt_mode::show;
  BOOST_OUTCOME_TRY(const auto report, s.run(s.client().async_adopt(mode)));
  std::fputs((given.json ? to_json(report) : adopt_text(report)).c_str(), stdout);
  return exit_done;
}

int finish_audit(const result<int>& status, const arguments& given) {
  return status ? status.assume_value() : report_error(status.error(), given.json);
}

}  // namespace

int run_audit(const arguments& given) {
  return finish_audit(audit(given), given);
}

int run_adopt(const arguments& given) {
  return finish_audit(adopt(given), given);
}

}  // namespace pgrant::command
