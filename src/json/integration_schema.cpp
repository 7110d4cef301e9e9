#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "core/conninfo_keywords.hpp"
#include "json/writer.hpp"
#include "pgrant/json/integration.hpp"

namespace pgrant {
namespace {

namespace bj = boost::json;

bj::object schema_name() {
  return {{"title", "Name"},
          {"description",
           "Name of the integration: letters and digits. Unique among a host's integrations, where "
           "upper and lower case do not count."},
          {"type", "string"},
          {"pattern", "^[A-Za-z0-9]+$"},
          {"minLength", 1},
          {"maxLength", 63}};
}

bj::object schema_host() {
  return {
      {"title", "Host"},
      {"description",
       "Host name of the server; the certificate must be for it. Also an address or a directory "
       "of Unix-domain sockets, and several with commas between."},
      {"type", "string"},
      {"minLength", 1},
      {"examples", {"shop.postgres.database.azure.com"}}};
}

bj::object schema_port() {
  return {{"title", "Port"},
          {"description",
           "Port of the server. On Azure 6432 is the pooler, which is not fit for managing access. "
           "For several hosts a text with commas."},
          {"type", {"integer", "string"}},
          {"minimum", 1},
          {"maximum", 65'535},
          {"pattern", "^[0-9]{0,5}(,[0-9]{0,5})*$"},
          {"default", default_port}};
}

bj::object schema_database() {
  return {{"title", "Database"}, {"description", "Database to connect to first, up to 63 bytes."},
          {"type", "string"},    {"minLength", 1},
          {"maxLength", 63},     {"default", "postgres"}};
}

bj::object schema_user() {
  return {{"title", "User"},
          {"description",
           "Role to log in as, up to 63 bytes. May be left out where the secret names one."},
          {"type", "string"},
          {"minLength", 1},
          {"maxLength", 63}};
}

bj::object schema_secret() {
  return {{"title", "Secret"},
          {"description",
           "Where the password comes from, never the password itself: file:PATH, env:NAME or "
           "prompt. A file or variable may hold the password alone or a JSON object with username "
           "and password."},
          {"type", "string"},
          {"pattern", "^(file:.+|env:[^=]+|prompt)$"},
          {"examples", {"env:PGRANT_SECRET", "file:/run/secrets/pgrant"}}};
}

bj::object schema_ssl_mode() {
  bj::array modes;
  for (const ssl_guarantees& mode : all_ssl_modes()) {
    modes.push_back(bj::object{{"const", bj::string_view(mode.name)},
                               {"title", bj::string_view(mode.title)},
                               {"description", bj::string_view(mode.summary)}});
  }
  return {{"title", "SSL mode"},
          {"description",
           "Whether the connection is encrypted and whether the server must prove who it is."},
          {"type", "string"},
          {"default", bj::string_view(to_string(ssl_mode::verify_full))},
          {"oneOf", std::move(modes)}};
}

bj::object schema_root_certificate() {
  return {{"title", "Root certificate"},
          {"description",
           "File with the root certificates that are trusted, or system for those that the "
           "operating system trusts (only with verify-full). verify-ca needs a file."},
          {"type", "string"},
          {"minLength", 1},
          {"default", bj::string_view(system_roots)}};
}

bj::object schema_labels() {
  return {{"title", "Labels"},
          {"description", "Words of your own; pgrant only keeps them."},
          {"type", "object"},
          {"maxProperties", 64},
          {"propertyNames", {{"minLength", 1}, {"maxLength", 63}}},
          {"additionalProperties", {{"type", "string"}, {"maxLength", 1'024}}}};
}

bj::object schema_of_keyword(const conninfo::keyword& keyword) {
  using form = conninfo::value_form;
  std::string description = std::string(keyword.summary) + '.';
  if (keyword.since > 15) description += " From libpq " + std::to_string(keyword.since) + " on.";
  bj::object schema{{"title", bj::string_view(keyword.name)}, {"description", description}};
  switch (keyword.form) {
    case form::number:
      schema["type"] = {"integer", "string"};
      schema["pattern"] = "^[-+]?[0-9]+$";
      break;
    case form::boolean:
      schema["enum"] = {true, false, "0", "1"};
      break;
    case form::choice: {
      bj::array choices;
      for (std::string_view each : keyword.choices) choices.push_back(bj::string_view(each));
      schema["enum"] = std::move(choices);
      break;
    }
    default:
      schema["type"] = "string";
  }
  return schema;
}

// Keywords that no description may hold, or that `validate` refuses.
bool schema_leaves_out(const conninfo::keyword& keyword) noexcept {
  return keyword.holds_secret || keyword.name == "service" || keyword.name == "servicefile" ||
         keyword.name == "passfile" || keyword.name == "replication";
}

}  // namespace

std::string integration_schema() {
  bj::object properties{{"name", schema_name()},        {"host", schema_host()},
                        {"port", schema_port()},        {"dbname", schema_database()},
                        {"user", schema_user()},        {"secret", schema_secret()},
                        {"sslmode", schema_ssl_mode()}, {"sslrootcert", schema_root_certificate()},
                        {"labels", schema_labels()}};
  for (const conninfo::keyword& keyword : conninfo::all_keywords()) {
    if (schema_leaves_out(keyword) || properties.contains(keyword.name)) continue;
    properties.emplace(keyword.name, schema_of_keyword(keyword));
  }
  return json_text::to_pretty_text(bj::object{
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"$id", "urn:pgrant:schema:integration:1"},
      {"title", "Integration"},
      {"description",
       "One managed PostgreSQL instance. The keys are libpq's connection keywords, beside "
       "name, secret and labels."},
      {"type", "object"},
      {"required", {"name", "host"}},
      {"properties", std::move(properties)},
      {"additionalProperties", false}});
}

}  // namespace pgrant
