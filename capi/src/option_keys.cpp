// What options there are. New ones are added at the end of their table: keys keep their numbers.
#include "options.hpp"

namespace pgrant::capi {

namespace {

constexpr auto text_option = PGRANT_OPTION_STRING;
constexpr auto list_option = PGRANT_OPTION_STRINGS;
constexpr auto int_option = PGRANT_OPTION_INT;
constexpr auto bool_option = PGRANT_OPTION_BOOL;
constexpr auto secret_option = PGRANT_OPTION_SECRET;

constexpr option_key client_keys[] = {
    {"password", secret_option, "the password or access token; goes before the spec's secret"},
    {"ask_secret", bool_option, "ask for the password by an event before each new connection"},
    {"application_name", text_option, "as the server lists our sessions; default pgrant"},
    {"keep_connections", bool_option,
     "on (the default): keep connections in a pool, and keep trying for half a minute while the "
     "server cannot be reached; off: connect for each operation, and fail at once"},
    {"ledger_database", text_option, "the database of the ledger; default pgrant"},
    {"connect_timeout_ms", int_option, "limit for a connect as a whole; default 30000"},
    {"attempt_timeout_ms", int_option, "limit for one address of a host; default 10000"},
    {"lock_timeout_ms", int_option, "how long a statement may wait for a lock; default 5000"},
    {"statement_timeout_ms", int_option, "how long a statement may run; default 60000"},
    {"idle_in_transaction_timeout_ms", int_option,
     "how long a transaction may idle until the server ends it; default 60000"},
    {"login_prefix", text_option, "what the names of ephemeral logins start with; default lease_"},
    {"connection_limit", int_option, "sessions that an ephemeral login may have; default 5"},
    {"password_iterations", int_option, "rounds in an ephemeral login's verifier; default 4096"},
    {"maximum_duration_s", int_option, "the longest lease, whatever a bundle says; default 604800"},
    {"end_timeout_ms", int_option,
     "how long one end may take until it is left to the next expire; default 10000"},
    {"ends_at_once", int_option, "how many ends work at the same time; default 2"},
    {"end_sessions_of_existing_roles", bool_option,
     "on PostgreSQL 16 and later, end open sessions of existing roles too"},
    {"endpoint", text_option,
     "a connection string: what credentials tell grantees to connect to; default: the spec"},
    {"maximum_total_s", int_option,
     "the longest that extensions may make a lease; default: maximum_duration_s"},
    {"accept_restored_ledger", bool_option,
     "go on after the ledger was restored to an earlier time: somebody has looked at it"},
};

constexpr option_key inspect_keys[] = {
    {"databases", list_option, "inspect only these; others are listed without content"},
    {"include_reserved_databases", bool_option, "also the platform's own databases"},
    {"include_system_schemas", bool_option, "also pg_catalog and information_schema"},
    {"concurrency", int_option, "databases that are read at a time; default 4"},
    {"objects", bool_option, "off: the document has no relations and routines"},
    {"privileges", bool_option, "off: the document has no ACLs and memberships"},
};

constexpr option_key plan_keys[] = {
    {"objects_per_statement", int_option, "objects that one GRANT names at most; default 500"},
    {"ledger_database", text_option, "wildcards do not reach it; default: the client's"},
};

constexpr option_key bootstrap_keys[] = {
    {"connector", text_option, "the connector role's name; must be given"},
    {"databases", list_option, "manage these and no others; default: all but reserved ones"},
    {"creators", list_option, "roles whose future objects bundles may cover"},
    {"ledger_database", text_option, "default: the client's; empty: make none"},
    {"reset_password", bool_option, "give an existing connector the password at hand"},
    {"profile", text_option,
     "guide (default) or least: a connector that can do nothing but leases"},
    {"issuers", int_option, "how many issuers there are to be; default 0 in guide, 1 in least"},
};

constexpr option_key apply_keys[] = {
    {"secret.*", secret_option,
     "a secret that the plan names, as \"secret.connector\": a password or a SCRAM verifier"},
    {"lock_timeout_ms", int_option, "how long a statement may wait for a lock; default 5000"},
    {"statement_timeout_ms", int_option, "how long a statement may run; default: the client's"},
    {"turn_timeout_ms", int_option, "how long to wait for another apply; default 10000"},
};

constexpr option_key grant_keys[] = {
    {"bundles", list_option, "what is granted: one or more, or `ad_hoc`"},
    {"person", text_option, "whom a new login is for; this or `role` must be given"},
    {"role", text_option, "an existing role instead"},
    {"duration_s", int_option, "how long, from the commit on; must be given"},
    {"reason", text_option, "why; stands in the ledger"},
    {"requester", text_option, "who asks, if somebody else"},
    {"idempotency_key", text_option, "the same key twice is one lease; 1 to 200 bytes"},
    {"ticket", text_option, "the ticket or incident that it is for"},
    {"label.*", text_option, "a label to find it by, as \"label.team\""},
    {"starting_at_us", int_option, "a later start, microseconds since 1970-01-01 UTC"},
    {"starting_in_s", int_option, "a later start, from now on"},
    {"connection_limit", int_option, "sessions of the login at once; default: the client's"},
    {"ad_hoc", list_option, "privileges that no bundle names: grants as in a policy, JSON objects"},
};

constexpr option_key leases_keys[] = {
    {"everything", bool_option, "also leases that are over"},
    {"bundle", text_option, "only of this bundle"},
    {"grantee", text_option, "only of this person or role"},
    {"id", text_option, "only this one"},
    {"states", list_option, "only in one of these states, as in JSON; `everything` is not needed"},
    {"requester", text_option, "only what this one asked for"},
    {"ticket", text_option, "only for this ticket"},
    {"label.*", text_option, "only with this label, as \"label.team\""},
    {"expiring_before_us", int_option, "only what ends before, microseconds since 1970-01-01 UTC"},
    {"expiring_within_s", int_option, "only what ends within this time"},
    {"limit", int_option, "at most so many, the newest"},
};

constexpr option_key sandbox_keys[] = {
    {"postgresql", text_option, "the directory of initdb and postgres; nothing is searched then"},
    {"search_path", list_option, "directories that hold MAJOR/bin/postgres"},
    {"major", int_option, "14 to 18; default: the newest that is found"},
    {"port", int_option, "the TCP port; default: a free one"},
    {"profile", text_option, "azure (default) or superuser"},
    {"administrator", text_option, "the administrator's name; default pgadmin"},
    {"tls", bool_option, "off: plain TCP only"},
    {"content", bool_option, "off: no application databases"},
    {"setting.*", text_option, "a setting of postgresql.conf, as \"setting.work_mem\""},
    {"copy_from", text_option, "the directory of a stopped sandbox to copy instead"},
};

constexpr option_key extend_keys[] = {
    {"lease", text_option, "its id; must be given"},
    {"by_s", int_option, "how much later it is to end; must be given"},
    {"reason", text_option, "why; stands in the audit trail"},
    {"requester", text_option, "who asks, if somebody else"},
    {"idempotency_key", text_option, "the same key twice extends once; 1 to 200 bytes"},
};

constexpr option_key audit_keys[] = {
    {"lease", text_option, "only about this lease"},
    {"action", text_option, "only this action: grant, extend, revoke, expire, apply, …"},
    {"actor", text_option, "only what this one wanted"},
    {"since_us", int_option, "not before, microseconds since 1970-01-01 UTC"},
    {"before_us", int_option, "only before, microseconds since 1970-01-01 UTC"},
    {"within_s", int_option, "not older than this"},
    {"limit", int_option, "at most so many, the newest; default 1000"},
};

constexpr option_key rotate_keys[] = {
    {"login", text_option, "whose password; default: the role that the client connects as"},
    {"directory", text_option,
     "keep the passwords in files of this directory, which is closed to others; this or "
     "`ask_store` must be given"},
    {"ask_store", bool_option, "the host keeps them: ask it by events"},
    {"password_iterations", int_option, "rounds in the password's verifier; default 4096"},
    {"during_leases", bool_option, "also while a lease gives the login something"},
};

}  // namespace

std::span<const option_key> option_keys(pgrant_options_kind kind) noexcept {
  switch (kind) {
    case PGRANT_OPTIONS_CLIENT:
      return client_keys;
    case PGRANT_OPTIONS_INSPECT:
      return inspect_keys;
    case PGRANT_OPTIONS_PLAN:
      return plan_keys;
    case PGRANT_OPTIONS_BOOTSTRAP:
      return bootstrap_keys;
    case PGRANT_OPTIONS_APPLY:
      return apply_keys;
    case PGRANT_OPTIONS_GRANT:
      return grant_keys;
    case PGRANT_OPTIONS_LEASES:
      return leases_keys;
    case PGRANT_OPTIONS_SANDBOX:
      return sandbox_keys;
    case PGRANT_OPTIONS_EXTEND:
      return extend_keys;
    case PGRANT_OPTIONS_AUDIT:
      return audit_keys;
    case PGRANT_OPTIONS_ROTATE:
      return rotate_keys;
  }
  return {};
}

}  // namespace pgrant::capi
