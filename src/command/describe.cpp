#include "command/describe.hpp"

#include <algorithm>
#include <cstdio>

#include "command/arguments.hpp"
#include "command/terminal.hpp"
#include "pgrant/json/lease.hpp"
#include "pgrant/plan_text.hpp"

namespace pgrant::command {

namespace {

// Several lines, the later ones under the first.
void print_part(const char* name, const std::string& text) {
  if (text.empty()) return;
  std::string rest = text;
  std::ranges::replace(rest, '\t', ' ');  // libpq indents with them.
  const char* label = name;
  while (true) {
    const std::size_t end = rest.find('\n');
    std::fprintf(stderr, "  %-8s %s\n", label, printable(rest.substr(0, end)).c_str());
    if (end == std::string::npos) break;
    rest.erase(0, end + 1);
    label = "";
  }
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string date_text(std::chrono::sys_seconds t) {
  return time_text(server_time(t)).substr(0, 10);
}

style style_of(finding_severity s) {
  if (s == finding_severity::problem) return style::bad;
  return s == finding_severity::warning ? style::warn : style::dim;
}

std::string what_login_may(const check_report& r) {
  std::vector<std::string> may;
  if (r.superuser) may.push_back("everything (superuser)");
  if (r.create_role) may.push_back("create roles");
  if (r.create_database) may.push_back("create databases");
  if (r.bypass_rls) may.push_back("bypass row security");
  if (r.may_end_sessions) may.push_back("end sessions");
  if (r.in_admin_group)
    may.push_back(r.admin_group_admin ? "act as azure_pg_admin and grant it on"
                                      : "act as azure_pg_admin");
  return may.empty() ? "nothing special" : joined(may);
}

}  // namespace

int report_error(const error& why, bool json) {
  if (json) std::fputs(to_json(why).c_str(), stdout);
  std::fprintf(stderr, "pgrant: %s\n", printable(why.message()).c_str());
  if (why.state()) print_part("sqlstate", why.state().str());
  print_part("field", why.field());
  print_part("where", why.object());
  print_part("why", why.detail());
  print_part("remedy", why.hint());
  return why.code() == errc::invalid_argument ? exit_usage : exit_failed;
}

std::string time_text(server_time t) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(seconds - day);
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d UTC", int(date.year()),
                unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                int(clock.minutes().count()), int(clock.seconds().count()));
  return text;
}

std::string lease_table(const std::vector<lease>& leases) {
  if (leases.empty()) return "no leases\n";
  std::vector<std::vector<std::string>> rows = {
      {"LEASE", "STATE", "BUNDLES", "FOR", "ROLE", "EXPIRES", "REASON"}};
  for (const lease& l : leases)
    rows.push_back({l.id, std::string(to_string(l.state)), joined(l.bundles), l.person, l.grantee,
                    time_text(l.expires_at), l.held_why.empty() ? l.reason : l.held_why});
  return table(rows);
}

std::string end_text(const lease_end& end) {
  const lease& l = end.lease;
  std::string text =
      "lease " + l.id + " of " + printable(l.person) + " " +
      styled(to_string(l.state), l.state == lease_state::ended ? style::good : style::warn) + ": " +
      std::to_string(end.sessions_ended) +
      (end.sessions_ended == 1 ? " session ended" : " sessions ended");
  if (l.kind == grantee_kind::ephemeral_login)
    text += ", login " + printable(l.grantee) + (end.login_dropped ? " dropped" : " kept");
  if (!end.kept.empty()) text += ", membership kept in " + printable(joined(end.kept));
  text += "\n";
  if (!l.held_why.empty()) text += "  " + printable(l.held_why) + "\n";
  for (const std::string& finding : end.bundle_findings)
    text += "  " + styled("bundle", style::warn) + " " + printable(finding) + "\n";
  return text;
}

std::string check_text(const check_report& r) {
  char times[80];
  std::snprintf(times, sizeof times, "connected in %.1f ms, answered in %.1f ms",
                double(r.connect_time.count()) / 1000, double(r.round_trip.count()) / 1000);
  std::string text;
  const auto line = [&text](const char* name, const std::string& value) {
    char label[24];
    std::snprintf(label, sizeof label, "%-12s", name);
    text += styled(label, style::bold) + printable(value) + "\n";
  };
  line("server", "PostgreSQL " + r.server_version_text + ", platform " +
                     std::string(to_string(r.platform)) + ", cluster " + r.system_identifier);
  line("connection", r.host + (r.address.empty() ? "" : " (" + r.address + ")") + ", database " +
                         r.database + ", " + times);
  if (r.tls) {
    line("tls", r.tls->protocol + " " + r.tls->cipher + ", sslmode " +
                    std::string(to_string(r.ssl_mode)) +
                    (r.tls->name_verified    ? ", certificate and host name verified"
                     : r.tls->chain_verified ? ", certificate verified"
                                             : ", not verified"));
    line("certificate", r.tls->subject + ", valid until " + date_text(r.tls->not_after) +
                            ", issued by " + r.tls->issuer);
  } else {
    line("tls", "none: passwords and data can be read on the way");
  }
  line("login", r.role + " may " + what_login_may(r));
  line("ledger", r.ledger_database + (!r.ledger_exists     ? ": does not exist"
                                      : r.ledger_reachable ? ": there"
                                                           : ": there, closed to this login"));
  text += "\n";
  std::vector<std::vector<std::string>> rows = {{"DATABASE", "CONNECT", "GRANT CONNECT", "OWN"}};
  for (const checked_database& d : r.databases)
    rows.push_back(
        {d.name, d.connect ? "yes" : "no", d.grant_connect ? "yes" : "no", d.owned ? "yes" : "no"});
  text += table(rows) + "\n";
  if (r.findings.empty()) return text + styled("no findings", style::good) + "\n";
  for (const finding& f : r.findings) {
    text += styled(to_string(f.severity), style_of(f.severity)) + " " + printable(f.title) + " [" +
            f.id + "]\n    " + printable(f.why) + "\n    remedy: " + printable(f.remedy) + "\n";
  }
  return text;
}

}  // namespace pgrant::command
