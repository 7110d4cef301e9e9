#include "lease/migrations.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment ground_statements[] = {
    "CREATE SCHEMA IF NOT EXISTS pgrant",
    R"(CREATE TABLE IF NOT EXISTS pgrant.migration (
  version int PRIMARY KEY,
  oldest_library int NOT NULL,
  description text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  applied_by text NOT NULL DEFAULT session_user))",
};

// Keys are text in collation "C": they are compared as bytes, and no update of the operating
// system's collations can break an index over them.
constexpr sql_fragment first_statements[] = {
    R"(CREATE TABLE pgrant.bundle (
  name text COLLATE "C" PRIMARY KEY,
  role_name text COLLATE "C" NOT NULL,
  role_oid oid NOT NULL UNIQUE,
  description text NOT NULL,
  maximum_seconds bigint NOT NULL CHECK (maximum_seconds >= 0),
  databases text[] NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()))",

    R"(CREATE TABLE pgrant.managed_database (name text COLLATE "C" PRIMARY KEY))",

    R"(CREATE TABLE pgrant.lease (
  id text COLLATE "C" PRIMARY KEY,
  attempt text COLLATE "C" NOT NULL,
  idempotency_key text COLLATE "C" UNIQUE,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('ephemeral_login', 'existing_role')),
  grantee text COLLATE "C" NOT NULL,
  grantee_oid oid NOT NULL DEFAULT 0,
  person text NOT NULL,
  requester text NOT NULL,
  reason text NOT NULL,
  bundles text[] NOT NULL,
  seconds bigint NOT NULL CHECK (seconds > 0),
  state text COLLATE "C" NOT NULL
    CHECK (state IN ('active', 'ending', 'ended', 'held', 'failed')),
  granted_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  held_why text NOT NULL DEFAULT '',
  tries int NOT NULL DEFAULT 0,
  next_try_at timestamptz))",
    // The names of logins are never used again, so that nothing that goes by name (poolers, jobs,
    // host-based authentication) takes one grantee for another.
    R"(CREATE UNIQUE INDEX lease_login ON pgrant.lease (grantee) WHERE kind = 'ephemeral_login')",
    R"(CREATE INDEX lease_due ON pgrant.lease (expires_at)
  WHERE state IN ('active', 'ending', 'held'))",
    R"(CREATE INDEX lease_grantee ON pgrant.lease (grantee))",

    R"(CREATE TABLE pgrant.lease_bundle (
  lease_id text COLLATE "C" NOT NULL REFERENCES pgrant.lease,
  bundle text COLLATE "C" NOT NULL,
  role_oid oid NOT NULL,
  PRIMARY KEY (lease_id, bundle)))",

    // One row for each membership that leases gave: how many of them need it, as whom it was
    // granted, and what there was before (own_*: an entry of the same grantor, which a GRANT
    // rewrites; before: every entry).
    R"(CREATE TABLE pgrant.membership (
  role_oid oid NOT NULL,
  member_oid oid NOT NULL,
  n int NOT NULL,
  grantor_oid oid NOT NULL,
  own_before boolean NOT NULL,
  own_admin boolean NOT NULL,
  own_inherit boolean NOT NULL,
  own_set boolean NOT NULL,
  before jsonb NOT NULL,
  PRIMARY KEY (role_oid, member_oid)))",

    R"(CREATE TABLE pgrant.audit (
  chain int NOT NULL,
  n bigint NOT NULL,
  at timestamptz NOT NULL,
  login text NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  lease_id text NOT NULL,
  outcome text NOT NULL,
  details jsonb NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (chain, n)))",
    R"(CREATE TABLE pgrant.audit_head (chain int PRIMARY KEY, n bigint NOT NULL,
  hash bytea NOT NULL))",
    R"(INSERT INTO pgrant.audit_head
  SELECT c, 0, pg_catalog.sha256(pg_catalog.convert_to('pgrant audit chain ' || c, 'UTF8'))
  FROM pg_catalog.generate_series(0, 15) c)",

    R"(CREATE FUNCTION pgrant.audit_hash(previous bytea, entry pgrant.audit) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT sha256(previous || convert_to(jsonb_build_array(entry.chain, entry.n,
    (extract(epoch FROM entry.at) * 1000000)::bigint, entry.login, entry.actor, entry.action,
    entry.lease_id, entry.outcome, entry.details)::text, 'UTF8'))
$$)",
    R"(CREATE FUNCTION pgrant.append_audit(in_chain int, in_actor text, in_action text,
  in_lease text, in_outcome text, in_details jsonb) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  head pgrant.audit_head;
  entry pgrant.audit;
BEGIN
  SELECT * INTO STRICT head FROM pgrant.audit_head h WHERE h.chain = in_chain FOR UPDATE;
  entry.chain := in_chain;
  entry.n := head.n + 1;
  entry.at := clock_timestamp();
  entry.login := session_user;
  entry.actor := in_actor;
  entry.action := in_action;
  entry.lease_id := in_lease;
  entry.outcome := in_outcome;
  entry.details := in_details;
  entry.hash := pgrant.audit_hash(head.hash, entry);
  INSERT INTO pgrant.audit SELECT entry.*;
  UPDATE pgrant.audit_head h SET n = entry.n, hash = entry.hash WHERE h.chain = in_chain;
  RETURN entry.n;
END $$)",
    R"(CREATE FUNCTION pgrant.refuse_audit_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE insufficient_privilege USING MESSAGE = 'the audit trail only grows';
END $$)",
    R"(CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON pgrant.audit
  FOR EACH STATEMENT EXECUTE FUNCTION pgrant.refuse_audit_change())",
    R"(ALTER TABLE pgrant.audit ENABLE ALWAYS TRIGGER only_grows)",

    // Lets a pipeline check what it relies on: unless the condition is true, the transaction ends.
    R"(CREATE FUNCTION pgrant.insist(condition boolean, state text, otherwise text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF condition IS DISTINCT FROM true THEN
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = otherwise;
  END IF;
END $$)",
    // VALID UNTIL takes a literal; the time is only known behind the locks.
    R"(CREATE FUNCTION pgrant.let_login_expire(login text, at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
BEGIN
  EXECUTE format('ALTER ROLE %I VALID UNTIL %L', login, at);
END $$)",
    R"(REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgrant FROM PUBLIC)",
};

}  // namespace

std::span<const migration> migrations() noexcept {
  static const migration all_migrations[] = {
      {1, 1, "bundles, leases, memberships, audit trail", first_statements},
      request_migration(),
      safety_migration(),
      ending_migration(),
      group_commit_migration(),
      cohort_migration(),
  };
  return all_migrations;
}

std::span<const sql_fragment> migration_ground() noexcept {
  return ground_statements;
}

}  // namespace pgrant::detail
