#include <algorithm>
#include <array>
#include <optional>

#include "core/policy_words.hpp"
#include "json/reader.hpp"
#include "pgrant/json/policy.hpp"

namespace pgrant {
namespace {

using json_text::fields;
using json_text::node;

struct policy_object_key {
  std::string_view key;
  object_class on;
};
constexpr std::array<policy_object_key, 5> policy_object_keys = {{
    {"tables", object_class::table},
    {"sequences", object_class::sequence},
    {"functions", object_class::routine},
    {"procedures", object_class::routine},
    {"routines", object_class::routine},
}};

std::string policy_upper(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return upper;
}

bool policy_means_all(std::string_view text) {
  const std::string upper = policy_upper(text);
  return upper == "ALL" || upper == "ALL PRIVILEGES";
}

result<void> read_privileges(const node& from, grant_rule& to) {
  if (from.value().is_string()) {
    BOOST_OUTCOME_TRY(const std::string_view text, from.text());
    if (!policy_means_all(text))
      return from.refuse("a list of privileges is expected, or ALL").with_hint("[SELECT, INSERT]");
    to.all_privileges = true;
    return success();
  }
  BOOST_OUTCOME_TRY(const auto elements, from.elements());
  for (const node& element : elements) {
    BOOST_OUTCOME_TRY(const std::string_view text, element.text());
    if (policy_means_all(text)) {
      to.all_privileges = true;
    } else if (const auto found = parse_privilege(text)) {
      to.privileges |= *found;
    } else {
      return element.refuse("\"" + std::string(text) + "\" is no privilege")
          .with_hint(
              "one of SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, "
              "MAINTAIN, USAGE, CREATE, CONNECT, TEMPORARY, EXECUTE, or ALL");
    }
  }
  return success();
}

result<void> read_future(const node& from, grant_rule& to) {
  if (from.value().is_bool()) {
    BOOST_OUTCOME_TRY(to.future, from.boolean());
    return success();
  }
  BOOST_OUTCOME_TRY(const fields future, from.object({"creators", "everywhere"}));
  BOOST_OUTCOME_TRYV(future.optional("creators", to.creators));
  BOOST_OUTCOME_TRYV(future.optional("everywhere", to.future_everywhere));
  to.future = !to.future_everywhere;
  return success();
}

result<void> read_kinds(const node& from, selector& to) {
  BOOST_OUTCOME_TRY(const auto elements, from.elements());
  for (const node& element : elements) {
    BOOST_OUTCOME_TRY(const std::string_view text, element.text());
    const auto found = parse_object_kind(text);
    if (!found) {
      return element.refuse("\"" + std::string(text) + "\" is no kind of object")
          .with_hint("for instance table, view, \"materialized view\", function");
    }
    to.kinds.push_back(*found);
  }
  return success();
}

result<void> read_selector(const fields& rule, selector& to) {
  BOOST_OUTCOME_TRYV(rule.required("database", to.database));
  BOOST_OUTCOME_TRYV(rule.optional("schema", to.schema));
  std::string_view chosen;
  for (const policy_object_key& candidate : policy_object_keys) {
    const auto value = rule.find(candidate.key);
    if (!value) continue;
    if (!chosen.empty()) {
      return value->refuse("the rule is about " + std::string(chosen) + " already")
          .with_hint("write two rules");
    }
    chosen = candidate.key;
    to.on = candidate.on;
    BOOST_OUTCOME_TRYV(read(*value, to.name));
  }
  if (chosen.empty()) to.on = rule.find("schema") ? object_class::schema : object_class::database;
  if (!chosen.empty() && !rule.find("schema")) {
    BOOST_OUTCOME_TRYV(rule.require("schema"));
  }
  if (chosen == "functions") to.kinds = function_kinds();
  if (chosen == "procedures") to.kinds = {object_kind::procedure};
  const auto kinds = rule.find("kinds");
  if (!kinds) return success();
  if (chosen != "tables" && chosen != "routines")
    return kinds->refuse("kinds narrow only tables and routines");
  return read_kinds(*kinds, to);
}

result<void> read_rule(const fields& rule, grant_rule& to) {
  BOOST_OUTCOME_TRYV(read_selector(rule, to.objects));
  BOOST_OUTCOME_TRY(const node privileges, rule.require("privileges"));
  BOOST_OUTCOME_TRYV(read_privileges(privileges, to));
  if (const auto future = rule.find("future")) {
    BOOST_OUTCOME_TRYV(read_future(*future, to));
  }
  BOOST_OUTCOME_TRYV(rule.optional("existing", to.existing));
  return rule.optional("grant_option", to.grant_option);
}

}  // namespace

result<void> read(const node& from, grant_rule& to) {
  BOOST_OUTCOME_TRY(
      const fields rule,
      from.object({"database", "schema", "tables", "sequences", "functions", "procedures",
                   "routines", "kinds", "privileges", "future", "existing", "grant_option"}));
  return read_rule(rule, to);
}

result<void> read(const node& from, direct_grant& to) {
  BOOST_OUTCOME_TRY(const fields grant,
                    from.object({"grantee", "database", "schema", "tables", "sequences",
                                 "functions", "procedures", "routines", "kinds", "privileges",
                                 "future", "existing", "grant_option", "reason"}));
  BOOST_OUTCOME_TRYV(grant.required("grantee", to.grantee));
  BOOST_OUTCOME_TRYV(grant.optional("reason", to.reason));
  return read_rule(grant, to.rule);
}

result<void> read(const node& from, bundle& to) {
  BOOST_OUTCOME_TRY(const fields given, from.object({"role", "description", "maximum_duration",
                                                     "reachable", "accept", "grants"}));
  BOOST_OUTCOME_TRYV(given.optional("role", to.role));
  BOOST_OUTCOME_TRYV(given.optional("description", to.description));
  BOOST_OUTCOME_TRYV(given.optional("reachable", to.reachable));
  BOOST_OUTCOME_TRYV(given.optional("accept", to.accept));
  BOOST_OUTCOME_TRYV(given.required("grants", to.grants));
  const auto duration = given.find("maximum_duration");
  if (!duration) return success();
  BOOST_OUTCOME_TRY(const std::string_view text, duration->text());
  auto parsed = parse_duration(text);
  if (!parsed) return duration->refuse(parsed.error());
  to.maximum_duration = parsed.assume_value();
  return success();
}

result<void> read(const node& from, role_rule& to) {
  BOOST_OUTCOME_TRY(
      const fields given,
      from.object({"login", "create_role", "create_database", "inherit", "connection_limit",
                   "password_secret", "reset_password", "reason"}));
  BOOST_OUTCOME_TRYV(given.optional("login", to.login));
  BOOST_OUTCOME_TRYV(given.optional("create_role", to.create_role));
  BOOST_OUTCOME_TRYV(given.optional("create_database", to.create_database));
  BOOST_OUTCOME_TRYV(given.optional("inherit", to.inherit));
  BOOST_OUTCOME_TRYV(given.optional("connection_limit", to.connection_limit));
  BOOST_OUTCOME_TRYV(given.optional("password_secret", to.password_secret));
  BOOST_OUTCOME_TRYV(given.optional("reset_password", to.reset_password));
  return given.optional("reason", to.reason);
}

result<void> read(const node& from, membership_rule& to) {
  BOOST_OUTCOME_TRY(const fields given,
                    from.object({"role", "member", "admin", "inherit", "set", "reason"}));
  BOOST_OUTCOME_TRYV(given.required("role", to.role));
  BOOST_OUTCOME_TRYV(given.required("member", to.member));
  BOOST_OUTCOME_TRYV(given.optional("admin", to.admin));
  BOOST_OUTCOME_TRYV(given.optional("inherit", to.inherit));
  BOOST_OUTCOME_TRYV(given.optional("set", to.set));
  return given.optional("reason", to.reason);
}

result<void> read(const node& from, database_rule& to) {
  BOOST_OUTCOME_TRY(const fields given, from.object({"users", "reason"}));
  BOOST_OUTCOME_TRYV(given.optional("users", to.users));
  return given.optional("reason", to.reason);
}

namespace {

/// An object from names to rules, as a list of rules that know their names.
template <class Rule>
result<void> read_named(const fields& from, std::string_view key, std::vector<Rule>& to) {
  const auto given = from.find(key);
  if (!given) return success();
  BOOST_OUTCOME_TRY(const auto members, given->members());
  for (const auto& [name, value] : members) {
    Rule rule;
    rule.name = name;
    BOOST_OUTCOME_TRYV(read(value, rule));
    to.push_back(std::move(rule));
  }
  return success();
}

}  // namespace

result<policy> policy_from_json(std::string_view text) {
  BOOST_OUTCOME_TRY(const auto document, json_text::parse(text, "policy"));
  BOOST_OUTCOME_TRY(
      const fields given,
      node(document).object({"version", "bundle_role_prefix", "bundles", "dropped_bundles", "roles",
                             "memberships", "grants", "databases", "best_effort"}));
  BOOST_OUTCOME_TRY(const node version, given.require("version"));
  BOOST_OUTCOME_TRYV(version.integer(1, 1));
  policy made;
  BOOST_OUTCOME_TRYV(given.optional("bundle_role_prefix", made.bundle_role_prefix));
  BOOST_OUTCOME_TRYV(read_named(given, "bundles", made.bundles));
  BOOST_OUTCOME_TRYV(given.optional("dropped_bundles", made.dropped_bundles));
  BOOST_OUTCOME_TRYV(read_named(given, "roles", made.roles));
  BOOST_OUTCOME_TRYV(given.optional("memberships", made.memberships));
  BOOST_OUTCOME_TRYV(given.optional("grants", made.grants));
  BOOST_OUTCOME_TRYV(read_named(given, "databases", made.databases));
  BOOST_OUTCOME_TRYV(given.optional("best_effort", made.best_effort));
  return made;
}

}  // namespace pgrant
