// The command line, as values. arguments.cpp is the one file that knows CLI11.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace pgrant::command {

/// Exit statuses.
inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;      ///< Bad usage or bad input; nothing was sent.
inline constexpr int exit_not_empty = 3;  ///< `plan --check` found something to do.

struct arguments {
  std::string verb;     ///< "check", …
  std::string subject;  ///< "start", "integration", …: the second word, where a verb has one.

  bool json = false;
  bool yes = false;
  std::string dsn;
  std::string password_file;        ///< The login's; in `bootstrap` the connector's.
  std::string admin_password_file;  ///< `bootstrap`: the login's.
  std::string ledger_database = "pgrant";

  // bootstrap
  std::string profile = "guide";
  std::string connector;
  std::vector<std::string> creators;
  bool reset_password = false;
  std::optional<int> issuers;

  // rotate
  std::string login;
  bool during_leases = false;

  // bootstrap, inventory
  std::vector<std::string> databases;
  bool objects = false;

  // plan, apply
  std::string policy_file;
  std::string plan_file;
  std::string out;
  bool check = false;

  // grant, extend
  std::vector<std::string> bundles;
  std::string person, role, duration, reason, requester, key, credentials_file;
  std::string request_file, start, start_in, ticket;
  std::vector<std::string> labels;  ///< "key=value"
  int session_limit = 0;            ///< 0: not given.

  // leases, revoke, extend, audit
  std::string lease, grantee, bundle, action, since, before, within;
  std::vector<std::string> states;
  int limit = 0;  ///< 0: not given.
  bool all = false;

  // grant, extend, expire
  bool accept_restored = false;

  // password
  int length = 24;
  int iterations = 4096;

  // sandbox
  std::string directory, postgresql;
  std::string sandbox_profile = "azure";
  int major = 0;
  int port = 0;
  bool remove = false;
};

/// The arguments, or the status to exit with (after --help, or an error that was printed).
struct parsed {
  std::optional<arguments> given;
  int status = exit_done;
};
parsed parse_arguments(int argc, char** argv);

}  // namespace pgrant::command
