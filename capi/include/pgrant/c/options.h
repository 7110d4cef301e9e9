/* Settings by key, for one purpose each: an object takes only the keys of its kind. */
#ifndef PGRANT_C_OPTIONS_H
#define PGRANT_C_OPTIONS_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What options are for. Every function that takes options says which kind; NULL is all defaults
 * where the kind has no key that must be given. */
typedef int32_t pgrant_options_kind;
enum {
  PGRANT_OPTIONS_CLIENT = 1,    /* pgrant_client_open */
  PGRANT_OPTIONS_INSPECT = 2,   /* pgrant_client_inspect_start */
  PGRANT_OPTIONS_PLAN = 3,      /* pgrant_client_plan_start */
  PGRANT_OPTIONS_BOOTSTRAP = 4, /* pgrant_client_plan_bootstrap_start: needs `connector` */
  PGRANT_OPTIONS_APPLY = 5,     /* pgrant_client_apply_start */
  PGRANT_OPTIONS_GRANT = 6,     /* pgrant_client_grant_start: needs `bundles`, `duration_s`, … */
  PGRANT_OPTIONS_LEASES = 7,    /* pgrant_client_leases_start */
  PGRANT_OPTIONS_SANDBOX = 8,   /* pgrant_sandbox_create_start */
  PGRANT_OPTIONS_EXTEND = 9,    /* pgrant_client_extend_start: needs `lease`, `by_s` */
  PGRANT_OPTIONS_AUDIT = 10,    /* pgrant_client_audit_start */
  PGRANT_OPTIONS_ROTATE = 11    /* pgrant_client_rotate_start: needs `directory` or `ask_store` */
};

typedef int32_t pgrant_option_type;
enum {
  PGRANT_OPTION_STRING = 1,
  PGRANT_OPTION_STRINGS = 2, /* a list: pgrant_options_add_string, once for each */
  PGRANT_OPTION_INT = 3,
  PGRANT_OPTION_BOOL = 4,
  PGRANT_OPTION_SECRET = 5 /* kept apart, wiped when the options are destroyed, shown nowhere */
};

/* What there is to set: the key, type and meaning number `index` of a kind; NULL (type 0) beyond
 * the last, so that a loop ends. A key that ends in ".*" stands for a family: "secret.*" is set as
 * "secret.connector". Keys keep their number; new ones are added at the end. Static. */
PGRANT_API const char* pgrant_options_key(pgrant_options_kind kind, size_t index);
PGRANT_API pgrant_option_type pgrant_options_key_type(pgrant_options_kind kind, size_t index);
PGRANT_API const char* pgrant_options_key_help(pgrant_options_kind kind, size_t index);

PGRANT_API pgrant_status pgrant_options_create(pgrant_options_kind kind, pgrant_options** options,
                                               pgrant_error** err);

/* Setting replaces what was set before. `key` is NUL-terminated. What values a key takes in detail
 * is said when the options are used. */
PGRANT_API pgrant_status pgrant_options_set_string(pgrant_options* options, const char* key,
                                                   const char* value, size_t size,
                                                   pgrant_error** err);
PGRANT_API pgrant_status pgrant_options_add_string(pgrant_options* options, const char* key,
                                                   const char* value, size_t size,
                                                   pgrant_error** err);
PGRANT_API pgrant_status pgrant_options_set_int(pgrant_options* options, const char* key,
                                                int64_t value, pgrant_error** err);
PGRANT_API pgrant_status pgrant_options_set_bool(pgrant_options* options, const char* key,
                                                 int32_t value, pgrant_error** err);
/* 1 byte or more. The library's copy is wiped; the caller's is the caller's. */
PGRANT_API pgrant_status pgrant_options_set_secret(pgrant_options* options, const char* key,
                                                   const char* value, size_t size,
                                                   pgrant_error** err);
/* Back to the default. Fails only for keys that there are none of. */
PGRANT_API pgrant_status pgrant_options_unset(pgrant_options* options, const char* key,
                                              pgrant_error** err);
PGRANT_API void pgrant_options_destroy(pgrant_options* options);

#ifdef __cplusplus
}
#endif

#endif
