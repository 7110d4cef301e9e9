// Version 5: many entries of the audit trail at once, for transactions that many requests share.
#include "lease/migrations.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment group_commit_statements[] = {
    // The chain's head is locked and written once, the entries are hashed one after the other as
    // always. `in_details` holds arrays of names and values, as texts.
    R"(CREATE FUNCTION pgrant.append_audit_entries(in_chain int, in_actors text[],
  in_actions text[], in_leases text[], in_outcomes text[], in_details text[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  head pgrant.audit_head;
  entry pgrant.audit;
BEGIN
  SELECT * INTO STRICT head FROM pgrant.audit_head h WHERE h.chain = in_chain FOR UPDATE;
  entry.chain := in_chain;
  entry.login := session_user;
  FOR i IN 1 .. cardinality(in_actions) LOOP
    entry.n := head.n + 1;
    entry.at := clock_timestamp();
    entry.actor := in_actors[i];
    entry.action := in_actions[i];
    entry.lease_id := in_leases[i];
    entry.outcome := in_outcomes[i];
    entry.details := jsonb_object(in_details[i]::text[]);
    entry.hash := pgrant.audit_hash(head.hash, entry);
    INSERT INTO pgrant.audit SELECT entry.*;
    head.n := entry.n;
    head.hash := entry.hash;
  END LOOP;
  UPDATE pgrant.audit_head h SET n = head.n, hash = head.hash WHERE h.chain = in_chain;
  RETURN head.n;
END $$)",
    R"(REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgrant FROM PUBLIC)",
};

}  // namespace

migration group_commit_migration() noexcept {
  return {5, 1, "audit entries of transactions that many requests share", group_commit_statements};
}

}  // namespace pgrant::detail
