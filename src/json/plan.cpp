#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "json/plan_words.hpp"
#include "json/utf8.hpp"
#include "json/writer.hpp"
#include "pgrant/json/plan.hpp"

namespace pgrant {
namespace {

namespace bj = boost::json;

/// Writes one plan; remembers the first text that JSON cannot hold.
class plan_json_writer {
 public:
  result<std::string> write(const plan& p) {
    bj::object to;
    to["format"] = bj::string_view(plan_json_format);
    put(to, "system_identifier", p.system_identifier);
    to["server_version"] = p.server_version;
    put(to, "executor", p.executor);
    put(to, "snapshot_taken_at", p.snapshot_taken_at);
    to["best_effort"] = p.best_effort;
    bj::array& steps = to["steps"].emplace_array();
    steps.reserve(p.steps.size());
    for (std::size_t i = 0; i < p.steps.size(); ++i) {
      place_ = "steps[" + std::to_string(i) + "]";
      steps.push_back(step_object(p.steps[i]));
    }
    place_ = "bundles";
    bj::array& bundles = to["bundles"].emplace_array();
    for (const planned_bundle& b : p.bundles) bundles.push_back(bundle_object(b));
    place_ = "safety";
    bj::array& safety = to["safety"].emplace_array();
    for (const bundle_safety& s : p.safety) safety.push_back(safety_object(s));
    to["dropped_bundles"] = texts(p.dropped_bundles);
    place_ = "not_granted";
    bj::array& missing = to["not_granted"].emplace_array();
    for (const not_granted& m : p.not_granted) missing.push_back(missing_object(m));
    place_ = "warnings";
    to["warnings"] = texts(p.warnings);
    if (!unwritable_.empty()) {
      return error(errc::unsupported, "a name that is not UTF-8 cannot be written in JSON")
          .with_field(unwritable_)
          .with_hint("rename it, or apply the plan without storing it");
    }
    return json_text::to_pretty_text(to);
  }

 private:
  bj::string text(std::string_view value) {
    const std::string valid = json_text::to_valid_utf8(value);
    if (valid != value && unwritable_.empty()) unwritable_ = place_;
    return bj::string(valid);
  }
  void put(bj::object& to, bj::string_view key, std::string_view value) { to[key] = text(value); }
  void put_given(bj::object& to, bj::string_view key, std::string_view value) {
    if (!value.empty()) put(to, key, value);
  }
  bj::array texts(const std::vector<std::string>& values) {
    bj::array list;
    for (const std::string& value : values) list.push_back(text(value));
    return list;
  }
  static bj::array privileges(privilege_set set) {
    bj::array names;
    set.for_each([&](privilege p) { names.emplace_back(bj::string_view(keyword(p))); });
    return names;
  }

  bj::object step_object(const step& s) {
    bj::object to;
    to["action"] = bj::string_view(to_string(s.action));
    put_given(to, "database", s.database);
    put(to, "sql", s.sql);
    put_given(to, "reason", s.reason);
    put_given(to, "authority", s.authority);
    put_given(to, "inverse", s.inverse);
    put_given(to, "secret", s.secret);
    if (s.own_transaction) to["own_transaction"] = true;
    if (!s.roles.empty()) to["roles"] = texts(s.roles);
    put_given(to, "of_role", s.of_role);
    put_given(to, "in_schema", s.in_schema);
    // Roles and memberships have no class; it is at its first value there.
    if (s.on != object_class::table || !s.privileges.empty())
      to["on"] = bj::string_view(to_string(s.on));
    if (!s.privileges.empty()) to["privileges"] = privileges(s.privileges);
    if (s.grant_option) to["grant_option"] = true;
    put_given(to, "column", s.column);
    if (s.targets.empty()) return to;
    bj::array& targets = to["targets"].emplace_array();
    targets.reserve(s.targets.size());
    for (const step_target& t : s.targets) {
      bj::object target;
      target["id"] = t.id;
      target["kind"] = bj::string_view(to_string(t.kind));
      put(target, "name", t.name);
      target["acl_before"] = bj::string(hex(t.acl_before));
      targets.push_back(std::move(target));
    }
    return to;
  }

  bj::object bundle_object(const planned_bundle& b) {
    bj::object to;
    put(to, "name", b.name);
    put(to, "role", b.role);
    put(to, "description", b.description);
    to["maximum_seconds"] = b.maximum_seconds;
    to["databases"] = texts(b.databases);
    if (b.grade) to["grade"] = bj::string_view(to_string(*b.grade));
    if (b.existing_role_grade)
      to["existing_role_grade"] = bj::string_view(to_string(*b.existing_role_grade));
    if (!b.accepted.empty()) to["accepted"] = texts(b.accepted);
    return to;
  }

  bj::object safety_object(const bundle_safety& s) {
    bj::object to;
    put(to, "bundle", s.bundle);
    to["grade"] = bj::string_view(to_string(s.grade));
    to["existing_role_grade"] = bj::string_view(to_string(s.existing_role_grade));
    bj::array& findings = to["findings"].emplace_array();
    for (const safety_finding& f : s.findings) {
      bj::object finding;
      put(finding, "name", f.name);
      finding["severity"] = bj::string_view(to_string(f.severity));
      finding["grade"] = bj::string_view(to_string(f.grade));
      finding["existing_role_grade"] = bj::string_view(to_string(f.existing_role_grade));
      put(finding, "object", f.object);
      put(finding, "reason", f.reason);
      put(finding, "remedy", f.remedy);
      finding["accepted"] = f.accepted;
      findings.push_back(std::move(finding));
    }
    return to;
  }

  bj::object missing_object(const not_granted& m) {
    bj::object to;
    put(to, "database", m.database);
    put(to, "object", m.object);
    put(to, "grantee", m.grantee);
    to["privileges"] = privileges(m.privileges);
    put(to, "reason", m.reason);
    put(to, "remedy", m.remedy);
    return to;
  }

  static std::string hex(std::uint64_t number) {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
    return digits;
  }

  std::string place_, unwritable_;
};

}  // namespace

result<std::string> to_json(const plan& p) {
  return plan_json_writer().write(p);
}

}  // namespace pgrant
