#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "core/policy_words.hpp"
#include "json/utf8.hpp"
#include "json/writer.hpp"
#include "pgrant/json/policy.hpp"

namespace pgrant {
namespace {

namespace bj = boost::json;

bj::string policy_json_text(std::string_view value) {
  return bj::string(json_text::to_valid_utf8(value));
}

bj::array policy_json_texts(const std::vector<std::string>& values) {
  bj::array list;
  for (const std::string& value : values) list.push_back(policy_json_text(value));
  return list;
}

void policy_json_given(bj::object& to, bj::string_view key, std::string_view value) {
  if (!value.empty()) to[key] = policy_json_text(value);
}

template <class Value>
void policy_json_given(bj::object& to, bj::string_view key, const std::optional<Value>& value) {
  if (value) to[key] = *value;
}

void policy_json_rule(bj::object& to, const grant_rule& rule) {
  const selector& objects = rule.objects;
  to["database"] = policy_json_text(objects.database);
  policy_json_given(to, "schema", objects.schema);
  if (objects.on != object_class::database && objects.on != object_class::schema) {
    const std::string_view word = selector_word(objects);
    to[bj::string_view(word)] = policy_json_text(objects.name);
    if ((word == "tables" || word == "routines") && !objects.kinds.empty()) {
      bj::array& kinds = to["kinds"].emplace_array();
      for (const object_kind kind : objects.kinds) kinds.emplace_back(bj::string(to_string(kind)));
    }
  }
  if (rule.all_privileges) {
    to["privileges"] = "ALL";
  } else {
    bj::array& privileges = to["privileges"].emplace_array();
    rule.privileges.for_each([&](privilege p) { privileges.emplace_back(bj::string(keyword(p))); });
  }
  if (!rule.creators.empty() || rule.future_everywhere) {
    bj::object future;
    if (!rule.creators.empty()) future["creators"] = policy_json_texts(rule.creators);
    if (rule.future_everywhere) future["everywhere"] = true;
    to["future"] = std::move(future);
  } else if (rule.future) {
    to["future"] = true;
  }
  if (!rule.existing) to["existing"] = false;
  if (rule.grant_option) to["grant_option"] = true;
}

bj::object policy_json_bundle(const bundle& b) {
  bj::object to;
  policy_json_given(to, "role", b.role);
  policy_json_given(to, "description", b.description);
  if (b.maximum_duration) to["maximum_duration"] = bj::string(to_string(*b.maximum_duration));
  if (!b.reachable) to["reachable"] = false;
  if (!b.accept.empty()) to["accept"] = policy_json_texts(b.accept);
  bj::array& grants = to["grants"].emplace_array();
  for (const grant_rule& rule : b.grants)
    policy_json_rule(grants.emplace_back(bj::object()).as_object(), rule);
  return to;
}

bj::object policy_json_role(const role_rule& r) {
  bj::object to;
  policy_json_given(to, "login", r.login);
  policy_json_given(to, "create_role", r.create_role);
  policy_json_given(to, "create_database", r.create_database);
  policy_json_given(to, "inherit", r.inherit);
  policy_json_given(to, "connection_limit", r.connection_limit);
  policy_json_given(to, "password_secret", r.password_secret);
  if (r.reset_password) to["reset_password"] = true;
  policy_json_given(to, "reason", r.reason);
  return to;
}

bj::object policy_json_membership(const membership_rule& m) {
  bj::object to{{"role", policy_json_text(m.role)}, {"member", policy_json_text(m.member)}};
  if (m.admin) to["admin"] = true;
  policy_json_given(to, "inherit", m.inherit);
  policy_json_given(to, "set", m.set);
  policy_json_given(to, "reason", m.reason);
  return to;
}

}  // namespace

std::string to_json(const policy& desired) {
  bj::object to{{"version", 1}};
  if (desired.bundle_role_prefix != policy().bundle_role_prefix)
    to["bundle_role_prefix"] = policy_json_text(desired.bundle_role_prefix);
  for (const bundle& b : desired.bundles) {
    bj::value& bundles = to["bundles"];
    if (bundles.is_null()) bundles.emplace_object();
    bundles.as_object()[policy_json_text(b.name)] = policy_json_bundle(b);
  }
  if (!desired.dropped_bundles.empty())
    to["dropped_bundles"] = policy_json_texts(desired.dropped_bundles);
  for (const role_rule& r : desired.roles) {
    bj::value& roles = to["roles"];
    if (roles.is_null()) roles.emplace_object();
    roles.as_object()[policy_json_text(r.name)] = policy_json_role(r);
  }
  if (!desired.memberships.empty()) {
    bj::array& memberships = to["memberships"].emplace_array();
    for (const membership_rule& m : desired.memberships)
      memberships.push_back(policy_json_membership(m));
  }
  if (!desired.grants.empty()) {
    bj::array& grants = to["grants"].emplace_array();
    for (const direct_grant& g : desired.grants) {
      bj::object grant{{"grantee", policy_json_text(g.grantee)}};
      policy_json_rule(grant, g.rule);
      policy_json_given(grant, "reason", g.reason);
      grants.push_back(std::move(grant));
    }
  }
  for (const database_rule& d : desired.databases) {
    bj::value& databases = to["databases"];
    if (databases.is_null()) databases.emplace_object();
    bj::object database{{"users", policy_json_texts(d.users)}};
    policy_json_given(database, "reason", d.reason);
    databases.as_object()[policy_json_text(d.name)] = std::move(database);
  }
  if (desired.best_effort) to["best_effort"] = true;
  return json_text::to_pretty_text(to);
}

}  // namespace pgrant
