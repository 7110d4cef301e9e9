// Version 2: what requests say beside bundle and time, later starts, extensions, and the server
// that the ledger tells of.
#include "lease/migrations.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment request_statements[] = {
    R"(ALTER TABLE pgrant.lease
  ADD COLUMN ticket text NOT NULL DEFAULT '',
  ADD COLUMN labels jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN starts_at timestamptz,
  DROP CONSTRAINT lease_state_check,
  ADD CONSTRAINT lease_state_check
    CHECK (state IN ('scheduled', 'active', 'ending', 'ended', 'held', 'failed')))",
    // In the place of lease_due, which knows no scheduled leases: sweeps read what is not over.
    R"(CREATE INDEX lease_open ON pgrant.lease (expires_at)
  WHERE state IN ('scheduled', 'active', 'ending', 'held'))",
    R"(DROP INDEX pgrant.lease_due)",
    R"(CREATE INDEX lease_start ON pgrant.lease (starts_at) WHERE state = 'scheduled')",
    R"(CREATE INDEX lease_ticket ON pgrant.lease (ticket) WHERE ticket <> '')",

    R"(CREATE TABLE pgrant.extension (
  lease_id text COLLATE "C" NOT NULL REFERENCES pgrant.lease,
  idempotency_key text COLLATE "C" NOT NULL,
  seconds bigint NOT NULL CHECK (seconds > 0),
  requester text NOT NULL,
  reason text NOT NULL,
  extended_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  PRIMARY KEY (lease_id, idempotency_key)))",

    // One row, or none: which server the ledger is part of, and when it was last known to be.
    R"(CREATE TABLE pgrant.identity (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  system_identifier text NOT NULL,
  timeline text NOT NULL,
  table_oid oid NOT NULL,
  seen_at timestamptz NOT NULL))",
};

}  // namespace

migration request_migration() noexcept {
  return {2, 1, "tickets, labels, later starts, extensions, identity of the server",
          request_statements};
}

}  // namespace pgrant::detail
