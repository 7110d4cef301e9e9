#include "lease/grantee_check.hpp"

#include <algorithm>

#include "pgrant/platform.hpp"
#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

// 1255 is pg_proc, 1259 pg_class, 1260 pg_authid: whether it owns routines or relations.
// Role by role through indexes (OFFSET 0, LIMIT 1): there may be many roles and leases.
constexpr sql_fragment grantees_query_text =
    R"(SELECT r.rolsuper OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls,
  r.rolcanlogin, r.rolinherit, r.rolname = current_user,
  EXISTS (SELECT FROM pgrant.bundle b WHERE b.role_oid = r.oid),
  (SELECT true FROM pgrant.lease l WHERE l.grantee = r.rolname AND l.kind = 'ephemeral_login'
    AND l.grantee_oid = r.oid LIMIT 1) IS NOT NULL,
  EXISTS (SELECT FROM pg_catalog.pg_roles a WHERE a.rolname = 'azure_pg_admin'),
  r.rolname, r.oid,
  (SELECT true FROM pg_catalog.pg_shdepend s WHERE s.refclassid = 1260 AND s.refobjid = r.oid
    AND s.deptype = 'o' AND s.classid IN (1255, 1259) LIMIT 1) IS NOT NULL
FROM (SELECT DISTINCT n FROM pg_catalog.unnest($1::text[]) n) p
CROSS JOIN LATERAL (SELECT * FROM pg_catalog.pg_roles r
  WHERE r.oid = pg_catalog.to_regrole(pg_catalog.quote_ident(p.n)) OFFSET 0) r)";

error refused_grantee(const std::string& role, std::string why, std::string hint) {
  return error(errc::invalid_argument, std::move(why))
      .with_field("grantee")
      .with_object("role " + quote_identifier(role))
      .with_hint(std::move(hint));
}

}  // namespace

statement grantees_query(const std::vector<std::string>& roles) {
  return statement(grantees_query_text).bind_array(roles);
}

result<void> check_grantee(const std::string& role, const rows& answer, bool has_options) {
  const auto found = std::find_if(answer.begin(), answer.end(),
                                  [&role](const row r) { return r[7].text() == role; });
  if (found == answer.end()) {
    return error(errc::not_found, "the role does not exist")
        .with_field("grantee")
        .with_object("role " + quote_identifier(role))
        .with_hint("name an existing role, or a person to make a login for");
  }
  const row about = *found;
  const auto is = [&about](std::size_t column) { return about[column].text() == "t"; };
  const bool powerful = is(0), login = is(1), inherits = is(2), ourselves = is(3), bundle = is(4),
             ephemeral = is(5), azure = is(6);
  if (is_reserved_role(azure ? platform::azure : platform::generic, role)) {
    return refused_grantee(role, "the role belongs to the server", "name a role of your own");
  }
  if (ourselves) {
    return refused_grantee(role, "the connector role cannot have leases",
                           "name the person or role that needs the access");
  }
  if (bundle) {
    return refused_grantee(role, "the role is a bundle's role", "add the privileges to the bundle");
  }
  if (ephemeral) {
    return refused_grantee(role, "the role is the login of another lease",
                           "grant to the person, who then gets one login for all of it");
  }
  if (powerful) {
    return refused_grantee(role,
                           "the role is a superuser or has CREATEROLE, REPLICATION or BYPASSRLS",
                           "such a role can keep what it is given; grant to an ordinary login");
  }
  if (!login) {
    return refused_grantee(role, "the role is a group", "grant to each of its members");
  }
  if (!has_options && !inherits) {
    return refused_grantee(role, "the role does not inherit, so a membership would give it nothing",
                           "ALTER ROLE … INHERIT, or a server of version 16 or later");
  }
  return success();
}

result<oid> owner_among_grantees(const std::string& role, const rows& answer) {
  for (const row r : answer)
    if (r[7].text() == role && r[9].text() == "t") return r[8].oid();
  return oid(0);
}

error owns_definer_objects(const std::string& role, const std::vector<definer_object>& objects) {
  std::string list;
  for (const definer_object& o : objects) {
    list += (list.empty() ? "database " : "; database ") + quote_identifier(o.database) + ": ";
    list += o.object;
  }
  return refused_grantee(role,
                         "the role owns functions or views that would hand the access on to others",
                         "drop them, make the functions SECURITY INVOKER, or grant to a person, "
                         "who gets a login of their own")
      .with_detail(std::move(list));
}

}  // namespace pgrant::detail
