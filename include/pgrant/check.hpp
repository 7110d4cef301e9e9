// What a look at an instance tells: how the connection is secured, who we are there, what we may
// do, and what should be mended.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/connection_spec.hpp"
#include "pgrant/ledger_condition.hpp"
#include "pgrant/platform.hpp"
#include "pgrant/tls_info.hpp"

namespace pgrant {

/// How much a finding matters.
enum class finding_severity : std::uint8_t {
  problem,  ///< Something does not work, or somebody may get at data.
  warning,  ///< It works, and is weaker than it should be.
  note,     ///< Good to know.
};

/// "problem", "warning", "note".
std::string_view to_string(finding_severity severity) noexcept;

/// One thing that should be known.
struct finding {
  finding_severity severity = finding_severity::note;
  std::string id;      ///< Stable, for programs: "public-may-create".
  std::string title;   ///< One line: what is so.
  std::string why;     ///< What it means.
  std::string remedy;  ///< What to do, with the statement where there is one.
};

/// A database, as the login sees it.
struct checked_database {
  std::string name;
  bool connect = false;        ///< We may connect.
  bool grant_connect = false;  ///< We may grant CONNECT on it.
  bool owned = false;          ///< We own it, directly or through a role.
};

struct check_report {
  // The connection.
  std::string host, address;
  std::string database;
  pgrant::ssl_mode ssl_mode = pgrant::ssl_mode::verify_full;
  std::optional<tls_info> tls;               ///< None: not encrypted.
  std::chrono::microseconds connect_time{};  ///< Resolving, TCP, TLS, login, session settings.
  std::chrono::microseconds round_trip{};    ///< The questions of this check.

  // The server.
  int server_version = 0;           ///< 170004
  std::string server_version_text;  ///< "17.4"
  std::string system_identifier;
  pgrant::platform platform = pgrant::platform::generic;

  // The login.
  std::string role;
  bool superuser = false, create_role = false, create_database = false, bypass_rls = false;
  /// In the platform's group of administrators: inherits from it, and may grant it on.
  bool in_admin_group = false, admin_group_admin = false;
  bool may_end_sessions = false;  ///< pg_signal_backend, or superuser.
  int connection_limit = -1;

  std::vector<checked_database> databases;  ///< Without reserved ones, sorted by name.

  // The ledger.
  std::string ledger_database;
  bool ledger_exists = false, ledger_reachable = false;
  /// What a look into it found; none: this login may not look.
  std::optional<ledger_condition> ledger;

  // Settings that matter to leases.
  int max_prepared_transactions = 0;

  std::vector<finding> findings;  ///< Problems first.
};

/// What a server said that only findings are made of.
struct check_facts {
  bool public_may_create = false;         ///< CREATE on schema public for PUBLIC, here.
  bool public_may_use_temporary = false;  ///< TEMPORARY on this database for PUBLIC.
  bool public_may_enter_ledger = false;   ///< CONNECT on the ledger's database for PUBLIC.
  bool has_dblink = false, has_cron = false;
  int orphan_memberships = 0;      ///< pg_auth_members rows whose member does not exist.
  int ghost_sessions = 0;          ///< Sessions of roles that do not exist.
  std::optional<int> issuers;      ///< How many issuer roles there are; nothing: nobody looked.
  std::chrono::sys_seconds now{};  ///< The server's clock.
};

/// The findings for what is in the report and the facts; pure. `report.findings` is not read.
std::vector<finding> find_findings(const check_report& report, const check_facts& facts,
                                   const connection_spec& spec);

}  // namespace pgrant
