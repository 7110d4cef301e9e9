#include "sandbox/cluster.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

namespace pgrant::detail {

namespace {

using namespace std::chrono_literals;
constexpr auto start_limit = 60s;
constexpr auto stop_limit = 30s;
constexpr auto poll_interval = 10ms;

// The server's file of that name: process, data directory, start time, port, socket directory,
// listening address, shared memory, status.
struct postmaster_file {
  pid_t pid = 0;
  std::string status;
};

postmaster_file read_postmaster_file(const sandbox_layout& layout) {
  std::ifstream file(layout.data() / "postmaster.pid");
  postmaster_file found;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (number == 1) found.pid = static_cast<pid_t>(std::atol(line.c_str()));
    if (number == 8) found.status = line.substr(0, line.find(' '));
  }
  return found;
}

// Whether the process is that server and not another one that got its number later.
bool is_server_of(pid_t pid, const sandbox_layout& layout) {
  if (pid <= 0 || ::kill(pid, 0) != 0) return false;
  std::error_code failed;
  const auto proc = std::filesystem::path("/proc") / std::to_string(pid);
  if (!std::filesystem::exists("/proc/self", failed)) return true;
  // The server's working directory is its data directory. A zombie has none.
  const auto where = std::filesystem::read_symlink(proc / "cwd", failed);
  return !failed && where == std::filesystem::weakly_canonical(layout.data(), failed);
}

void reap(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, WNOHANG);  // fails harmlessly when it is not our child
}

std::string quoted_setting(std::string_view value) {
  std::string text = "'";
  for (char c : value) {
    if (c == '\'' || c == '\\') text += c;
    text += c;
  }
  return text + "'";
}

std::string configuration(const sandbox_layout& layout, const sandbox_state& state) {
  std::map<std::string, std::string> all{
      {"listen_addresses", "127.0.0.1"},
      {"port", std::to_string(state.port)},
      {"unix_socket_directories", layout.socket().string()},
      {"cluster_name", "pgrant sandbox"},
      {"max_connections", "100"},
      {"superuser_reserved_connections", state.major >= 16 ? "10" : "15"},
      {"shared_buffers", "32MB"},
      {"max_prepared_transactions", "0"},
      {"fsync", "off"},
      {"full_page_writes", "off"},
      {"jit", "off"},
      {"password_encryption", "scram-sha-256"},
      {"authentication_timeout", "30"},
      {"tcp_keepalives_idle", "120"},
      {"tcp_keepalives_interval", "30"},
      {"tcp_keepalives_count", "9"},
      {"log_line_prefix", "%m [%p] %q%u@%d "},
      {"log_timezone", "UTC"},
      {"timezone", "UTC"},
      {"ssl", state.tls ? "on" : "off"}};
  if (state.major >= 16) all["reserved_connections"] = "5";
  if (state.tls) {
    all["ssl_min_protocol_version"] = "TLSv1.2";
    all["ssl_cert_file"] = layout.certificate().string();
    all["ssl_key_file"] = layout.key().string();
  }
  for (const auto& [name, value] : state.settings) all.insert_or_assign(name, value);
  std::string text;
  for (const auto& [name, value] : all) text += name + " = " + quoted_setting(value) + "\n";
  return text;
}

// Whoever can enter the socket's directory owns the server anyway. From outside: TLS, as on Azure.
std::string host_based_authentication(const sandbox_state& state) {
  return std::string("local all all trust\n") + (state.tls ? "hostssl" : "host") +
         " all all all scram-sha-256\n";
}

result<void> write_for_server(const std::filesystem::path& path, std::string_view content,
                              const std::optional<server_user>& user) {
  BOOST_OUTCOME_TRY(write_private_file(path, content));
  if (user) return user->own(path);
  return success();
}

}  // namespace

result<std::uint16_t> choose_port(std::uint16_t wanted) {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return system_failure("could not make a socket", errno);
  const int on = 1;  // as the server will: a port in TIME_WAIT is free
  ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(wanted);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool is_free = ::bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  const int why = errno;
  ::close(probe);
  if (is_free) return ntohs(address.sin_port);
  const std::string what = "could not use port " + std::to_string(wanted) + " of 127.0.0.1";
  if (why != EADDRINUSE) return system_failure(what, why).with_field("port");
  return pgrant::error(errc::conflict, what + ": another server listens on it")
      .with_field("port")
      .with_hint("choose another port, or 0 for any free one");
}

result<void> create_cluster(const sandbox_layout& layout, const sandbox_state& state,
                            const std::optional<server_user>& user) {
  return run({(state.bin / "initdb").string(), "--pgdata=" + layout.data().string(),
              "--username=" + state.superuser, "--auth-host=scram-sha-256", "--auth-local=trust",
              "--encoding=UTF8", "--locale=C.UTF-8",
              "--wal-segsize=1",  // small, so that copies are
              "--no-sync", "--no-instructions"},
             user, layout.log());
}

result<void> configure_cluster(const sandbox_layout& layout, const sandbox_state& state,
                               const std::optional<server_user>& user) {
  BOOST_OUTCOME_TRY(
      write_for_server(layout.data() / "postgresql.conf", configuration(layout, state), user));
  return write_for_server(layout.data() / "pg_hba.conf", host_based_authentication(state), user);
}

result<void> start_cluster(const sandbox_layout& layout, const sandbox_state& state,
                           const std::optional<server_user>& user) {
  BOOST_OUTCOME_TRY(
      const pid_t pid,
      spawn({(state.bin / "postgres").string(), "-D", layout.data().string()}, user, layout.log()));
  const auto deadline = std::chrono::steady_clock::now() + start_limit;
  while (std::chrono::steady_clock::now() < deadline) {
    const postmaster_file file = read_postmaster_file(layout);
    if (file.pid == pid && file.status == "ready") return success();
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) {
      BOOST_OUTCOME_TRY(choose_port(state.port));  // the likeliest reason has an error of its own
      return pgrant::error(errc::io, "the server did not start").with_detail(tail(layout.log()));
    }
    std::this_thread::sleep_for(poll_interval);
  }
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return pgrant::error(errc::timeout, "the server did not accept connections within a minute")
      .with_detail(tail(layout.log()));
}

result<void> stop_cluster(const sandbox_layout& layout, int signal) {
  const pid_t pid = cluster_process(layout);
  if (pid == 0) return success();
  if (::kill(pid, signal) != 0 && errno != ESRCH)
    return system_failure("could not signal the server, process " + std::to_string(pid), errno);
  const auto deadline = std::chrono::steady_clock::now() + stop_limit;
  while (is_server_of(pid, layout)) {
    if (std::chrono::steady_clock::now() > deadline) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(poll_interval);
    reap(pid);
  }
  reap(pid);
  return success();
}

pid_t cluster_process(const sandbox_layout& layout) {
  const pid_t pid = read_postmaster_file(layout).pid;
  return is_server_of(pid, layout) ? pid : 0;
}

}  // namespace pgrant::detail
