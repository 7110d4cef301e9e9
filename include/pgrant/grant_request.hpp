// What somebody asks for: access for a time, and more time.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pgrant/lease.hpp"
#include "pgrant/policy.hpp"
#include "pgrant/result.hpp"

namespace pgrant {

namespace detail {
struct ad_hoc_access;
}

/// What somebody wants: bundles or single privileges, for a person or a role, for a time, with a
/// reason. A regular value.
class grant_request {
 public:
  /// One bundle by name; `also` adds more. The lease has all of them or none.
  explicit grant_request(std::string bundle);
  /// Privileges that no bundle names, described as in a policy; `ad_hoc` adds more. They get a
  /// bundle role of their own, `pgrant_adhoc_` and a digest of what it grants: who asks for the
  /// same gets the same role. It is made by the planner and the applier before the grant, with
  /// the connector's authority, and dropped by a sweep when no lease needs it any more.
  explicit grant_request(grant_rule privileges);

  grant_request& also(std::string bundle);
  grant_request& ad_hoc(grant_rule privileges);
  /// For an ephemeral login: whom it is for. Any text; the login's name is made from its letters
  /// and digits and a random part.
  grant_request& to(std::string person);
  /// Instead of an ephemeral login: an existing role, by its exact name.
  grant_request& to_role(std::string role);
  /// How long from the start on; 1 s or more. No default: access must have an end.
  grant_request& lasting(std::chrono::seconds duration);
  /// Later than now, at most 90 days: the lease is `scheduled` until then. The credentials of an
  /// ephemeral login are told at once, and work from its start on. The one takes back the other; a
  /// time that has passed means now.
  grant_request& starting_at(server_time when);
  grant_request& starting_in(std::chrono::seconds delay);
  grant_request& because(std::string reason);
  /// Who asks, if somebody else than the grantee; stands in the ledger and the audit trail.
  grant_request& requested_by(std::string requester);
  /// The ticket or incident that it is for, up to 200 bytes; leases are found by it.
  grant_request& ticket(std::string reference);
  /// Free labels, to find leases by: at most 32, the key 1 to 63 of [A-Za-z0-9._/-], the value up
  /// to 200 bytes. The same key again replaces the value.
  grant_request& label(std::string key, std::string value);
  /// How many sessions the ephemeral login may have at once; unless given, as the settings say.
  grant_request& connection_limit(int sessions);
  /// The same key twice is one lease: the second grant gives the first one's lease, without
  /// credentials. 1 to 200 bytes.
  grant_request& idempotency_key(std::string key);

  const std::vector<std::string>& bundles() const noexcept { return bundles_; }
  const std::vector<grant_rule>& ad_hoc() const noexcept { return ad_hoc_; }
  const std::string& person() const noexcept { return person_; }
  const std::string& role() const noexcept { return role_; }
  std::chrono::seconds duration() const noexcept { return duration_; }
  const std::optional<server_time>& start() const noexcept { return start_; }
  const std::optional<std::chrono::seconds>& delay() const noexcept { return delay_; }
  /// A start was asked for: it may lie in the future.
  bool may_start_later() const noexcept { return start_ || delay_; }
  const std::string& reason() const noexcept { return reason_; }
  const std::string& requester() const noexcept { return requester_; }
  const std::string& ticket() const noexcept { return ticket_; }
  const std::map<std::string, std::string>& labels() const noexcept { return labels_; }
  const std::optional<int>& connection_limit() const noexcept { return connection_limit_; }
  const std::string& key() const noexcept { return key_; }

  /// What can be checked without a server, as `invalid_argument` with `field()`.
  result<void> validate() const;

 private:
  friend struct detail::ad_hoc_access;
  std::vector<std::string> bundles_;
  std::vector<grant_rule> ad_hoc_;
  std::string person_, role_, reason_, requester_, ticket_, key_;
  std::map<std::string, std::string> labels_;
  std::chrono::seconds duration_{0};
  std::optional<server_time> start_;
  std::optional<std::chrono::seconds> delay_;
  std::optional<int> connection_limit_;
};

/// More time for a lease that has not ended. A regular value.
class extend_request {
 public:
  /// The lease's id, and how much later it is to end; 1 s or more.
  extend_request(std::string lease, std::chrono::seconds by);
  extend_request& because(std::string reason);
  extend_request& requested_by(std::string requester);
  /// The same key twice extends a lease once: the second call gives the lease as it is. 1 to 200
  /// bytes; keys of other leases do not matter.
  extend_request& idempotency_key(std::string key);

  const std::string& lease() const noexcept { return lease_; }
  std::chrono::seconds by() const noexcept { return by_; }
  const std::string& reason() const noexcept { return reason_; }
  const std::string& requester() const noexcept { return requester_; }
  const std::string& key() const noexcept { return key_; }

  /// What can be checked without a server, as `invalid_argument` with `field()`.
  result<void> validate() const;

 private:
  std::string lease_, reason_, requester_, key_;
  std::chrono::seconds by_;
};

}  // namespace pgrant
