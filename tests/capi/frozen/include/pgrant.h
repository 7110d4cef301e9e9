/* pgrant: access management for PostgreSQL, as a C library.
 *
 * Conventions. They hold for every function; the contract beside a function says what else does.
 *
 * 1. Names. pgrant_<noun>_<verb>; constants PGRANT_<GROUP>_<NAME>. The handle comes first, then
 * what goes in, then what comes out, and `pgrant_error** err` last. C99; needs <stddef.h>,
 * <stdint.h>.
 *
 * 2. Text in is UTF-8 as pointer and length; PGRANT_NUL_TERMINATED as length means "up to the NUL
 *    byte", and a null pointer is the empty text. Text that is no UTF-8, holds a NUL byte, or is
 *    longer than PGRANT_MAX_TEXT is refused. Secrets are bytes: anything but NUL. Inputs are copied
 *    before a function returns, and may be freed then.
 *    Text out is NUL-terminated UTF-8, never NULL. Booleans are int32_t, 0 or 1. Times are int64_t:
 *    microseconds since 1970-01-01 UTC by the server's clock, PGRANT_NO_TIME for none; durations
 * are in the unit that the name ends in (_ms, _s).
 *
 * 3. Status and errors. A function that can fail gives a pgrant_status. If it is not PGRANT_OK, and
 *    err is not NULL, *err receives an error that the caller owns; otherwise *err becomes NULL.
 * Other outputs become NULL (numbers 0) on failure. Codes are frozen by meaning; a code that the
 * caller does not know is to be taken as PGRANT_INTERNAL. No error, event or text holds a secret,
 * but those that are named for it. There is no "last error": the library has no thread-local state,
 *    writes to no stream, sets no signal handler and never changes the locale.
 *
 * 4. Handles are opaque. *_create, *_open, *_start, *_take and functions whose output parameter is
 *    a pointer to a handle give ownership; *_destroy takes it, accepts NULL and never fails.
 * `const` handles that getters return are borrowed, and live as long as what they were got from.
 * Views (const char*) live as long as their handle. A handle that is NULL or of another type is
 *    PGRANT_INVALID_ARGUMENT, or 0, PGRANT_NO_TIME and "" from getters; one that was destroyed is
 *    detected most of the time and must not be counted on.
 *
 * 5. Threads.
 *      runtime, queue, client, operation    any thread, at the same time
 *      error, text, result, lease           immutable: any thread, at the same time
 *      options, spec                        one thread at a time, any thread
 *      event                                one thread at a time, any thread
 *    No handle may be used by one thread while another destroys it. No function calls back into the
 *    caller: what the library has to say is an event in a queue.
 *
 * 6. Asynchronous operations. pgrant_<noun>_<verb>_start(…, queue, tag, &op, &err) starts one and
 *    returns at once. If it gives PGRANT_OK, exactly one PGRANT_EVENT_COMPLETION with the tag comes
 *    to the queue: also after a cancel, after the operation's handle was destroyed, and when the
 *    runtime shuts down. *op is set before the operation begins, so that the thread that reads the
 *    queue may be first to see it. If it fails, nothing comes. The queue may be NULL: then the
 *    outcome is waited for with pgrant_operation_wait.
 *
 * 7. Fork. A child process gets PGRANT_INVALID_STATE from everything that was made before the fork
 *    and has to do with threads (runtime, queue, client, operation); it may destroy those handles,
 *    which frees nothing, and make new ones. Values (spec, options, text, …) go on.
 *
 * 8. Options are key and value, so that a new one changes no function: an unknown key, a value of
 *    the wrong type, or one that is out of range is PGRANT_INVALID_ARGUMENT with the key as the
 *    error's field. pgrant_options_key lists the keys with their types and what they do.
 *
 * 9. Documents are JSON, in the shapes that docs/json.md lists; their "format" names shape and
 *    version. Readers accept keys that they do not know; values of everyday use have getters.
 *
 * 10. Versions. PGRANT_ABI_MAJOR is the number in the shared object's name, PGRANT_ABI_MINOR counts
 *    additions. Within a major version functions, constants and option keys are only ever added;
 *    nothing changes its number, type or meaning, and nothing is removed. A program runs with every
 *    library whose major is the same and whose minor is not lower; pgrant_abi_version tells. While
 *    the major is 0 this is a promise of care, not yet of years: a break raises the major.
 *    "since" in a comment names the minor version that brought a declaration; none means the first.
 *
 * The job in short:
 *
 *     pgrant_runtime_create(0, &runtime, &err);
 *     pgrant_spec_parse(text, PGRANT_NUL_TERMINATED, &spec, &err);
 *     pgrant_client_open(runtime, spec, options, NULL, 0, &client, &err);
 *     pgrant_client_check_start(client, NULL, 0, &op, &err);
 *     pgrant_operation_wait(op, -1, &err);
 *     pgrant_operation_take(op, &result, &err);
 *     pgrant_result_to_json(result, &text, &err);
 */
#ifndef PGRANT_H
#define PGRANT_H

#include "pgrant/c/base.h"
#include "pgrant/c/client.h"
#include "pgrant/c/document.h"
#include "pgrant/c/error.h"
#include "pgrant/c/operation.h"
#include "pgrant/c/options.h"
#include "pgrant/c/result.h"
#include "pgrant/c/runtime.h"
#include "pgrant/c/sandbox.h"
#include "pgrant/c/spec.h"

#endif
