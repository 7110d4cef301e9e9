#include "lease/grant_check.hpp"

#include <algorithm>

#include "lease/lease_names.hpp"
#include "pgrant/platform.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment grant_executor_query =
    R"(SELECT r.rolname, r.rolsuper, (pg_catalog.clock_timestamp()
  + pg_catalog.make_interval(secs => $1::double precision))::text
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)";

// From 16 on a membership belongs to its grantor: one is chosen here, as the server would, and
// named in every GRANT and REVOKE, so that the entry at the end is the entry of the beginning.
constexpr sql_fragment grant_bundles_query_16 =
    R"(SELECT b.name, b.role_name, b.role_oid, b.maximum_seconds, b.databases, r.rolname,
  r.rolcanlogin, r.rolsuper OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls,
  g.oid, pg_catalog.pg_get_userbyid(g.oid)
FROM pgrant.bundle b
LEFT JOIN pg_catalog.pg_roles r ON r.oid = b.role_oid
CROSS JOIN (SELECT oid, rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) me
CROSS JOIN LATERAL (SELECT CASE WHEN me.rolsuper THEN 10::oid ELSE (
    SELECT a.member FROM pg_catalog.pg_auth_members a
    WHERE a.roleid = b.role_oid AND a.admin_option
      AND pg_catalog.pg_has_role(me.oid, a.member, 'USAGE')
    ORDER BY a.member <> me.oid, a.member LIMIT 1) END AS oid) g
WHERE b.name = ANY ($1::text[]) ORDER BY b.role_oid)";

constexpr sql_fragment grant_bundles_query_14 =
    R"(SELECT b.name, b.role_name, b.role_oid, b.maximum_seconds, b.databases, r.rolname,
  r.rolcanlogin, r.rolsuper OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls,
  0::oid, ''
FROM pgrant.bundle b LEFT JOIN pg_catalog.pg_roles r ON r.oid = b.role_oid
WHERE b.name = ANY ($1::text[]) ORDER BY b.role_oid)";

constexpr sql_fragment grantee_query =
    R"(SELECT r.rolsuper OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls,
  r.rolcanlogin, r.rolinherit, r.rolname = current_user,
  EXISTS (SELECT FROM pgrant.bundle b WHERE b.role_oid = r.oid),
  EXISTS (SELECT FROM pgrant.lease l
    WHERE l.kind = 'ephemeral_login' AND l.grantee = r.rolname AND l.grantee_oid = r.oid),
  EXISTS (SELECT FROM pg_catalog.pg_roles a WHERE a.rolname = 'azure_pg_admin')
FROM pg_catalog.pg_roles r WHERE r.rolname = $1::text)";

error refused_grantee(const std::string& role, std::string why, std::string hint) {
  return error(errc::invalid_argument, std::move(why))
      .with_field("grantee")
      .with_object("role " + quote_identifier(role))
      .with_hint(std::move(hint));
}

result<void> check_grantee(const std::string& role, const rows& answer, bool has_options) {
  if (answer.empty()) {
    return error(errc::not_found, "the role does not exist")
        .with_field("grantee")
        .with_object("role " + quote_identifier(role))
        .with_hint("name an existing role, or a person to make a login for");
  }
  const auto is = [&answer](std::size_t column) { return answer.text(0, column) == "t"; };
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

result<checked_bundle> read_checked_bundle(const row& r, bool has_options) {
  checked_bundle b;
  b.name = r[0].str();
  b.role = r[1].str();
  BOOST_OUTCOME_TRY(b.role_oid, r[2].oid());
  BOOST_OUTCOME_TRY(const auto databases, r[4].array());
  for (const auto& name : databases) b.databases.push_back(name.value_or(""));
  const auto about = [&b](errc code, std::string message) {
    return error(code, std::move(message))
        .with_field("bundles." + b.name)
        .with_object("role " + quote_identifier(b.role));
  };
  if (r[5].is_null() || r[5].text() != b.role) {
    return about(errc::stale, "the bundle's role was dropped or renamed since it was registered")
        .with_hint("apply the policy again");
  }
  if (r[6].text() == "t" || r[7].text() == "t" || b.role.starts_with("pg_")) {
    return about(errc::invalid_argument,
                 "a role that can log in, has attributes of its own, or belongs to the server is "
                 "no bundle role")
        .with_hint("its members could not be held to the lease; use a plain NOLOGIN role");
  }
  if (has_options) {
    if (r[8].is_null()) {
      return about(errc::denied, "the connector has no ADMIN option on the bundle's role")
          .with_hint(
              "GRANT the role to the connector WITH ADMIN OPTION, or let the connector make "
              "the bundle by applying the policy");
    }
    BOOST_OUTCOME_TRY(b.grantor_oid, r[8].oid());
    b.grantor = r[9].str();
  }
  return b;
}

std::string known_bundles_hint(const std::string& wanted, const std::vector<std::string>& known) {
  if (known.empty()) return "no bundle is registered: apply a policy first";
  std::vector<std::string> named = near_names(wanted, known);
  std::string hint = named.empty() ? "known are " : "did you mean ";
  if (named.empty())
    named.assign(known.begin(), known.begin() + std::min<long>(10, std::ssize(known)));
  for (const std::string& name : named) hint += (&name == &named.front() ? "" : ", ") + name;
  return hint;
}

lease_task<checked_grant> unknown_bundle(connection_ptr where, std::string name,
                                         std::size_t place) {
  auto asked = co_await run(where, statement("SELECT name FROM pgrant.bundle ORDER BY name"));
  BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
  std::vector<std::string> known;
  for (const row r : answer) known.push_back(r[0].str());
  co_return error(errc::not_found, "there is no bundle \"" + name + "\"")
      .with_field("bundles[" + std::to_string(place) + "]")
      .with_hint(known_bundles_hint(name, known));
}

error too_long(std::chrono::seconds asked, std::int64_t longest, const std::string& whose) {
  return error(errc::invalid_argument, "the duration is longer than " + whose + " allows")
      .with_field("duration")
      .with_detail(std::to_string(asked.count()) + " s asked, " + std::to_string(longest) +
                   " s at most");
}

}  // namespace

lease_task<checked_grant> check_grant(connection_ptr where, const lease_settings& settings,
                                      const grant_request& request, const std::string& id) {
  const bool has_options = where->server_version() >= 160000;
  if (request.duration() > settings.maximum_duration()) {
    co_return too_long(request.duration(), settings.maximum_duration().count(), "the settings");
  }
  batch questions;
  questions
      .add(statement(select_leases().raw(" WHERE l.id = $1 OR l.idempotency_key = nullif($2, '')"))
               .bind(id)
               .bind(request.key()))
      .add(statement(grant_executor_query).bind(std::to_string(request.duration().count())))
      .add(statement(has_options ? grant_bundles_query_16 : grant_bundles_query_14)
               .bind_array(request.bundles()))
      .add(statement(grantee_query).bind(request.role()));
  auto asked = co_await run_all(where, std::move(questions));
  BOOST_OUTCOME_CO_TRY(const auto answers, std::move(asked));

  checked_grant checked;
  BOOST_OUTCOME_CO_TRY(auto earlier, read_leases(answers[0]));
  if (!earlier.empty()) {
    checked.earlier = std::move(earlier.front());
    co_return checked;
  }
  checked.executor.server_version = where->server_version();
  checked.executor.role = answers[1].at(0, 0).str();
  BOOST_OUTCOME_CO_TRY(checked.executor.superuser, answers[1].at(0, 1).boolean());
  checked.valid_until = answers[1].at(0, 2).str();
  checked.executor.authority = direct_authority(checked.executor.server_version,
                                                checked.executor.superuser, checked.executor.role);
  for (std::size_t i = 0; i < request.bundles().size(); ++i) {
    const std::string& wanted = request.bundles()[i];
    const bool known = std::any_of(answers[2].begin(), answers[2].end(),
                                   [&wanted](const row r) { return r[0].text() == wanted; });
    if (!known) {
      auto unknown = co_await unknown_bundle(where, wanted, i);
      co_return unknown;
    }
  }
  for (const row r : answers[2]) {
    BOOST_OUTCOME_CO_TRY(auto bundle, read_checked_bundle(r, has_options));
    BOOST_OUTCOME_CO_TRY(const auto longest, r[3].int64());
    if (longest > 0 && request.duration().count() > longest) {
      co_return too_long(request.duration(), longest, "bundle " + bundle.name);
    }
    checked.bundles.push_back(std::move(bundle));
  }
  if (!request.role().empty()) {
    BOOST_OUTCOME_CO_TRY(check_grantee(request.role(), answers[3], has_options));
  }
  co_return checked;
}

}  // namespace pgrant::detail
