#include "sandbox/process.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

namespace pgrant::detail {

namespace {

constexpr const char* setpriv_program = "/usr/bin/setpriv";

std::vector<std::string> as_user(const std::vector<std::string>& arguments,
                                 const std::optional<server_user>& user) {
  if (!user) return arguments;
  std::vector<std::string> all{setpriv_program,
                               "--reuid=" + std::to_string(user->uid),
                               "--regid=" + std::to_string(user->gid),
                               "--clear-groups",
                               "--inh-caps=-all",
                               "--"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

// Opens standard input, output and error of a child, and closes everything else that we have open.
class spawn_files {
 public:
  explicit spawn_files(const std::filesystem::path& log) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions_, 1, 2);
#ifdef __GLIBC__
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
#endif
  }
  spawn_files(const spawn_files&) = delete;
  spawn_files& operator=(const spawn_files&) = delete;
  ~spawn_files() { posix_spawn_file_actions_destroy(&actions_); }

  const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

}  // namespace

pgrant::error system_failure(std::string what, int code) {
  return pgrant::error(errc::io, what + ": " + std::generic_category().message(code));
}

result<void> server_user::own(const std::filesystem::path& path) const {
  if (::lchown(path.c_str(), uid, gid) != 0)
    return system_failure("could not give " + path.string() + " to user " + name, errno);
  return success();
}

result<void> server_user::can_reach(const std::filesystem::path& path) const {
  std::filesystem::path walked;
  for (const auto& part : path) {
    walked /= part;
    struct stat found{};
    if (::stat(walked.c_str(), &found) != 0)
      return system_failure("could not look at " + walked.string(), errno);
    const mode_t needed = found.st_uid == uid ? S_IXUSR : found.st_gid == gid ? S_IXGRP : S_IXOTH;
    if ((found.st_mode & needed) == 0)
      return pgrant::error(errc::io,
                           "the server's user " + name + " cannot enter " + walked.string())
          .with_field("directory")
          .with_hint(
              "choose a directory that is open to everybody on the way, such as one in /var/tmp");
  }
  return success();
}

result<std::optional<server_user>> find_server_user() {
  if (::geteuid() != 0) return std::optional<server_user>();
  for (const char* name : {"postgres", "nobody"}) {
    struct passwd entry{};
    struct passwd* found = nullptr;
    std::array<char, 4096> buffer;
    if (::getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found) == 0 && found)
      return std::optional<server_user>({name, found->pw_uid, found->pw_gid});
  }
  return pgrant::error(errc::not_found,
                       "PostgreSQL does not run as root, and there is no other user")
      .with_hint("create a user called postgres, or start as a user that is not root");
}

result<pid_t> spawn(const std::vector<std::string>& arguments,
                    const std::optional<server_user>& user, const std::filesystem::path& log) {
  std::vector<std::string> all = as_user(arguments, user);
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  // A fixed environment: the caller's PG* variables would reach initdb and the server.
  std::string path = "PATH=/usr/local/bin:/usr/bin:/bin";
  std::string locale = "LC_ALL=C.UTF-8";
  std::array<char*, 3> environment{path.data(), locale.data(), nullptr};

  const spawn_files files(log);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigfillset(&defaults);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int failed =
      ::posix_spawnp(&pid, argv.front(), files.get(), &attributes, argv.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) return system_failure("could not run " + all.front(), failed);
  return pid;
}

result<void> run(const std::vector<std::string>& arguments, const std::optional<server_user>& user,
                 const std::filesystem::path& log) {
  BOOST_OUTCOME_TRY(const pid_t pid, spawn(arguments, user, log));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return system_failure("could not wait for " + arguments.front(), errno);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return success();
  const std::string how = WIFEXITED(status) ? "exit status " + std::to_string(WEXITSTATUS(status))
                                            : "signal " + std::to_string(WTERMSIG(status));
  return pgrant::error(errc::io, arguments.front() + " failed with " + how).with_detail(tail(log));
}

std::string tail(const std::filesystem::path& log) {
  constexpr std::streamoff most = 2000;
  std::ifstream file(log, std::ios::binary | std::ios::ate);
  if (!file) return {};
  const std::streamoff size = file.tellg();
  file.seekg(size > most ? size - most : 0);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (size > most) text.erase(0, text.find('\n') + 1);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace pgrant::detail
