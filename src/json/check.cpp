#include "pgrant/json/check.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "json/time.hpp"
#include "json/utf8.hpp"
#include "json/writer.hpp"

namespace pgrant {

namespace {

namespace json = boost::json;

json::string check_json_text(std::string_view text) {
  return json::string(json_text::to_valid_utf8(text));
}

double check_json_milliseconds(std::chrono::microseconds t) {
  return static_cast<double>(t.count()) / 1000.0;
}

json::value check_json_tls(const std::optional<tls_info>& tls) {
  if (!tls) return nullptr;
  json::array names;
  for (const std::string& name : tls->subject_names) names.push_back(check_json_text(name));
  return json::object{{"protocol", check_json_text(tls->protocol)},
                      {"cipher", check_json_text(tls->cipher)},
                      {"bits", tls->bits},
                      {"subject", check_json_text(tls->subject)},
                      {"issuer", check_json_text(tls->issuer)},
                      {"not_before", json_text::iso_time(tls->not_before)},
                      {"not_after", json_text::iso_time(tls->not_after)},
                      {"subject_names", std::move(names)},
                      {"chain_verified", tls->chain_verified},
                      {"name_verified", tls->name_verified}};
}

json::value check_json_names(const std::vector<std::string>& names) {
  json::array list;
  for (const std::string& name : names) list.push_back(check_json_text(name));
  return list;
}

json::object check_json_ledger(const check_report& r) {
  json::object ledger{{"database", check_json_text(r.ledger_database)},
                      {"exists", r.ledger_exists},
                      {"reachable", r.ledger_reachable},
                      {"version", nullptr}};
  if (!r.ledger) return ledger;
  ledger["version"] = r.ledger->version;
  ledger["library_version"] = r.ledger->library_version;
  ledger["restored"] = check_json_names(r.ledger->restored);
  ledger["unknown_logins"] = check_json_names(r.ledger->unknown_logins);
  ledger["missing_logins"] = check_json_names(r.ledger->missing_logins);
  ledger["unlimited_logins"] = check_json_names(r.ledger->unlimited_logins);
  return ledger;
}

json::object check_json_login(const check_report& r) {
  return {{"role", check_json_text(r.role)},
          {"superuser", r.superuser},
          {"create_role", r.create_role},
          {"create_database", r.create_database},
          {"bypass_rls", r.bypass_rls},
          {"in_admin_group", r.in_admin_group},
          {"admin_group_admin", r.admin_group_admin},
          {"may_end_sessions", r.may_end_sessions},
          {"connection_limit",
           r.connection_limit < 0 ? json::value(nullptr) : json::value(r.connection_limit)}};
}

}  // namespace

std::string to_json(const check_report& report) {
  json::array databases, findings;
  for (const checked_database& d : report.databases)
    databases.push_back(json::object{{"name", check_json_text(d.name)},
                                     {"connect", d.connect},
                                     {"grant_connect", d.grant_connect},
                                     {"owned", d.owned}});
  for (const finding& f : report.findings)
    findings.push_back(json::object{{"severity", json::string(to_string(f.severity))},
                                    {"id", check_json_text(f.id)},
                                    {"title", check_json_text(f.title)},
                                    {"why", check_json_text(f.why)},
                                    {"remedy", check_json_text(f.remedy)}});
  const json::object whole{
      {"format", "pgrant.check/1"},
      {"connection", json::object{{"host", check_json_text(report.host)},
                                  {"address", check_json_text(report.address)},
                                  {"database", check_json_text(report.database)},
                                  {"ssl_mode", json::string(to_string(report.ssl_mode))},
                                  {"connect_ms", check_json_milliseconds(report.connect_time)},
                                  {"round_trip_ms", check_json_milliseconds(report.round_trip)},
                                  {"tls", check_json_tls(report.tls)}}},
      {"server", json::object{{"version", report.server_version},
                              {"version_text", check_json_text(report.server_version_text)},
                              {"system_identifier", check_json_text(report.system_identifier)},
                              {"platform", json::string(to_string(report.platform))},
                              {"max_prepared_transactions", report.max_prepared_transactions}}},
      {"login", check_json_login(report)},
      {"databases", std::move(databases)},
      {"ledger", check_json_ledger(report)},
      {"findings", std::move(findings)}};
  return json_text::to_pretty_text(whole);
}

}  // namespace pgrant
