#include "pgrant/json/snapshot.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <span>
#include <string_view>

#include "json/utf8.hpp"
#include "json/writer.hpp"

namespace pgrant {

namespace {

namespace json = boost::json;

json::value snapshot_json_text(std::string_view text) {
  return json::string(json_text::to_valid_utf8(text));
}

json::value snapshot_json_text_or_null(std::string_view text) {
  return text.empty() ? json::value(nullptr) : snapshot_json_text(text);
}

json::value snapshot_json_role(const snapshot& state, oid id) {
  if (id == public_oid) return nullptr;
  if (const role* known = state.find_role(id)) return snapshot_json_text(known->name);
  return json::object{{"oid", id}};
}

json::value snapshot_json_limit(int limit) {
  return limit < 0 ? json::value(nullptr) : json::value(limit);
}

json::array snapshot_json_privileges(privilege_set set) {
  json::array names;
  set.for_each([&](privilege p) { names.emplace_back(json::string_view(keyword(p))); });
  return names;
}

json::value snapshot_json_acl(const snapshot& state, const acl& list) {
  if (list.is_null()) return nullptr;
  json::array entries;
  for (const acl_item& item : list.items())
    entries.push_back(json::object{{"grantee", snapshot_json_role(state, item.grantee)},
                                   {"grantor", snapshot_json_role(state, item.grantor)},
                                   {"privileges", snapshot_json_privileges(item.privileges)},
                                   {"grant_options", snapshot_json_privileges(item.grantable)}});
  return entries;
}

// Writes one snapshot with one choice of options.
class snapshot_json_writer {
 public:
  snapshot_json_writer(const snapshot& state, const snapshot_json_options& options)
      : state_(state), options_(options) {}

  json::value write() const {
    json::object to;
    to["format"] = "pgrant.snapshot/1";
    to["server_version"] = state_.server_version;
    to["system_identifier"] = snapshot_json_text_or_null(state_.system_identifier);
    to["taken_at"] = snapshot_json_text_or_null(state_.taken_at);
    to["platform"] = json::string(to_string(state_.platform));
    to["current_role"] = snapshot_json_role(state_, state_.current_role);
    json::array& roles = to["roles"].emplace_array();
    for (const role& each : state_.roles) roles.push_back(write_role(each));
    if (options_.privileges()) {
      json::array& memberships = to["memberships"].emplace_array();
      for (const membership& each : state_.memberships)
        memberships.push_back(write_membership(each));
    }
    json::array& databases = to["databases"].emplace_array();
    for (const database& each : state_.databases) databases.push_back(write_database(each));
    return to;
  }

 private:
  static json::object write_role(const role& from) {
    json::object to;
    to["name"] = snapshot_json_text(from.name);
    to["superuser"] = from.superuser;
    to["inherit"] = from.inherit;
    to["create_role"] = from.create_role;
    to["create_database"] = from.create_database;
    to["login"] = from.login;
    to["replication"] = from.replication;
    to["bypass_rls"] = from.bypass_rls;
    to["connection_limit"] = snapshot_json_limit(from.connection_limit);
    to["valid_until"] = snapshot_json_text_or_null(from.valid_until);
    to["comment"] = snapshot_json_text_or_null(from.comment);
    return to;
  }

  json::object write_membership(const membership& from) const {
    json::object to;
    to["role"] = snapshot_json_role(state_, from.role);
    to["member"] = snapshot_json_role(state_, from.member);
    to["grantor"] = snapshot_json_role(state_, from.grantor);
    to["admin"] = from.admin;
    to["inherit"] = from.inherit;
    to["set"] = from.set;
    return to;
  }

  json::object write_database(const database& from) const {
    json::object to;
    to["name"] = snapshot_json_text(from.name);
    write_owner_and_acl(from, to);
    to["allow_connections"] = from.allow_connections;
    to["is_template"] = from.is_template;
    to["connection_limit"] = snapshot_json_limit(from.connection_limit);
    to["inspected"] = from.inspected;
    to["why_not_inspected"] = snapshot_json_text_or_null(from.why_not_inspected);
    json::array& schemas = to["schemas"].emplace_array();
    for (const schema& each : from.schemas) {
      json::object& next = schemas.emplace_back(json::object()).get_object();
      next["name"] = snapshot_json_text(each.name);
      write_owner_and_acl(each, next);
    }
    if (options_.objects()) {
      json::array& objects = to["objects"].emplace_array();
      objects.reserve(from.objects.size());
      for (const object& each : from.objects) objects.push_back(write_object(from, each));
    }
    if (options_.privileges()) {
      json::array& defaults = to["default_privileges"].emplace_array();
      for (const default_privileges& each : from.default_privileges)
        defaults.push_back(write_default_privileges(from, each));
    }
    return to;
  }

  json::object write_object(const database& within, const object& from) const {
    json::object to;
    to["schema"] = schema_name(within, from.schema);
    to["kind"] = json::string(to_string(from.kind));
    to["name"] = snapshot_json_text(from.name);
    if (class_of(from.kind) == object_class::routine)
      to["arguments"] = snapshot_json_text(from.arguments);
    write_owner_and_acl(from, to);
    if (!options_.privileges()) return to;
    json::array& columns = to["columns"].emplace_array();
    for (const column_acl& each : from.columns)
      columns.push_back(json::object{{"name", snapshot_json_text(each.column)},
                                     {"acl", snapshot_json_acl(state_, each.acl)}});
    return to;
  }

  json::object write_default_privileges(const database& within,
                                        const default_privileges& from) const {
    json::object to;
    to["creator"] = snapshot_json_role(state_, from.creator);
    to["schema"] = from.schema == 0 ? json::value(nullptr) : schema_name(within, from.schema);
    to["on"] = json::string(to_string(from.on));
    to["acl"] = snapshot_json_acl(state_, from.acl);
    return to;
  }

  template <class Owned>
  void write_owner_and_acl(const Owned& from, json::object& to) const {
    to["owner"] = snapshot_json_role(state_, from.owner);
    if (options_.privileges()) to["acl"] = snapshot_json_acl(state_, from.acl);
  }

  // Objects lie in schemas that are in the snapshot; default privileges may name a system's.
  static json::value schema_name(const database& within, oid id) {
    if (const schema* known = within.find_schema(id)) return snapshot_json_text(known->name);
    return json::object{{"oid", id}};
  }

  const snapshot& state_;
  const snapshot_json_options& options_;
};

}  // namespace

std::string to_json(const snapshot& state, const snapshot_json_options& options) {
  return json_text::to_pretty_text(snapshot_json_writer(state, options).write());
}

}  // namespace pgrant
