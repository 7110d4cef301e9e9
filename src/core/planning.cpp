#include "planning.hpp"

#include <algorithm>
#include <iterator>

namespace pgrant::planning {
namespace {

char nearest_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Levenshtein's distance, blind to the case of ASCII letters.
std::size_t nearest_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (nearest_lower(a[i - 1]) != nearest_lower(b[j - 1]));
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

}  // namespace

grantee_list::grantee_list() {
  all_.push_back({.id = public_oid, .name = "public", .created = false, .bundle = {}});
  by_name_.emplace("public", everybody);
}

std::uint32_t grantee_list::add(grantee g) {
  const auto at = static_cast<std::uint32_t>(all_.size());
  by_name_.emplace(g.name, at);
  all_.push_back(std::move(g));
  return at;
}

void grantee_list::manage(std::uint32_t at, std::string bundle, bool dropped) {
  all_[at].bundle = std::move(bundle);
  all_[at].dropped = dropped;
  managed_.emplace(all_[at].id, at);
}

std::uint32_t grantee_list::managed(oid id) const noexcept {
  const auto at = managed_.find(id);
  return at == managed_.end() ? none : at->second;
}

std::uint32_t grantee_list::find(std::string_view name) const noexcept {
  const auto at = by_name_.find(std::string(name));
  return at == by_name_.end() ? none : at->second;
}

std::uint32_t grantee_list::find_or_add(oid id, const std::string& name) {
  if (id == public_oid) return everybody;
  const std::uint32_t at = find(name);
  return at == none ? add({.id = id, .name = name, .created = false, .bundle = {}}) : at;
}

void step_list::append(step_list&& more) {
  std::ranges::move(more.grants, std::back_inserter(grants));
  std::ranges::move(more.revokes, std::back_inserter(revokes));
  std::ranges::move(more.later, std::back_inserter(later));
}

std::uint32_t context::add_reason(const std::string& text) {
  const auto at = std::find(reasons.begin(), reasons.end(), text);
  if (at != reasons.end()) return static_cast<std::uint32_t>(at - reasons.begin());
  reasons.push_back(text);
  return static_cast<std::uint32_t>(reasons.size() - 1);
}

void nearest_name::offer(std::string_view name) {
  const std::size_t longest = std::max(name.size(), wanted_.size());
  const std::size_t shortest = std::min(name.size(), wanted_.size());
  const std::size_t limit = std::max<std::size_t>(longest > 3 ? 2 : 1, longest / 3);
  if (longest - shortest > limit || longest > 63) return;
  const std::size_t distance = nearest_distance(wanted_, name);
  if (distance > limit || distance >= distance_) return;
  distance_ = distance;
  best_ = name;
}

std::string nearest_name::hint() const {
  return best_.empty() ? std::string() : "did you mean \"" + best_ + "\"?";
}

}  // namespace pgrant::planning
