/* The threads that do the work, and the queue in which they say what has come of it. */
#ifndef PGRANT_C_RUNTIME_H
#define PGRANT_C_RUNTIME_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- runtime ---------------------------------------------------------------------------------- */

/* Starts `threads` threads, 1 to 64; 0 takes 1, which is enough for hundreds of operations: they
 * wait for servers most of the time. The threads block all signals. */
PGRANT_API pgrant_status pgrant_runtime_create(int32_t threads, pgrant_runtime** runtime,
                                               pgrant_error** err);
/* Takes no new work from now on (PGRANT_INVALID_STATE), cancels what is under way, and waits until
 * all of it has completed: every completion is in its queue then. PGRANT_TIMEOUT if that takes
 * longer than `timeout_ms` (-1: no limit); the work goes on to end, and this may be called again.
 * Work on sandboxes cannot be cancelled, only waited for. */
PGRANT_API pgrant_status pgrant_runtime_shutdown(pgrant_runtime* runtime, int64_t timeout_ms,
                                                 pgrant_error** err);
/* Shuts down with 10 s of time; what has not completed by then is abandoned on the client's side,
 * completes with PGRANT_CANCELLED, and may have happened on the server. Ends the threads. Clients
 * and operations of it may be destroyed before or after; clients refuse to work. */
PGRANT_API void pgrant_runtime_destroy(pgrant_runtime* runtime);

/* --- queue ------------------------------------------------------------------------------------ */

/* A queue belongs to no runtime: operations of several may complete in one. */
PGRANT_API pgrant_status pgrant_queue_create(pgrant_queue** queue, pgrant_error** err);
/* A descriptor that is readable exactly while the queue is not empty, for poll, select, epoll and
 * event loops. Do not read from it and do not close it. -1 if the handle is none. */
PGRANT_API int32_t pgrant_queue_fd(const pgrant_queue* queue);
/* The next event, or PGRANT_OK and NULL if there is none now. The caller owns the event. */
PGRANT_API pgrant_status pgrant_queue_next(pgrant_queue* queue, pgrant_event** event,
                                           pgrant_error** err);
/* The same, waiting for `timeout_ms` at most (-1: no limit) for an event to come. */
PGRANT_API pgrant_status pgrant_queue_wait(pgrant_queue* queue, int64_t timeout_ms,
                                           pgrant_event** event, pgrant_error** err);
/* Puts a PGRANT_EVENT_POSTED with this tag into the queue: for waking the thread that waits. */
PGRANT_API pgrant_status pgrant_queue_post(pgrant_queue* queue, uint64_t tag, pgrant_error** err);
/* Whether events of a kind come: LOG and PROGRESS, which are off at first. Of these at most 1,024
 * wait in a queue; more are dropped. PGRANT_INVALID_ARGUMENT for other kinds. */
PGRANT_API pgrant_status pgrant_queue_enable(pgrant_queue* queue, int32_t event_kind, int32_t on,
                                             pgrant_error** err);
/* Drops the events in it. Operations that complete in it go on, and nobody hears of them. */
PGRANT_API void pgrant_queue_destroy(pgrant_queue* queue);

/* --- event ------------------------------------------------------------------------------------ */

typedef int32_t pgrant_event_type;
enum {
  PGRANT_EVENT_COMPLETION = 1, /* an operation has ended: tag, operation, status */
  PGRANT_EVENT_LOG = 2,        /* tag of the operation, level, message */
  PGRANT_EVENT_PROGRESS = 3,   /* tag of the operation, message (what it works on), done, total */
  PGRANT_EVENT_SECRET = 4,     /* tag of the client, message (what is asked for); to be answered */
  PGRANT_EVENT_POSTED = 5,     /* tag of pgrant_queue_post */
  PGRANT_EVENT_STORE =
      6 /* tag of the operation, message (a login); store_request, secret; to be answered */
};

/* What a rotation asks of the host's own store of passwords, which keeps three of a login: the one
 * in use, a pending one that may or may not be the server's, and the one before. What a call has
 * done must be durable when it is answered, and do no harm when it is repeated after a crash. */
typedef int32_t pgrant_store_request;
enum {
  PGRANT_STORE_PENDING = 1, /* is there a pending one? pgrant_event_reply with it, or _confirm */
  PGRANT_STORE_PUT_PENDING = 2, /* keep pgrant_event_secret as pending, and _confirm */
  PGRANT_STORE_PROMOTE = 3, /* the pending one is in use now, the one in use is the one before */
  PGRANT_STORE_RETIRE = 4   /* forget the one before */
};

typedef int32_t pgrant_log_level;
enum { PGRANT_LOG_DEBUG = 1, PGRANT_LOG_INFO = 2, PGRANT_LOG_WARNING = 3, PGRANT_LOG_ERROR = 4 };

/* Unknown kinds are to be destroyed and passed over. */
PGRANT_API pgrant_event_type pgrant_event_kind(const pgrant_event* event);
PGRANT_API uint64_t pgrant_event_tag(const pgrant_event* event);
/* COMPLETION: the handle that *_start gave, the caller's as before; not to be used if the caller
 * has destroyed it. Else NULL. */
PGRANT_API pgrant_operation* pgrant_event_operation(const pgrant_event* event);
/* COMPLETION: what came of it. Else PGRANT_OK. */
PGRANT_API pgrant_status pgrant_event_status(const pgrant_event* event);
PGRANT_API pgrant_log_level pgrant_event_level(const pgrant_event* event);
PGRANT_API const char* pgrant_event_message(const pgrant_event* event);
/* How far it has come, in units of its own: databases, statements. Total 0: not known. */
PGRANT_API uint64_t pgrant_event_done(const pgrant_event* event);
PGRANT_API uint64_t pgrant_event_total(const pgrant_event* event);
/* STORE: what is asked for. 0 for other kinds; unknown numbers are to be refused. */
PGRANT_API pgrant_store_request pgrant_event_store_request(const pgrant_event* event);
/* PUT_PENDING: the new password. "" otherwise. Wiped when the event is destroyed. */
PGRANT_API const char* pgrant_event_secret(const pgrant_event* event);
/* SECRET: gives the password or token. STORE with PENDING: gives the one that is pending. Once;
 * PGRANT_INVALID_STATE the second time, and for other kinds. The work that asked goes on at once.
 * An answer that comes too late changes nothing. */
PGRANT_API pgrant_status pgrant_event_reply(pgrant_event* event, const char* secret, size_t size,
                                            pgrant_error** err);
/* STORE: it is done; with PENDING: there is none. Otherwise as pgrant_event_reply. */
PGRANT_API pgrant_status pgrant_event_confirm(pgrant_event* event, pgrant_error** err);
/* SECRET: there is none. STORE: it could not be done, or nobody knows. What needed it fails with
 * PGRANT_SECRET and this reason, which must not hold the secret. */
PGRANT_API pgrant_status pgrant_event_refuse(pgrant_event* event, const char* reason, size_t size,
                                             pgrant_error** err);
/* A SECRET or STORE that was not answered is refused. */
PGRANT_API void pgrant_event_destroy(pgrant_event* event);

#ifdef __cplusplus
}
#endif

#endif
