/* A client: one instance, as one login, with the verbs of the pgrant command.
 *
 * Every verb: the client and the queue may be destroyed while it is under way. Beside the statuses
 * that are named, each can give what a connection fails with (CONNECT, TLS, AUTHENTICATION, CLOSED,
 * TIMEOUT, SECRET, SERVER), and CANCELLED. A spec that is not valid, and input that is refused, are
 * reported by *_start itself where no server is needed to see it, else by the completion. */
#ifndef PGRANT_C_CLIENT_H
#define PGRANT_C_CLIENT_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Connects to nothing yet; spec and options are copied. `options`: PGRANT_OPTIONS_CLIENT or NULL.
 * `queue` (may be NULL) receives PGRANT_EVENT_SECRET with `tag` when a password is needed: if the
 * option `ask_secret` is on, or the spec says secret=prompt. PGRANT_INVALID_ARGUMENT if that is so
 * and there is no queue, or if the spec does not pass pgrant_spec_validate. */
PGRANT_API pgrant_status pgrant_client_open(pgrant_runtime* runtime, const pgrant_spec* spec,
                                            const pgrant_options* options, pgrant_queue* queue,
                                            uint64_t tag, pgrant_client** client,
                                            pgrant_error** err);
/* New connections use this password or token from now on; open ones stay. For clients that were
 * opened with the option `password`; else PGRANT_INVALID_STATE. */
PGRANT_API pgrant_status pgrant_client_set_secret(pgrant_client* client, const char* secret,
                                                  size_t size, pgrant_error** err);
/* Operations under way go on to their end; cancel them first if they should not. */
PGRANT_API void pgrant_client_destroy(pgrant_client* client);

/* Looks at the connection, the server and the login: PGRANT_RESULT_CHECK. */
PGRANT_API pgrant_status pgrant_client_check_start(pgrant_client* client, pgrant_queue* queue,
                                                   uint64_t tag, pgrant_operation** operation,
                                                   pgrant_error** err);

/* The inventory: PGRANT_RESULT_SNAPSHOT. Progress counts databases. Options: INSPECT or NULL. */
PGRANT_API pgrant_status pgrant_client_inspect_start(pgrant_client* client,
                                                     const pgrant_options* options,
                                                     pgrant_queue* queue, uint64_t tag,
                                                     pgrant_operation** operation,
                                                     pgrant_error** err);

/* Works out what has to be done to make a policy (JSON text) true, and does nothing:
 * PGRANT_RESULT_PLAN. Options: PLAN or NULL. INVALID_ARGUMENT with the policy's field; NOT_FOUND
 * and CONFLICT for what the policy names; DENIED. */
PGRANT_API pgrant_status pgrant_client_plan_start(pgrant_client* client, const char* policy,
                                                  size_t size, const pgrant_options* options,
                                                  pgrant_queue* queue, uint64_t tag,
                                                  pgrant_operation** operation, pgrant_error** err);

/* The same for what an administrator runs once so that the connector role can manage access:
 * PGRANT_RESULT_PLAN. The client's login is the administrator. Options: BOOTSTRAP. The plan names
 * the secret "connector" if the connector gets a password: apply it with option
 * "secret.connector". */
PGRANT_API pgrant_status pgrant_client_plan_bootstrap_start(pgrant_client* client,
                                                            const pgrant_options* options,
                                                            pgrant_queue* queue, uint64_t tag,
                                                            pgrant_operation** operation,
                                                            pgrant_error** err);

/* Carries out a plan (JSON text as a PGRANT_RESULT_PLAN gives it) and verifies every step:
 * PGRANT_RESULT_APPLY. Success means that everything in the plan is true on the server. Progress
 * counts statements; each database that is done is a LOG event. Options: APPLY or NULL. A plan is
 * run as it stands: take none from those who may not write policies. STALE: plan again;
 * NOT_GRANTED: the server did less than it said; CONFLICT: somebody else's turn; DENIED. */
PGRANT_API pgrant_status pgrant_client_apply_start(pgrant_client* client, const char* plan,
                                                   size_t size, const pgrant_options* options,
                                                   pgrant_queue* queue, uint64_t tag,
                                                   pgrant_operation** operation,
                                                   pgrant_error** err);

/* Grants bundles to a person (a login made for the lease) or to a role, for a time:
 * PGRANT_RESULT_GRANT, which holds the credentials of a new login. Options: GRANT. The lease, the
 * login and the memberships are one transaction. NOT_FOUND: bundle or role; STALE: a bundle's role
 * was changed; DENIED; CONFLICT: the idempotency key belongs to another request. */
PGRANT_API pgrant_status pgrant_client_grant_start(pgrant_client* client,
                                                   const pgrant_options* options,
                                                   pgrant_queue* queue, uint64_t tag,
                                                   pgrant_operation** operation,
                                                   pgrant_error** err);

/* The leases that are not over, or those that the options say, newest first:
 * PGRANT_RESULT_LEASES. Options: LEASES or NULL. */
PGRANT_API pgrant_status pgrant_client_leases_start(pgrant_client* client,
                                                    const pgrant_options* options,
                                                    pgrant_queue* queue, uint64_t tag,
                                                    pgrant_operation** operation,
                                                    pgrant_error** err);

/* Lets a lease end later: PGRANT_RESULT_LEASES with the lease as it is then. Options: EXTEND.
 * INVALID_ARGUMENT with field "by" if it would be too long; NOT_FOUND; STALE if it is over. */
PGRANT_API pgrant_status pgrant_client_extend_start(pgrant_client* client,
                                                    const pgrant_options* options,
                                                    pgrant_queue* queue, uint64_t tag,
                                                    pgrant_operation** operation,
                                                    pgrant_error** err);

/* Ends one lease now: PGRANT_RESULT_REVOKE. May be repeated. NOT_FOUND. */
PGRANT_API pgrant_status pgrant_client_revoke_start(pgrant_client* client, const char* lease,
                                                    size_t size, pgrant_queue* queue, uint64_t tag,
                                                    pgrant_operation** operation,
                                                    pgrant_error** err);
/* Ends every lease of a person or role: PGRANT_RESULT_REVOKE. NOT_FOUND if there is none. */
PGRANT_API pgrant_status pgrant_client_revoke_grantee_start(pgrant_client* client,
                                                            const char* grantee, size_t size,
                                                            pgrant_queue* queue, uint64_t tag,
                                                            pgrant_operation** operation,
                                                            pgrant_error** err);
/* Breaks the glass: ends every lease of a bundle, or every lease. PGRANT_RESULT_REVOKE. */
PGRANT_API pgrant_status pgrant_client_revoke_bundle_start(pgrant_client* client,
                                                           const char* bundle, size_t size,
                                                           pgrant_queue* queue, uint64_t tag,
                                                           pgrant_operation** operation,
                                                           pgrant_error** err);
PGRANT_API pgrant_status pgrant_client_revoke_all_start(pgrant_client* client, pgrant_queue* queue,
                                                        uint64_t tag, pgrant_operation** operation,
                                                        pgrant_error** err);
/* One round of ending what has expired and what earlier ends have left: PGRANT_RESULT_REVOKE. To be
 * called now and then, by any number of processes. */
PGRANT_API pgrant_status pgrant_client_expire_start(pgrant_client* client, pgrant_queue* queue,
                                                    uint64_t tag, pgrant_operation** operation,
                                                    pgrant_error** err);

/* Rebuilds leases from what the server shows, after the ledger was lost: shows them, and with
 * `write` also writes them. PGRANT_RESULT_ADOPT. */
PGRANT_API pgrant_status pgrant_client_adopt_start(pgrant_client* client, int32_t write,
                                                   pgrant_queue* queue, uint64_t tag,
                                                   pgrant_operation** operation,
                                                   pgrant_error** err);

/* Rows of the audit trail, the newest: PGRANT_RESULT_AUDIT. Options: AUDIT or NULL. */
PGRANT_API pgrant_status pgrant_client_audit_start(pgrant_client* client,
                                                   const pgrant_options* options,
                                                   pgrant_queue* queue, uint64_t tag,
                                                   pgrant_operation** operation,
                                                   pgrant_error** err);
/* Computes every hash of the audit trail anew: PGRANT_RESULT_AUDIT_VERDICT. */
PGRANT_API pgrant_status pgrant_client_verify_audit_start(pgrant_client* client,
                                                          pgrant_queue* queue, uint64_t tag,
                                                          pgrant_operation** operation,
                                                          pgrant_error** err);

/* Gives a login a new random password, so that no crash on the way loses anybody's access: kept as
 * pending, set on the server, proved by logging in with it, promoted: PGRANT_RESULT_ROTATION.
 * Options: ROTATE. The passwords are kept in the files of `directory` (`<login>.password` is the
 * one in use; other bytes than [A-Za-z0-9_-] of the name are %XX), or, with `ask_store`, by the
 * host, which gets a PGRANT_EVENT_STORE for each step; no thread of the runtime waits for its
 * answer. At every moment a password that the store holds logs in. If a password is pending
 * already, an earlier rotation was cut off, and this one brings it to its end. Of the client's own
 * login open sessions stay; new ones need the new password: the spec says secret=file:…, or the
 * host answers a PGRANT_EVENT_SECRET or calls pgrant_client_set_secret. Progress counts the steps.
 * SECRET, by *_start, with field "directory": it is not there or open to others; later: the store
 * failed; CONFLICT: the login has a lease, or is the login of one; NOT_FOUND; DENIED. After a
 * failure or a cancel the next call goes on from there. */
PGRANT_API pgrant_status pgrant_client_rotate_start(pgrant_client* client,
                                                    const pgrant_options* options,
                                                    pgrant_queue* queue, uint64_t tag,
                                                    pgrant_operation** operation,
                                                    pgrant_error** err);

#ifdef __cplusplus
}
#endif

#endif
