#include "pgrant/integration.hpp"

#include <algorithm>

namespace pgrant {
namespace {

constexpr std::size_t integration_max_labels = 64;
constexpr std::size_t integration_max_label_key = 63;
constexpr std::size_t integration_max_label_value = 1'024;

bool integration_name_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string integration_lower(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

}  // namespace

result<void> check_integration_name(std::string_view name) {
  if (!name.empty() && name.size() <= 63 && std::ranges::all_of(name, integration_name_byte)) {
    return success();
  }
  return error(errc::invalid_argument, "not a name for an integration")
      .with_field("name")
      .with_hint("use 1 to 63 letters and digits");
}

integration& integration::label(std::string key, std::string value) {
  labels_.insert_or_assign(std::move(key), std::move(value));
  return *this;
}

std::vector<error> find_problems(const integration& subject) {
  std::vector<error> problems;
  if (auto named = check_integration_name(subject.name()); !named) {
    problems.push_back(named.error());
  }
  if (subject.labels().size() > integration_max_labels) {
    problems.push_back(error(errc::invalid_argument, "more than 64 labels").with_field("labels"));
  }
  for (const auto& [key, value] : subject.labels()) {
    const bool key_fits = !key.empty() && key.size() <= integration_max_label_key;
    if (key_fits && value.size() <= integration_max_label_value) continue;
    problems.push_back(error(errc::invalid_argument, "a label is empty or too long")
                           .with_field("labels")
                           .with_hint("use keys of 1 to 63 bytes and values up to 1,024"));
  }
  std::ranges::move(find_problems(subject.connection()), std::back_inserter(problems));
  return problems;
}

result<void> validate(const integration& subject) {
  auto problems = find_problems(subject);
  if (problems.empty()) return success();
  return problems.front();
}

result<void> integration_registry::add(integration subject) {
  BOOST_OUTCOME_TRY(validate(subject));
  const std::string key = integration_lower(subject.name());
  const auto [place, added] = by_name_.try_emplace(key, std::move(subject));
  if (added) return success();
  return error(errc::conflict, "there is an integration of that name already")
      .with_field("name")
      .with_object("integration " + place->second.name())
      .with_hint("choose another name; upper and lower case do not count");
}

bool integration_registry::remove(std::string_view name) {
  return by_name_.erase(integration_lower(name)) == 1;
}

const integration* integration_registry::find(std::string_view name) const {
  const auto found = by_name_.find(integration_lower(name));
  return found == by_name_.end() ? nullptr : &found->second;
}

std::vector<std::string> integration_registry::names() const {
  std::vector<std::string> names;
  for (const auto& [key, subject] : by_name_) names.push_back(subject.name());
  return names;
}

}  // namespace pgrant
