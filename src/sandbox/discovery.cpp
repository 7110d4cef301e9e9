#include "sandbox/discovery.hpp"

#include <unistd.h>

#include <string>
#include <vector>

namespace pgrant::detail {

namespace {

constexpr const char* debian_directory = "/usr/lib/postgresql";

bool has_server_programs(const std::filesystem::path& bin) {
  return ::access((bin / "postgres").c_str(), X_OK) == 0 &&
         ::access((bin / "initdb").c_str(), X_OK) == 0;
}

pgrant::error no_postgresql(const std::string& what, const std::vector<std::filesystem::path>& in) {
  std::string looked;
  for (const std::filesystem::path& directory : in)
    looked += (looked.empty() ? "looked in " : ", ") + directory.string();
  return pgrant::error(errc::not_found, what)
      .with_detail(looked)
      .with_hint("on Debian: apt-get install postgresql; or name the directory of its programs");
}

}  // namespace

result<std::filesystem::path> find_postgresql(const sandbox_options& options) {
  if (!options.postgresql().empty()) {
    if (has_server_programs(options.postgresql())) return options.postgresql();
    return no_postgresql("no PostgreSQL server in " + options.postgresql().string(),
                         {options.postgresql()})
        .with_field("postgresql");
  }
  const int asked = options.major();
  if (asked != 0 && (asked < oldest_major || asked > newest_major))
    return pgrant::error(errc::invalid_argument,
                         "PostgreSQL " + std::to_string(asked) + " is not supported")
        .with_field("major")
        .with_hint("use " + std::to_string(oldest_major) + " to " + std::to_string(newest_major));

  std::vector<std::filesystem::path> directories = options.search_path();
  directories.emplace_back(debian_directory);
  for (int major = asked ? asked : newest_major; major >= (asked ? asked : oldest_major); --major)
    for (const std::filesystem::path& directory : directories) {
      std::filesystem::path bin = directory / std::to_string(major) / "bin";
      if (has_server_programs(bin)) return bin;
    }
  return no_postgresql(asked ? "PostgreSQL " + std::to_string(asked) + " is not installed"
                             : std::string("PostgreSQL is not installed"),
                       directories);
}

}  // namespace pgrant::detail
