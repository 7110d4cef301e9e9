// What makes a stock server look like Azure Database for PostgreSQL, flexible server: roles,
// memberships, owners and databases as in dumps of real ones and in Microsoft's documentation.
//
// What a stock server cannot imitate: that `azure_pg_admin` may not be granted any role, the
// control that its members have over the objects of others, the allow-list of extensions, and the
// refusal of pg_write_all_data before 16.
#include "sandbox/setup.hpp"

namespace pgrant::detail {

namespace {

constexpr auto as_azuresu = setup_role::superuser;
constexpr int any_major = 0;
constexpr int every_major = 1000;

constexpr setup_step azure_steps[] = {
    {"postgres", as_azuresu, any_major, every_major, R"sql(
CREATE ROLE azure_pg_admin NOLOGIN;
CREATE ROLE replication LOGIN REPLICATION;
ALTER ROLE azuresu SET search_path = pg_catalog;
CREATE ROLE @admin@ LOGIN CREATEROLE CREATEDB;
GRANT azure_pg_admin TO @admin@ WITH ADMIN OPTION;
GRANT pg_read_all_settings, pg_read_all_stats, pg_stat_scan_tables TO @admin@ WITH ADMIN OPTION;
GRANT pg_monitor, pg_read_all_settings, pg_read_all_stats, pg_stat_scan_tables,
      pg_signal_backend, pg_read_all_data TO azure_pg_admin WITH ADMIN OPTION;
)sql"},
    {"postgres", as_azuresu, 15, every_major, R"sql(
GRANT pg_checkpoint TO azure_pg_admin WITH ADMIN OPTION;
)sql"},
    // Azure has this predefined role from 15 on; PostgreSQL itself from 18 on. CREATE ROLE refuses
    // names in pg_.
    {"postgres", as_azuresu, 15, 18, R"sql(
SET LOCAL allow_system_table_mods = on;
INSERT INTO pg_authid (oid, rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin,
                       rolreplication, rolbypassrls, rolconnlimit)
VALUES (6392, 'pg_signal_autovacuum_worker', false, true, false, false, false, false, false, -1);
)sql"},
    {"postgres", as_azuresu, 15, every_major, R"sql(
GRANT pg_signal_autovacuum_worker TO azure_pg_admin WITH ADMIN OPTION;
)sql"},
    {"postgres", as_azuresu, 16, every_major, R"sql(
ALTER ROLE @admin@ BYPASSRLS;
GRANT pg_create_subscription TO azure_pg_admin WITH ADMIN OPTION;
GRANT pg_use_reserved_connections TO replication;
)sql"},

    {"postgres", as_azuresu, any_major, every_major,
     "CREATE DATABASE azure_maintenance OWNER azuresu TEMPLATE template0"},
    {"postgres", as_azuresu, any_major, every_major, R"sql(
REVOKE CONNECT, TEMPORARY ON DATABASE azure_maintenance FROM PUBLIC;
ALTER DATABASE postgres OWNER TO azure_pg_admin;
)sql"},
    {"template1", as_azuresu, any_major, every_major, R"sql(
ALTER SCHEMA public OWNER TO azure_pg_admin;
GRANT EXECUTE ON FUNCTION pg_stat_reset(), pg_stat_reset_single_table_counters(oid),
                          pg_stat_reset_single_function_counters(oid) TO azure_pg_admin;
)sql"},
    {"postgres", as_azuresu, any_major, every_major, R"sql(
ALTER SCHEMA public OWNER TO azure_pg_admin;
)sql"},
    {"postgres", as_azuresu, any_major, every_major,
     "CREATE DATABASE azure_sys OWNER azuresu TEMPLATE template1"},
    {"azure_sys", as_azuresu, any_major, every_major, R"sql(
CREATE SCHEMA query_store;
GRANT USAGE ON SCHEMA query_store TO PUBLIC;
CREATE VIEW query_store.qs_view AS SELECT 1 AS query_id WHERE false;
GRANT SELECT ON query_store.qs_view TO PUBLIC;
)sql"},

    // Microsoft Entra's functions, in database postgres only, as there.
    {"postgres", as_azuresu, any_major, every_major, R"sql(
CREATE SCHEMA entra_stand_in;
CREATE TABLE entra_stand_in.principal (rolname name PRIMARY KEY, principaltype text,
                                       objectid text UNIQUE, tenantid text, ismfa int, isadmin int);

CREATE FUNCTION pg_catalog.pgaadauth_create_principal_with_oid(
    rolename text, objectid text, objecttype text, isadmin boolean, ismfa boolean)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, entra_stand_in AS $$
BEGIN
  IF objecttype NOT IN ('user', 'group', 'service') THEN
    RAISE EXCEPTION 'Wrong object type %', objecttype;
  END IF;
  EXECUTE format('CREATE ROLE %I LOGIN %s', rolename,
                 CASE WHEN isadmin THEN 'CREATEROLE CREATEDB' ELSE '' END);
  IF isadmin THEN
    EXECUTE format('GRANT azure_pg_admin TO %I WITH ADMIN OPTION', rolename);
  END IF;
  -- From 16 on whoever creates a role administers it.
  IF current_setting('server_version_num')::int >= 160000 THEN
    EXECUTE format('GRANT %I TO %I WITH ADMIN TRUE, INHERIT FALSE, SET FALSE', rolename,
                   session_user);
  END IF;
  INSERT INTO principal VALUES (rolename, objecttype, objectid, '', ismfa::int, isadmin::int);
  RETURN format('Created role for "%s"', rolename);
END $$;

CREATE FUNCTION pg_catalog.pgaadauth_create_principal(
    rolename text, isadmin boolean, ismfa boolean)
RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT pg_catalog.pgaadauth_create_principal_with_oid($1, gen_random_uuid()::text, 'service',
                                                        $2, $3)
$$;

CREATE FUNCTION pg_catalog.pgaadauth_list_principals(isadminvalue boolean)
RETURNS TABLE (rolname name, principaltype text, objectid text, tenantid text, ismfa int,
               isadmin int)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT * FROM entra_stand_in.principal p WHERE NOT $1 OR p.isadmin = 1
$$;

REVOKE EXECUTE ON FUNCTION
  pg_catalog.pgaadauth_create_principal_with_oid(text, text, text, boolean, boolean),
  pg_catalog.pgaadauth_create_principal(text, boolean, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  pg_catalog.pgaadauth_create_principal_with_oid(text, text, text, boolean, boolean),
  pg_catalog.pgaadauth_create_principal(text, boolean, boolean) TO azure_pg_admin;
)sql"},
};

constexpr setup_step superuser_steps[] = {
    {"postgres", as_azuresu, any_major, every_major,
     "CREATE ROLE @admin@ LOGIN SUPERUSER CREATEROLE CREATEDB"},
};

}  // namespace

std::span<const setup_step> azure_setup() noexcept {
  return azure_steps;
}
std::span<const setup_step> superuser_setup() noexcept {
  return superuser_steps;
}

}  // namespace pgrant::detail
