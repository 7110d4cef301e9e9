// Options of the verbs about leases and the audit trail as the library's own types.
#include <chrono>
#include <limits>

#include "client.hpp"
#include "pgrant/json/lease_request.hpp"

namespace pgrant::capi {

namespace {

using std::chrono::seconds;

constexpr std::int64_t longest_time_s = 31'536'000;
constexpr std::int64_t most_count = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t latest_us = 253'402'300'799'999'999;  // the end of the year 9999

server_time time_of(std::int64_t microseconds) {
  return server_time(std::chrono::microseconds(microseconds));
}

// A grant as in a policy. The library reads them as part of a request, so it is put into one.
grant_rule ad_hoc_rule(const std::string& text) {
  const auto whole =
      grant_request_from_json(R"({"to": "x", "for": "1s", "ad_hoc": [)" + text + "]}");
  if (!whole) refuse(whole.error());
  if (whole.assume_value().ad_hoc().size() != 1 || !whole.assume_value().bundles().empty())
    refuse("ad_hoc", "an entry of ad_hoc is one JSON object");
  return whole.assume_value().ad_hoc().front();
}

grant_request request_for(const option_reader& read) {
  std::vector<std::string> bundles, rules;
  read.list("bundles", [&](const std::vector<std::string>& names) { bundles = names; });
  read.list("ad_hoc", [&](const std::vector<std::string>& texts) { rules = texts; });
  if (bundles.empty() && rules.empty()) refuse("bundles", "a grant needs a bundle");
  std::optional<grant_request> made;
  for (std::string& name : bundles)
    made ? made->also(std::move(name)) : made.emplace(std::move(name));
  for (const std::string& rule : rules)
    made ? made->ad_hoc(ad_hoc_rule(rule)) : made.emplace(ad_hoc_rule(rule));
  return std::move(*made);
}

}  // namespace

grant_request read_grant_options(const pgrant_options* from) {
  const option_reader read(from, PGRANT_OPTIONS_GRANT);
  grant_request made = request_for(read);
  read.text("person", [&](const std::string& name) { made.to(name); });
  read.text("role", [&](const std::string& name) { made.to_role(name); });
  read.integer("duration_s", 1, longest_time_s, [&](std::int64_t t) { made.lasting(seconds(t)); });
  read.text("reason", [&](const std::string& text) { made.because(text); });
  read.text("requester", [&](const std::string& name) { made.requested_by(name); });
  read.text("idempotency_key", [&](const std::string& key) { made.idempotency_key(key); });
  read.text("ticket", [&](const std::string& reference) { made.ticket(reference); });
  read.family<std::string>("label", [&](std::string key, const std::string& value) {
    made.label(std::move(key), value);
  });
  read.integer("starting_at_us", 0, latest_us,
               [&](std::int64_t t) { made.starting_at(time_of(t)); });
  read.integer("starting_in_s", 0, longest_time_s,
               [&](std::int64_t t) { made.starting_in(seconds(t)); });
  read.integer("connection_limit", 1, most_count,
               [&](std::int64_t n) { made.connection_limit(static_cast<int>(n)); });
  take(made.validate());
  return made;
}

extend_request read_extend_options(const pgrant_options* from) {
  const option_reader read(from, PGRANT_OPTIONS_EXTEND);
  std::string lease;
  seconds by{0};
  read.text("lease", [&](const std::string& id) { lease = id; });
  read.integer("by_s", 1, longest_time_s, [&](std::int64_t t) { by = seconds(t); });
  if (lease.empty()) refuse("lease", "an extension needs the lease's id");
  if (by == seconds(0)) refuse("by_s", "an extension needs a time");
  extend_request made(std::move(lease), by);
  read.text("reason", [&](const std::string& text) { made.because(text); });
  read.text("requester", [&](const std::string& name) { made.requested_by(name); });
  read.text("idempotency_key", [&](const std::string& key) { made.idempotency_key(key); });
  take(made.validate());
  return made;
}

lease_filter read_lease_options(const pgrant_options* from) {
  const option_reader read(from, PGRANT_OPTIONS_LEASES);
  lease_filter made;
  read.flag("everything", [&](bool on) { made.everything(on); });
  read.text("bundle", [&](const std::string& name) { made.of_bundle(name); });
  read.text("grantee", [&](const std::string& name) { made.of_grantee(name); });
  read.text("id", [&](const std::string& id) { made.id(id); });
  read.list("states", [&](const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      const auto state = parse_lease_state(name);
      if (!state) refuse("states", "there is no such state of a lease");
      made.in_state(*state);
    }
  });
  read.text("requester", [&](const std::string& name) { made.requested_by(name); });
  read.text("ticket", [&](const std::string& reference) { made.ticket(reference); });
  read.family<std::string>("label", [&](std::string key, const std::string& value) {
    made.label(std::move(key), value);
  });
  read.integer("expiring_before_us", 0, latest_us,
               [&](std::int64_t t) { made.expiring_before(time_of(t)); });
  read.integer("expiring_within_s", 0, longest_time_s,
               [&](std::int64_t t) { made.expiring_within(seconds(t)); });
  read.integer("limit", 1, most_count, [&](std::int64_t n) { made.limit(static_cast<int>(n)); });
  take(made.validate());
  return made;
}

audit_filter read_audit_options(const pgrant_options* from) {
  const option_reader read(from, PGRANT_OPTIONS_AUDIT);
  audit_filter made;
  read.text("lease", [&](const std::string& id) { made.of_lease(id); });
  read.text("action", [&](const std::string& word) { made.action(word); });
  read.text("actor", [&](const std::string& who) { made.actor(who); });
  read.integer("since_us", 0, latest_us, [&](std::int64_t t) { made.since(time_of(t)); });
  read.integer("before_us", 0, latest_us, [&](std::int64_t t) { made.before(time_of(t)); });
  read.integer("within_s", 0, longest_time_s, [&](std::int64_t t) { made.within(seconds(t)); });
  read.integer("limit", 1, most_count, [&](std::int64_t n) { made.limit(static_cast<int>(n)); });
  take(made.validate());
  return made;
}

}  // namespace pgrant::capi
