#include "fault/process.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/worker.hpp"

namespace test {

worker_process::worker_process(const std::string& host, int port, const std::string& user,
                               const std::string& ledger, const std::string& connections) {
  // Sockets rather than pipes: writing to a dead process is an error and no signal.
  int input[2], output[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input) == 0);
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, output) == 0);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input[1], 0);
  posix_spawn_file_actions_adddup2(&files, output[1], 1);
  std::string words[] = {"worker", "--work", host, std::to_string(port), user, ledger, connections};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int failed =
      ::posix_spawn(&pid_, "/proc/self/exe", &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  ::close(input[1]);
  ::close(output[1]);
  input_ = input[0];
  output_ = output[0];
  REQUIRE(failed == 0);
}

worker_process::~worker_process() {
  ::close(input_);
  if (pid_ > 0) {
    kill();
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(output_);
}

void worker_process::kill() const {
  ::kill(pid_, SIGKILL);
}

void worker_process::send(const std::vector<std::string>& order) {
  std::string text;
  for (const std::string& field : order) text += (text.empty() ? "" : "\t") + field;
  text += '\n';
  static_cast<void>(::send(input_, text.data(), text.size(), MSG_NOSIGNAL));
}

std::optional<std::vector<std::string>> worker_process::answer(std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const std::size_t end = heard_.find('\n');
    if (end != std::string::npos) {
      const std::string text = heard_.substr(0, end);
      heard_.erase(0, end + 1);
      return split_fields(text);
    }
    pollfd there{output_, POLLIN, 0};
    ::poll(&there, 1, 200);
    char bytes[4096];
    const auto got = there.revents == 0 ? -1 : ::read(output_, bytes, sizeof bytes);
    if (got == 0 || (got < 0 && there.revents != 0)) return std::nullopt;
    if (got > 0) heard_.append(bytes, static_cast<std::size_t>(got));
    if (std::chrono::steady_clock::now() > deadline) {
      kill();
      FAIL_CHECK("a worker did not answer within " << limit.count() << " s");
      return std::nullopt;
    }
  }
}

}  // namespace test
