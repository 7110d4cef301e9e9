#include "pgrant/json/lease_request.hpp"

#include "json/reader.hpp"
#include "json/time.hpp"
#include "pgrant/json/policy.hpp"

namespace pgrant {

result<void> read(const json_text::node& from, grant_rule& to);  // as in policies

namespace {

using json_text::fields;
using json_text::node;

constexpr std::size_t request_max_bytes = 256u << 10;

result<std::optional<std::string>> request_text(const fields& from, std::string_view key) {
  std::optional<std::string> text;
  BOOST_OUTCOME_TRYV(from.optional(key, text));
  return text;
}

result<std::optional<std::chrono::seconds>> request_duration(const fields& from,
                                                             std::string_view key) {
  const auto given = from.find(key);
  if (!given) return std::optional<std::chrono::seconds>();
  BOOST_OUTCOME_TRY(const std::string_view text, given->text());
  const auto parsed = parse_duration(text);
  if (!parsed) return given->refuse(parsed.error());
  return std::optional(parsed.assume_value());
}

result<std::optional<server_time>> request_time(const fields& from, std::string_view key) {
  const auto given = from.find(key);
  if (!given) return std::optional<server_time>();
  BOOST_OUTCOME_TRY(const std::string_view text, given->text());
  const auto parsed = json_text::parse_iso_time(text);
  if (!parsed) {
    return given->refuse("this is no time").with_hint("write it in UTC: 2026-11-24T09:00:00Z");
  }
  return parsed;
}

// Calls `use` with each label.
template <class Use>
result<void> read_labels(const fields& from, Use use) {
  const auto given = from.find("labels");
  if (!given) return success();
  BOOST_OUTCOME_TRY(const auto members, given->members());
  for (const auto& [key, value] : members) {
    BOOST_OUTCOME_TRY(const std::string_view text, value.text());
    use(std::string(key), std::string(text));
  }
  return success();
}

result<grant_request> begin_request(const fields& given) {
  std::vector<std::string> bundles;
  std::vector<grant_rule> rules;
  BOOST_OUTCOME_TRYV(given.optional("bundles", bundles));
  BOOST_OUTCOME_TRYV(given.optional("ad_hoc", rules));
  if (bundles.empty() && rules.empty()) {
    return given.object().refuse("nothing is asked for").with_hint("name bundles, or ad_hoc");
  }
  const bool named = !bundles.empty();
  grant_request request = named ? grant_request(bundles.front()) : grant_request(rules.front());
  for (std::size_t i = 1; i < bundles.size(); ++i) request.also(std::move(bundles[i]));
  for (std::size_t i = named ? 0 : 1; i < rules.size(); ++i) request.ad_hoc(std::move(rules[i]));
  return request;
}

}  // namespace

result<grant_request> grant_request_from_json(std::string_view text) {
  BOOST_OUTCOME_TRY(const auto document, json_text::parse(text, "request", request_max_bytes));
  BOOST_OUTCOME_TRY(const fields given,
                    node(document).object({"bundles", "ad_hoc", "to", "to_role", "for",
                                           "starting_at", "starting_in", "reason", "requester",
                                           "ticket", "labels", "connection_limit", "key"}));
  BOOST_OUTCOME_TRY(auto request, begin_request(given));
  BOOST_OUTCOME_TRY(const auto to, request_text(given, "to"));
  BOOST_OUTCOME_TRY(const auto to_role, request_text(given, "to_role"));
  BOOST_OUTCOME_TRY(const auto reason, request_text(given, "reason"));
  BOOST_OUTCOME_TRY(const auto requester, request_text(given, "requester"));
  BOOST_OUTCOME_TRY(const auto ticket, request_text(given, "ticket"));
  BOOST_OUTCOME_TRY(const auto key, request_text(given, "key"));
  BOOST_OUTCOME_TRYV(given.require("for"));
  BOOST_OUTCOME_TRY(const auto duration, request_duration(given, "for"));
  BOOST_OUTCOME_TRY(const auto delay, request_duration(given, "starting_in"));
  BOOST_OUTCOME_TRY(const auto start, request_time(given, "starting_at"));
  if (delay && start) return given.object().refuse("there are two starts");
  std::optional<int> limit;
  BOOST_OUTCOME_TRYV(given.optional("connection_limit", limit));
  request.lasting(*duration);
  if (to) request.to(*to);
  if (to_role) request.to_role(*to_role);
  if (reason) request.because(*reason);
  if (requester) request.requested_by(*requester);
  if (ticket) request.ticket(*ticket);
  if (key) request.idempotency_key(*key);
  if (delay) request.starting_in(*delay);
  if (start) request.starting_at(*start);
  if (limit) request.connection_limit(*limit);
  BOOST_OUTCOME_TRYV(read_labels(given, [&request](std::string name, std::string value) {
    request.label(std::move(name), std::move(value));
  }));
  BOOST_OUTCOME_TRYV(request.validate());
  return request;
}

result<extend_request> extend_request_from_json(std::string_view text) {
  BOOST_OUTCOME_TRY(const auto document, json_text::parse(text, "request", request_max_bytes));
  BOOST_OUTCOME_TRY(const fields given,
                    node(document).object({"lease", "by", "reason", "requester", "key"}));
  std::string lease;
  BOOST_OUTCOME_TRYV(given.required("lease", lease));
  BOOST_OUTCOME_TRYV(given.require("by"));
  BOOST_OUTCOME_TRY(const auto by, request_duration(given, "by"));
  BOOST_OUTCOME_TRY(const auto reason, request_text(given, "reason"));
  BOOST_OUTCOME_TRY(const auto requester, request_text(given, "requester"));
  BOOST_OUTCOME_TRY(const auto key, request_text(given, "key"));
  extend_request request(std::move(lease), *by);
  if (reason) request.because(*reason);
  if (requester) request.requested_by(*requester);
  if (key) request.idempotency_key(*key);
  BOOST_OUTCOME_TRYV(request.validate());
  return request;
}

result<lease_filter> lease_filter_from_json(std::string_view text) {
  BOOST_OUTCOME_TRY(const auto document, json_text::parse(text, "filter", request_max_bytes));
  BOOST_OUTCOME_TRY(
      const fields given,
      node(document).object({"all", "states", "bundle", "grantee", "requester", "ticket", "labels",
                             "expiring_before", "expiring_within", "lease", "limit"}));
  lease_filter filter;
  bool all = false;
  BOOST_OUTCOME_TRYV(given.optional("all", all));
  filter.everything(all);
  if (const auto states = given.find("states")) {
    BOOST_OUTCOME_TRY(const auto elements, states->elements());
    for (const node& element : elements) {
      BOOST_OUTCOME_TRY(const std::string_view name, element.text());
      const auto state = parse_lease_state(name);
      if (!state) {
        return element.refuse("\"" + std::string(name) + "\" is no state of a lease")
            .with_hint("one of scheduled, active, ending, ended, held, failed");
      }
      filter.in_state(*state);
    }
  }
  BOOST_OUTCOME_TRY(const auto bundle, request_text(given, "bundle"));
  BOOST_OUTCOME_TRY(const auto grantee, request_text(given, "grantee"));
  BOOST_OUTCOME_TRY(const auto requester, request_text(given, "requester"));
  BOOST_OUTCOME_TRY(const auto ticket, request_text(given, "ticket"));
  BOOST_OUTCOME_TRY(const auto id, request_text(given, "lease"));
  BOOST_OUTCOME_TRY(const auto before, request_time(given, "expiring_before"));
  BOOST_OUTCOME_TRY(const auto within, request_duration(given, "expiring_within"));
  if (before && within) return given.object().refuse("there are two bounds of the end");
  std::optional<int> limit;
  BOOST_OUTCOME_TRYV(given.optional("limit", limit));
  BOOST_OUTCOME_TRYV(read_labels(given, [&filter](std::string name, std::string value) {
    filter.label(std::move(name), std::move(value));
  }));
  if (bundle) filter.of_bundle(*bundle);
  if (grantee) filter.of_grantee(*grantee);
  if (requester) filter.requested_by(*requester);
  if (ticket) filter.ticket(*ticket);
  if (id) filter.id(*id);
  if (before) filter.expiring_before(*before);
  if (within) filter.expiring_within(*within);
  if (limit) filter.limit(*limit);
  BOOST_OUTCOME_TRYV(filter.validate());
  return filter;
}

result<audit_filter> audit_filter_from_json(std::string_view text) {
  BOOST_OUTCOME_TRY(const auto document, json_text::parse(text, "filter", request_max_bytes));
  BOOST_OUTCOME_TRY(const fields given, node(document).object({"lease", "action", "actor", "since",
                                                               "before", "within", "limit"}));
  audit_filter filter;
  BOOST_OUTCOME_TRY(const auto lease, request_text(given, "lease"));
  BOOST_OUTCOME_TRY(const auto action, request_text(given, "action"));
  BOOST_OUTCOME_TRY(const auto actor, request_text(given, "actor"));
  BOOST_OUTCOME_TRY(const auto since, request_time(given, "since"));
  BOOST_OUTCOME_TRY(const auto before, request_time(given, "before"));
  BOOST_OUTCOME_TRY(const auto within, request_duration(given, "within"));
  std::optional<int> limit;
  BOOST_OUTCOME_TRYV(given.optional("limit", limit));
  if (lease) filter.of_lease(*lease);
  if (action) filter.action(*action);
  if (actor) filter.actor(*actor);
  if (since) filter.since(*since);
  if (before) filter.before(*before);
  if (within) filter.within(*within);
  if (limit) filter.limit(*limit);
  BOOST_OUTCOME_TRYV(filter.validate());
  return filter;
}

}  // namespace pgrant
