#include "inspect/catalog_queries.hpp"

namespace pgrant::detail {

namespace {

// A timestamp of the server in the one form that pgrant uses, whatever the session's settings.
constexpr sql_fragment utc_format = R"('YYYY-MM-DD"T"HH24:MI:SS.US"Z"')";

// Nobody but a superuser in a special mode can make schemas whose names begin with "pg_".
constexpr sql_fragment user_schemas =
    "pg_catalog.left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'information_schema'";
constexpr sql_fragment all_schemas =
    "(pg_catalog.left(n.nspname, 3) <> 'pg_' OR n.nspname = 'pg_catalog')";

sql_text begin_reading() {
  return sql_text("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

// The text form of a type depends on the path: with this one, whatever is not in pg_catalog bears
// its schema. Connections have it, but one that comes through a pooler may not.
sql_text fix_search_path() {
  return sql_text("SET LOCAL search_path = pg_catalog, pg_temp");
}

sql_text roles_query() {
  return sql_text(
             "SELECT r.oid, r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb,"
             " r.rolcanlogin, r.rolreplication, r.rolbypassrls, r.rolconnlimit,"
             " CASE WHEN pg_catalog.isfinite(r.rolvaliduntil)"
             " THEN pg_catalog.to_char(r.rolvaliduntil AT TIME ZONE 'UTC', ")
      .raw(utc_format)
      .raw(
          ") WHEN r.rolvaliduntil < 'infinity' THEN '-infinity' END, d.description"
          " FROM pg_catalog.pg_roles r LEFT JOIN pg_catalog.pg_shdescription d"
          " ON d.objoid = r.oid AND d.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass");
}

sql_text memberships_query(int server_version) {
  if (server_version >= 160000)
    return sql_text(
        "SELECT m.roleid, m.member, m.grantor, m.admin_option, m.inherit_option, m.set_option"
        " FROM pg_catalog.pg_auth_members m");
  return sql_text(
      "SELECT m.roleid, m.member, m.grantor, m.admin_option, r.rolinherit, true"
      " FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.member");
}

}  // namespace

batch cluster_queries(int server_version) {
  batch queries;
  queries.add(sql_text("SELECT system_identifier FROM pg_catalog.pg_control_system()")).sync();
  queries.add(begin_reading());
  queries.add(fix_search_path());
  queries.add(sql_text("SELECT r.oid, pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', ")
                  .raw(utc_format)
                  .raw(") FROM pg_catalog.pg_roles r WHERE r.rolname = current_user"));
  queries.add(roles_query());
  queries.add(memberships_query(server_version));
  queries.add(
      sql_text("SELECT d.oid, d.datdba, d.datname, d.datacl, d.datallowconn,"
               " d.datistemplate, d.datconnlimit FROM pg_catalog.pg_database d"));
  queries.add(
      sql_text("SELECT pg_catalog.current_setting('max_prepared_transactions')::pg_catalog.int4"));
  queries.add(sql_text("COMMIT"));
  return queries;
}

batch database_queries(bool with_system_schemas) {
  const sql_fragment in_scope = with_system_schemas ? all_schemas : user_schemas;
  batch queries;
  queries.add(begin_reading());
  queries.add(fix_search_path());
  queries.add(sql_text("SELECT n.oid, n.nspowner, n.nspname, n.nspacl"
                       " FROM pg_catalog.pg_namespace n WHERE ")
                  .raw(in_scope));
  queries.add(sql_text("SELECT c.oid, c.relnamespace, c.relowner, c.relkind, c.relname, c.relacl"
                       " FROM pg_catalog.pg_class c"
                       " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                       " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ")
                  .raw(in_scope));
  queries.add(
      sql_text("SELECT a.attrelid, a.attname, a.attacl FROM pg_catalog.pg_attribute a"
               " WHERE a.attacl IS NOT NULL AND NOT a.attisdropped"));
  // The argument types are text: a cast to regprocedure or name would cut a long list.
  queries.add(sql_text("SELECT p.oid, p.pronamespace, p.proowner, p.prokind, p.proname,"
                       " pg_catalog.oidvectortypes(p.proargtypes), p.proacl,"
                       " p.prokind = 'p' AND p.proallargtypes IS NOT NULL, p.prosecdef"
                       " FROM pg_catalog.pg_proc p"
                       " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE ")
                  .raw(in_scope));
  queries.add(
      sql_text("SELECT d.defaclrole, d.defaclnamespace, d.defaclobjtype, d.defaclacl"
               " FROM pg_catalog.pg_default_acl d"));
  // Each role of a policy is a row; 0 is PUBLIC.
  queries.add(
      sql_text("SELECT p.oid, c.relname, p.polname, p.polpermissive, r.id"
               " FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid,"
               " pg_catalog.unnest(p.polroles) AS r(id) WHERE r.id <> 0"
               " ORDER BY c.relname, p.polname, p.oid, r.id"));
  queries.add(sql_text("COMMIT"));
  return queries;
}

}  // namespace pgrant::detail
