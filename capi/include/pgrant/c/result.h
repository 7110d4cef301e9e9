/* What operations give: as a document, and the values of everyday use by getters. Immutable.
 * A getter that does not belong to the result's kind gives 0, "", NULL. */
#ifndef PGRANT_C_RESULT_H
#define PGRANT_C_RESULT_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t pgrant_result_type;
enum {
  PGRANT_RESULT_CHECK = 1,          /* "pgrant.check/1" */
  PGRANT_RESULT_SNAPSHOT = 2,       /* "pgrant.snapshot/1" */
  PGRANT_RESULT_PLAN = 3,           /* "pgrant.plan/1" */
  PGRANT_RESULT_APPLY = 4,          /* "pgrant.apply/1" */
  PGRANT_RESULT_GRANT = 5,          /* "pgrant.grant/1" */
  PGRANT_RESULT_LEASES = 6,         /* "pgrant.leases/1" */
  PGRANT_RESULT_REVOKE = 7,         /* "pgrant.revoke/1" */
  PGRANT_RESULT_SANDBOX = 8,        /* "pgrant.sandbox/1" */
  PGRANT_RESULT_ADOPT = 9,          /* "pgrant.adopt/1" */
  PGRANT_RESULT_AUDIT = 10,         /* "pgrant.audit/1" */
  PGRANT_RESULT_AUDIT_VERDICT = 11, /* "pgrant.audit_verdict/1" */
  PGRANT_RESULT_ROTATION = 12       /* "pgrant.rotation/1" */
};

PGRANT_API pgrant_result_type pgrant_result_kind(const pgrant_result* result);
/* All of it. Of a GRANT with credentials the text holds the password. UNSUPPORTED for plans that
 * name what is not UTF-8. "pgrant.apply/1" is {"format", "plan": the plan, "report": a
 * "pgrant.apply_report/1", "databases": [{"database": "" for what is cluster-wide, "steps",
 * "failed": null or a "pgrant.error/1", "unknown"}], "warnings": [texts]}. */
PGRANT_API pgrant_status pgrant_result_to_json(const pgrant_result* result, pgrant_text** json,
                                               pgrant_error** err);
PGRANT_API void pgrant_result_destroy(pgrant_result* result);

/* CHECK: findings of the severities "problem" and "warning". */
PGRANT_API size_t pgrant_result_problem_count(const pgrant_result* result);
PGRANT_API size_t pgrant_result_warning_count(const pgrant_result* result);

/* PLAN: statements, and grants that this login cannot make. A plan of 0 steps needs no apply. */
PGRANT_API size_t pgrant_result_step_count(const pgrant_result* result);
PGRANT_API size_t pgrant_result_not_granted_count(const pgrant_result* result);

/* AUDIT: rows. AUDIT_VERDICT: rows that were looked at, and findings; none: every row is as it was
 * written. */
PGRANT_API size_t pgrant_result_audit_count(const pgrant_result* result);
PGRANT_API size_t pgrant_result_broken_count(const pgrant_result* result);
PGRANT_API const char* pgrant_result_broken(const pgrant_result* result, size_t index);

/* ROTATION: whose password it was, and whether an earlier rotation was brought to its end, without
 * a further password. The password is where the store keeps it. */
PGRANT_API const char* pgrant_result_login(const pgrant_result* result);
PGRANT_API int32_t pgrant_result_resumed(const pgrant_result* result);

/* GRANT (one), LEASES, REVOKE (one for each end, as it is after it), ADOPT (without ids before they
 * are written). */
PGRANT_API size_t pgrant_result_lease_count(const pgrant_result* result);
PGRANT_API const pgrant_lease* pgrant_result_lease(const pgrant_result* result, size_t index);

/* GRANT with a new login: how to log in, told once and stored nowhere. "" otherwise. */
PGRANT_API int32_t pgrant_result_has_credentials(const pgrant_result* result);
PGRANT_API const char* pgrant_result_user(const pgrant_result* result);
/* Wiped when the result is destroyed. */
PGRANT_API const char* pgrant_result_password(const pgrant_result* result);
/* A connection string without the password. */
PGRANT_API const char* pgrant_result_conninfo(const pgrant_result* result);

/* REVOKE: what the end with this number did, beside its lease. */
PGRANT_API int32_t pgrant_result_sessions_ended(const pgrant_result* result, size_t index);
PGRANT_API int32_t pgrant_result_login_dropped(const pgrant_result* result, size_t index);
/* Bundles whose membership stays, through another lease or because it was there before. */
PGRANT_API size_t pgrant_result_kept_count(const pgrant_result* result, size_t index);
PGRANT_API const char* pgrant_result_kept(const pgrant_result* result, size_t index, size_t kept);
/* REVOKE: leases whose end met an error; the next expire tries again. The error is borrowed. */
PGRANT_API size_t pgrant_result_failure_count(const pgrant_result* result);
PGRANT_API const char* pgrant_result_failure_lease(const pgrant_result* result, size_t index);
PGRANT_API const pgrant_error* pgrant_result_failure(const pgrant_result* result, size_t index);
/* REVOKE: sessions of roles that do not exist any more, which were ended. */
PGRANT_API int32_t pgrant_result_ghost_sessions(const pgrant_result* result);

/* --- lease ------------------------------------------------------------------------------------ */

typedef int32_t pgrant_lease_status;
enum {
  PGRANT_LEASE_ACTIVE = 1,   /* the access is there */
  PGRANT_LEASE_ENDING = 2,   /* the access is gone; sessions are being ended, the login dropped */
  PGRANT_LEASE_ENDED = 3,    /* nothing is left */
  PGRANT_LEASE_HELD = 4,     /* the access is gone, but the login owns something: see held_why */
  PGRANT_LEASE_FAILED = 5,   /* nothing was granted */
  PGRANT_LEASE_SCHEDULED = 6 /* its time has not come: see starts_at */
};

typedef int32_t pgrant_grantee_kind;
enum {
  PGRANT_GRANTEE_EPHEMERAL_LOGIN = 1, /* made for this lease, dropped at its end */
  PGRANT_GRANTEE_EXISTING_ROLE = 2    /* was there before and stays */
};

PGRANT_API const char* pgrant_lease_id(const pgrant_lease* lease);
/* Unknown numbers are states of a later version. */
PGRANT_API pgrant_lease_status pgrant_lease_state(const pgrant_lease* lease);
PGRANT_API pgrant_grantee_kind pgrant_lease_kind(const pgrant_lease* lease);
/* The role's name on the server. */
PGRANT_API const char* pgrant_lease_grantee(const pgrant_lease* lease);
/* Whom it is for; the role's name for existing roles. */
PGRANT_API const char* pgrant_lease_person(const pgrant_lease* lease);
PGRANT_API const char* pgrant_lease_requester(const pgrant_lease* lease);
PGRANT_API const char* pgrant_lease_reason(const pgrant_lease* lease);
/* The ticket or incident that it is for; "" for none. */
PGRANT_API const char* pgrant_lease_ticket(const pgrant_lease* lease);
/* Labels as they were given, in the order of their keys. */
PGRANT_API size_t pgrant_lease_label_count(const pgrant_lease* lease);
PGRANT_API const char* pgrant_lease_label_key(const pgrant_lease* lease, size_t index);
PGRANT_API const char* pgrant_lease_label_value(const pgrant_lease* lease, size_t index);
PGRANT_API size_t pgrant_lease_bundle_count(const pgrant_lease* lease);
PGRANT_API const char* pgrant_lease_bundle(const pgrant_lease* lease, size_t index);
PGRANT_API int64_t pgrant_lease_granted_at(const pgrant_lease* lease);
/* The same, unless a later start was asked for. */
PGRANT_API int64_t pgrant_lease_starts_at(const pgrant_lease* lease);
PGRANT_API int64_t pgrant_lease_expires_at(const pgrant_lease* lease);
PGRANT_API int64_t pgrant_lease_ended_at(const pgrant_lease* lease);
/* HELD: object, database and remedy. ENDING: what was in the way of the last try. */
PGRANT_API const char* pgrant_lease_held_why(const pgrant_lease* lease);

#ifdef __cplusplus
}
#endif

#endif
