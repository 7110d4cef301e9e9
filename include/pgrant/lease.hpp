// Leases as values: what was given, and what is known about it afterwards.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/secret.hpp"

namespace pgrant {

/// The server's clock, to the microsecond.
using server_time = std::chrono::sys_time<std::chrono::microseconds>;

enum class grantee_kind {
  ephemeral_login,  ///< A login made for this lease and dropped at its end.
  existing_role,    ///< A role that was there before and stays.
};

std::string_view to_string(grantee_kind kind) noexcept;

/// Where a lease is in its life. The texts of `to_string` stand in JSON and in the ledger.
enum class lease_state {
  /// Its time has not come: a login was made, but cannot log in and has no membership. The first
  /// sweep at or after `starts_at` makes the lease active.
  scheduled,
  active,  ///< The membership is there (and the login).
  ending,  ///< The membership is revoked; sessions are being ended, the login is being dropped.
  ended,   ///< Nothing is left.
  held,    ///< Access has ended, but the login owns objects and cannot be dropped; see `held_why`.
  failed,  ///< Nothing was granted.
};

std::string_view to_string(lease_state state) noexcept;
std::optional<lease_state> parse_lease_state(std::string_view text) noexcept;

/// A row of the ledger.
struct lease {
  std::string id;  ///< Random, [a-z2-7]; what `revoke` and `extend` take.
  /// Names; ad-hoc privileges have one, too: "adhoc-" and a digest of what they are.
  std::vector<std::string> bundles;
  grantee_kind kind = grantee_kind::ephemeral_login;
  std::string grantee;  ///< The role's name on the server.
  std::string person;   ///< Whom it is for; the role's name for existing roles.
  std::string requester, reason;
  std::string ticket;                         ///< As the request gave it; empty: none.
  std::map<std::string, std::string> labels;  ///< As the request gave them.
  lease_state state = lease_state::active;
  server_time granted_at{};  ///< When it was granted; from the start on, when it started.
  server_time starts_at{};   ///< `granted_at`, unless a later start was asked for.
  server_time expires_at{};
  std::optional<server_time> ended_at;
  /// If `held`: object, database and remedy; if `ending`: what was in the way of the last try.
  std::string held_why;
};

/// How to log in, told once and stored nowhere.
struct credentials {
  std::string user;
  secret password;
  /// A connection string without the password: host, port, database, user, sslmode, sslrootcert.
  std::string conninfo;
};

struct granted_lease {
  pgrant::lease lease;
  /// Only for a new ephemeral login.
  std::optional<pgrant::credentials> credentials;
};

/// What ending a lease did.
struct lease_end {
  pgrant::lease lease;  ///< After the end: ended, held, or still ending.
  int sessions_ended = 0;
  bool login_dropped = false;
  /// Bundles whose membership stays: another lease, or the grantee had it before.
  std::vector<std::string> kept;
  /// What is wrong with the lease's bundles themselves, a sentence each: any member of a bundle's
  /// role can take it out of default privileges and policies. Says what was done about it (missing
  /// default privileges are given again where the connector may), or what is to be done.
  std::vector<std::string> bundle_findings;
};

}  // namespace pgrant
