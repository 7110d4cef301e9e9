#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "json/writer.hpp"
#include "pgrant/json/policy.hpp"
#include "pgrant/safety.hpp"

namespace pgrant {
namespace {

namespace bj = boost::json;

bj::object policy_schema_text(bj::string_view title, bj::string_view description) {
  return {{"title", title}, {"description", description}, {"type", "string"}, {"minLength", 1}};
}

bj::object policy_schema_flag(bj::string_view title, bj::string_view description, bool standard) {
  return {
      {"title", title}, {"description", description}, {"type", "boolean"}, {"default", standard}};
}

bj::object policy_schema_role_name(bj::string_view title, bj::string_view description) {
  bj::object name = policy_schema_text(title, description);
  name["maxLength"] = 63;
  return name;
}

bj::object policy_schema_list(bj::string_view title, bj::string_view description, bj::value items) {
  return {{"title", title},
          {"description", description},
          {"type", "array"},
          {"items", std::move(items)}};
}

/// An object from names to `value`.
bj::object policy_schema_named(bj::string_view title, bj::string_view description,
                               bj::value value) {
  return {{"title", title},
          {"description", description},
          {"type", "object"},
          {"additionalProperties", std::move(value)}};
}

bj::object policy_schema_pattern(bj::string_view title, bj::string_view of) {
  return policy_schema_text(title,
                            "Pattern of the names of " + std::string(of) +
                                ": * stands for any bytes, ? for one, \\ takes the next character "
                                "literally. Nothing is folded to lower case.");
}

bj::object policy_schema_privileges() {
  bj::array keywords;
  for (int i = 0; i < privilege_count; ++i) {
    const auto p = static_cast<privilege>(i);
    if (p != privilege::set && p != privilege::alter_system)
      keywords.emplace_back(bj::string(keyword(p)));
  }
  keywords.emplace_back("ALL");
  const bj::object one{{"enum", keywords}};
  return {
      {"title", "Privileges"},
      {"description",
       "What is granted; ALL is everything that the server's version has for the objects. Upper "
       "and lower case do not count."},
      {"anyOf",
       {bj::object{{"const", "ALL"}},
        bj::object{{"type", "array"}, {"items", one}, {"minItems", 1}}}}};
}

bj::object policy_schema_kinds() {
  bj::array kinds;
  for (int i = 0; i <= static_cast<int>(object_kind::large_object); ++i) {
    const auto kind = static_cast<object_kind>(i);
    const object_class of = class_of(kind);
    if (of == object_class::table || of == object_class::routine)
      kinds.emplace_back(bj::string(to_string(kind)));
  }
  return policy_schema_list("Kinds", "Narrows tables or routines to these kinds.",
                            bj::object{{"enum", std::move(kinds)}});
}

bj::object policy_schema_future() {
  bj::object creators = policy_schema_list(
      "Creators",
      "Roles whose future objects are meant. Default: the owners of the selected schemas and "
      "objects. A default privilege counts only for objects that the role creates as itself.",
      policy_schema_role_name("Creator", "A role that exists."));
  bj::object details{
      {"type", "object"},
      {"properties",
       bj::object{{"creators", std::move(creators)},
                  {"everywhere",
                   policy_schema_flag("Everywhere", "In all schemas, also those that come later.",
                                      false)}}},
      {"additionalProperties", false}};
  return {{"title", "Future objects"},
          {"description",
           "Also sets default privileges, for objects that are created later in the selected "
           "schemas. Names cannot be limited then: the pattern must be \"*\"."},
          {"default", false},
          {"anyOf", {bj::object{{"type", "boolean"}}, std::move(details)}}};
}

bj::object policy_schema_rule_properties() {
  return {
      {"database", policy_schema_pattern("Database", "databases")},
      {"schema", policy_schema_pattern("Schema", "schemas")},
      {"tables", policy_schema_pattern("Tables", "tables and of views of every kind")},
      {"sequences", policy_schema_pattern("Sequences", "sequences")},
      {"functions", policy_schema_pattern("Functions", "functions and aggregates")},
      {"procedures", policy_schema_pattern("Procedures", "procedures")},
      {"routines", policy_schema_pattern("Routines", "functions, aggregates and procedures")},
      {"kinds", policy_schema_kinds()},
      {"privileges", policy_schema_privileges()},
      {"future", policy_schema_future()},
      {"existing",
       policy_schema_flag("Existing objects",
                          "False: only default privileges are set, existing objects are left "
                          "alone.",
                          true)},
  };
}

/// A grant of a bundle, or straight to a role.
bj::object policy_schema_rule(bool direct) {
  bj::object properties = policy_schema_rule_properties();
  bj::array required{"database", "privileges"};
  if (direct) {
    properties["grantee"] = policy_schema_role_name("Grantee", "The role; \"public\" is PUBLIC.");
    properties["grant_option"] =
        policy_schema_flag("Grant option", "The grantee may pass the privileges on.", false);
    properties["reason"] = policy_schema_text("Reason", "Why, for the plan's reader.");
    required.emplace_back("grantee");
  }
  return {
      {"description",
       "With one of tables, sequences, functions, procedures, routines it is about these in the "
       "schema; else about the schema; without schema about the database."},
      {"type", "object"},
      {"properties", std::move(properties)},
      {"required", std::move(required)},
      {"additionalProperties", false}};
}

bj::object policy_schema_accept() {
  bj::array names{"grade-b", "grade-c", "grade-d"};
  for (const std::string_view name : safety_finding_names())
    if (check_acceptable(name)) names.emplace_back(bj::string_view(name));
  return policy_schema_list(
      "Accepted findings",
      "What is meant so although leases of the bundle end less surely: names of findings, or a "
      "grade, which answers all questions down to it. A refusal needs its name and grade-d.",
      bj::object{{"enum", std::move(names)}});
}

bj::object policy_schema_bundle() {
  bj::object duration = policy_schema_text("Longest lease", "Such as 8h, 30m, 8h30m or 2d.");
  duration["pattern"] = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$";
  bj::object grants = policy_schema_list("Grants", "What the bundle's role has, and nothing more.",
                                         policy_schema_rule(false));
  grants["minItems"] = 1;
  return {{"type", "object"},
          {"properties",
           bj::object{
               {"description", policy_schema_text("Description", "For people who choose bundles.")},
               {"role", policy_schema_role_name("Role",
                                                "The bundle's role on the server. Default: the "
                                                "prefix and the name, with _ for -.")},
               {"maximum_duration", std::move(duration)},
               {"reachable",
                policy_schema_flag("Reachable",
                                   "Also CONNECT on the databases and USAGE on the schemas "
                                   "of what is granted.",
                                   true)},
               {"accept", policy_schema_accept()},
               {"grants", std::move(grants)}}},
          {"required", {"grants"}},
          {"additionalProperties", false}};
}

bj::object policy_schema_role() {
  return {{"type", "object"},
          {"properties",
           bj::object{
               {"login", policy_schema_flag(
                             "Login", "May log in. What is not given is left as it is.", false)},
               {"create_role", policy_schema_flag("Create roles", "CREATEROLE.", false)},
               {"create_database", policy_schema_flag("Create databases", "CREATEDB.", false)},
               {"inherit", policy_schema_flag("Inherit", "INHERIT.", true)},
               {"connection_limit", bj::object{{"title", "Connection limit"},
                                               {"description", "-1 for none."},
                                               {"type", "integer"},
                                               {"minimum", -1}}},
               {"password_secret",
                bj::object{{"title", "Password"},
                           {"description",
                            "Name of the secret that holds the password, for a new role. Never the "
                            "password."},
                           {"type", "string"},
                           {"pattern", "^[A-Za-z0-9_.-]{1,63}$"}}},
               {"reset_password",
                policy_schema_flag("Reset password", "Set the password of an existing role too.",
                                   false)},
               {"reason", policy_schema_text("Reason", "Why, for the plan's reader.")}}},
          {"additionalProperties", false}};
}

bj::object policy_schema_membership() {
  return {{"type", "object"},
          {"properties",
           bj::object{
               {"role", policy_schema_role_name("Role", "The group.")},
               {"member", policy_schema_role_name("Member", "Who becomes its member.")},
               {"admin",
                policy_schema_flag("Admin option", "May give the membership to others.", false)},
               {"inherit", bj::object{{"title", "Inherit"},
                                      {"description", "Has the group's privileges; 16 and later."},
                                      {"type", "boolean"}}},
               {"set", bj::object{{"title", "Set"},
                                  {"description", "May SET ROLE to the group; 16 and later."},
                                  {"type", "boolean"}}},
               {"reason", policy_schema_text("Reason", "Why, for the plan's reader.")}}},
          {"required", {"role", "member"}},
          {"additionalProperties", false}};
}

bj::object policy_schema_database() {
  return {{"type", "object"},
          {"properties",
           bj::object{
               {"users", policy_schema_list("Users",
                                            "Roles with CONNECT, CREATE and TEMPORARY; PUBLIC has "
                                            "nothing.",
                                            policy_schema_role_name("User", "A role."))},
               {"reason", policy_schema_text("Reason", "Why, for the plan's reader.")}}},
          {"additionalProperties", false}};
}

}  // namespace

std::string policy_schema() {
  bj::object bundles =
      policy_schema_named("Bundles",
                          "Named sets of privileges. Each is a role on the server whose "
                          "privileges are exactly these.",
                          policy_schema_bundle());
  bundles["propertyNames"] = bj::object{{"pattern", "^[a-z][a-z0-9_-]{0,62}$"}};
  bj::object prefix =
      policy_schema_text("Prefix of bundle roles", "Stands before the bundle's name.");
  prefix["default"] = policy().bundle_role_prefix;
  bj::object properties{
      {"version",
       bj::object{
           {"title", "Version"}, {"description", "The version of this format."}, {"const", 1}}},
      {"bundle_role_prefix", std::move(prefix)},
      {"bundles", std::move(bundles)},
      {"dropped_bundles",
       policy_schema_list("Dropped bundles", "Bundles whose roles are to be gone.",
                          bj::object{{"type", "string"}})},
      {"roles", policy_schema_named("Roles", "Roles that must exist.", policy_schema_role())},
      {"memberships", policy_schema_list("Memberships", "Memberships that must exist.",
                                         policy_schema_membership())},
      {"grants", policy_schema_list("Direct grants", "Privileges of roles, never taken back.",
                                    policy_schema_rule(true))},
      {"databases", policy_schema_named("Databases", "Databases that must exist, closed to PUBLIC.",
                                        policy_schema_database())},
      {"best_effort",
       policy_schema_flag("Best effort",
                          "What cannot be granted is reported and does not stop the rest.", false)},
  };
  return json_text::to_pretty_text(
      bj::object{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "pgrant policy"},
                 {"description", "Who may have which privileges on a PostgreSQL instance."},
                 {"type", "object"},
                 {"properties", std::move(properties)},
                 {"required", {"version"}},
                 {"additionalProperties", false}});
}

}  // namespace pgrant
