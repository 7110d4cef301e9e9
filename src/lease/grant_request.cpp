#include "pgrant/grant_request.hpp"

#include <algorithm>
#include <utility>

#include "lease/request_text.hpp"
#include "pgrant/sql.hpp"

namespace pgrant {
namespace {

using detail::bad_request;
using detail::check_request_text;

constexpr std::chrono::seconds latest_lease_start = std::chrono::hours(90 * 24);

result<void> check_requested_bundles(const std::vector<std::string>& bundles) {
  for (auto bundle = bundles.begin(); bundle != bundles.end(); ++bundle) {
    const std::string field = "bundles[" + std::to_string(bundle - bundles.begin()) + "]";
    const auto named = check_name(*bundle, "bundle");
    if (!named) return named.error().with_field(field);
    if (std::find(bundles.begin(), bundle, *bundle) != bundle)
      return bad_request("bundle \"" + *bundle + "\" is named twice", field);
  }
  return success();
}

// The rules of a policy's bundle are the rules here.
result<void> check_requested_privileges(const std::vector<grant_rule>& rules) {
  if (rules.empty()) return success();
  policy one;
  bundle& wanted = one.bundles.emplace_back();
  wanted.name = "x";
  wanted.grants = rules;
  for (const grant_rule& rule : rules) {
    const auto place = std::to_string(&rule - rules.data());
    if (rule.future || rule.future_everywhere) {
      return bad_request("privileges on future objects would outlive the lease",
                         "ad_hoc[" + place + "].future")
          .with_hint("put them into a bundle");
    }
  }
  const auto problems = pgrant::validate(one);
  if (problems.empty()) return success();
  std::string field = problems.front().field();
  constexpr std::string_view place = "bundles.x.grants";
  if (field.starts_with(place)) field = "ad_hoc" + field.substr(place.size());
  return problems.front().with_field(std::move(field));
}

result<void> check_request_duration(std::chrono::seconds duration, std::string field) {
  if (duration >= std::chrono::seconds(1)) return success();
  return bad_request(
             duration == duration.zero() ? "no duration is given" : "the duration is too short",
             std::move(field))
      .with_hint("access must have an end: 1 second or more");
}

}  // namespace

grant_request::grant_request(std::string bundle) {
  bundles_.push_back(std::move(bundle));
}

grant_request::grant_request(grant_rule privileges) {
  ad_hoc_.push_back(std::move(privileges));
}

grant_request& grant_request::also(std::string bundle) {
  bundles_.push_back(std::move(bundle));
  return *this;
}

grant_request& grant_request::ad_hoc(grant_rule privileges) {
  ad_hoc_.push_back(std::move(privileges));
  return *this;
}

grant_request& grant_request::to(std::string person) {
  return person_ = std::move(person), *this;
}

grant_request& grant_request::to_role(std::string role) {
  return role_ = std::move(role), *this;
}

grant_request& grant_request::lasting(std::chrono::seconds duration) {
  return duration_ = duration, *this;
}

grant_request& grant_request::starting_at(server_time when) {
  return delay_.reset(), start_ = when, *this;
}

grant_request& grant_request::starting_in(std::chrono::seconds delay) {
  return start_.reset(), delay_ = delay, *this;
}

grant_request& grant_request::because(std::string reason) {
  return reason_ = std::move(reason), *this;
}

grant_request& grant_request::requested_by(std::string requester) {
  return requester_ = std::move(requester), *this;
}

grant_request& grant_request::ticket(std::string reference) {
  return ticket_ = std::move(reference), *this;
}

grant_request& grant_request::label(std::string key, std::string value) {
  return labels_.insert_or_assign(std::move(key), std::move(value)), *this;
}

grant_request& grant_request::connection_limit(int sessions) {
  return connection_limit_ = sessions, *this;
}

grant_request& grant_request::idempotency_key(std::string key) {
  return key_ = std::move(key), *this;
}

result<void> grant_request::validate() const {
  BOOST_OUTCOME_TRY(check_requested_bundles(bundles_));
  BOOST_OUTCOME_TRY(check_requested_privileges(ad_hoc_));
  if (person_.empty() == role_.empty()) {
    return bad_request(person_.empty() ? "nobody is named to grant to"
                                       : "both a person and an existing role are named",
                       "grantee")
        .with_hint("name a person, who gets a login for the time, or an existing role");
  }
  if (!role_.empty()) {
    const auto named = check_name(role_, "role");
    if (!named) return named.error().with_field("grantee");
  }
  BOOST_OUTCOME_TRY(check_request_text(person_, "grantee", detail::longest_name));
  BOOST_OUTCOME_TRY(check_request_text(reason_, "reason", detail::longest_reason));
  BOOST_OUTCOME_TRY(check_request_text(requester_, "requester", detail::longest_name));
  BOOST_OUTCOME_TRY(check_request_text(ticket_, "ticket", detail::longest_name));
  BOOST_OUTCOME_TRY(check_request_text(key_, "idempotency_key", detail::longest_name));
  BOOST_OUTCOME_TRY(detail::check_labels(labels_));
  BOOST_OUTCOME_TRY(check_request_duration(duration_, "duration"));
  if (delay_ && (*delay_ < delay_->zero() || *delay_ > latest_lease_start)) {
    return bad_request("the start is not within the next 90 days", "starting_in")
        .with_hint("ask again when it is nearer");
  }
  if (connection_limit_ && *connection_limit_ < 1)
    return bad_request("the connection limit is below 1", "connection_limit");
  if (connection_limit_ && !role_.empty()) {
    return bad_request("an existing role keeps its own connection limit", "connection_limit")
        .with_hint("leave it out, or grant to a person");
  }
  return success();
}

extend_request::extend_request(std::string lease, std::chrono::seconds by)
    : lease_(std::move(lease)), by_(by) {}

extend_request& extend_request::because(std::string reason) {
  return reason_ = std::move(reason), *this;
}

extend_request& extend_request::requested_by(std::string requester) {
  return requester_ = std::move(requester), *this;
}

extend_request& extend_request::idempotency_key(std::string key) {
  return key_ = std::move(key), *this;
}

result<void> extend_request::validate() const {
  if (lease_.empty()) return bad_request("no lease is named", "lease");
  BOOST_OUTCOME_TRY(check_request_text(lease_, "lease", detail::longest_name));
  BOOST_OUTCOME_TRY(check_request_text(reason_, "reason", detail::longest_reason));
  BOOST_OUTCOME_TRY(check_request_text(requester_, "requester", detail::longest_name));
  BOOST_OUTCOME_TRY(check_request_text(key_, "idempotency_key", detail::longest_name));
  return check_request_duration(by_, "by");
}

}  // namespace pgrant
