/* What all parts of pgrant.h share: handles, status codes, versions, texts. */
#ifndef PGRANT_C_BASE_H
#define PGRANT_C_BASE_H

#include <stddef.h>
#include <stdint.h>

/* PGRANT_STATIC is defined by those who link the static library. */
#if defined(PGRANT_STATIC)
#define PGRANT_API
#elif defined(_WIN32)
#if defined(PGRANT_BUILDING)
#define PGRANT_API __declspec(dllexport)
#else
#define PGRANT_API __declspec(dllimport)
#endif
#else
#define PGRANT_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pgrant_error pgrant_error;         /* why something failed */
typedef struct pgrant_text pgrant_text;           /* a text that the caller owns */
typedef struct pgrant_options pgrant_options;     /* settings by key */
typedef struct pgrant_spec pgrant_spec;           /* where a connection goes, how it is secured */
typedef struct pgrant_runtime pgrant_runtime;     /* the threads that do the work */
typedef struct pgrant_queue pgrant_queue;         /* events, with one descriptor to poll */
typedef struct pgrant_event pgrant_event;         /* what came out of a queue */
typedef struct pgrant_client pgrant_client;       /* one instance, as one login */
typedef struct pgrant_operation pgrant_operation; /* something under way */
typedef struct pgrant_result pgrant_result;       /* what an operation gave */
typedef struct pgrant_lease pgrant_lease;         /* a lease, inside of a result */

#define PGRANT_ABI_MAJOR 0
#define PGRANT_ABI_MINOR 1

/* As the length of a text: it ends at its NUL byte. */
#define PGRANT_NUL_TERMINATED SIZE_MAX
/* The longest text that a function takes, in bytes. */
#define PGRANT_MAX_TEXT 67108864
/* A time that there is none of. */
#define PGRANT_NO_TIME INT64_MIN

typedef int32_t pgrant_status;
enum {
  PGRANT_OK = 0,
  PGRANT_INVALID_ARGUMENT = -1, /* bad input, refused before anything was sent; see the field */
  PGRANT_NOT_FOUND = -2,        /* the role, database, bundle or lease does not exist */
  PGRANT_CONFLICT = -3,         /* something of that name, or another run, is in the way */
  PGRANT_DENIED = -4,           /* the login lacks the authority */
  PGRANT_STALE = -5,            /* the server has moved on since the plan was made */
  PGRANT_CONNECT = -6,          /* no connection: name resolution, refused, unreachable */
  PGRANT_TLS = -7,              /* TLS refused, certificate not trusted, wrong host name */
  PGRANT_AUTHENTICATION = -8,   /* the server refused the login */
  PGRANT_SERVER = -9,           /* any other error of the server; see the SQLSTATE */
  PGRANT_TIMEOUT = -10,         /* a deadline passed */
  PGRANT_CANCELLED = -11,       /* the caller cancelled, or the runtime was shut down */
  PGRANT_CLOSED = -12,          /* the connection was lost; sent work has an unknown outcome */
  PGRANT_NOT_GRANTED = -13,     /* a GRANT or REVOKE did not have the effect it promised */
  PGRANT_SECRET = -14,          /* a secret could not be read, or was not given */
  PGRANT_IO = -15,              /* a file or a child process failed */
  PGRANT_UNSUPPORTED = -16,     /* the server's version or the build cannot do this */
  PGRANT_INTERNAL = -17,        /* a defect of pgrant */
  PGRANT_INVALID_STATE = -101,  /* not now: forked, shut down, not completed, already taken */
  PGRANT_NO_MEMORY = -102       /* an allocation failed; nothing has changed */
};

/* The name of a status as it stands in JSON: "ok", "invalid_argument", …; "internal" for numbers
 * that are none. Static. */
PGRANT_API const char* pgrant_status_name(pgrant_status status);

/* PGRANT_ABI_MAJOR * 1000 + PGRANT_ABI_MINOR of the library that runs. */
PGRANT_API int32_t pgrant_abi_version(void);
/* The version of pgrant: "0.1.0". Static. */
PGRANT_API const char* pgrant_version(void);

/* --- text: what a function hands over, a document or a line. Immutable. ---------------------- */

/* NUL-terminated. "" for NULL. */
PGRANT_API const char* pgrant_text_data(const pgrant_text* text);
/* Bytes without the NUL. */
PGRANT_API size_t pgrant_text_size(const pgrant_text* text);
/* The bytes are wiped first: some texts hold passwords. */
PGRANT_API void pgrant_text_destroy(pgrant_text* text);

#ifdef __cplusplus
}
#endif

#endif
