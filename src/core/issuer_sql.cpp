// Tables of schema pgrant_issue, and what issuers do with logins.
#include "issuer_sql.hpp"

namespace pgrant::issuing {
namespace {

constexpr table_text issuing_tables[] = {
    // One row: what the doors hold the connector to. Only the administrator writes it.
    {"rules", "what issuers and granters hold the connector to",
     R"(CREATE TABLE pgrant_issue.rules (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  connector text COLLATE "C" NOT NULL,
  issuers int NOT NULL CHECK (issuers > 0),
  granters int NOT NULL CHECK (granters > 0),
  login_prefix text COLLATE "C" NOT NULL DEFAULT 'lease_'
    CHECK (login_prefix ~ '^[a-z][a-z0-9_]{0,15}$' AND login_prefix !~ '^(pg_|pgrant_|azure)'),
  longest interval NOT NULL DEFAULT '31 days'))"},
    // The logins that issuers made. By OID and by name: a role that was dropped and made again by
    // somebody else is not ours. Only issuers write it.
    {"login", "the logins that issuers made",
     R"(CREATE TABLE pgrant_issue.login (
  oid oid PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  issuer int NOT NULL,
  made_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()))"},
    // The bundles that granters may give. Only the administrator writes it.
    {"bundle", "the bundles that granters give",
     R"(CREATE TABLE pgrant_issue.bundle (
  role_oid oid PRIMARY KEY,
  role_name text COLLATE "C" NOT NULL UNIQUE,
  granter int NOT NULL))"},
};

// What fails inside EXECUTE is raised again: else the error's context shows the statement, with
// the verifiers in it, to the client and to the server's log.
constexpr sql_fragment create_as_issuer =
    R"(CREATE OR REPLACE FUNCTION pgrant_issue.create_as_issuer(issuer int, names text[],
  verifiers text[], untils timestamptz[], sessions int) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  rules pgrant_issue.rules;
  commands text;
  oids oid[];
BEGIN
  SELECT r.* INTO STRICT rules FROM pgrant_issue.rules r;
  IF (array_ndims(names) = 1 AND cardinality(names) BETWEEN 1 AND 1000
      AND array_ndims(verifiers) = 1 AND cardinality(verifiers) = cardinality(names)
      AND array_ndims(untils) = 1 AND cardinality(untils) = cardinality(names)
      AND sessions BETWEEN 1 AND 100) IS NOT TRUE THEN
    RAISE invalid_parameter_value USING
      MESSAGE = 'lists of 1 to 1000 entries, all of one length, and 1 to 100 sessions are needed';
  END IF;
  IF EXISTS (SELECT FROM unnest(names) AS u (name) WHERE (u.name COLLATE "C" ~ '^[a-z0-9_]{2,63}$'
      AND starts_with(u.name, rules.login_prefix) AND length(u.name) > length(rules.login_prefix))
      IS NOT TRUE) THEN
    RAISE invalid_parameter_value USING
      MESSAGE = 'a name does not fit the pattern of logins that issuers make',
      HINT = 'the prefix stands in pgrant_issue.rules';
  END IF;
  IF EXISTS (SELECT FROM unnest(verifiers) AS u (verifier) WHERE (u.verifier COLLATE "C" ~
      ('^SCRAM-SHA-256[$][1-9][0-9]{0,4}:[A-Za-z0-9+/]{22}=='
       || '[$][A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$')) IS NOT TRUE) THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a password is not given as SCRAM verifier';
  END IF;
  IF EXISTS (SELECT FROM unnest(untils) AS u (until) WHERE (isfinite(u.until)
      AND u.until > clock_timestamp() AND u.until <= clock_timestamp() + rules.longest)
      IS NOT TRUE) THEN
    RAISE invalid_parameter_value USING MESSAGE = 'an expiry is past or too far ahead';
  END IF;
  SELECT string_agg(format('CREATE ROLE %I LOGIN INHERIT NOSUPERUSER NOCREATEROLE NOCREATEDB'
      ' NOREPLICATION NOBYPASSRLS CONNECTION LIMIT %s PASSWORD %L VALID UNTIL %L',
      u.name, sessions, u.verifier, u.until), '; ')
    INTO STRICT commands
    FROM ROWS FROM (unnest(names), unnest(verifiers), unnest(untils)) AS u (name, verifier, until);
  BEGIN
    EXECUTE commands;
  EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
    RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = 'the logins could not be made: '
      || CASE WHEN SQLSTATE IN ('42710', '23505') THEN 'a name is taken' ELSE SQLSTATE END;
  END;
  commands := NULL;
  SELECT array_agg(to_regrole(u.name)::oid) INTO oids FROM unnest(names) AS u (name);
  -- Rows of logins that somebody else has dropped since.
  DELETE FROM pgrant_issue.login l WHERE l.name = ANY (names);
  DELETE FROM pgrant_issue.login l WHERE l.oid = ANY (oids);
  INSERT INTO pgrant_issue.login (oid, name, issuer)
    SELECT u.oid, u.name, issuer FROM ROWS FROM (unnest(oids), unnest(names)) AS u (oid, name);
END $$)";

// A login of this issuer's: its row of the registry, and an error for everything else.
constexpr sql_fragment own_login =
    R"(CREATE OR REPLACE FUNCTION pgrant_issue.own_login(issuer int, login text)
RETURNS pgrant_issue.login
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  known pgrant_issue.login;
BEGIN
  SELECT l.* INTO known FROM pgrant_issue.login l WHERE l.name = login COLLATE "C"
    AND l.issuer = issuer AND pg_get_userbyid(l.oid)::text = l.name;
  IF FOUND THEN
    RETURN known;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname::text = login) THEN
    RAISE undefined_object USING MESSAGE = 'the login does not exist';
  END IF;
  RAISE insufficient_privilege USING MESSAGE = 'not a login that this issuer has made';
END $$)";

constexpr sql_fragment alter_as_issuer =
    R"(CREATE OR REPLACE FUNCTION pgrant_issue.alter_as_issuer(issuer int, change text,
  names text[], untils timestamptz[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  known pgrant_issue.login;
  longest interval;
BEGIN
  IF (cardinality(names) BETWEEN 0 AND 1000
      AND (change <> 'expire' OR cardinality(untils) = cardinality(names))) IS NOT TRUE THEN
    RAISE invalid_parameter_value USING MESSAGE = 'lists of one length are needed';
  END IF;
  SELECT r.longest INTO STRICT longest FROM pgrant_issue.rules r;
  FOR i IN 1 .. cardinality(names) LOOP
    known := pgrant_issue.own_login(issuer, names[i]);
    IF change = 'expire' THEN
      -- Counted from when it was made: no number of extensions leads further.
      IF (isfinite(untils[i]) AND untils[i] <= known.made_at + longest) IS NOT TRUE THEN
        RAISE invalid_parameter_value USING MESSAGE = 'the expiry is too far ahead',
          HINT = 'pgrant_issue.rules says how long a login may live';
      END IF;
      EXECUTE format('ALTER ROLE %I VALID UNTIL %L', known.name, untils[i]);
    ELSIF change = 'disable' THEN
      EXECUTE format('ALTER ROLE %I NOLOGIN', known.name);
    ELSIF change = 'enable' THEN
      EXECUTE format('ALTER ROLE %I LOGIN', known.name);
    ELSE
      RAISE invalid_parameter_value USING MESSAGE = 'there is no such change of a login';
    END IF;
  END LOOP;
END $$)";

constexpr sql_fragment drop_as_issuer =
    R"(CREATE OR REPLACE FUNCTION pgrant_issue.drop_as_issuer(issuer int, names text[])
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  oids oid[];
BEGIN
  IF (cardinality(names) BETWEEN 1 AND 1000) IS NOT TRUE THEN
    RAISE invalid_parameter_value USING MESSAGE = '1 to 1000 names are needed';
  END IF;
  SELECT array_agg((pgrant_issue.own_login(issuer, u.name)).oid) INTO oids
    FROM unnest(names) AS u (name);
  EXECUTE 'DROP ROLE ' || (SELECT string_agg(format('%I', u.name), ', ')
    FROM unnest(names) AS u (name));
  DELETE FROM pgrant_issue.login l WHERE l.oid = ANY (oids);
END $$)";

// For the moments of an end: prepared transactions and hidden backends can be ended by the login
// alone, and so the connector has to act as it.
constexpr sql_fragment lend_as_issuer =
    R"(CREATE OR REPLACE FUNCTION pgrant_issue.lend_as_issuer(issuer int, login text, lent boolean)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  known pgrant_issue.login;
  connector text;
  options text := '';
BEGIN
  known := pgrant_issue.own_login(issuer, login);
  SELECT r.connector INTO STRICT connector FROM pgrant_issue.rules r;
  IF lent THEN
    IF current_setting('server_version_num')::int >= 160000 THEN
      options := ' WITH INHERIT TRUE, SET TRUE';
    END IF;
    EXECUTE format('GRANT %I TO %I', known.name, connector) || options;
  ELSE
    EXECUTE format('REVOKE %I FROM %I', known.name, connector);
  END IF;
END $$)";

constexpr routine_text all_issuer_routines[] = {
    {"own_login", "integer, text", routine_user::issuers, "tells the issuer's own logins",
     own_login},
    {"create_as_issuer", "integer, text[], text[], timestamp with time zone[], integer",
     routine_user::issuers, "checks and makes logins", create_as_issuer},
    {"alter_as_issuer", "integer, text, text[], timestamp with time zone[]", routine_user::issuers,
     "lets logins expire, disables and enables them", alter_as_issuer},
    {"drop_as_issuer", "integer, text[]", routine_user::issuers, "drops logins", drop_as_issuer},
    {"lend_as_issuer", "integer, text, boolean", routine_user::issuers,
     "lends a login to the connector while it is being ended", lend_as_issuer},
};

}  // namespace

std::span<const table_text> tables() noexcept {
  return issuing_tables;
}

std::span<const routine_text> issuer_routines() noexcept {
  return all_issuer_routines;
}

std::array<std::span<const routine_text>, 4> routines() noexcept {
  return {issuer_routines(), granter_routines(), connector_routines(), set_up_routines()};
}

}  // namespace pgrant::issuing
