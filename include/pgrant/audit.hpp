// The audit trail: what was done, in rows that are only ever added, each with a hash over the one
// before it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pgrant/lease.hpp"
#include "pgrant/result.hpp"

namespace pgrant {

/// One thing that was done, for the audit trail. Never put a secret into it.
class audit_entry {
 public:
  /// `action`: a word such as "apply".
  explicit audit_entry(std::string action) : action_(std::move(action)) {}
  /// Who wanted it; the login that did it is recorded by the server.
  audit_entry& actor(std::string who) { return actor_ = std::move(who), *this; }
  audit_entry& lease(std::string id) { return lease_ = std::move(id), *this; }
  /// "done" unless set.
  audit_entry& outcome(std::string text) { return outcome_ = std::move(text), *this; }
  /// Adds a detail: ("plan", digest), ("database", name), …
  audit_entry& detail(std::string name, std::string value) {
    return details_.insert_or_assign(std::move(name), std::move(value)), *this;
  }

  const std::string& action() const noexcept { return action_; }
  const std::string& actor() const noexcept { return actor_; }
  const std::string& lease() const noexcept { return lease_; }
  const std::string& outcome() const noexcept { return outcome_; }
  const std::map<std::string, std::string>& details() const noexcept { return details_; }

 private:
  std::string action_, actor_, lease_, outcome_ = "done";
  std::map<std::string, std::string> details_;
};

/// What a check of the audit trail found.
struct audit_verdict {
  std::int64_t entries = 0;
  /// "chain 3, entry 17: changed or missing"; empty: every row is as it was written.
  std::vector<std::string> broken;
};

/// A row of the trail.
struct audit_record {
  int chain = 0;       ///< Rows are spread over several chains of hashes.
  std::int64_t n = 0;  ///< Its number in the chain, from 1 on without gaps.
  server_time at{};
  std::string login;   ///< The server's role that did it.
  std::string actor;   ///< Who wanted it; empty: nobody was named.
  std::string action;  ///< "grant", "extend", "revoke", "expire", "end", "apply", …
  std::string lease;   ///< Its id; empty: it was not about a lease.
  std::string outcome;
  std::map<std::string, std::string> details;
};

/// Which rows to list. A row passes if all that is set is true of it. A regular value.
class audit_filter {
 public:
  audit_filter() = default;
  audit_filter& of_lease(std::string id) { return lease_ = std::move(id), *this; }
  audit_filter& action(std::string word) { return action_ = std::move(word), *this; }
  audit_filter& actor(std::string who) { return actor_ = std::move(who), *this; }
  audit_filter& since(server_time when) { return since_ = when, *this; }
  audit_filter& before(server_time when) { return before_ = when, *this; }
  /// By the server's clock: not older than this.
  audit_filter& within(std::chrono::seconds time) { return within_ = time, *this; }
  /// At most so many, the newest (default 1,000); 1 to 100,000.
  audit_filter& limit(int count) { return limit_ = count, *this; }

  const std::string& lease() const noexcept { return lease_; }
  const std::string& action() const noexcept { return action_; }
  const std::string& actor() const noexcept { return actor_; }
  const std::optional<server_time>& since() const noexcept { return since_; }
  const std::optional<server_time>& before() const noexcept { return before_; }
  const std::optional<std::chrono::seconds>& within() const noexcept { return within_; }
  int limit() const noexcept { return limit_; }

  /// `invalid_argument` with `field()` if a value is out of its range.
  result<void> validate() const;

 private:
  std::string lease_, action_, actor_;
  std::optional<server_time> since_, before_;
  std::optional<std::chrono::seconds> within_;
  int limit_ = 1000;
};

}  // namespace pgrant
