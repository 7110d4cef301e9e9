#include "pgrant/lease.hpp"

#include <algorithm>
#include <utility>

#include "pgrant/sql.hpp"

namespace pgrant {
namespace {

constexpr std::size_t longest_lease_text = 2'000;
constexpr std::size_t longest_lease_person = 200;
constexpr std::size_t longest_lease_key = 200;

constexpr std::pair<lease_state, std::string_view> lease_state_names[] = {
    {lease_state::active, "active"}, {lease_state::ending, "ending"}, {lease_state::ended, "ended"},
    {lease_state::held, "held"},     {lease_state::failed, "failed"},
};

error bad_grant_request(std::string message, std::string field) {
  return error(errc::invalid_argument, std::move(message)).with_field(std::move(field));
}

result<void> check_lease_text(std::string_view text, std::string field, std::size_t longest) {
  if (text.size() > longest) {
    return bad_grant_request(field + " is longer than " + std::to_string(longest) + " bytes",
                             field);
  }
  const auto literal = check_literal(text, field);
  if (!literal) return literal.error().with_field(std::move(field));
  return success();
}

}  // namespace

std::string_view to_string(grantee_kind kind) noexcept {
  return kind == grantee_kind::existing_role ? "existing_role" : "ephemeral_login";
}

std::string_view to_string(lease_state state) noexcept {
  for (const auto& [value, name] : lease_state_names) {
    if (value == state) return name;
  }
  return "failed";
}

std::optional<lease_state> parse_lease_state(std::string_view text) noexcept {
  for (const auto& [value, name] : lease_state_names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

grant_request::grant_request(std::string bundle) {
  bundles_.push_back(std::move(bundle));
}

grant_request& grant_request::also(std::string bundle) {
  bundles_.push_back(std::move(bundle));
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

grant_request& grant_request::because(std::string reason) {
  return reason_ = std::move(reason), *this;
}

grant_request& grant_request::requested_by(std::string requester) {
  return requester_ = std::move(requester), *this;
}

grant_request& grant_request::idempotency_key(std::string key) {
  return key_ = std::move(key), *this;
}

result<void> grant_request::validate() const {
  for (std::size_t i = 0; i < bundles_.size(); ++i) {
    const std::string field = "bundles[" + std::to_string(i) + "]";
    const auto named = check_name(bundles_[i], "bundle");
    if (!named) return named.error().with_field(field);
    if (std::find(bundles_.begin(), bundles_.begin() + static_cast<std::ptrdiff_t>(i),
                  bundles_[i]) != bundles_.begin() + static_cast<std::ptrdiff_t>(i)) {
      return bad_grant_request("bundle \"" + bundles_[i] + "\" is named twice", field);
    }
  }
  if (person_.empty() == role_.empty()) {
    return bad_grant_request(person_.empty() ? "nobody is named to grant to"
                                             : "both a person and an existing role are named",
                             "grantee")
        .with_hint("name a person, who gets a login for the time, or an existing role");
  }
  if (!role_.empty()) {
    const auto named = check_name(role_, "role");
    if (!named) return named.error().with_field("grantee");
  }
  BOOST_OUTCOME_TRY(check_lease_text(person_, "grantee", longest_lease_person));
  BOOST_OUTCOME_TRY(check_lease_text(reason_, "reason", longest_lease_text));
  BOOST_OUTCOME_TRY(check_lease_text(requester_, "requester", longest_lease_person));
  BOOST_OUTCOME_TRY(check_lease_text(key_, "idempotency_key", longest_lease_key));
  if (duration_ < std::chrono::seconds(1)) {
    return bad_grant_request(
               duration_ == duration_.zero() ? "no duration is given" : "the duration is too short",
               "duration")
        .with_hint("access must have an end: 1 second or more");
  }
  return success();
}

lease_filter& lease_filter::everything(bool all) {
  return everything_ = all, *this;
}

lease_filter& lease_filter::of_bundle(std::string bundle) {
  return bundle_ = std::move(bundle), *this;
}

lease_filter& lease_filter::of_grantee(std::string person_or_role) {
  return grantee_ = std::move(person_or_role), *this;
}

lease_filter& lease_filter::id(std::string id) {
  return id_ = std::move(id), *this;
}

}  // namespace pgrant
