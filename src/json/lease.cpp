#include "pgrant/json/lease.hpp"

#include "json/lease_json.hpp"
#include "json/time.hpp"
#include "json/utf8.hpp"
#include "json/writer.hpp"

namespace pgrant {

namespace json = boost::json;

namespace {

std::string_view lease_json_advice(retry advice) noexcept {
  switch (advice) {
    case retry::again:
      return "again";
    case retry::reconnect:
      return "reconnect";
    case retry::never:
      break;
  }
  return "never";
}

}  // namespace

namespace json_text {

json::string lease_text(std::string_view text) {
  return json::string(to_valid_utf8(text));
}

json::value lease_text_or_null(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(lease_text(text));
}

json::array lease_names(const std::vector<std::string>& names) {
  json::array list;
  for (const std::string& name : names) list.push_back(lease_text(name));
  return list;
}

json::object lease_texts(const std::map<std::string, std::string>& texts) {
  json::object object;
  for (const auto& [name, text] : texts) object[to_valid_utf8(name)] = lease_text(text);
  return object;
}

json::object lease_object(const lease& l) {
  return {{"id", lease_text(l.id)},
          {"state", json::string(to_string(l.state))},
          {"bundles", lease_names(l.bundles)},
          {"grantee", lease_text(l.grantee)},
          {"grantee_kind", json::string(to_string(l.kind))},
          {"person", lease_text(l.person)},
          {"requester", lease_text(l.requester)},
          {"reason", lease_text(l.reason)},
          {"ticket", lease_text_or_null(l.ticket)},
          {"labels", lease_texts(l.labels)},
          {"granted_at", iso_time(l.granted_at)},
          {"starts_at", iso_time(l.starts_at)},
          {"expires_at", iso_time(l.expires_at)},
          {"ended_at", l.ended_at ? json::value(iso_time(*l.ended_at)) : nullptr},
          {"held_why", lease_text_or_null(l.held_why)}};
}

json::object error_object(const error& why) {
  return {{"code", json::string(to_string(why.code()))},
          {"message", lease_text(why.message())},
          {"detail", lease_text_or_null(why.detail())},
          {"hint", lease_text_or_null(why.hint())},
          {"field", lease_text_or_null(why.field())},
          {"object", lease_text_or_null(why.object())},
          {"sqlstate", lease_text_or_null(why.state().str())},
          {"retry", json::string(lease_json_advice(why.advice()))}};
}

}  // namespace json_text

namespace {

using json_text::lease_names;
using json_text::lease_object;
using json_text::lease_text;
using json_text::lease_text_or_null;

json::object lease_json_end(const lease_end& end) {
  return {{"lease", lease_object(end.lease)},
          {"sessions_ended", end.sessions_ended},
          {"login_dropped", end.login_dropped},
          {"kept", lease_names(end.kept)},
          {"bundle_findings", lease_names(end.bundle_findings)}};
}

}  // namespace

std::string to_json(const std::vector<lease>& leases) {
  json::array list;
  for (const lease& l : leases) list.push_back(lease_object(l));
  return json_text::to_pretty_text(
      json::object{{"format", "pgrant.leases/1"}, {"leases", std::move(list)}});
}

std::string to_json_with_password(const granted_lease& granted) {
  json::value credentials = nullptr;
  if (granted.credentials) {
    credentials = json::object{{"user", lease_text(granted.credentials->user)},
                               {"conninfo", lease_text(granted.credentials->conninfo)},
                               {"password", lease_text(granted.credentials->password.reveal())}};
  }
  return json_text::to_pretty_text(json::object{{"format", "pgrant.grant/1"},
                                                {"lease", lease_object(granted.lease)},
                                                {"credentials", std::move(credentials)}});
}

std::string to_json(const sweep_report& report) {
  json::array ends, failures, started;
  for (const lease& l : report.started) started.push_back(lease_object(l));
  for (const lease_end& end : report.ends) ends.push_back(lease_json_end(end));
  for (const failed_end& f : report.failures)
    failures.push_back(
        json::object{{"lease", lease_text(f.lease)}, {"error", json_text::error_object(f.why)}});
  return json_text::to_pretty_text(
      json::object{{"format", "pgrant.revoke/1"},
                   {"ends", std::move(ends)},
                   {"failures", std::move(failures)},
                   {"ghost_sessions", report.ghost_sessions},
                   {"started", std::move(started)},
                   {"dropped_bundles", lease_names(report.dropped_bundles)}});
}

std::string to_json(const lease_end& end) {
  sweep_report one;
  one.ends.push_back(end);
  return to_json(one);
}

std::string to_json(const error& why) {
  json::object whole{{"format", "pgrant.error/1"}};
  for (auto& [key, value] : json_text::error_object(why)) whole[key] = value;
  return json_text::to_pretty_text(whole);
}

}  // namespace pgrant
