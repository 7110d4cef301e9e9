// What has to be true of ledger and server whenever nobody is at work: asked with plain SQL.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "integration/lease_world.hpp"

namespace test {

/// A membership as pg_auth_members has it. Before 16 there are no options, and one grantor.
struct membership_entry {
  std::string role, member, grantor;
  bool admin = false, inherit = true, set = true;

  friend auto operator<=>(const membership_entry&, const membership_entry&) = default;
};
using memberships = std::set<membership_entry>;

/// "world_read > person_1 by connector_1 (admin, inherit)", a line each.
std::string to_text(const memberships& entries);

/// Who gives what leases give of a bundle's role: its granter where there are any; on 16 and later
/// a superuser's memberships are the bootstrap superuser's.
std::string giver_of(const lease_world& world, const std::string& role);

/// Which leases need which membership: (bundle role, member) → how many.
using needs = std::map<std::pair<std::string, std::string>, int>;

/// What the server has to hold when it held `before` without leases.
memberships memberships_with(const lease_world& world, memberships before, const needs& leases);

/// One connection of the superuser to the ledger, for many questions.
class observer {
 public:
  explicit observer(lease_world& world)
      : world_(world),
        session_(world.where(), world.ledger_database(), world.where().superuser()) {}

  /// All memberships in bundle roles of this world, but those of the connector.
  memberships memberships_now();
  /// What the ledger says was there before the first of a membership's leases. Without grantors and
  /// options before 16.
  memberships memberships_before_leases();
  /// Of the active leases in the ledger.
  needs needs_of_ledger();
  /// Everything in which ledger and server contradict each other, a line each; empty if they agree.
  /// Leases whose grantee somebody else has dropped may be named.
  std::string disagreements(const std::set<std::string>& vanished = {});
  /// The same, and where memberships are not `before` with what the active leases give.
  std::string disagreements_with(const memberships& before);
  /// Waits until no session of the connector is left, so that what died has been rolled back.
  void wait_until_quiet();

  session& sql() noexcept { return session_; }
  std::string value(const std::string& query);

 private:
  lease_world& world_;
  session session_;
};

/// What is broken in the audit trail.
std::string broken_audit(lease_world& world);

/// Moves the end of an active lease into the past, as waiting would.
void let_expire(lease_world& world, const std::string& lease_id);

}  // namespace test
