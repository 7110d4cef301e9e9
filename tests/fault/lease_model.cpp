#include "fault/lease_model.hpp"

#include <algorithm>

namespace test {

std::string to_text(const model_event& event) {
  using kind = model_event::kind;
  switch (event.what) {
    case kind::grant: {
      std::string text = "grant of " + event.lease + " to " + event.member + ":";
      for (const std::string& role : event.roles) text += ' ' + role;
      return text;
    }
    case kind::end:
      return "end of " + event.lease;
    case kind::manual_grant:
      return "GRANT by hand: " + to_text(memberships{event.entry});
    case kind::manual_revoke:
      return "REVOKE by hand: " + to_text(memberships{event.entry});
    case kind::drop_role:
      return "DROP ROLE " + event.member;
  }
  return "";
}

std::optional<membership_entry> lease_model::find(const std::string& role,
                                                  const std::string& member) const {
  for (const membership_entry& e : entries_) {
    if (e.role == role && e.member == member && (!options_ || e.grantor == giver_)) return e;
  }
  return std::nullopt;
}

memberships lease_model::entries_before() const {
  memberships found;
  for (const auto& [membership, count] : counts_) {
    if (!count.before) continue;
    membership_entry entry = *count.before;
    if (!options_) entry = {entry.role, entry.member, "", entry.admin, true, true};
    found.insert(entry);
  }
  return found;
}

bool lease_model::give(const std::string& role, const std::string& member) {
  const auto now = find(role, member);
  counted& count = counts_[{role, member}];
  if (count.n++ == 0) count.before = now;
  // What was there before is left alone where it gives everything: also when it is gone.
  const bool left_alone = count.before && (!options_ || count.before->inherit);
  if (!left_alone && !options_ && !now) {
    entries_.insert({role, member, giver_, false, true, true});
  } else if (!left_alone && options_) {
    membership_entry next = now.value_or(membership_entry{role, member, giver_, false, true, true});
    next.inherit = true;
    if (!count.before) next.set = false;
    if (now) entries_.erase(*now);
    entries_.insert(next);
  }
  return std::any_of(entries_.begin(), entries_.end(), [&](const membership_entry& e) {
    return e.role == role && e.member == member && e.inherit;
  });
}

void lease_model::take(const std::string& role, const std::string& member) {
  const auto found = counts_.find({role, member});
  if (--found->second.n > 0) return;
  const auto before = found->second.before;
  counts_.erase(found);
  const auto now = find(role, member);
  if (!now) return;  // somebody else took it: nothing comes back
  if (!before) {
    entries_.erase(*now);
  } else if (options_ && !before->inherit) {
    membership_entry next = *now;  // also with what somebody has changed of it meanwhile
    next.inherit = false;
    entries_.erase(*now);
    entries_.insert(next);
  }
}

bool lease_model::change_by_hand(const model_event& event) {
  const auto same = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) {
    return e.role == event.entry.role && e.member == event.entry.member &&
           (!options_ || e.grantor == event.entry.grantor);
  });
  if (event.what == model_event::kind::manual_revoke) {
    if (same != entries_.end()) entries_.erase(same);
    return true;
  }
  if (same == entries_.end()) {
    entries_.insert(event.entry);
    return true;
  }
  membership_entry next = *same;  // only the options that the statement names
  for (const std::string& option : event.options) {
    if (option == "admin") next.admin = event.entry.admin;
    if (option == "inherit") next.inherit = event.entry.inherit;
    if (option == "set") next.set = event.entry.set;
  }
  if (!options_) {
    next = *same;
    // Before 16 there is one row: who adds ADMIN to it becomes its grantor.
    if (event.entry.admin && !same->admin) next = event.entry;
  }
  if (next == *same) return true;
  entries_.erase(same);
  entries_.insert(next);
  return true;
}

bool lease_model::apply(const model_event& event) {
  using kind = model_event::kind;
  switch (event.what) {
    case kind::grant:
      for (const std::string& role : event.roles) {
        if (!give(role, event.member)) return false;
      }
      leases_[event.lease] = {event.roles, event.member, false};
      return true;
    case kind::end: {
      const auto found = leases_.find(event.lease);
      if (found == leases_.end()) return false;
      const active_lease ended = found->second;
      leases_.erase(found);
      if (ended.member_gone) return true;
      for (const std::string& role : ended.roles) take(role, ended.member);
      return true;
    }
    case kind::manual_grant:
    case kind::manual_revoke:
      return change_by_hand(event);
    case kind::drop_role:
      std::erase_if(entries_, [&](const auto& e) { return e.member == event.member; });
      std::erase_if(counts_, [&](const auto& c) { return c.first.second == event.member; });
      // Whoever has the name afterwards is somebody else.
      for (auto& [id, lease] : leases_) lease.member_gone |= lease.member == event.member;
      return true;
  }
  return false;
}

}  // namespace test
