// What the administrator calls: it makes the doors, and tells granters their bundles.
#include "issuer_sql.hpp"

namespace pgrant::issuing {
namespace {

// The door is made by the administrator and given away, which needs SET on its new owner and, for
// that owner, CREATE on the schema: both are taken back before this returns.
constexpr sql_fragment make_door =
    R"(CREATE OR REPLACE FUNCTION pgrant_issue.make_door(door text, arguments text, body text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  has_options boolean := current_setting('server_version_num')::int >= 160000;
  owner text := 'pgrant_' || door;
  settings text := '';
  connector text;
  lent boolean;
  made record;
BEGIN
  SELECT r.connector INTO STRICT connector FROM pgrant_issue.rules r;
  IF has_options THEN
    -- Else the caller's setting would make more memberships with each login.
    settings := ' SET createrole_self_grant = ''''';
  END IF;
  lent := NOT pg_has_role(owner, CASE WHEN has_options THEN 'SET' ELSE 'MEMBER' END);
  IF lent THEN
    EXECUTE format('GRANT %I TO %I', owner, current_user)
      || CASE WHEN has_options THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;
  END IF;
  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA pgrant_issue TO %I', owner);
  -- Not replaced but made anew: nobody but its owner may replace a function.
  FOR made IN SELECT p.oid::regprocedure::text AS name FROM pg_proc p
      WHERE p.pronamespace = 'pgrant_issue'::regnamespace AND p.proname::text = door LOOP
    EXECUTE 'DROP FUNCTION ' || made.name;
  END LOOP;
  EXECUTE format('CREATE FUNCTION pgrant_issue.%I(%s) RETURNS void LANGUAGE plpgsql'
    ' SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = ''UTC'''
    ' SET datestyle = ''ISO'' SET standard_conforming_strings = on SET enable_seqscan = off'
    ' SET enable_hashjoin = off SET enable_mergejoin = off SET quote_all_identifiers = off'
    ' SET row_security = on', door, arguments)
    || settings || format(' AS %L', body);
  EXECUTE format('REVOKE ALL ON FUNCTION pgrant_issue.%I FROM PUBLIC', door);
  EXECUTE format('GRANT EXECUTE ON FUNCTION pgrant_issue.%I TO %I', door, connector);
  EXECUTE format('ALTER FUNCTION pgrant_issue.%I OWNER TO %I', door, owner);
  EXECUTE format('REVOKE CREATE ON SCHEMA pgrant_issue FROM %I', owner);
  IF lent THEN
    EXECUTE format('REVOKE %I FROM %I', owner, current_user)
      || CASE WHEN has_options THEN format(' GRANTED BY %I', current_user) ELSE '' END;
  END IF;
  SELECT p.proowner = owner::regrole AND p.prosecdef
      AND NOT has_function_privilege('public', p.oid, 'EXECUTE')
      AND has_function_privilege(connector, p.oid, 'EXECUTE')
      AND NOT has_schema_privilege(owner, 'pgrant_issue', 'CREATE') AS good
    INTO STRICT made FROM pg_proc p
    WHERE p.pronamespace = 'pgrant_issue'::regnamespace AND p.proname::text = door;
  IF made.good IS NOT TRUE THEN
    RAISE invalid_grant_operation USING MESSAGE = format('the door %I is not as it must be', door);
  END IF;
END $$)";

constexpr sql_fragment set_up_issuer =
    R"(CREATE OR REPLACE FUNCTION pgrant_issue.set_up_issuer(issuer int) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  role text := format('pgrant_issuer_%s', issuer);
BEGIN
  PERFORM pgrant_issue.make_door(format('issuer_%s', issuer),
    'action text, names text[], verifiers text[], untils timestamptz[], sessions int', format($door$
BEGIN
  CASE action
    WHEN 'create' THEN
      PERFORM pgrant_issue.create_as_issuer(%1$s, names, verifiers, untils, sessions);
    WHEN 'drop' THEN PERFORM pgrant_issue.drop_as_issuer(%1$s, names);
    WHEN 'lend' THEN PERFORM pgrant_issue.lend_as_issuer(%1$s, names[1], true);
    WHEN 'take_back' THEN PERFORM pgrant_issue.lend_as_issuer(%1$s, names[1], false);
    ELSE PERFORM pgrant_issue.alter_as_issuer(%1$s, action, names, untils);
  END CASE;
END $door$, issuer));
  EXECUTE format('GRANT SELECT ON pgrant_issue.rules TO %I', role);
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON pgrant_issue.login TO %I', role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION pgrant_issue.own_login, pgrant_issue.create_as_issuer,'
    ' pgrant_issue.alter_as_issuer, pgrant_issue.drop_as_issuer, pgrant_issue.lend_as_issuer'
    ' TO %I', role);
END $$)";

constexpr sql_fragment set_up_granter =
    R"(CREATE OR REPLACE FUNCTION pgrant_issue.set_up_granter(granter int) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  role text := format('pgrant_granter_%s', granter);
BEGIN
  PERFORM pgrant_issue.make_door(format('granter_%s', granter),
    'bundle text, names text[], given boolean', format($door$
BEGIN
  PERFORM pgrant_issue.change_as_granter(%1$s, bundle, names, given);
END $door$, granter));
  EXECUTE format('GRANT SELECT ON pgrant_issue.rules, pgrant_issue.bundle TO %I', role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION pgrant_issue.change_as_granter TO %I', role);
END $$)";

// The list is the whole: what is not in it cannot be given any more, but can be taken.
constexpr sql_fragment set_bundles =
    R"(CREATE OR REPLACE FUNCTION pgrant_issue.set_bundles(roles text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  bundle record;
  next_granter int;
BEGIN
  DELETE FROM pgrant_issue.bundle b WHERE b.role_name <> ALL (roles)
    OR pg_get_userbyid(b.role_oid)::text <> b.role_name;
  FOR bundle IN
    SELECT r.oid, r.rolname::text AS name FROM pg_roles r WHERE r.rolname::text = ANY (roles)
      AND NOT EXISTS (SELECT FROM pgrant_issue.bundle b WHERE b.role_oid = r.oid) ORDER BY 2
  LOOP
    -- The one with the fewest.
    SELECT g.n INTO STRICT next_granter FROM pgrant_issue.rules r,
      generate_series(1, r.granters) AS g (n)
      ORDER BY (SELECT count(*) FROM pgrant_issue.bundle b WHERE b.granter = g.n), g.n LIMIT 1;
    IF current_setting('server_version_num')::int >= 160000 THEN
      EXECUTE format('GRANT %I TO pgrant_granter_%s WITH ADMIN TRUE, INHERIT FALSE, SET FALSE',
        bundle.name, next_granter);
    END IF;
    INSERT INTO pgrant_issue.bundle VALUES (bundle.oid, bundle.name, next_granter);
  END LOOP;
  IF (SELECT count(*) FROM pgrant_issue.bundle) <> cardinality(roles) THEN
    RAISE undefined_object USING MESSAGE = 'a bundle role does not exist';
  END IF;
END $$)";

constexpr routine_text all_set_up_routines[] = {
    {"make_door", "text, text, text", routine_user::administrator,
     "makes a function that an issuer or granter owns", make_door},
    {"set_up_issuer", "integer", routine_user::administrator, "makes the door of an issuer",
     set_up_issuer},
    {"set_up_granter", "integer", routine_user::administrator, "makes the door of a granter",
     set_up_granter},
    {"set_bundles", "text[]", routine_user::administrator, "tells granters their bundles",
     set_bundles},
};

}  // namespace

std::span<const routine_text> set_up_routines() noexcept {
  return all_set_up_routines;
}

}  // namespace pgrant::issuing
