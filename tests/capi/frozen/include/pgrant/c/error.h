/* Errors: what was tried, on what, why it failed, and what to do. Immutable. */
#ifndef PGRANT_C_ERROR_H
#define PGRANT_C_ERROR_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a caller can usefully do after a failure. */
typedef int32_t pgrant_retry;
enum {
  PGRANT_RETRY_NEVER = 0,    /* the same call fails again until somebody changes something */
  PGRANT_RETRY_AGAIN = 1,    /* the same call may be repeated as it is */
  PGRANT_RETRY_RECONNECT = 2 /* as above, on a new connection; what was sent may have been done */
};

/* The status that came with it; PGRANT_OK for NULL. */
PGRANT_API pgrant_status pgrant_error_status(const pgrant_error* error);
/* One line: what failed and why. */
PGRANT_API const char* pgrant_error_message(const pgrant_error* error);
/* More of the why, for instance the server's DETAIL; may hold several lines. Here and below ""
 * where it does not apply. */
PGRANT_API const char* pgrant_error_detail(const pgrant_error* error);
/* What to do about it. */
PGRANT_API const char* pgrant_error_hint(const pgrant_error* error);
/* The input at fault: "port", "bundles.sales-read.grants[0].privileges", an option's key, or the
 * parameter's name. */
PGRANT_API const char* pgrant_error_field(const pgrant_error* error);
/* What it happened on: `table sales.orders in database "shop"`. */
PGRANT_API const char* pgrant_error_object(const pgrant_error* error);
/* The server's SQLSTATE, five characters. Decide by this, never by words. */
PGRANT_API const char* pgrant_error_sqlstate(const pgrant_error* error);
PGRANT_API pgrant_retry pgrant_error_retry(const pgrant_error* error);
/* Whether pgrant_error_retry is another than NEVER. */
PGRANT_API int32_t pgrant_error_is_retryable(const pgrant_error* error);
/* All of it as "pgrant.error/1". */
PGRANT_API pgrant_status pgrant_error_to_json(const pgrant_error* error, pgrant_text** text,
                                              pgrant_error** err);
PGRANT_API void pgrant_error_destroy(pgrant_error* error);

#ifdef __cplusplus
}
#endif

#endif
