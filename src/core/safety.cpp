#include "pgrant/safety.hpp"

#include <algorithm>
#include <array>

#include "pgrant/snapshot.hpp"
#include "pgrant/sql.hpp"
#include "planning.hpp"

namespace pgrant {
namespace {

constexpr std::array<std::string_view, 4> safety_grade_names{"A", "B", "C", "D"};
constexpr std::array<std::string_view, 3> safety_severity_names{"note", "question", "refusal"};

/// Where accepting would leave nothing of what a lease is.
constexpr std::array<std::string_view, 6> safety_never_accepted{
    "admin-option", "grant-option", "ledger", "login-role", "powerful-role", "predefined-role"};

constexpr std::array<std::string_view, 24> safety_names{"admin-option",     "create-on-database",
                                                        "create-on-schema", "cron",
                                                        "dblink",           "default-privileges",
                                                        "existing-role",    "grant-option",
                                                        "ledger",           "login-role",
                                                        "owned-objects",    "powerful-role",
                                                        "predefined-role",  "prepared-transactions",
                                                        "public-create",    "read-all-data",
                                                        "references",       "row-level-policy",
                                                        "runs-code",        "sequence-update",
                                                        "sequence-usage",   "set-role",
                                                        "trigger",          "writes-data"};
static_assert(std::ranges::is_sorted(safety_names));

constexpr std::array<std::string_view, 3> safety_grade_words{"grade-b", "grade-c", "grade-d"};

std::optional<safety_grade> grade_of_word(std::string_view word) noexcept {
  for (std::size_t i = 0; i < safety_grade_words.size(); ++i)
    if (safety_grade_words[i] == word) return static_cast<safety_grade>(i + 1);
  return std::nullopt;
}

}  // namespace

std::string_view to_string(safety_grade grade) noexcept {
  return safety_grade_names[static_cast<std::size_t>(grade)];
}

std::optional<safety_grade> parse_safety_grade(std::string_view text) noexcept {
  const auto at = std::ranges::find(safety_grade_names, text);
  if (at == safety_grade_names.end()) return std::nullopt;
  return static_cast<safety_grade>(at - safety_grade_names.begin());
}

std::string_view to_string(safety_severity severity) noexcept {
  return safety_severity_names[static_cast<std::size_t>(severity)];
}

std::optional<safety_severity> parse_safety_severity(std::string_view text) noexcept {
  const auto at = std::ranges::find(safety_severity_names, text);
  if (at == safety_severity_names.end()) return std::nullopt;
  return static_cast<safety_severity>(at - safety_severity_names.begin());
}

std::vector<safety_finding> not_accepted(const bundle_safety& of, safety_severity severity) {
  std::vector<safety_finding> open;
  for (const safety_finding& f : of.findings)
    if (f.severity == severity && !f.accepted) open.push_back(f);
  return open;
}

std::span<const std::string_view> safety_finding_names() noexcept {
  return safety_names;
}

result<void> check_acceptable(std::string_view name) {
  if (grade_of_word(name)) return success();
  const auto refuse = [&](const std::string& why) {
    return error(errc::invalid_argument, "\"" + std::string(name) + "\" " + why);
  };
  if (std::ranges::find(safety_never_accepted, name) != safety_never_accepted.end())
    return refuse("cannot be accepted: such access would not end at all");
  if (std::ranges::binary_search(safety_names, name)) return success();
  planning::nearest_name nearest(name);
  for (const std::string_view known : safety_names) nearest.offer(known);
  for (const std::string_view known : safety_grade_words) nearest.offer(known);
  return refuse("is neither a finding nor a grade").with_hint(nearest.hint());
}

bool accepts(std::span<const std::string> accept, const safety_finding& finding) {
  if (std::ranges::find(safety_never_accepted, finding.name) != safety_never_accepted.end())
    return false;
  const bool named = std::ranges::find(accept, finding.name) != accept.end();
  safety_grade lowest = safety_grade::a;
  for (const std::string& word : accept)
    if (const auto grade = grade_of_word(word)) lowest = std::max(lowest, *grade);
  if (finding.severity == safety_severity::refusal) return named && lowest == safety_grade::d;
  return named || std::max(finding.grade, finding.existing_role_grade) <= lowest;
}

std::vector<owned_definer> owned_definers(const snapshot& state, std::uint32_t role_id) {
  std::vector<owned_definer> found;
  for (const database& db : state.databases) {
    for (const object& o : db.objects) {
      const bool view = o.kind == object_kind::view;
      if (o.owner != role_id || !(view || o.security_definer)) continue;
      const schema* in = db.find_schema(o.schema);
      std::string name = quote_qualified(in ? in->name : "", o.name);
      if (!view) name += "(" + o.arguments + ")";
      found.push_back({db.name, std::string(to_string(o.kind)) + " " + name});
    }
  }
  return found;
}

std::optional<std::string> refusal_for_existing_role(std::optional<safety_grade> grade,
                                                     std::span<const std::string> accept) {
  if (!grade || *grade != safety_grade::d) return std::nullopt;
  if (std::ranges::find(accept, "grade-d") != accept.end()) return std::nullopt;
  return "access of an existing role through this bundle does not end by itself (safety grade D)";
}

}  // namespace pgrant
