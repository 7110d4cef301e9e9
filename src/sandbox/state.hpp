// What a sandbox remembers about itself: where its parts lie, and its state file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/result.hpp"
#include "pgrant/sandbox.hpp"

namespace pgrant::detail {

/// The places in a sandbox's directory.
struct sandbox_layout {
  explicit sandbox_layout(std::filesystem::path where) : directory(std::move(where)) {}

  std::filesystem::path directory;

  std::filesystem::path state() const { return directory / "sandbox.json"; }
  std::filesystem::path data() const { return directory / "data"; }
  std::filesystem::path socket() const { return directory / "socket"; }
  std::filesystem::path tls() const { return directory / "tls"; }
  std::filesystem::path passwords() const { return directory / "passwords"; }
  std::filesystem::path log() const { return directory / "postgresql.log"; }
  std::filesystem::path authority() const { return tls() / "ca.pem"; }
  std::filesystem::path certificate() const { return tls() / "server.pem"; }
  std::filesystem::path key() const { return tls() / "server.key"; }
};

/// Everything that has to outlive the process that made the sandbox. Passwords lie elsewhere.
struct sandbox_state {
  struct login {
    std::string name;
    std::string purpose;
  };

  std::filesystem::path bin;
  int major = 0;
  std::string version;
  std::uint16_t port = 0;
  sandbox_profile profile = sandbox_profile::azure;
  bool tls = true;
  std::string superuser;
  std::string administrator;
  std::vector<std::string> databases;
  std::vector<login> logins;
  std::map<std::string, std::string> settings;
};

// The JSON text of a state file; defined with the other readers and writers of JSON.
std::string sandbox_state_to_json(const sandbox_state& state);
/// Fails with `io`, without a field: nobody is meant to write this file by hand.
result<sandbox_state> sandbox_state_from_json(std::string_view text);

result<sandbox_state> read_state(const sandbox_layout& layout);
result<void> write_state(const sandbox_layout& layout, const sandbox_state& state);

/// Writes a file that only its owner may read. It is there wholly or not at all.
result<void> write_private_file(const std::filesystem::path& path, std::string_view content);
result<std::string> read_whole_file(const std::filesystem::path& path);

}  // namespace pgrant::detail
