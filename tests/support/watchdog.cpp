#include "support/watchdog.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <string>

namespace test {

namespace {

// Reads directories from a pipe whose other end only the test process has. Its end, of whatever
// kind, is the end of the input.
constexpr const char* watchdog_script = R"sh(
while IFS= read -r directory; do set -- "$@" "$directory"; done
exec 2>/dev/null
for directory; do
  [ -f "$directory/data/postmaster.pid" ] || continue
  kill -QUIT "$(head -n 1 "$directory/data/postmaster.pid")" && sleep 0.3
done
rm -rf "$@"
)sh";

int start_watchdog() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) FAIL("no pipe for the watchdog");
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ends[0], 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSID);  // an interrupt at the terminal spares it
  std::string shell = "sh", option = "-c", script = watchdog_script, name = "watchdog";
  char* arguments[] = {shell.data(), option.data(), script.data(), name.data(), nullptr};
  pid_t pid = 0;
  const int failed = ::posix_spawn(&pid, "/bin/sh", &files, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  ::close(ends[0]);
  if (failed != 0) FAIL("no watchdog");
  return ends[1];
}

}  // namespace

void watch_over(const std::filesystem::path& sandbox_directory) {
  static const int pipe = start_watchdog();
  const std::string line = sandbox_directory.string() + "\n";
  if (::write(pipe, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    FAIL("the watchdog is gone");
}

}  // namespace test
