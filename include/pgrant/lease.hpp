// Leases as values: what is asked for, what was given, what is known about it afterwards.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/result.hpp"
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
  active,  ///< The membership is there (and the login).
  ending,  ///< The membership is revoked; sessions are being ended, the login is being dropped.
  ended,   ///< Nothing is left.
  held,    ///< Access has ended, but the login owns objects and cannot be dropped; see `held_why`.
  failed,  ///< Nothing was granted.
};

std::string_view to_string(lease_state state) noexcept;
std::optional<lease_state> parse_lease_state(std::string_view text) noexcept;

/// What somebody wants: bundles, for a person or a role, for a time, with a reason.
class grant_request {
 public:
  /// One bundle by name; `also` adds more. The lease has all of them or none.
  explicit grant_request(std::string bundle);
  grant_request& also(std::string bundle);
  /// For an ephemeral login: whom it is for. Any text; the login's name is made from its letters
  /// and digits and a random part.
  grant_request& to(std::string person);
  /// Instead of an ephemeral login: an existing role, by its exact name.
  grant_request& to_role(std::string role);
  /// How long from the commit on; 1 s or more. No default: access must have an end.
  grant_request& lasting(std::chrono::seconds duration);
  grant_request& because(std::string reason);
  /// Who asks, if somebody else than the grantee; stands in the ledger and the audit trail.
  grant_request& requested_by(std::string requester);
  /// The same key twice is one lease: the second grant gives the first one's lease, without
  /// credentials. 1 to 200 bytes.
  grant_request& idempotency_key(std::string key);

  const std::vector<std::string>& bundles() const noexcept { return bundles_; }
  const std::string& person() const noexcept { return person_; }
  const std::string& role() const noexcept { return role_; }
  std::chrono::seconds duration() const noexcept { return duration_; }
  const std::string& reason() const noexcept { return reason_; }
  const std::string& requester() const noexcept { return requester_; }
  const std::string& key() const noexcept { return key_; }

  /// What can be checked without a server, as `invalid_argument` with `field()`.
  result<void> validate() const;

 private:
  std::vector<std::string> bundles_;
  std::string person_, role_, reason_, requester_, key_;
  std::chrono::seconds duration_{0};
};

/// A row of the ledger.
struct lease {
  std::string id;  ///< Random, [a-z2-7]; what `revoke` takes.
  std::vector<std::string> bundles;
  grantee_kind kind = grantee_kind::ephemeral_login;
  std::string grantee;  ///< The role's name on the server.
  std::string person;   ///< Whom it is for; the role's name for existing roles.
  std::string requester, reason;
  lease_state state = lease_state::active;
  server_time granted_at{}, expires_at{};
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

/// Which leases to list. The default: all that are not over (active, ending, held).
class lease_filter {
 public:
  lease_filter() = default;
  lease_filter& everything(bool all = true);
  lease_filter& of_bundle(std::string bundle);
  lease_filter& of_grantee(std::string person_or_role);
  lease_filter& id(std::string id);

  bool includes_over() const noexcept { return everything_; }
  const std::string& bundle() const noexcept { return bundle_; }
  const std::string& grantee() const noexcept { return grantee_; }
  const std::string& id() const noexcept { return id_; }

 private:
  bool everything_ = false;
  std::string bundle_, grantee_, id_;
};

/// What ending a lease did.
struct lease_end {
  pgrant::lease lease;  ///< After the end: ended, held, or still ending.
  int sessions_ended = 0;
  bool login_dropped = false;
  /// Bundles whose membership stays: another lease, or the grantee had it before.
  std::vector<std::string> kept;
};

}  // namespace pgrant
