/* Throwaway PostgreSQL servers that behave like Azure's, for demonstrations and tests. A sandbox is
 * a directory; its server is a process of its own and goes on after the one that made it. */
#ifndef PGRANT_C_SANDBOX_H
#define PGRANT_C_SANDBOX_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The *_start functions run on a thread of the runtime that nothing else waits for, and cannot be
 * cancelled: they end as they would have. No two calls may work on one directory at once. */

/* Makes one in `directory`, which must not exist or be empty, and starts it; completes when it
 * accepts connections: PGRANT_RESULT_SANDBOX. Some 3 s, 0.4 s for a copy. Options: SANDBOX or NULL.
 * NOT_FOUND if there is no PostgreSQL, CONFLICT if port or directory are in use, IO. What a failed
 * start had made is removed again. */
PGRANT_API pgrant_status pgrant_sandbox_create_start(pgrant_runtime* runtime, const char* directory,
                                                     size_t size, const pgrant_options* options,
                                                     pgrant_queue* queue, uint64_t tag,
                                                     pgrant_operation** operation,
                                                     pgrant_error** err);
/* Starts one again that was stopped, on the port that it had: PGRANT_RESULT_SANDBOX. */
PGRANT_API pgrant_status pgrant_sandbox_resume_start(pgrant_runtime* runtime, const char* directory,
                                                     size_t size, pgrant_queue* queue, uint64_t tag,
                                                     pgrant_operation** operation,
                                                     pgrant_error** err);
/* Stops it: sessions end, everything is written. PGRANT_RESULT_SANDBOX. */
PGRANT_API pgrant_status pgrant_sandbox_stop_start(pgrant_runtime* runtime, const char* directory,
                                                   size_t size, pgrant_queue* queue, uint64_t tag,
                                                   pgrant_operation** operation,
                                                   pgrant_error** err);
/* Stops it and deletes the directory: PGRANT_RESULT_SANDBOX. */
PGRANT_API pgrant_status pgrant_sandbox_remove_start(pgrant_runtime* runtime, const char* directory,
                                                     size_t size, pgrant_queue* queue, uint64_t tag,
                                                     pgrant_operation** operation,
                                                     pgrant_error** err);

/* The present state as "pgrant.sandbox/1", read at once. NOT_FOUND if there is none. */
PGRANT_API pgrant_status pgrant_sandbox_status(const char* directory, size_t size,
                                               pgrant_text** json, pgrant_error** err);
/* How its administrator connects, without the password; the caller owns the spec. */
PGRANT_API pgrant_status pgrant_sandbox_spec(const char* directory, size_t size, pgrant_spec** spec,
                                             pgrant_error** err);
/* The password of one of the logins that the status names. */
PGRANT_API pgrant_status pgrant_sandbox_password(const char* directory, size_t size,
                                                 const char* login, size_t login_size,
                                                 pgrant_text** password, pgrant_error** err);

#ifdef __cplusplus
}
#endif

#endif
