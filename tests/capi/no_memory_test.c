/* Allocation failure at every point: the program brings its own malloc, which fails once, at the
 * n-th call of the thread that uses the library, for n from 1 on until the work is done without.
 * Nothing may crash, what was started completes exactly once, and afterwards the same work
 * succeeds. */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "silent_server.h"

/* glibc's own, beneath ours. */
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* memory, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);

static atomic_long left = -1; /* calls until the one that fails; below 0: none does */

/* Boost.Asio 1.81 reads null pointers where there is no memory for parts of a new strand: the count
 * of its pointer and its mutex, which have these sizes. Nobody above it can help that. */
static int belongs_to_a_strand(size_t size) {
  return size == 24 || size == 40;
}

static pthread_t caller;

/* What fails are calls on the thread that calls the library. */
static int fails(void) {
  if (atomic_load_explicit(&left, memory_order_relaxed) < 0) return 0;
  if (!pthread_equal(pthread_self(), caller)) return 0;
  if (atomic_fetch_sub(&left, 1) != 0) return 0;
  errno = ENOMEM;
  return 1;
}

void* malloc(size_t size) {
  return !belongs_to_a_strand(size) && fails() ? NULL : __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  return fails() ? NULL : __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  return fails() ? NULL : __libc_realloc(memory, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  return fails() ? NULL : __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, size_t alignment, size_t size) {
  if (fails()) return ENOMEM;
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}

/* Gives whether the work succeeded. `started` counts operations that have begun. */
typedef int work(int* started);

static pgrant_runtime* runtime;
static pgrant_queue* queue;
static pgrant_client* client;
static int listener, port;

static const char policy[] =
    "{\"version\": 1, \"bundles\": {\"b\": {\"grants\": [{\"database\": \"d\", \"schema\": \"s\", "
    "\"tables\": \"*\", \"privileges\": [\"SELECT\"]}]}}}";

static int ended(pgrant_status status, pgrant_error* err) {
  /* Other statuses come from parts that report it in their own words, and have an error then. */
  CHECK((status == PGRANT_OK) == (err == NULL));
  CHECK(pgrant_error_status(err) == status);
  if (err) CHECK(pgrant_error_message(err)[0] != '\0');
  pgrant_error_destroy(err);
  return status == PGRANT_OK;
}

/* The call, with an error in `err`. */
#define DONE(call) (called = (call), ended(called, err))
static pgrant_status called;

static int values(int* started) {
  pgrant_error* err = NULL;
  pgrant_spec* spec = NULL;
  pgrant_text* text = NULL;
  pgrant_options* options = NULL;
  int good = 1;
  pgrant_status status;
  (void)started;
  status =
      pgrant_spec_parse(TEXT("{\"name\": \"n1\", \"host\": \"h\", \"user\": \"u\"}"), &spec, &err);
  CHECK((status == PGRANT_OK) == (spec != NULL));
  good &= ended(status, err);
  if (spec) {
    status = pgrant_spec_to_json(spec, &text, &err);
    CHECK((status == PGRANT_OK) == (text != NULL));
    good &= ended(status, err);
    pgrant_text_destroy(text);
    good &= DONE(pgrant_spec_set(spec, "port", TEXT("7"), &err));
    good &= DONE(pgrant_spec_validate(spec, &err));
  }
  pgrant_spec_destroy(spec);
  good &= DONE(pgrant_policy_validate(TEXT(policy), &text, &err));
  pgrant_text_destroy(text);
  good &= DONE(pgrant_acl_parse(TEXT("{a=r/b}"), &text, &err));
  pgrant_text_destroy(text);
  good &= DONE(pgrant_options_create(PGRANT_OPTIONS_GRANT, &options, &err));
  if (options) {
    good &=
        DONE(pgrant_options_add_string(options, "bundles", TEXT("a long name for a bundle"), &err));
    good &= DONE(pgrant_options_set_int(options, "duration_s", 5, &err));
  }
  pgrant_options_destroy(options);
  return good;
}

/* Waits for the one completion of an operation that was started, and takes the outcome. */
static int completed(pgrant_operation* op, pgrant_status expected) {
  pgrant_event* event = NULL;
  pgrant_result* result = NULL;
  pgrant_error* err = NULL;
  pgrant_status status;
  atomic_load(&left);
  CHECK(pgrant_queue_wait(queue, 20000, &event, NULL) == PGRANT_OK);
  CHECK(pgrant_event_kind(event) == PGRANT_EVENT_COMPLETION);
  CHECK(pgrant_event_operation(event) == op);
  pgrant_event_destroy(event);
  status = pgrant_operation_take(op, &result, &err);
  CHECK(status != PGRANT_INVALID_STATE);
  CHECK((status == PGRANT_OK) == (result != NULL));
  pgrant_result_destroy(result);
  ended(status, err);
  pgrant_operation_destroy(op);
  return status == expected;
}

static int a_refused_connection(int* started) {
  pgrant_operation* op = NULL;
  pgrant_error* err = NULL;
  const pgrant_status status = pgrant_client_check_start(client, queue, 1, &op, &err);
  CHECK((status == PGRANT_OK) == (op != NULL));
  if (!ended(status, err)) return 0;
  ++*started;
  return completed(op, PGRANT_CONNECT);
}

static int a_plan(int* started) {
  pgrant_operation* op = NULL;
  pgrant_error* err = NULL;
  const pgrant_status status =
      pgrant_client_plan_start(client, TEXT(policy), NULL, queue, 1, &op, &err);
  CHECK((status == PGRANT_OK) == (op != NULL));
  if (!ended(status, err)) return 0;
  ++*started;
  return completed(op, PGRANT_CONNECT);
}

static int a_rotation(int* started) {
  pgrant_operation* op = NULL;
  pgrant_error* err = NULL;
  pgrant_options* options = NULL;
  pgrant_status status;
  int good = DONE(pgrant_options_create(PGRANT_OPTIONS_ROTATE, &options, &err));
  if (!good) return 0;
  good = DONE(pgrant_options_set_bool(options, "ask_store", 1, &err));
  if (good) {
    status = pgrant_client_rotate_start(client, options, queue, 1, &op, &err);
    CHECK((status == PGRANT_OK) == (op != NULL));
    good = ended(status, err);
  }
  pgrant_options_destroy(options);
  if (!good) return 0;
  ++*started;
  return completed(op, PGRANT_CONNECT);
}

static int a_life(int* started) {
  pgrant_runtime* own = NULL;
  pgrant_queue* own_queue = NULL;
  pgrant_operation* op = NULL;
  pgrant_client* own_client = NULL;
  pgrant_spec* spec = NULL;
  pgrant_error* err = NULL;
  int good = DONE(pgrant_runtime_create(2, &own, &err));
  good &= DONE(pgrant_queue_create(&own_queue, &err));
  good &=
      DONE(pgrant_spec_parse(TEXT("host=127.0.0.1 port=1 user=u sslmode=disable"), &spec, &err));
  if (own && own_queue && spec) {
    good &= DONE(pgrant_client_open(own, spec, NULL, NULL, 0, &own_client, &err));
    if (own_client) {
      pgrant_event* event = NULL;
      const pgrant_status status = pgrant_client_check_start(own_client, own_queue, 1, &op, &err);
      if (!ended(status, err)) {
        good = 0;
      } else {
        ++*started;
        pgrant_operation_cancel(op, NULL);
        good &= DONE(pgrant_runtime_shutdown(own, 10000, &err));
        CHECK(pgrant_queue_wait(own_queue, 20000, &event, NULL) == PGRANT_OK);
        CHECK(pgrant_event_kind(event) == PGRANT_EVENT_COMPLETION);
        pgrant_event_destroy(event);
        pgrant_operation_destroy(op);
      }
    }
  }
  pgrant_client_destroy(own_client);
  pgrant_runtime_destroy(own);
  pgrant_queue_destroy(own_queue);
  pgrant_spec_destroy(spec);
  return good;
}

static void sweep(const char* name, work* what, long step) {
  int started = 0, failures = 0;
  long n = 0;
  what(&started); /* what is allocated once */
  for (;; n += step) {
    pgrant_event* event = NULL;
    int good;
    atomic_store(&left, n);
    good = what(&started);
    if (atomic_exchange(&left, -1) >= 0) {
      CHECK(good);
      break;
    }
    failures += !good;
    CHECK(pgrant_queue_next(queue, &event, NULL) == PGRANT_OK);
    CHECK(event == NULL);
    if (check_bad) {
      printf("%s: at allocation %ld\n", name, n);
      return;
    }
  }
  printf("%s: %ld points, %d failures, %d operations\n", name, n / step, failures, started);
  CHECK(failures > 0);
}

static void values_without_memory(void) {
  sweep("values", values, 1);
}
static void a_check_without_memory(void) {
  sweep("check", a_refused_connection, 1);
}
static void a_plan_without_memory(void) {
  sweep("plan", a_plan, 1);
}
static void a_rotation_without_memory(void) {
  sweep("rotation", a_rotation, 1);
}
static void a_life_without_memory(void) {
  sweep("life", a_life, 1);
}

int main(void) {
  caller = pthread_self();
  port = silent_port(&listener);
  if (pgrant_runtime_create(1, &runtime, NULL) != PGRANT_OK) abort();
  if (pgrant_queue_create(&queue, NULL) != PGRANT_OK) abort();
  client = open_on(runtime, 1, "", NULL, 0);
  RUN(values_without_memory);
  RUN(a_check_without_memory);
  RUN(a_plan_without_memory);
  RUN(a_rotation_without_memory);
  RUN(a_life_without_memory);
  pgrant_client_destroy(client);
  pgrant_runtime_destroy(runtime);
  pgrant_queue_destroy(queue);
  close(listener);
  (void)port;
  return check_end();
}
