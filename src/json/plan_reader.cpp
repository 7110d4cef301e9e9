#include <charconv>
#include <optional>

#include "json/plan_words.hpp"
#include "json/reader.hpp"
#include "pgrant/json/plan.hpp"

namespace pgrant {
namespace {

// A plan for a large instance names every object.
constexpr std::size_t plan_json_max_bytes = 512u << 20;

std::optional<step_action> plan_json_action(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(step_action::define); ++i)
    if (to_string(static_cast<step_action>(i)) == text) return static_cast<step_action>(i);
  return std::nullopt;
}

std::optional<object_class> plan_json_class(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(object_class::large_object); ++i)
    if (to_string(static_cast<object_class>(i)) == text) return static_cast<object_class>(i);
  return std::nullopt;
}

}  // namespace

result<void> read(const json_text::node& from, step_action& to) {
  BOOST_OUTCOME_TRY(const std::string_view text, from.text());
  const auto found = plan_json_action(text);
  if (!found) return from.refuse("unknown action");
  to = *found;
  return success();
}

result<void> read(const json_text::node& from, object_kind& to) {
  BOOST_OUTCOME_TRY(const std::string_view text, from.text());
  const auto found = parse_object_kind(text);
  if (!found) return from.refuse("unknown kind of object");
  to = *found;
  return success();
}

result<void> read(const json_text::node& from, object_class& to) {
  BOOST_OUTCOME_TRY(const std::string_view text, from.text());
  const auto found = plan_json_class(text);
  if (!found) return from.refuse("unknown class of objects");
  to = *found;
  return success();
}

result<void> read(const json_text::node& from, privilege_set& to) {
  BOOST_OUTCOME_TRY(const auto elements, from.elements());
  for (const json_text::node& element : elements) {
    BOOST_OUTCOME_TRY(const std::string_view text, element.text());
    const auto found = parse_privilege(text);
    if (!found) return element.refuse("unknown privilege");
    to |= *found;
  }
  return success();
}

result<void> read(const json_text::node& from, step_target& to) {
  BOOST_OUTCOME_TRY(const auto fields, from.object({"id", "kind", "name", "acl_before"}));
  BOOST_OUTCOME_TRYV(fields.required("id", to.id));
  BOOST_OUTCOME_TRYV(fields.required("kind", to.kind));
  BOOST_OUTCOME_TRYV(fields.required("name", to.name));
  BOOST_OUTCOME_TRY(const auto hash, fields.require("acl_before"));
  BOOST_OUTCOME_TRY(const std::string_view digits, hash.text());
  const char* const end = digits.data() + digits.size();
  const auto [stop, failed] = std::from_chars(digits.data(), end, to.acl_before, 16);
  if (failed != std::errc() || stop != end || digits.size() != 16)
    return hash.refuse("16 hexadecimal digits are expected");
  return success();
}

result<void> read(const json_text::node& from, step& to) {
  BOOST_OUTCOME_TRY(const auto fields,
                    from.object({"action", "database", "sql", "reason", "authority", "inverse",
                                 "secret", "own_transaction", "roles", "of_role", "in_schema", "on",
                                 "privileges", "grant_option", "column", "targets"}));
  BOOST_OUTCOME_TRYV(fields.required("action", to.action));
  BOOST_OUTCOME_TRYV(fields.optional("database", to.database));
  BOOST_OUTCOME_TRYV(fields.required("sql", to.sql));
  BOOST_OUTCOME_TRYV(fields.optional("reason", to.reason));
  BOOST_OUTCOME_TRYV(fields.optional("authority", to.authority));
  BOOST_OUTCOME_TRYV(fields.optional("inverse", to.inverse));
  BOOST_OUTCOME_TRYV(fields.optional("secret", to.secret));
  BOOST_OUTCOME_TRYV(fields.optional("own_transaction", to.own_transaction));
  BOOST_OUTCOME_TRYV(fields.optional("roles", to.roles));
  BOOST_OUTCOME_TRYV(fields.optional("of_role", to.of_role));
  BOOST_OUTCOME_TRYV(fields.optional("in_schema", to.in_schema));
  BOOST_OUTCOME_TRYV(fields.optional("on", to.on));
  BOOST_OUTCOME_TRYV(fields.optional("privileges", to.privileges));
  BOOST_OUTCOME_TRYV(fields.optional("grant_option", to.grant_option));
  BOOST_OUTCOME_TRYV(fields.optional("column", to.column));
  BOOST_OUTCOME_TRYV(fields.optional("targets", to.targets));
  const auto refuse = [&](std::string why) -> result<void> { return from.refuse(std::move(why)); };
  if (to.sql.empty()) return refuse("the statement is empty");
  const std::size_t marker =
      to.secret.empty() ? std::string::npos : to.sql.find(secret_marker(to.secret));
  if (!to.secret.empty() && marker == std::string::npos)
    return refuse("the statement has no place for its secret");
  if (marker != std::string::npos &&
      to.sql.find(secret_marker(to.secret), marker + 1) != std::string::npos)
    return refuse("the statement has two places for its secret");
  return success();
}

result<void> read(const json_text::node& from, safety_grade& to) {
  BOOST_OUTCOME_TRY(const std::string_view text, from.text());
  const auto found = parse_safety_grade(text);
  if (!found) return from.refuse("a grade is A, B, C or D");
  to = *found;
  return success();
}

result<void> read(const json_text::node& from, safety_severity& to) {
  BOOST_OUTCOME_TRY(const std::string_view text, from.text());
  const auto found = parse_safety_severity(text);
  if (!found) return from.refuse("a severity is note, question or refusal");
  to = *found;
  return success();
}

result<void> read(const json_text::node& from, safety_finding& to) {
  BOOST_OUTCOME_TRY(const auto fields,
                    from.object({"name", "severity", "grade", "existing_role_grade", "object",
                                 "reason", "remedy", "accepted"}));
  BOOST_OUTCOME_TRYV(fields.required("name", to.name));
  BOOST_OUTCOME_TRYV(fields.required("severity", to.severity));
  BOOST_OUTCOME_TRYV(fields.required("grade", to.grade));
  BOOST_OUTCOME_TRYV(fields.required("existing_role_grade", to.existing_role_grade));
  BOOST_OUTCOME_TRYV(fields.optional("object", to.object));
  BOOST_OUTCOME_TRYV(fields.optional("reason", to.reason));
  BOOST_OUTCOME_TRYV(fields.optional("remedy", to.remedy));
  BOOST_OUTCOME_TRYV(fields.optional("accepted", to.accepted));
  return success();
}

result<void> read(const json_text::node& from, bundle_safety& to) {
  BOOST_OUTCOME_TRY(const auto fields,
                    from.object({"bundle", "grade", "existing_role_grade", "findings"}));
  BOOST_OUTCOME_TRYV(fields.required("bundle", to.bundle));
  BOOST_OUTCOME_TRYV(fields.required("grade", to.grade));
  BOOST_OUTCOME_TRYV(fields.required("existing_role_grade", to.existing_role_grade));
  BOOST_OUTCOME_TRYV(fields.optional("findings", to.findings));
  return success();
}

result<void> read(const json_text::node& from, planned_bundle& to) {
  BOOST_OUTCOME_TRY(const auto fields,
                    from.object({"name", "role", "description", "maximum_seconds", "databases",
                                 "grade", "existing_role_grade", "accepted"}));
  BOOST_OUTCOME_TRYV(fields.optional("grade", to.grade));
  BOOST_OUTCOME_TRYV(fields.optional("existing_role_grade", to.existing_role_grade));
  BOOST_OUTCOME_TRYV(fields.optional("accepted", to.accepted));
  BOOST_OUTCOME_TRYV(fields.required("name", to.name));
  BOOST_OUTCOME_TRYV(fields.required("role", to.role));
  BOOST_OUTCOME_TRYV(fields.optional("description", to.description));
  BOOST_OUTCOME_TRYV(fields.optional("maximum_seconds", to.maximum_seconds));
  BOOST_OUTCOME_TRYV(fields.optional("databases", to.databases));
  return success();
}

result<void> read(const json_text::node& from, not_granted& to) {
  BOOST_OUTCOME_TRY(const auto fields, from.object({"database", "object", "grantee", "privileges",
                                                    "reason", "remedy"}));
  BOOST_OUTCOME_TRYV(fields.optional("database", to.database));
  BOOST_OUTCOME_TRYV(fields.required("object", to.object));
  BOOST_OUTCOME_TRYV(fields.optional("grantee", to.grantee));
  BOOST_OUTCOME_TRYV(fields.optional("privileges", to.privileges));
  BOOST_OUTCOME_TRYV(fields.optional("reason", to.reason));
  BOOST_OUTCOME_TRYV(fields.optional("remedy", to.remedy));
  return success();
}

result<plan> plan_from_json(std::string_view text) {
  BOOST_OUTCOME_TRY(const auto document, json_text::parse(text, "plan", plan_json_max_bytes));
  BOOST_OUTCOME_TRY(
      const auto fields,
      json_text::node(document).object({"format", "system_identifier", "server_version", "executor",
                                        "snapshot_taken_at", "best_effort", "steps", "bundles",
                                        "safety", "dropped_bundles", "not_granted", "warnings"}));
  std::string format;
  BOOST_OUTCOME_TRYV(fields.required("format", format));
  if (format != plan_json_format) {
    return error(errc::invalid_argument, "this is no plan that this version of pgrant can read")
        .with_field("format")
        .with_hint("expected is \"" + std::string(plan_json_format) + "\"");
  }
  plan read_plan;
  BOOST_OUTCOME_TRYV(fields.required("system_identifier", read_plan.system_identifier));
  BOOST_OUTCOME_TRYV(fields.required("server_version", read_plan.server_version));
  BOOST_OUTCOME_TRYV(fields.required("executor", read_plan.executor));
  BOOST_OUTCOME_TRYV(fields.required("snapshot_taken_at", read_plan.snapshot_taken_at));
  BOOST_OUTCOME_TRYV(fields.optional("best_effort", read_plan.best_effort));
  BOOST_OUTCOME_TRYV(fields.required("steps", read_plan.steps));
  BOOST_OUTCOME_TRYV(fields.optional("bundles", read_plan.bundles));
  BOOST_OUTCOME_TRYV(fields.optional("safety", read_plan.safety));
  BOOST_OUTCOME_TRYV(fields.optional("dropped_bundles", read_plan.dropped_bundles));
  BOOST_OUTCOME_TRYV(fields.optional("not_granted", read_plan.not_granted));
  BOOST_OUTCOME_TRYV(fields.optional("warnings", read_plan.warnings));
  return read_plan;
}

}  // namespace pgrant
