// Throwaway PostgreSQL servers that behave like Azure's, for demonstrations and tests.
//
// What a sandbox is: a cluster in a directory of its own, on this machine's loopback address and a
// Unix-domain socket, with TLS by a CA of its own, the roles and databases that a flexible server
// has (profile `azure`), and two application databases with content. Nothing in it is worth
// keeping: data is not flushed to disk, and every password is random and lies in a file beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgrant/result.hpp"
#include "pgrant/secret.hpp"

namespace pgrant {

/// Whom the administrator resembles.
enum class sandbox_profile {
  /// Azure Database for PostgreSQL, flexible server: the administrator has CREATEROLE and CREATEDB
  /// and belongs to `azure_pg_admin`, but is no superuser; databases `azure_sys` and
  /// `azure_maintenance`; plain TCP is refused.
  azure,
  /// A stock server whose administrator is a superuser. TLS is required here as well.
  superuser,
};

/// "azure", "superuser".
std::string_view to_string(sandbox_profile profile) noexcept;
/// The inverse; fails with `invalid_argument`, field "profile".
result<sandbox_profile> parse_sandbox_profile(std::string_view text);

/// How a sandbox is made. A regular value.
class sandbox_options {
 public:
  /// `directory`: where everything of the sandbox lies. Must not exist, or be empty; its parents
  /// must exist and let the server's user pass (see `sandbox::start`).
  explicit sandbox_options(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// The directory of the programs `initdb` and `postgres` to use; nothing is searched then.
  sandbox_options& postgresql(std::filesystem::path bin) { return bin_ = std::move(bin), *this; }
  /// Where to look for versions: each is a directory that holds `<major>/bin/postgres`. Debian's
  /// /usr/lib/postgresql is looked into after these.
  sandbox_options& search_path(std::vector<std::filesystem::path> directories) {
    return search_path_ = std::move(directories), *this;
  }
  /// The major version (14 to 18); 0, the default, takes the newest that is found.
  sandbox_options& major(int version) { return major_ = version, *this; }
  /// The TCP port; 0, the default, takes a free one.
  sandbox_options& port(std::uint16_t number) { return port_ = number, *this; }
  sandbox_options& profile(sandbox_profile p) { return profile_ = p, *this; }
  /// The administrator's name (default `pgadmin`): letters, digits, `_`, `.`, `-`.
  sandbox_options& administrator(std::string name) {
    return administrator_ = std::move(name), *this;
  }
  /// Off: the server offers no TLS and takes plain TCP, to see how a client refuses that.
  sandbox_options& tls(bool on) { return tls_ = on, *this; }
  /// Off: the cluster holds no application databases and roles.
  sandbox_options& content(bool on) { return content_ = on, *this; }
  /// A further setting of postgresql.conf, in force from the start; wins over the sandbox's own.
  sandbox_options& setting(std::string name, std::string value) {
    return settings_.insert_or_assign(std::move(name), std::move(value)), *this;
  }
  /// Copies a stopped sandbox instead of making a new one, in a fraction of the time. Version,
  /// profile, administrator, content, certificates and passwords are those of the copied one.
  sandbox_options& copy_from(std::filesystem::path directory) {
    return copy_from_ = std::move(directory), *this;
  }

  const std::filesystem::path& directory() const noexcept { return directory_; }
  const std::filesystem::path& postgresql() const noexcept { return bin_; }
  const std::vector<std::filesystem::path>& search_path() const noexcept { return search_path_; }
  int major() const noexcept { return major_; }
  std::uint16_t port() const noexcept { return port_; }
  sandbox_profile profile() const noexcept { return profile_; }
  const std::string& administrator() const noexcept { return administrator_; }
  bool tls() const noexcept { return tls_; }
  bool content() const noexcept { return content_; }
  const std::map<std::string, std::string>& settings() const noexcept { return settings_; }
  const std::filesystem::path& copy_from() const noexcept { return copy_from_; }

 private:
  std::filesystem::path directory_;
  std::filesystem::path bin_;
  std::vector<std::filesystem::path> search_path_;
  int major_ = 0;
  std::uint16_t port_ = 0;
  sandbox_profile profile_ = sandbox_profile::azure;
  std::string administrator_ = "pgadmin";
  bool tls_ = true;
  bool content_ = true;
  std::map<std::string, std::string> settings_;
  std::filesystem::path copy_from_;
};

/// A login of the sandbox whose password lies in a file.
struct sandbox_login {
  std::string name;
  std::filesystem::path
      password_file;    ///< Mode 0600; its content, without line end, is the password.
  std::string purpose;  ///< For people: "administrator", "an existing user".
};

/// What there is to know about a sandbox. Holds no secret.
struct sandbox_report {
  std::filesystem::path directory;
  bool running = false;
  int pid = 0;          ///< Of the server; 0 when it is not running.
  std::string version;  ///< "18.4"
  int major = 0;
  sandbox_profile profile = sandbox_profile::azure;
  std::string host;  ///< "localhost", which the server's certificate names.
  std::uint16_t port = 0;
  std::filesystem::path ca_file;  ///< PEM; empty without TLS.
  /// Connecting through this directory needs no password, as any role: only the user who runs the
  /// server, and root, can reach it.
  std::filesystem::path socket_directory;
  std::filesystem::path log_file;
  std::string superuser;  ///< The bootstrap superuser: `azuresu` or `postgres`.
  std::string administrator;
  std::string admin_dsn;  ///< A libpq URI for the administrator, verify-full, no password.
  std::vector<std::string> databases;  ///< The application's.
  std::vector<sandbox_login> logins;   ///< The administrator first.
};

/// A sandbox: a handle on its directory, which any process of the same user may open. The server
/// is a process of its own and goes on after the handle and the process that started it.
///
/// Calls block: they run programs and wait for a server. Not for an executor's thread. Different
/// sandboxes may be used by different threads; one handle by one thread at a time, and two
/// processes are not to start or stop the same sandbox at once.
class sandbox {
 public:
  /// Makes the sandbox and starts it; returns when it accepts connections. About 3 s, or 0.4 s
  /// for a copy.
  ///
  /// PostgreSQL refuses to run as root. Started by root, the server runs as user `postgres` if
  /// there is one, else as `nobody`; the directory and its parents have to be open to that user.
  ///
  /// Fails with `not_found` if no PostgreSQL is there (the hint says what to install), `conflict`
  /// if the port or the directory is in use, `invalid_argument`, or `io` if a program fails (the
  /// detail holds the last lines of its log). What a failed start had made is removed again.
  static result<sandbox> start(sandbox_options options);

  /// A sandbox that was made before, running or not. Fails with `not_found` or `io`.
  static result<sandbox> open(std::filesystem::path directory);

  /// Starts it again, on the port that it had. Nothing happens if it runs.
  result<void> resume();
  /// Stops the server: sessions end, and it has written everything when this returns. Nothing
  /// happens if it is stopped already. It is killed if that takes longer than 30 s.
  result<void> stop();
  /// Stops the server like a power failure: at once, with recovery at the next start.
  result<void> crash();
  /// `stop`, and deletes the directory.
  result<void> remove();

  /// Reads the present state.
  sandbox_report status() const;
  const std::filesystem::path& directory() const noexcept { return directory_; }
  /// The password of one of `sandbox_report::logins`. Fails with `not_found`.
  result<secret> password(std::string_view login) const;

 private:
  explicit sandbox(std::filesystem::path directory) : directory_(std::move(directory)) {}

  std::filesystem::path directory_;
};

}  // namespace pgrant
