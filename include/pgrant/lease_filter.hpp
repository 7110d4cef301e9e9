// Which leases to list.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pgrant/lease.hpp"
#include "pgrant/result.hpp"

namespace pgrant {

/// A lease passes if all that is set is true of it. The default: all that are not over (scheduled,
/// active, ending, held). A regular value.
class lease_filter {
 public:
  lease_filter() = default;
  /// Also those that are over.
  lease_filter& everything(bool all = true) { return everything_ = all, *this; }
  /// In this state; again: or in that one. Then `everything` does not matter.
  lease_filter& in_state(lease_state state) { return states_.push_back(state), *this; }
  lease_filter& of_bundle(std::string bundle) { return bundle_ = std::move(bundle), *this; }
  lease_filter& of_grantee(std::string person_or_role) {
    return grantee_ = std::move(person_or_role), *this;
  }
  lease_filter& requested_by(std::string requester) {
    return requester_ = std::move(requester), *this;
  }
  lease_filter& ticket(std::string reference) { return ticket_ = std::move(reference), *this; }
  /// Has this label; several: all of them.
  lease_filter& label(std::string key, std::string value) {
    return labels_.insert_or_assign(std::move(key), std::move(value)), *this;
  }
  /// Ends before this time; by the server's clock within this time. The one takes back the other.
  lease_filter& expiring_before(server_time when) { return within_.reset(), before_ = when, *this; }
  lease_filter& expiring_within(std::chrono::seconds time) {
    return before_.reset(), within_ = time, *this;
  }
  lease_filter& id(std::string id) { return id_ = std::move(id), *this; }
  /// At most so many, the newest; 1 or more. Unless given: all.
  lease_filter& limit(int count) { return limit_ = count, *this; }

  bool includes_over() const noexcept { return everything_; }
  const std::vector<lease_state>& states() const noexcept { return states_; }
  const std::string& bundle() const noexcept { return bundle_; }
  const std::string& grantee() const noexcept { return grantee_; }
  const std::string& requester() const noexcept { return requester_; }
  const std::string& ticket() const noexcept { return ticket_; }
  const std::map<std::string, std::string>& labels() const noexcept { return labels_; }
  const std::optional<server_time>& expires_before() const noexcept { return before_; }
  const std::optional<std::chrono::seconds>& expires_within() const noexcept { return within_; }
  const std::string& id() const noexcept { return id_; }
  const std::optional<int>& limit() const noexcept { return limit_; }

  /// `invalid_argument` with `field()` if a value is out of its range.
  result<void> validate() const;

 private:
  bool everything_ = false;
  std::vector<lease_state> states_;
  std::string bundle_, grantee_, requester_, ticket_, id_;
  std::map<std::string, std::string> labels_;
  std::optional<server_time> before_;
  std::optional<std::chrono::seconds> within_;
  std::optional<int> limit_;
};

}  // namespace pgrant
