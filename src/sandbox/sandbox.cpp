#include "pgrant/sandbox.hpp"

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "pgrant/password.hpp"
#include "sandbox/certificate.hpp"
#include "sandbox/cluster.hpp"
#include "sandbox/discovery.hpp"
#include "sandbox/setup.hpp"

namespace pgrant {

namespace {

using detail::sandbox_layout;
using detail::sandbox_state;
using detail::server_user;

// A Unix-domain socket's address has room for 107 bytes on Linux, 103 on macOS.
constexpr std::size_t longest_socket_path = 103;

bool is_plain_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= 63 && name.front() != '.' && !name.starts_with("pg_") &&
         std::all_of(name.begin(), name.end(), plain);
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (plain.find(c) != plain.npos) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return encoded;
}

bool is_setting_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

result<void> check_options(const sandbox_options& options) {
  const auto bad = [](std::string what, const char* field) {
    return pgrant::error(errc::invalid_argument, std::move(what)).with_field(field);
  };
  if (options.directory().empty()) return bad("a sandbox needs a directory", "directory");
  for (const char* taken : {"azuresu", "postgres", "azure_pg_admin", "replication", "app_owner",
                            "shop_app", "grace", "legacy_owner", "analysts"})
    if (options.administrator() == taken)
      return bad("the administrator cannot be called " + options.administrator(), "administrator");
  if (!is_plain_name(options.administrator()))
    return bad("the administrator's name has other characters than letters, digits, _ . -",
               "administrator");
  for (const auto& [name, value] : options.settings())
    if (!is_setting_name(name) || value.find_first_of(std::string_view("\n\r\0", 3)) != value.npos)
      return bad("a setting has a name or a value that postgresql.conf cannot hold", "settings");
  return success();
}

// The absolute directory, made if it did not exist; empty either way.
result<std::filesystem::path> prepare_directory(const std::filesystem::path& wanted,
                                                const std::optional<server_user>& user) {
  std::error_code failed;
  const std::filesystem::path directory =
      std::filesystem::weakly_canonical(std::filesystem::absolute(wanted), failed);
  if (failed) return detail::system_failure("could not look at " + wanted.string(), failed.value());
  if ((sandbox_layout(directory).socket() / ".s.PGSQL.65535.lock").native().size() >
      longest_socket_path)
    return pgrant::error(errc::invalid_argument, "the directory's name is too long for a socket")
        .with_field("directory")
        .with_hint("use a directory nearer to the root");
  std::filesystem::create_directory(directory, failed);
  if (failed) return detail::system_failure("could not make " + directory.string(), failed.value());
  if (!std::filesystem::is_empty(directory, failed) || failed)
    return pgrant::error(errc::conflict, directory.string() + " is not empty")
        .with_field("directory")
        .with_hint("a sandbox lies there already? stop and remove it, or use another directory");
  ::chmod(directory.c_str(), 0755);
  if (user) {
    BOOST_OUTCOME_TRY(user->can_reach(directory));
  }
  return directory;
}

result<void> make_server_directory(const std::filesystem::path& path,
                                   const std::optional<server_user>& user) {
  if (::mkdir(path.c_str(), 0700) != 0)
    return detail::system_failure("could not make " + path.string(), errno);
  if (user) return user->own(path);
  return success();
}

result<void> make_certificates(const sandbox_layout& layout,
                               const std::optional<server_user>& user) {
  BOOST_OUTCOME_TRY(const detail::server_certificates made, detail::make_server_certificates());
  BOOST_OUTCOME_TRY(detail::write_private_file(layout.authority(), made.authority));
  BOOST_OUTCOME_TRY(detail::write_private_file(layout.certificate(), made.server));
  BOOST_OUTCOME_TRY(detail::write_private_file(layout.key(), made.server_key.reveal()));
  for (const auto& open : {layout.authority(), layout.certificate()}) ::chmod(open.c_str(), 0644);
  if (user) return user->own(layout.key());
  return success();
}

// Somebody may take a free port before the server does: then another one is tried.
result<void> start_on_port(const sandbox_layout& layout, sandbox_state& state, std::uint16_t wanted,
                           const std::optional<server_user>& user) {
  constexpr int most_tries = 5;
  for (int tries = 1;; ++tries) {
    BOOST_OUTCOME_TRY(state.port, detail::choose_port(wanted));
    BOOST_OUTCOME_TRY(detail::configure_cluster(layout, state, user));
    const result<void> started = detail::start_cluster(layout, state, user);
    if (started || wanted != 0 || started.error().code() != errc::conflict || tries == most_tries)
      return started;
  }
}

result<void> make_new(const sandbox_layout& layout, sandbox_state& state,
                      const sandbox_options& options, const std::optional<server_user>& user) {
  state.profile = options.profile();
  state.tls = options.tls();
  state.superuser = state.profile == sandbox_profile::azure ? "azuresu" : "postgres";
  state.administrator = options.administrator();
  state.logins = {{state.administrator, "the administrator"}};
  if (options.content()) {
    state.databases = {"shop", "billing"};
    state.logins.push_back({"grace", "a person who has a login already"});
    state.logins.push_back({"shop_app", "the application"});
  }
  BOOST_OUTCOME_TRY(make_server_directory(layout.data(), user));
  BOOST_OUTCOME_TRY(detail::create_cluster(layout, state, user));
  BOOST_OUTCOME_TRY(const std::string version,
                    detail::read_whole_file(layout.data() / "PG_VERSION"));
  state.major = std::atoi(version.c_str());
  if (state.major < detail::oldest_major || state.major > detail::newest_major)
    return pgrant::error(errc::unsupported, "a sandbox cannot be PostgreSQL " + version);

  std::filesystem::create_directory(layout.tls());
  if (state.tls) {
    BOOST_OUTCOME_TRY(make_certificates(layout, user));
  }
  if (::mkdir(layout.passwords().c_str(), 0700) != 0)
    return detail::system_failure("could not make " + layout.passwords().string(), errno);
  std::vector<std::pair<std::string, secret>> passwords;
  for (const sandbox_state::login& login : state.logins) {
    BOOST_OUTCOME_TRY(secret password, generate_password());
    BOOST_OUTCOME_TRY(
        detail::write_private_file(layout.passwords() / login.name, password.reveal()));
    passwords.emplace_back(login.name, std::move(password));
  }
  BOOST_OUTCOME_TRY(start_on_port(layout, state, options.port(), user));
  return detail::set_up_cluster(layout, state, passwords, options.content());
}

result<void> make_copy(const sandbox_layout& layout, sandbox_state& state,
                       const sandbox_options& options, const std::optional<server_user>& user) {
  const sandbox_layout source(options.copy_from());
  BOOST_OUTCOME_TRY(sandbox_state copied, detail::read_state(source));
  if (detail::cluster_process(source) != 0)
    return pgrant::error(errc::conflict, "a running sandbox cannot be copied")
        .with_field("copy_from")
        .with_hint("stop it first");
  copied.settings = options.settings();
  state = std::move(copied);
  // Owners and modes as they are: the server checks both.
  BOOST_OUTCOME_TRY(detail::run({"cp", "-a", source.data().string(), source.tls().string(),
                                 source.passwords().string(), layout.directory.string()},
                                std::nullopt, layout.log()));
  return start_on_port(layout, state, options.port(), user);
}

result<void> make_and_start(const sandbox_layout& layout, const sandbox_options& options,
                            const std::optional<server_user>& user) {
  sandbox_state state;
  state.settings = options.settings();
  if (options.port() != 0) {  // before the work
    BOOST_OUTCOME_TRY(detail::choose_port(options.port()));
  }
  BOOST_OUTCOME_TRY(make_server_directory(layout.socket(), user));
  if (options.copy_from().empty()) {
    BOOST_OUTCOME_TRY(state.bin, detail::find_postgresql(options));
    if (user) {
      BOOST_OUTCOME_TRY(user->can_reach(state.bin));
    }
    BOOST_OUTCOME_TRY(make_new(layout, state, options, user));
  } else {
    BOOST_OUTCOME_TRY(make_copy(layout, state, options, user));
  }
  return detail::write_state(layout, state);
}

}  // namespace

std::string_view to_string(sandbox_profile profile) noexcept {
  return profile == sandbox_profile::azure ? "azure" : "superuser";
}

result<sandbox_profile> parse_sandbox_profile(std::string_view text) {
  if (text == "azure") return sandbox_profile::azure;
  if (text == "superuser") return sandbox_profile::superuser;
  return pgrant::error(errc::invalid_argument, "there is no such sandbox profile")
      .with_field("profile")
      .with_hint("use azure or superuser");
}

result<sandbox> sandbox::start(sandbox_options options) {
  BOOST_OUTCOME_TRY(check_options(options));
  BOOST_OUTCOME_TRY(const std::optional<server_user> user, detail::find_server_user());
  std::error_code ignored;
  const bool existed = std::filesystem::exists(options.directory(), ignored);
  BOOST_OUTCOME_TRY(const std::filesystem::path directory,
                    prepare_directory(options.directory(), user));
  const sandbox_layout layout(directory);
  const result<void> made = make_and_start(layout, options, user);
  if (made) return sandbox(directory);

  static_cast<void>(detail::stop_cluster(layout, SIGQUIT));
  for (const auto& left : std::filesystem::directory_iterator(directory, ignored))
    std::filesystem::remove_all(left.path(), ignored);
  if (!existed) std::filesystem::remove(directory, ignored);
  return made.error();
}

result<sandbox> sandbox::open(std::filesystem::path directory) {
  std::error_code failed;
  directory = std::filesystem::weakly_canonical(std::filesystem::absolute(directory), failed);
  if (!std::filesystem::exists(sandbox_layout(directory).state(), failed))
    return pgrant::error(errc::not_found, "there is no sandbox in " + directory.string())
        .with_field("directory");
  BOOST_OUTCOME_TRY(detail::read_state(sandbox_layout(directory)));
  return sandbox(std::move(directory));
}

result<void> sandbox::resume() {
  const sandbox_layout layout(directory_);
  if (detail::cluster_process(layout) != 0) return success();
  BOOST_OUTCOME_TRY(const std::optional<server_user> user, detail::find_server_user());
  BOOST_OUTCOME_TRY(const sandbox_state state, detail::read_state(layout));
  BOOST_OUTCOME_TRY(detail::choose_port(state.port));
  BOOST_OUTCOME_TRY(detail::configure_cluster(layout, state, user));
  return detail::start_cluster(layout, state, user);
}

result<void> sandbox::stop() {
  return detail::stop_cluster(sandbox_layout(directory_), SIGINT);
}

result<void> sandbox::crash() {
  return detail::stop_cluster(sandbox_layout(directory_), SIGQUIT);
}

result<void> sandbox::remove() {
  BOOST_OUTCOME_TRY(crash());  // what it would write is deleted next
  std::error_code failed;
  std::filesystem::remove_all(directory_, failed);
  if (failed)
    return detail::system_failure("could not delete " + directory_.string(), failed.value());
  return success();
}

sandbox_report sandbox::status() const {
  const sandbox_layout layout(directory_);
  sandbox_report report;
  report.directory = directory_;
  report.socket_directory = layout.socket();
  report.log_file = layout.log();
  report.host = "localhost";
  report.pid = static_cast<int>(detail::cluster_process(layout));
  report.running = report.pid != 0;
  const result<sandbox_state> read = detail::read_state(layout);
  if (!read) return report;  // removed meanwhile
  const sandbox_state& state = read.assume_value();
  report.version = state.version;
  report.major = state.major;
  report.profile = state.profile;
  report.port = state.port;
  if (state.tls) report.ca_file = layout.authority();
  report.superuser = state.superuser;
  report.administrator = state.administrator;
  report.admin_dsn =
      "postgresql://" + state.administrator + "@localhost:" + std::to_string(state.port) +
      "/postgres?sslmode=" +
      (state.tls ? "verify-full&sslrootcert=" + percent_encoded(layout.authority().string())
                 : std::string("disable"));
  report.databases = state.databases;
  for (const sandbox_state::login& login : state.logins)
    report.logins.push_back({login.name, layout.passwords() / login.name, login.purpose});
  return report;
}

result<secret> sandbox::password(std::string_view login) const {
  const sandbox_layout layout(directory_);
  BOOST_OUTCOME_TRY(const sandbox_state state, detail::read_state(layout));
  for (const sandbox_state::login& known : state.logins)
    if (known.name == login) {
      BOOST_OUTCOME_TRY(std::string text, detail::read_whole_file(layout.passwords() / known.name));
      return secret(std::move(text));
    }
  return pgrant::error(errc::not_found, "the sandbox made no login of that name")
      .with_object("role \"" + std::string(login) + "\"");
}

}  // namespace pgrant
