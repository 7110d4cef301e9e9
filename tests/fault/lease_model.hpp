// What leases mean, in a page: memberships are counted, the first finds what was there before, the
// last leaves it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fault/agreement.hpp"

namespace test {

/// Something that changed memberships, as a whole and at one instant.
struct model_event {
  enum class kind { grant, end, manual_grant, manual_revoke, drop_role } what = kind::grant;
  std::string lease;                 // grant, end
  std::vector<std::string> roles;    // grant: the bundles' roles
  std::string member;                // grant, drop_role
  std::vector<std::string> options;  // manual_grant: "admin", "inherit", "set"
  membership_entry entry;            // manual_*
};

std::string to_text(const model_event& event);

class lease_model {
 public:
  /// `giver`: the grantor of what leases give. `options`: the server is 16 or later.
  lease_model(memberships before, std::string giver, bool options)
      : entries_(std::move(before)), giver_(std::move(giver)), options_(options) {}

  /// False: the event cannot happen in this state.
  bool apply(const model_event& event);
  const memberships& entries() const noexcept { return entries_; }
  /// What leases that are active found before the first of them, as
  /// `observer::memberships_before_leases`: two orders of events may leave the same entries and
  /// differ in what will be left at the end.
  memberships entries_before() const;

 private:
  struct counted {
    int n = 0;
    std::optional<membership_entry> before;  // of the same grantor; before 16 of any
  };
  struct active_lease {
    std::vector<std::string> roles;
    std::string member;
    bool member_gone = false;
  };

  std::optional<membership_entry> find(const std::string& role, const std::string& member) const;
  // False: nothing would give the role's privileges, which makes the grant an error.
  bool give(const std::string& role, const std::string& member);
  void take(const std::string& role, const std::string& member);
  bool change_by_hand(const model_event& event);

  memberships entries_;
  std::string giver_;
  bool options_;
  std::map<std::pair<std::string, std::string>, counted> counts_;
  std::map<std::string, active_lease> leases_;
};

}  // namespace test
