#include "documents.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <map>

#include "boundary.hpp"
#include "json/utf8.hpp"
#include "json/writer.hpp"
#include "pgrant/acl.hpp"
#include "pgrant/json/apply.hpp"
#include "pgrant/json/lease.hpp"

namespace pgrant::capi {

namespace {

namespace bj = boost::json;

bj::string as_json(std::string_view text) {
  return bj::string(json_text::to_valid_utf8(text));
}

bj::value error_value(const error& why) {
  return bj::parse(to_json(why));
}

const char* warning_id(spec_warning::kind what) {
  switch (what) {
    case spec_warning::kind::may_be_plain_text:
      return "may-be-plain-text";
    case spec_warning::kind::server_not_verified:
      return "server-not-verified";
    case spec_warning::kind::host_not_verified:
      return "host-not-verified";
    case spec_warning::kind::pooler_port:
      return "pooler-port";
    case spec_warning::kind::password_in_spec:
      break;
  }
  return "password-in-spec";
}

bj::array texts(const std::vector<std::string>& from) {
  bj::array all;
  for (const std::string& text : from) all.push_back(as_json(text));
  return all;
}

// Roles of a text, numbered as they come: nobody is there to ask for their OIDs.
class text_roles {
 public:
  oid number(std::string_view name) {
    const auto known = numbers_.emplace(name, static_cast<oid>(names_.size() + 1));
    if (known.second) names_.emplace_back(name);
    return known.first->second;
  }
  /// A name that is a number is the OID of a role that is gone: so a server prints it.
  bj::value name_of(oid id) const {
    if (id == public_oid) return nullptr;
    const std::string& name = names_.at(id - 1);
    oid gone = 0;
    const char* const end = name.data() + name.size();
    const auto [stop, failed] = std::from_chars(name.data(), end, gone);
    if (failed == std::errc() && stop == end && gone != 0) return bj::object{{"oid", gone}};
    return as_json(name);
  }

 private:
  std::map<std::string, oid, std::less<>> numbers_;
  std::vector<std::string> names_;
};

bj::array privilege_names(privilege_set of) {
  bj::array names;
  of.for_each([&](privilege p) { names.push_back(bj::string(keyword(p))); });
  return names;
}

}  // namespace

std::string error_document(pgrant_status status, const error& why) {
  bj::value document = error_value(why);
  document.as_object()["code"] = pgrant_status_name(status);
  return json_text::to_pretty_text(document);
}

std::string problems_document(const std::vector<error>& problems) {
  bj::array all;
  for (const error& one : problems) all.push_back(error_value(one));
  return json_text::to_pretty_text(
      bj::object{{"format", "pgrant.problems/1"}, {"problems", std::move(all)}});
}

std::string warnings_document(const std::vector<spec_warning>& warnings) {
  bj::array all;
  for (const spec_warning& one : warnings)
    all.push_back(bj::object{{"id", warning_id(one.what)},
                             {"field", as_json(one.field)},
                             {"message", as_json(one.message)},
                             {"hint", as_json(one.hint)}});
  return json_text::to_pretty_text(
      bj::object{{"format", "pgrant.warnings/1"}, {"warnings", std::move(all)}});
}

std::string acl_document(std::string_view text) {
  text_roles roles;
  const auto items =
      take(parse_acl(text, [&](std::string_view name) { return roles.number(name); }));
  bj::array all;
  const acl sorted(items);
  for (const acl_item& one : sorted.items())
    all.push_back(bj::object{{"grantee", roles.name_of(one.grantee)},
                             {"grantor", roles.name_of(one.grantor)},
                             {"privileges", privilege_names(one.privileges)},
                             {"grant_options", privilege_names(one.grantable)}});
  return json_text::to_pretty_text(bj::object{{"format", "pgrant.acl/1"}, {"acl", std::move(all)}});
}

std::string apply_document(const std::string& plan, const apply_report& report) {
  bj::array databases;
  for (const database_report& one : report.databases)
    databases.push_back(bj::object{{"database", as_json(one.database)},
                                   {"steps", one.steps},
                                   {"failed", one.failed ? error_value(*one.failed) : bj::value()},
                                   {"unknown", one.unknown}});
  return json_text::to_pretty_text(bj::object{{"format", "pgrant.apply/1"},
                                              {"plan", bj::parse(plan)},
                                              {"report", bj::parse(to_json(report))},
                                              {"databases", std::move(databases)},
                                              {"warnings", texts(report.warnings)}});
}

std::string sandbox_document(const sandbox_report& r) {
  if (r.version.empty())
    return json_text::to_pretty_text(
        bj::object{{"format", "pgrant.sandbox/1"}, {"running", r.running}});
  bj::array logins;
  for (const sandbox_login& one : r.logins)
    logins.push_back(bj::object{{"name", as_json(one.name)},
                                {"password_file", as_json(one.password_file.native())},
                                {"purpose", as_json(one.purpose)}});
  return json_text::to_pretty_text(
      bj::object{{"format", "pgrant.sandbox/1"},
                 {"directory", as_json(r.directory.native())},
                 {"running", r.running},
                 {"pid", r.pid},
                 {"version", r.version},
                 {"profile", bj::string(to_string(r.profile))},
                 {"host", r.host},
                 {"port", r.port},
                 {"ca_file", as_json(r.ca_file.native())},
                 {"socket_directory", as_json(r.socket_directory.native())},
                 {"log_file", as_json(r.log_file.native())},
                 {"superuser", as_json(r.superuser)},
                 {"administrator", as_json(r.administrator)},
                 {"admin_dsn", as_json(r.admin_dsn)},
                 {"databases", texts(r.databases)},
                 {"logins", std::move(logins)}});
}

}  // namespace pgrant::capi
