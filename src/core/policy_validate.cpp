#include <algorithm>
#include <set>
#include <string>

#include "name_pattern.hpp"
#include "pgrant/policy.hpp"
#include "pgrant/safety.hpp"
#include "pgrant/sql.hpp"
#include "policy_words.hpp"

namespace pgrant {
namespace {

constexpr int policy_newest_version = 999999;

/// Collects the findings of one policy.
class policy_findings {
 public:
  void add(std::string field, std::string message, std::string hint = {}) {
    error finding = error(errc::invalid_argument, std::move(message)).with_field(std::move(field));
    found_.push_back(hint.empty() ? finding : finding.with_hint(std::move(hint)));
  }
  void add(std::string field, const error& why) {
    found_.push_back(why.with_field(std::move(field)));
  }
  /// The name of a role that exists or is to be made.
  void check_role(const std::string& field, std::string_view name) {
    if (auto valid = check_name(name, "role"); !valid) return add(field, valid.error());
    if (name == "public" || name == "none") {
      add(field, "no role can be called \"" + std::string(name) + "\"");
    }
  }
  bool check_pattern(const std::string& field, std::string_view text) {
    const auto compiled = name_pattern::compile(text);
    if (!compiled) add(field, compiled.error());
    return compiled.has_value();
  }
  std::vector<error> take() { return std::move(found_); }

 private:
  std::vector<error> found_;
};

bool policy_knows_class(object_class on) {
  switch (on) {
    case object_class::database:
    case object_class::schema:
    case object_class::table:
    case object_class::sequence:
    case object_class::routine:
      return true;
    default:
      return false;
  }
}

void check_selector(policy_findings& findings, const std::string& path, const selector& objects) {
  if (!policy_knows_class(objects.on)) {
    return findings.add(path, "privileges on a " + std::string(to_string(objects.on)) +
                                  " cannot stand in a policy");
  }
  findings.check_pattern(path + ".database", objects.database);
  if (objects.on == object_class::database) {
    if (!objects.schema.empty()) {
      findings.add(path + ".schema", "privileges on a database have no schema");
    }
  } else {
    findings.check_pattern(path + ".schema", objects.schema);
  }
  if (objects.on != object_class::database && objects.on != object_class::schema) {
    findings.check_pattern(path + "." + std::string(selector_word(objects)), objects.name);
  }
  for (const object_kind kind : objects.kinds) {
    if (class_of(kind) == objects.on) continue;
    findings.add(path + ".kinds", "a " + std::string(to_string(kind)) + " is no " +
                                      std::string(to_string(objects.on)) + " to GRANT");
  }
}

void check_privileges(policy_findings& findings, const std::string& path, const grant_rule& rule) {
  const std::string field = path + ".privileges";
  if (rule.all_privileges) {
    if (!rule.privileges.empty()) {
      findings.add(field, "ALL stands alone: it has every privilege already");
    }
    return;
  }
  if (rule.privileges.empty()) return findings.add(field, "no privileges are named");
  if (!policy_knows_class(rule.objects.on)) return;
  const privilege_set possible = all_privileges(kind_of(rule.objects.on), policy_newest_version);
  const privilege_set foreign = rule.privileges - possible;
  if (foreign.empty()) return;
  findings.add(
      field,
      "a " + std::string(to_string(rule.objects.on)) + " has no privilege " + to_string(foreign),
      "it has " + to_string(possible));
}

void check_future(policy_findings& findings, const std::string& path, const grant_rule& rule) {
  const selector& objects = rule.objects;
  const bool future = rule.future || rule.future_everywhere;
  if (!future) {
    if (!rule.existing) findings.add(path + ".existing", "the rule is about no object at all");
    if (!rule.creators.empty()) {
      findings.add(path + ".future", "creators count only for future objects");
    }
    return;
  }
  if (objects.on == object_class::database) {
    return findings.add(path + ".future", "PostgreSQL has no default privileges for databases");
  }
  if (rule.future && rule.future_everywhere) {
    findings.add(path + ".future", "everywhere covers the selected schemas already");
  }
  if (objects.on == object_class::schema && rule.future) {
    return findings.add(path + ".future",
                        "default privileges for schemas cannot be limited to a schema",
                        "use future: { everywhere: true }");
  }
  if (objects.on != object_class::schema && objects.name != "*") {
    findings.add(path + "." + std::string(selector_word(objects)),
                 "default privileges cannot be limited to names",
                 "use \"*\" here, or a rule of its own without future");
  }
  if (objects.on == object_class::table && !objects.kinds.empty()) {
    findings.add(path + ".kinds", "default privileges cover tables and views of every kind");
  }
  for (std::size_t i = 0; i < rule.creators.size(); ++i) {
    findings.check_role(path + ".future.creators[" + std::to_string(i) + "]", rule.creators[i]);
  }
}

void check_rule(policy_findings& findings, const std::string& path, const grant_rule& rule) {
  check_selector(findings, path, rule.objects);
  check_privileges(findings, path, rule);
  check_future(findings, path, rule);
}

bool well_formed_bundle_name(std::string_view name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto goes_on = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= max_name_bytes && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), goes_on);
}

bool well_formed_secret_name(std::string_view name) {
  return name.size() <= max_name_bytes && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '.' || c == '-';
         });
}

void check_bundle(policy_findings& findings, const policy& desired, const bundle& b) {
  const std::string path = "bundles." + b.name;
  if (!well_formed_bundle_name(b.name)) {
    findings.add(path, "name of a bundle is not 1 to 63 of [a-z0-9-_], a letter first");
  }
  findings.check_role(path + ".role", desired.role_of(b));
  if (auto valid = check_literal(b.description, "description"); !valid) {
    findings.add(path + ".description", valid.error());
  }
  if (b.maximum_duration && *b.maximum_duration < std::chrono::seconds(1)) {
    findings.add(path + ".maximum_duration", "a lease lasts 1 second or more");
  }
  for (std::size_t i = 0; i < b.accept.size(); ++i) {
    if (auto valid = check_acceptable(b.accept[i]); !valid)
      findings.add(path + ".accept[" + std::to_string(i) + "]", valid.error());
  }
  if (b.grants.empty()) {
    findings.add(path + ".grants", "the bundle grants nothing",
                 "name privileges and objects, or drop the bundle under dropped_bundles");
  }
  for (std::size_t i = 0; i < b.grants.size(); ++i) {
    const std::string rule_path = path + ".grants[" + std::to_string(i) + "]";
    check_rule(findings, rule_path, b.grants[i]);
    if (b.grants[i].grant_option) {
      findings.add(rule_path + ".grant_option",
                   "a bundle cannot give grant options: what its members pass on would stay");
    }
  }
}

void check_bundles(policy_findings& findings, const policy& desired) {
  std::set<std::string> names, roles;
  for (const bundle& b : desired.bundles) {
    check_bundle(findings, desired, b);
    const std::string path = "bundles." + b.name;
    if (!names.insert(b.name).second) findings.add(path, "two bundles have this name");
    if (const std::string role = desired.role_of(b); !roles.insert(role).second) {
      findings.add(path + ".role", "two bundles have the role " + quote_identifier(role));
    }
  }
  std::set<std::string> dropped;
  for (std::size_t i = 0; i < desired.dropped_bundles.size(); ++i) {
    const std::string& name = desired.dropped_bundles[i];
    const std::string path = "dropped_bundles[" + std::to_string(i) + "]";
    if (!well_formed_bundle_name(name)) {
      findings.add(path, "name of a bundle is not 1 to 63 of [a-z0-9-_], a letter first");
    }
    if (names.contains(name)) findings.add(path, "the bundle is also to be kept");
    if (!dropped.insert(name).second) findings.add(path, "the bundle is named twice");
    bundle gone;
    gone.name = name;
    if (roles.contains(desired.role_of(gone))) {
      findings.add(path, "a bundle that is kept has the role of this one");
    }
  }
}

void check_roles(policy_findings& findings, const policy& desired) {
  std::set<std::string> names;
  for (const role_rule& r : desired.roles) {
    const std::string path = "roles." + r.name;
    findings.check_role(path, r.name);
    if (!names.insert(r.name).second) findings.add(path, "two rules are about this role");
    if (r.connection_limit && *r.connection_limit < -1) {
      findings.add(path + ".connection_limit", "a limit is 0 or more, or -1 for none");
    }
    if (!well_formed_secret_name(r.password_secret)) {
      findings.add(path + ".password_secret", "name of a secret is not of [A-Za-z0-9_.-]");
    }
    if (r.reset_password && r.password_secret.empty()) {
      findings.add(path + ".reset_password", "there is no password to set",
                   "name one with password_secret");
    }
    for (const bundle& b : desired.bundles) {
      if (desired.role_of(b) == r.name) findings.add(path, "this is the role of a bundle");
    }
  }
  for (std::size_t i = 0; i < desired.memberships.size(); ++i) {
    const membership_rule& m = desired.memberships[i];
    const std::string path = "memberships[" + std::to_string(i) + "]";
    findings.check_role(path + ".role", m.role);
    findings.check_role(path + ".member", m.member);
    if (m.role == m.member) findings.add(path + ".member", "a role cannot be its own member");
  }
}

void check_databases(policy_findings& findings, const policy& desired) {
  std::set<std::string> names;
  for (const database_rule& d : desired.databases) {
    const std::string path = "databases." + d.name;
    if (auto valid = check_name(d.name, "database"); !valid) findings.add(path, valid.error());
    if (!names.insert(d.name).second) findings.add(path, "two rules are about this database");
    for (std::size_t i = 0; i < d.users.size(); ++i)
      findings.check_role(path + ".users[" + std::to_string(i) + "]", d.users[i]);
  }
}

}  // namespace

std::vector<error> validate(const policy& desired) {
  policy_findings findings;
  check_bundles(findings, desired);
  check_roles(findings, desired);
  for (std::size_t i = 0; i < desired.grants.size(); ++i) {
    const direct_grant& grant = desired.grants[i];
    const std::string path = "grants[" + std::to_string(i) + "]";
    check_rule(findings, path, grant.rule);
    if (grant.grantee != "public") {
      findings.check_role(path + ".grantee", grant.grantee);
    } else if (grant.rule.grant_option) {
      findings.add(path + ".grant_option", "grant options cannot be given to PUBLIC");
    }
  }
  check_databases(findings, desired);
  return findings.take();
}

}  // namespace pgrant
