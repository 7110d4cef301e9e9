#include "command/request_file.hpp"

#include "command/policy_file.hpp"
#include "command/yaml_json.hpp"
#include "json/time.hpp"
#include "pgrant/json/lease_request.hpp"

namespace pgrant::command {

result<grant_request> read_request_file(const arguments& given) {
  const bool beside = !given.bundles.empty() || !given.person.empty() || !given.role.empty() ||
                      !given.duration.empty() || !given.reason.empty() ||
                      !given.requester.empty() || !given.key.empty() || !given.ticket.empty() ||
                      !given.labels.empty() || !given.start.empty() || !given.start_in.empty() ||
                      given.session_limit > 0;
  if (beside) {
    return error(errc::invalid_argument, "the request is said twice")
        .with_field("request")
        .with_hint("with --request everything stands in the file");
  }
  BOOST_OUTCOME_TRY(const auto text, read_file(given.request_file));
  const auto json_text = yaml_to_json(text);
  if (!json_text) return json_text.error().with_object(given.request_file);
  auto request = grant_request_from_json(json_text.assume_value());
  if (!request) return request.error().with_object(given.request_file);
  return request;
}

result<server_time> time_of(const std::string& text, const char* option) {
  const auto time = json_text::parse_iso_time(text);
  if (time) return *time;
  return error(errc::invalid_argument, "\"" + text + "\" is no time")
      .with_field(option)
      .with_hint("write it in UTC: 2026-11-24T22:00Z");
}

}  // namespace pgrant::command
