// One managed instance under a name of its own.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/connection_spec.hpp"
#include "pgrant/result.hpp"

namespace pgrant {

/// Checks the name of an integration: 1 to 63 ASCII letters and digits. Fails with
/// `invalid_argument`, field "name".
result<void> check_integration_name(std::string_view name);

/// A managed instance. A regular value.
class integration {
 public:
  using label_map = std::map<std::string, std::string, std::less<>>;

  integration(std::string name, connection_spec connection)
      : name_(std::move(name)), connection_(std::move(connection)) {}

  const std::string& name() const noexcept { return name_; }
  const connection_spec& connection() const noexcept { return connection_; }

  /// Free words for the host's own use ("environment" -> "production"); pgrant does not read them.
  integration& label(std::string key, std::string value);
  const label_map& labels() const noexcept { return labels_; }

  friend bool operator==(const integration&, const integration&) = default;

 private:
  std::string name_;
  connection_spec connection_;
  label_map labels_;
};

/// All that is wrong: name, labels (keys of 1 to 63 bytes, values up to 1,024, at most 64), and the
/// `find_problems` of the connection.
std::vector<error> find_problems(const integration& subject);
/// The first of `find_problems`, or success.
result<void> validate(const integration& subject);

/// The integrations that one host knows, by name. Names that differ only in case are the same name:
/// people mix them up, and file names made from them would collide. A regular value, not
/// thread-safe to change.
class integration_registry {
 public:
  /// Validates and adds. Fails with `invalid_argument`, or `conflict` if the name is taken.
  result<void> add(integration subject);
  /// True if it was there.
  bool remove(std::string_view name);
  /// Null if there is none. Valid until the registry is changed.
  const integration* find(std::string_view name) const;

  std::size_t size() const noexcept { return by_name_.size(); }
  /// Sorted by lower-case name.
  std::vector<std::string> names() const;

 private:
  std::map<std::string, integration, std::less<>> by_name_;  // by lower-case name
};

}  // namespace pgrant
