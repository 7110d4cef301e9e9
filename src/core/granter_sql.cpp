// What granters do with memberships, and the functions that the connector calls.
#include "issuer_sql.hpp"

namespace pgrant::issuing {
namespace {

constexpr sql_fragment change_as_granter =
    R"(CREATE OR REPLACE FUNCTION pgrant_issue.change_as_granter(granter int, bundle text,
  names text[], given boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  members text;
  options text := '';
  refused text;
BEGIN
  IF (cardinality(names) BETWEEN 1 AND 1000 AND given IS NOT NULL) IS NOT TRUE THEN
    RAISE invalid_parameter_value USING MESSAGE = '1 to 1000 names are needed';
  END IF;
  IF given AND NOT EXISTS (SELECT FROM pg_roles r JOIN pgrant_issue.bundle b ON b.role_oid = r.oid
      WHERE b.role_name = bundle COLLATE "C" AND r.rolname::text = b.role_name
        AND b.granter = granter
        AND NOT (r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb
          OR r.rolreplication OR r.rolbypassrls) AND r.rolname::text !~ '^pg_') THEN
    RAISE insufficient_privilege USING MESSAGE = 'not a bundle of this granter';
  END IF;
  IF EXISTS (SELECT FROM unnest(names) AS u (name)
      WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname::text = u.name)) THEN
    RAISE undefined_object USING MESSAGE = 'a role does not exist';
  END IF;
  IF given THEN
    SELECT min(u.name) INTO refused FROM unnest(names) AS u (name)
      JOIN pg_roles r ON r.rolname::text = u.name
      WHERE r.rolsuper OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls
        OR u.name COLLATE "C" ~ '^(pg_|pgrant_|azure)' OR u.name = 'replication'
        OR EXISTS (SELECT FROM pgrant_issue.rules s WHERE s.connector = u.name)
        OR EXISTS (SELECT FROM pgrant_issue.bundle b WHERE b.role_oid = r.oid);
    IF refused IS NOT NULL THEN
      RAISE insufficient_privilege USING MESSAGE = format('role %I cannot have leases', refused);
    END IF;
  ELSIF EXISTS (SELECT FROM unnest(names) AS u (name) JOIN pg_roles r ON r.rolname::text = u.name
      WHERE NOT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles b ON b.oid = m.roleid
        WHERE b.rolname::text = bundle AND m.member = r.oid
          AND pg_get_userbyid(m.grantor) = current_user)) THEN
    -- Before 16 a REVOKE would take also what others have given.
    RAISE insufficient_privilege USING MESSAGE = 'the membership is not of this granter';
  END IF;
  SELECT string_agg(format('%I', u.name), ', ') INTO STRICT members FROM unnest(names) AS u (name);
  IF given THEN
    IF current_setting('server_version_num')::int >= 160000 THEN
      options := ' WITH INHERIT TRUE, SET FALSE';
    END IF;
    EXECUTE format('GRANT %I TO ', bundle) || members || options;
  ELSE
    EXECUTE format('REVOKE %I FROM ', bundle) || members;
  END IF;
END $$)";

constexpr sql_fragment create_logins =
    R"(CREATE OR REPLACE FUNCTION pgrant_issue.create_logins(names text[], verifiers text[],
  untils timestamptz[], sessions int) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- A whole batch goes to one issuer, the next one to the next.
  EXECUTE format('SELECT pgrant_issue.issuer_%s($1, $2, $3, $4, $5)',
      (SELECT nextval('pgrant_issue.turn') % r.issuers + 1 FROM pgrant_issue.rules r))
    USING 'create', names, verifiers, untils, sessions;
END $$)";

constexpr sql_fragment change_logins =
    R"(CREATE OR REPLACE FUNCTION pgrant_issue.change_logins(change text, names text[],
  untils timestamptz[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
#variable_conflict use_variable
DECLARE
  part record;
BEGIN
  FOR part IN
    SELECT l.issuer, array_agg(u.name ORDER BY u.place) AS names,
      array_agg(untils[u.place] ORDER BY u.place) AS untils
    FROM unnest(names) WITH ORDINALITY AS u (name, place)
    LEFT JOIN pgrant_issue.login l ON l.name = u.name COLLATE "C"
    GROUP BY l.issuer ORDER BY l.issuer
  LOOP
    IF part.issuer IS NOT NULL THEN
      EXECUTE format('SELECT pgrant_issue.issuer_%s($1, $2, NULL, $3, NULL)', part.issuer)
        USING change, part.names, part.untils;
      CONTINUE;
    END IF;
    IF change = 'drop' THEN
      EXECUTE 'DROP ROLE ' || (SELECT string_agg(format('%I', u.name), ', ')
        FROM unnest(part.names) AS u (name));
      CONTINUE;
    END IF;
    FOR i IN 1 .. cardinality(part.names) LOOP
      EXECUTE format('ALTER ROLE %I ', part.names[i]) || CASE change WHEN 'disable' THEN 'NOLOGIN'
        WHEN 'enable' THEN 'LOGIN' ELSE format('VALID UNTIL %L', part.untils[i]) END;
    END LOOP;
  END LOOP;
END $$)";

constexpr sql_fragment lend_login =
    R"(CREATE OR REPLACE FUNCTION pgrant_issue.lend_login(login text, lent boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
  maker int;
  options text := '';
BEGIN
  SELECT l.issuer INTO maker FROM pgrant_issue.login l WHERE l.name = login COLLATE "C";
  IF FOUND THEN
    EXECUTE format('SELECT pgrant_issue.issuer_%s($1, $2, NULL, NULL, NULL)', maker)
      USING CASE WHEN lent THEN 'lend' ELSE 'take_back' END, ARRAY[login];
    RETURN;
  END IF;
  IF lent THEN
    IF current_setting('server_version_num')::int >= 160000 THEN
      options := ' WITH INHERIT TRUE, SET TRUE';
    END IF;
    EXECUTE format('GRANT %I TO %I', login, session_user) || options;
  ELSE
    IF current_setting('server_version_num')::int >= 160000 THEN
      options := format(' GRANTED BY %I', session_user);
    END IF;
    EXECUTE format('REVOKE %I FROM %I', login, session_user) || options;
  END IF;
END $$)";

// For servers before 16, where a membership has one grantor, and a lease does not name it.
constexpr sql_fragment change_members =
    R"(CREATE OR REPLACE FUNCTION pgrant_issue.change_members(bundle text, names text[],
  given boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
  part record;
BEGIN
  FOR part IN
    SELECT array_agg(u.name) AS names,
      CASE WHEN given THEN (SELECT b.granter FROM pgrant_issue.bundle b
        JOIN pg_roles g ON g.oid = b.role_oid AND g.rolname::text = b.role_name
        WHERE b.role_name = bundle COLLATE "C")
      ELSE substring(pg_get_userbyid(m.grantor)::text FROM '^pgrant_granter_([0-9]{1,4})$')::int
      END AS granter
    FROM unnest(names) AS u (name)
    LEFT JOIN pg_roles r ON r.rolname::text = u.name
    LEFT JOIN pg_auth_members m ON m.member = r.oid AND m.roleid =
      (SELECT b.oid FROM pg_roles b WHERE b.rolname::text = bundle)
    GROUP BY 2
  LOOP
    IF part.granter IS NOT NULL THEN
      EXECUTE format('SELECT pgrant_issue.granter_%s($1, $2, $3)', part.granter)
        USING bundle, part.names, given;
    ELSE
      EXECUTE format(CASE WHEN given THEN 'GRANT %I TO ' ELSE 'REVOKE %I FROM ' END, bundle)
        || (SELECT string_agg(format('%I', u.name), ', ') FROM unnest(part.names) AS u (name));
    END IF;
  END LOOP;
END $$)";

constexpr routine_text all_granter_routines[] = {
    {"change_as_granter", "integer, text, text[], boolean", routine_user::granters,
     "checks, gives and takes memberships in bundles", change_as_granter},
};

constexpr routine_text all_connector_routines[] = {
    {"create_logins", "text[], text[], timestamp with time zone[], integer",
     routine_user::connector, "has the next issuer make logins", create_logins},
    {"change_logins", "text, text[], timestamp with time zone[]", routine_user::connector,
     "has the issuers of logins change or drop them", change_logins},
    {"lend_login", "text, boolean", routine_user::connector,
     "has the issuer of a login lend it to the connector", lend_login},
    {"change_members", "text, text[], boolean", routine_user::connector,
     "has a bundle's granter change memberships", change_members},
};

}  // namespace

std::span<const routine_text> granter_routines() noexcept {
  return all_granter_routines;
}

std::span<const routine_text> connector_routines() noexcept {
  return all_connector_routines;
}

}  // namespace pgrant::issuing
