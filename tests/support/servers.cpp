#include "support/servers.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "sandbox/setup.hpp"
#include "support/watchdog.hpp"

namespace test {

namespace {

namespace fs = std::filesystem;

// As in scripts/servers.sh.
fs::path cache_directory() {
  if (const char* given = std::getenv("PGRANT_CACHE")) return given;
  if (::geteuid() == 0) return "/var/cache/pgrant";
  if (const char* xdg = std::getenv("XDG_CACHE_HOME")) return fs::path(xdg) / "pgrant";
  const char* home = std::getenv("HOME");
  return fs::path(home ? home : "/tmp") / ".cache/pgrant";
}

// Where servers live while a test has them: in memory where there is room for many. A copy on a
// busy disk costs up to twenty times the processor time, and no test is about disks.
fs::path run_directory() {
  std::error_code none;
  const fs::path memory = "/dev/shm";
  const bool roomy = fs::space(memory, none).available >= std::uintmax_t{4} << 30 && !none;
  return roomy ? memory / ("pgrant-tests-" + std::to_string(::geteuid()))
               : cache_directory() / "run";
}

// Held by whoever makes a template, shared by those who copy it.
class template_lock {
 public:
  template_lock(const fs::path& file, int mode)
      : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (file_ < 0 || ::flock(file_, mode) != 0) FAIL("could not lock " << file.string());
  }
  template_lock(const template_lock&) = delete;
  template_lock& operator=(const template_lock&) = delete;
  ~template_lock() { ::close(file_); }

 private:
  int file_;
};

pgrant::sandbox_profile profile_of(shape s) {
  return s == shape::azure ? pgrant::sandbox_profile::azure : pgrant::sandbox_profile::superuser;
}

pgrant::sandbox started(const pgrant::sandbox_options& options) {
  auto made = pgrant::sandbox::start(options);
  if (!made) FAIL("no server for the test: " << made.error().describe());
  return std::move(made).value();
}

fs::path make_template(int major, shape s) {
  const fs::path directory = cache_directory() / "templates";
  fs::create_directories(directory);
  const std::string name = std::to_string(major) + "-" + std::string(to_string(s)) + "-" +
                           pgrant::detail::setup_digest();
  fs::path made = directory / name;
  const fs::path lock_file = directory / (name + ".lock");
  if (fs::exists(made)) return made;

  const template_lock lock(lock_file, LOCK_EX);
  if (fs::exists(made)) return made;
  const fs::path draft = directory / (name + ".new-" + std::to_string(::getpid()));
  fs::remove_all(draft);
  const pgrant::sandbox_options options = pgrant::sandbox_options(draft)
                                              .search_path({cache_directory() / "postgresql"})
                                              .major(major)
                                              .profile(profile_of(s));
  watch_over(draft);
  pgrant::sandbox sandbox = started(options);
  const auto stopped = sandbox.stop();
  if (!stopped) FAIL("the template's server did not stop: " << stopped.error().describe());
  fs::rename(draft, made);
  return made;
}

std::unique_ptr<server> copied_server(int major, const server_options& options) {
  const bool from_template = options.programs().empty();
  const fs::path source = from_template ? make_template(major, options.shape()) : fs::path();
  static std::atomic<int> number{0};
  static const fs::path run = run_directory();
  fs::create_directories(run);
  const fs::path directory = run / (std::to_string(::getpid()) + "-" + std::to_string(++number));
  fs::remove_all(directory);  // of a process that had our number earlier
  pgrant::sandbox_options copy(directory);
  if (from_template) {
    copy.copy_from(source);
  } else {
    copy.postgresql(options.programs()).profile(profile_of(options.shape()));
  }
  for (const auto& [name, value] : options.settings()) copy.setting(name, value);
  watch_over(directory);
  return std::make_unique<server>(started(copy));
}

std::string conninfo_value(std::string_view value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

}  // namespace

std::string_view to_string(shape s) noexcept {
  return s == shape::azure ? "azure" : "superuser";
}

server::server(pgrant::sandbox sandbox) : sandbox_(std::move(sandbox)), report_(sandbox_.status()) {
  label_ = "PostgreSQL " + std::to_string(report_.major) + ", " +
           std::string(pgrant::to_string(report_.profile));
}

server::~server() {
  static_cast<void>(sandbox_.remove());
}

test::shape server::shape() const noexcept {
  return report_.profile == pgrant::sandbox_profile::azure ? test::shape::azure
                                                           : test::shape::superuser;
}

std::string server::password(std::string_view login) const {
  const auto password = sandbox_.password(login);
  if (!password) FAIL(password.error().describe());
  return std::string(password.value().reveal());
}

std::string server::conninfo(std::string_view database, std::string_view user) const {
  return "host=" + host() + " port=" + std::to_string(port()) +
         " dbname=" + conninfo_value(database) + " user=" + conninfo_value(user) +
         " sslmode=verify-full sslrootcert=" + conninfo_value(ca_file());
}

std::string server::log() const {
  std::ifstream file(report_.log_file, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void server::stop(bool crash) {
  const auto stopped = crash ? sandbox_.crash() : sandbox_.stop();
  if (!stopped) FAIL(stopped.error().describe());
  report_ = sandbox_.status();
}

void server::start() {
  const auto resumed = sandbox_.resume();
  if (!resumed) FAIL(resumed.error().describe());
  report_ = sandbox_.status();
}

const std::vector<int>& versions() {
  static const std::vector<int> chosen = [] {
    const char* given = std::getenv("PGRANT_TEST_VERSIONS");
    if (!given || !*given) return std::vector<int>{14, 15, 16, 17, 18};
    std::vector<int> parsed;
    std::istringstream list(given);
    for (std::string item; std::getline(list, item, ',');) parsed.push_back(std::stoi(item));
    return parsed;
  }();
  return chosen;
}

server& shared_server(int major, shape s) {
  static std::map<std::pair<int, shape>, std::unique_ptr<server>> running;
  std::unique_ptr<server>& found = running[{major, s}];
  if (!found) found = copied_server(major, server_options().shape(s));
  return *found;
}

std::unique_ptr<server> own_server(int major, server_options options) {
  return copied_server(major, options);
}

std::filesystem::path postgresql_programs(int major) {
  return cache_directory() / "postgresql" / std::to_string(major) / "bin";
}

}  // namespace test
