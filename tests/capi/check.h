/* A test program in C: named tests that check and go on. Ends with "N passed, N failed". */
#ifndef PGRANT_TESTS_CHECK_H
#define PGRANT_TESTS_CHECK_H

#include <pgrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_passed, check_failed, check_bad;

#define CHECK(condition)                                            \
  do {                                                              \
    if (!(condition)) {                                             \
      printf("FAILED %s:%d: %s\n", __FILE__, __LINE__, #condition); \
      check_bad = 1;                                                \
    }                                                               \
  } while (0)

/* The call gives this status, an error object that says the same, and it is freed. */
#define CHECK_STATUS(expected, call)                                                           \
  do {                                                                                         \
    pgrant_error* err = NULL;                                                                  \
    const pgrant_status got = (call);                                                          \
    if (got != (expected) || (got == PGRANT_OK) != (err == NULL) ||                            \
        (err && pgrant_error_status(err) != got)) {                                            \
      printf("FAILED %s:%d: %s gave %s, not %s: %s (%s)\n", __FILE__, __LINE__, #call,         \
             pgrant_status_name(got), pgrant_status_name(expected), pgrant_error_message(err), \
             pgrant_error_detail(err));                                                        \
      check_bad = 1;                                                                           \
    }                                                                                          \
    pgrant_error_destroy(err);                                                                 \
  } while (0)

#define CHECK_OK(call) CHECK_STATUS(PGRANT_OK, call)
#define CHECK_TEXT(expected, actual)                                                    \
  do {                                                                                  \
    const char* const is = (actual);                                                    \
    if (strcmp((expected), is) != 0) {                                                  \
      printf("FAILED %s:%d: \"%s\", not \"%s\"\n", __FILE__, __LINE__, is, (expected)); \
      check_bad = 1;                                                                    \
    }                                                                                   \
  } while (0)

#define RUN(test)                    \
  do {                               \
    check_bad = 0;                   \
    test();                          \
    if (check_bad) {                 \
      ++check_failed;                \
      printf("FAILED: %s\n", #test); \
    } else {                         \
      ++check_passed;                \
      printf("ok: %s\n", #test);     \
    }                                \
    fflush(stdout);                  \
  } while (0)

static int check_end(void) {
  printf("%d passed, %d failed\n", check_passed, check_failed);
  return check_failed != 0;
}

/* A literal as pointer and length. */
#define TEXT(literal) (literal), PGRANT_NUL_TERMINATED

#endif
