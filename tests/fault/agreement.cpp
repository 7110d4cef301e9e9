#include "fault/agreement.hpp"

#include <chrono>
#include <thread>

namespace test {
namespace {

// Every row is a contradiction. $vanished is replaced by a list of lease ids.
constexpr const char* contradictions_query = R"(
WITH need AS (
  SELECT b.role_oid, l.grantee_oid AS member_oid, count(*)::int AS n
  FROM pgrant.lease l JOIN pgrant.lease_bundle b ON b.lease_id = l.id
  WHERE l.state = 'active' GROUP BY 1, 2)
SELECT 'count of ' || coalesce(n.role_oid, m.role_oid)::regrole::text || ' > '
    || coalesce(n.member_oid, m.member_oid)::regrole::text || ': ledger says '
    || coalesce(m.n::text, 'nothing') || ', leases say ' || coalesce(n.n::text, 'nothing')
  FROM need n FULL JOIN pgrant.membership m USING (role_oid, member_oid)
  WHERE m.n IS DISTINCT FROM n.n
UNION ALL
SELECT 'lease ' || l.id || ' without its login ' || l.grantee
  FROM pgrant.lease l LEFT JOIN pg_authid r ON r.oid = l.grantee_oid AND r.rolname = l.grantee
  WHERE l.state = 'active' AND l.id <> ALL ($vanished) AND (r.oid IS NULL
    OR l.kind = 'ephemeral_login' AND (NOT r.rolcanlogin OR r.rolpassword IS NULL
      OR r.rolconnlimit < 1 OR r.rolvaliduntil IS DISTINCT FROM l.expires_at))
UNION ALL
SELECT 'login ' || r.rolname || ' without a lease'
  FROM pg_roles r WHERE r.rolname ~ '^lease_[a-z0-9_]+_[a-z0-9]{12}$' AND NOT EXISTS (SELECT FROM pgrant.lease l
    WHERE l.grantee_oid = r.oid AND l.grantee = r.rolname AND l.kind = 'ephemeral_login'
      AND l.state IN ('scheduled', 'active', 'ending', 'held'))
UNION ALL
SELECT 'the login of lease ' || l.id || ' can log in before its start'
  FROM pgrant.lease l JOIN pg_roles r ON r.oid = l.grantee_oid
  WHERE l.state = 'scheduled' AND r.rolcanlogin
UNION ALL
SELECT 'lease ' || l.id || ' is ' || l.state || ' but its login is there'
  FROM pgrant.lease l JOIN pg_roles r ON r.oid = l.grantee_oid
  WHERE l.kind = 'ephemeral_login' AND l.state IN ('ended', 'failed')
UNION ALL
SELECT 'a bundle of lease ' || l.id || ' is missing in lease_bundle' FROM pgrant.lease l
  WHERE pg_catalog.cardinality(l.bundles)
    <> (SELECT count(*) FROM pgrant.lease_bundle b WHERE b.lease_id = l.id)
UNION ALL
SELECT 'session ' || a.pid || ' of a login that is gone' FROM pg_stat_activity a
  WHERE a.usesysid <> 0 AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = a.usesysid)
UNION ALL
SELECT 'membership of nobody in ' || a.roleid::regrole::text || ': ' || a.member::text
  FROM pg_auth_members a WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = a.member)
UNION ALL
SELECT 'audit of lease ' || l.id || ' (' || l.state || '): ' || a.granted || ' grants, ' || a.cut
    || ' revokes, ' || a.over || ' ends, ' || a.planned || ' planned, ' || a.started || ' started'
  FROM pgrant.lease l CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE action IN ('grant', 'schedule')) AS granted,
      count(*) FILTER (WHERE action = 'schedule') AS planned,
      count(*) FILTER (WHERE action = 'start') AS started,
      count(*) FILTER (WHERE action IN ('revoke', 'expire')) AS cut,
      count(*) FILTER (WHERE action = 'end') AS over
    FROM pgrant.audit a WHERE a.lease_id = l.id) a
  WHERE a.granted <> 1 OR a.cut <> (l.state NOT IN ('scheduled', 'active'))::int
    OR a.started <> (a.planned > 0 AND l.state <> 'scheduled')::int
    OR a.over NOT BETWEEN (l.state = 'ended' AND l.kind = 'ephemeral_login')::int
                      AND (l.state = 'ended')::int
UNION ALL
SELECT 'lease ' || l.id || ' ended without a time'
  FROM pgrant.lease l WHERE (l.state = 'ended') <> (l.ended_at IS NOT NULL)
)";

bool is(const std::string& value) {
  return value == "t";
}

std::string lease_list(const std::set<std::string>& ids) {
  std::string list = "ARRAY[";
  for (const std::string& id : ids) list += (list.back() == '[' ? "'" : ",'") + id + "'";
  return list + "]::text[]";
}

std::string with_list(std::string query, const std::string& list) {
  const std::string place = "$vanished";
  query.replace(query.find(place), place.size(), list);
  return query;
}

}  // namespace

std::string to_text(const memberships& entries) {
  std::string text;
  for (const membership_entry& e : entries) {
    text += e.role + " > " + e.member + " by " + e.grantor + (e.admin ? " admin" : "") +
            (e.inherit ? " inherit" : "") + (e.set ? " set" : "") + '\n';
  }
  return text;
}

std::string giver_of(const lease_world& world, const std::string& role) {
  const server& where = world.where();
  if (world.has_granters()) {
    return psql_value(where, world.ledger_database(),
                      "SELECT 'pgrant_granter_' || granter FROM pgrant_issue.bundle "
                      "WHERE role_name = '" +
                          role + "'");
  }
  if (where.major() < 16 || where.shape() == shape::azure) return world.connector();
  return where.superuser();
}

memberships memberships_with(const lease_world& world, memberships before, const needs& leases) {
  const bool options = world.where().major() >= 16;
  for (const auto& [membership, count] : leases) {
    const auto& [role, member] = membership;
    const std::string giver = giver_of(world, role);
    bool there = false;
    for (const membership_entry& e : memberships(before)) {
      const bool ours = e.role == role && e.member == member && (!options || e.grantor == giver);
      if (!ours) continue;
      there = true;
      membership_entry with = e;
      with.inherit = true;
      before.erase(e);
      before.insert(with);
    }
    if (!there) before.insert({role, member, giver, false, true, !options});
  }
  return before;
}

memberships observer::memberships_now() {
  const bool options = world_.where().major() >= 16;
  memberships found;
  for (const auto& r : session_.run(
           "SELECT pg_get_userbyid(roleid), pg_get_userbyid(member), pg_get_userbyid(grantor), "
           "admin_option, " +
           std::string(options ? "inherit_option, set_option" : "true, true") +
           " FROM pg_auth_members WHERE roleid IN (SELECT role_oid FROM pgrant.bundle) AND "
           "pg_get_userbyid(member) <> '" +
           world_.connector() + "'")) {
    found.insert({r[0], r[1], r[2], is(r[3]), is(r[4]), is(r[5])});
  }
  return found;
}

memberships observer::memberships_before_leases() {
  const bool options = world_.where().major() >= 16;
  memberships found;
  for (const auto& r :
       session_.run("SELECT b.rolname, g.rolname, pg_get_userbyid(m.grantor_oid), m.own_admin, "
                    "m.own_inherit, m.own_set FROM pgrant.membership m JOIN pg_roles b ON b.oid = "
                    "m.role_oid JOIN pg_roles g ON g.oid = m.member_oid WHERE m.own_before")) {
    found.insert(
        {r[0], r[1], options ? r[2] : "", is(r[3]), !options || is(r[4]), !options || is(r[5])});
  }
  return found;
}

needs observer::needs_of_ledger() {
  needs found;
  for (const auto& r :
       session_.run("SELECT pg_get_userbyid(b.role_oid), l.grantee, count(*) "
                    "FROM pgrant.lease l JOIN pgrant.lease_bundle b ON b.lease_id = l.id "
                    "WHERE l.state = 'active' GROUP BY 1, 2")) {
    found[{r[0], r[1]}] = std::stoi(r[2]);
  }
  return found;
}

std::string observer::disagreements(const std::set<std::string>& vanished) {
  std::string found;
  for (const auto& r : session_.run(with_list(contradictions_query, lease_list(vanished)))) {
    found += r[0] + '\n';
  }
  return found;
}

std::string observer::disagreements_with(const memberships& before) {
  std::string found = disagreements();
  const std::string now = to_text(memberships_now());
  const std::string wanted = to_text(memberships_with(world_, before, needs_of_ledger()));
  if (now != wanted) found += "memberships:\n" + now + "instead of:\n" + wanted;
  return found;
}

void observer::wait_until_quiet() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const std::string query =
      "SELECT FROM pg_stat_activity WHERE usename = '" + world_.connector() + "'";
  while (!session_.run(query).empty()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

std::string observer::value(const std::string& query) {
  const table rows = session_.run(query);
  return rows.size() == 1 ? rows[0][0] : std::to_string(rows.size()) + " rows";
}

std::string broken_audit(lease_world& world) {
  std::string found;
  pgrant::ledger ledger(world.open_as_connector(), world.ledger_database());
  const auto trail = must(world.run(ledger.async_verify_audit()));
  for (const std::string& broken : trail.broken) found += broken + '\n';
  return found;
}

void let_expire(lease_world& world, const std::string& lease_id) {
  for (const auto& r :
       psql(world.where(), world.ledger_database(),
            "UPDATE pgrant.lease SET granted_at = granted_at - interval '1 day', "
            "expires_at = expires_at - interval '1 day' WHERE id = '" +
                lease_id + "' RETURNING grantee, expires_at, kind = 'ephemeral_login'")) {
    if (!is(r[2])) continue;
    psql(world.where(), "postgres", "ALTER ROLE " + r[0] + " VALID UNTIL '" + r[1] + "'");
  }
}

}  // namespace test
