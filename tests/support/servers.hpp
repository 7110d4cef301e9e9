// Real PostgreSQL servers for tests: one shared per version and shape, or one of a test's own.
//
// A server is a copy of a template that is made once per machine (the cache directory holds the
// servers that `./dev` fetched and the templates), so that it is there in a third of a second. All
// of them end with the process, however it ends.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/sandbox.hpp"

namespace test {

/// What the administrator is: a superuser of a stock server, or Azure's administrator, who is not.
enum class shape { superuser, azure };

/// "azure", "superuser".
std::string_view to_string(shape s) noexcept;

/// A running server. All have the sandbox's content: see include/pgrant/sandbox.hpp.
class server {
 public:
  explicit server(pgrant::sandbox sandbox);
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  /// Stops the server and deletes its directory.
  ~server();

  /// "PostgreSQL 16, azure"
  const std::string& label() const noexcept { return label_; }
  int major() const noexcept { return report_.major; }
  test::shape shape() const noexcept;

  /// Where it listens; the server's certificate is for "localhost" and 127.0.0.1.
  const std::string& host() const noexcept { return report_.host; }
  std::uint16_t port() const noexcept { return report_.port; }
  std::string ca_file() const { return report_.ca_file.string(); }
  /// For a host name in conninfo: everybody who can reach this directory may be anybody.
  std::string socket_directory() const { return report_.socket_directory.string(); }
  /// The login that administers; pgadmin.
  const std::string& admin() const noexcept { return report_.administrator; }
  std::string admin_password() const { return password(report_.administrator); }
  /// The password of a login that the sandbox made ("pgadmin", "grace", "shop_app").
  std::string password(std::string_view login) const;
  /// The bootstrap superuser; only through the socket.
  const std::string& superuser() const noexcept { return report_.superuser; }
  /// A libpq connection string with verify-full over TCP, without a password.
  std::string conninfo(std::string_view database, std::string_view user) const;
  /// What the server has logged so far.
  std::string log() const;
  std::filesystem::path directory() const { return report_.directory; }

  const pgrant::sandbox_report& report() const noexcept { return report_; }
  pgrant::sandbox& sandbox() noexcept { return sandbox_; }
  /// Stops the server, as a crash would with `crash`; `start` brings it back on the same port.
  void stop(bool crash = false);
  void start();

 private:
  pgrant::sandbox sandbox_;
  pgrant::sandbox_report report_;
  std::string label_;
};

/// How an own server differs from the shared ones.
class server_options {
 public:
  server_options() = default;

  server_options& shape(test::shape s) { return shape_ = s, *this; }
  /// A setting of postgresql.conf: `setting("log_statement", "all")`.
  server_options& setting(std::string name, std::string value) {
    return settings_.insert_or_assign(std::move(name), std::move(value)), *this;
  }

  /// The directory of another build's `initdb` and `postgres`, such as Debian's. It takes longer:
  /// there is no template of it.
  server_options& programs(std::filesystem::path bin) { return programs_ = std::move(bin), *this; }

  test::shape shape() const noexcept { return shape_; }
  const std::filesystem::path& programs() const noexcept { return programs_; }
  const std::map<std::string, std::string>& settings() const noexcept { return settings_; }

 private:
  test::shape shape_ = test::shape::azure;
  std::map<std::string, std::string> settings_;
  std::filesystem::path programs_;
};

/// The versions to test: 14 to 18, or those in the environment variable PGRANT_TEST_VERSIONS
/// ("15,18"). The first and the last serve tests that need no more.
const std::vector<int>& versions();

/// The server that all tests of this process share; started at the first use. Tests leave it as
/// they found it, or use names of their own. Without the version on this machine, the test fails.
server& shared_server(int major, shape s = shape::azure);
/// The shared server of the newest version.
inline server& shared_server(shape s = shape::azure) {
  return shared_server(versions().back(), s);
}

/// A server that nobody else uses, for tests that change roles at large, restart or break it.
std::unique_ptr<server> own_server(int major, server_options options = {});

/// The directory of that version's `initdb` and `postgres`.
std::filesystem::path postgresql_programs(int major);

namespace detail {
/// Runs `body` as a subcase of its own for the versions and shapes that are asked for.
template <class Body>
void as_subcase(server& where, Body& body) {
  DOCTEST_SUBCASE(where.label().c_str()) {
    INFO(where.label());
    body(where);
  }
}
}  // namespace detail

/// `body(server&)` on every version in both shapes, each as a subcase, so that a failure on one
/// does not hide the others. Has to be the whole of the test case.
template <class Body>
void for_each_server(Body body) {
  for (int major : versions())
    for (shape s : {shape::superuser, shape::azure})
      detail::as_subcase(shared_server(major, s), body);
}

/// The same in one shape.
template <class Body>
void for_each_server(shape s, Body body) {
  for (int major : versions()) detail::as_subcase(shared_server(major, s), body);
}

}  // namespace test
