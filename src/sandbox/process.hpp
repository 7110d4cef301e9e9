// Programs that the sandbox runs: without a shell, and never as root.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pgrant/result.hpp"

namespace pgrant::detail {

/// Whom the server's programs run as: another user if this process is root, since PostgreSQL
/// refuses to run as root, else nobody else.
struct server_user {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;

  /// Gives a file or directory to the user; nothing to do when we are the user.
  result<void> own(const std::filesystem::path& path) const;
  /// Fails, with what to do, if a directory on the way to `path` is closed to the user.
  result<void> can_reach(const std::filesystem::path& path) const;
};

/// None if this process is not root. `not_found` if root finds neither `postgres` nor `nobody`.
result<std::optional<server_user>> find_server_user();

/// Starts a program in a session of its own, so that it outlives us and our terminal. Its output is
/// appended to `log`; it gets a fixed environment and none of our open files.
result<pid_t> spawn(const std::vector<std::string>& arguments,
                    const std::optional<server_user>& user, const std::filesystem::path& log);

/// The same, and waits for its end. A status other than 0 is an `io` error whose detail is the tail
/// of the log.
result<void> run(const std::vector<std::string>& arguments, const std::optional<server_user>& user,
                 const std::filesystem::path& log);

/// The last lines of a log, for an error's detail.
std::string tail(const std::filesystem::path& log);

/// "could not open /x: Permission denied", from errno or the given code.
pgrant::error system_failure(std::string what, int code);

}  // namespace pgrant::detail
