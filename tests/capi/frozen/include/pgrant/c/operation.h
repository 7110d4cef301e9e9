/* Something under way. Every *_start function makes one. */
#ifndef PGRANT_C_OPERATION_H
#define PGRANT_C_OPERATION_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Asks the operation to stop; returns at once. It completes with PGRANT_CANCELLED, or with what it
 * came to before the request reached it. What was not committed has not happened. No effect on one
 * that has completed. */
PGRANT_API pgrant_status pgrant_operation_cancel(pgrant_operation* operation, pgrant_error** err);
PGRANT_API int32_t pgrant_operation_is_done(const pgrant_operation* operation);
/* Waits until it has completed, `timeout_ms` at most (-1: no limit); then PGRANT_TIMEOUT. Takes
 * nothing out of the queue. Any number of threads may wait. */
PGRANT_API pgrant_status pgrant_operation_wait(pgrant_operation* operation, int64_t timeout_ms,
                                               pgrant_error** err);
/* What came of it: its status, and either the result or the error. Once; PGRANT_INVALID_STATE
 * before it has completed, and the second time. */
PGRANT_API pgrant_status pgrant_operation_take(pgrant_operation* operation, pgrant_result** result,
                                               pgrant_error** err);
/* Also cancels it, if it is under way; its completion still comes to its queue. */
PGRANT_API void pgrant_operation_destroy(pgrant_operation* operation);

#ifdef __cplusplus
}
#endif

#endif
