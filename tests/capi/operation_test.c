/* Operations without a server: what completes, when, and how often. */
#include <pthread.h>
#include <sys/stat.h>

#include "silent_server.h"

static pgrant_runtime* runtime;
static int listener, port;

/* Takes the completion with a tag out of a queue, and sees that no second one comes. */
static pgrant_status completion(pgrant_queue* queue, uint64_t tag, pgrant_operation* operation) {
  pgrant_event* event = NULL;
  pgrant_status status = PGRANT_INTERNAL;
  CHECK_OK(pgrant_queue_wait(queue, 20000, &event, &err));
  CHECK(pgrant_event_kind(event) == PGRANT_EVENT_COMPLETION);
  CHECK(pgrant_event_tag(event) == tag);
  CHECK(pgrant_event_operation(event) == operation);
  status = pgrant_event_status(event);
  pgrant_event_destroy(event);
  CHECK_OK(pgrant_queue_wait(queue, 30, &event, &err));
  CHECK(event == NULL);
  return status;
}

static void a_refused_connection(void) {
  pgrant_queue* queue = NULL;
  pgrant_operation* op = NULL;
  pgrant_result* result = NULL;
  pgrant_client* client = open_on(runtime, 1, "", NULL, 0);
  CHECK_OK(pgrant_queue_create(&queue, &err));
  CHECK_OK(pgrant_client_check_start(client, queue, 42, &op, &err));
  CHECK(completion(queue, 42, op) == PGRANT_CONNECT);
  CHECK(pgrant_operation_is_done(op));
  CHECK_OK(pgrant_operation_wait(op, 0, &err));
  CHECK_STATUS(PGRANT_CONNECT, pgrant_operation_take(op, &result, &err));
  CHECK(result == NULL);
  CHECK_STATUS(PGRANT_INVALID_STATE, pgrant_operation_take(op, &result, &err));
  CHECK_OK(pgrant_operation_cancel(op, &err));
  pgrant_operation_destroy(op);
  pgrant_client_destroy(client);
  pgrant_queue_destroy(queue);
}

static void a_cancelled_operation(void) {
  pgrant_queue* queue = NULL;
  pgrant_operation* op = NULL;
  pgrant_result* result = NULL;
  pgrant_client* client = open_on(runtime, port, "", NULL, 0);
  CHECK_OK(pgrant_queue_create(&queue, &err));
  for (int pause = 0; pause < 2; ++pause) {
    CHECK_OK(pgrant_client_leases_start(client, NULL, queue, 1, &op, &err));
    CHECK_STATUS(PGRANT_INVALID_STATE, pgrant_operation_take(op, &result, &err));
    CHECK_STATUS(PGRANT_TIMEOUT, pgrant_operation_wait(op, pause * 100, &err));
    CHECK(!pgrant_operation_is_done(op));
    CHECK_OK(pgrant_operation_cancel(op, &err));
    CHECK_OK(pgrant_operation_cancel(op, &err));
    CHECK(completion(queue, 1, op) == PGRANT_CANCELLED);
    CHECK_STATUS(PGRANT_CANCELLED, pgrant_operation_take(op, &result, &err));
    pgrant_operation_destroy(op);
  }
  pgrant_client_destroy(client);
  pgrant_queue_destroy(queue);
}

static void destroying_handles_under_way(void) {
  pgrant_queue* queue = NULL;
  pgrant_operation* op = NULL;
  pgrant_client* client = open_on(runtime, port, "", NULL, 0);
  CHECK_OK(pgrant_queue_create(&queue, &err));
  CHECK_OK(pgrant_client_check_start(client, queue, 5, &op, &err));
  pgrant_client_destroy(client);
  CHECK_STATUS(PGRANT_TIMEOUT, pgrant_operation_wait(op, 50, &err));
  pgrant_operation_destroy(op);
  CHECK(completion(queue, 5, NULL) == PGRANT_CANCELLED);

  client = open_on(runtime, port, "", NULL, 0);
  CHECK_OK(pgrant_client_check_start(client, queue, 6, &op, &err));
  pgrant_queue_destroy(queue);
  CHECK_OK(pgrant_operation_cancel(op, &err));
  CHECK_OK(pgrant_operation_wait(op, 20000, &err));
  pgrant_operation_destroy(op);
  pgrant_client_destroy(client);
}

static void shutdown_with_work_in_flight(void) {
  enum { many = 50 };
  pgrant_runtime* own = NULL;
  pgrant_queue* queue = NULL;
  pgrant_operation *ops[many], *late = NULL;
  pgrant_client* client;
  int seen[many] = {0};
  CHECK_OK(pgrant_runtime_create(3, &own, &err));
  CHECK_OK(pgrant_queue_create(&queue, &err));
  client = open_on(own, port, "", NULL, 0);
  for (int i = 0; i < many; ++i)
    CHECK_OK(pgrant_client_check_start(client, queue, (uint64_t)i, &ops[i], &err));
  CHECK_OK(pgrant_runtime_shutdown(own, 20000, &err));
  CHECK_STATUS(PGRANT_INVALID_STATE, pgrant_client_check_start(client, queue, 99, &late, &err));
  CHECK(late == NULL);
  for (int i = 0; i < many; ++i) {
    pgrant_event* event = NULL;
    CHECK_OK(pgrant_queue_next(queue, &event, &err));
    CHECK(pgrant_event_status(event) == PGRANT_CANCELLED);
    if (pgrant_event_tag(event) < many) ++seen[pgrant_event_tag(event)];
    pgrant_event_destroy(event);
  }
  CHECK(!readable(queue));
  for (int i = 0; i < many; ++i) {
    CHECK(seen[i] == 1);
    pgrant_operation_destroy(ops[i]);
  }
  CHECK_OK(pgrant_runtime_shutdown(own, 0, &err));
  pgrant_runtime_destroy(own);
  CHECK_STATUS(PGRANT_INVALID_STATE, pgrant_client_check_start(client, queue, 99, &late, &err));
  pgrant_client_destroy(client);
  pgrant_queue_destroy(queue);
}

static void destroying_a_runtime_at_work(void) {
  pgrant_runtime* own = NULL;
  pgrant_queue* queue = NULL;
  pgrant_operation* op = NULL;
  pgrant_client* client;
  CHECK_OK(pgrant_runtime_create(0, &own, &err));
  CHECK_OK(pgrant_queue_create(&queue, &err));
  client = open_on(own, port, "", NULL, 0);
  CHECK_OK(pgrant_client_check_start(client, queue, 3, &op, &err));
  pgrant_runtime_destroy(own);
  CHECK(completion(queue, 3, op) == PGRANT_CANCELLED);
  pgrant_operation_destroy(op);
  pgrant_client_destroy(client);
  pgrant_queue_destroy(queue);
}

static void what_is_refused_at_the_start(void) {
  pgrant_operation* op = (pgrant_operation*)&port;
  pgrant_options* options = NULL;
  pgrant_spec* spec = NULL;
  pgrant_queue* queue = NULL;
  pgrant_event* event = NULL;
  pgrant_client *client = open_on(runtime, 1, "", NULL, 0), *bad = NULL;
  CHECK_OK(pgrant_queue_create(&queue, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_client_check_start(NULL, queue, 0, &op, &err));
  CHECK(op == NULL);
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_client_check_start(client, queue, 0, NULL, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_check_start((pgrant_client*)runtime, queue, 0, &op, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_check_start(client, (pgrant_queue*)runtime, 0, &op, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_plan_start(client, TEXT("{"), NULL, queue, 0, &op, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_apply_start(client, TEXT("{}"), NULL, queue, 0, &op, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_grant_start(client, NULL, queue, 0, &op, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_plan_bootstrap_start(client, NULL, queue, 0, &op, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_revoke_start(client, TEXT("a\xff"), queue, 0, &op, &err));
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_GRANT, &options, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_leases_start(client, options, queue, 0, &op, &err));
  CHECK_OK(pgrant_options_set_int(options, "duration_s", -5, &err));
  CHECK_OK(pgrant_options_add_string(options, "bundles", TEXT("b"), &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_grant_start(client, options, queue, 0, &op, &err));
  CHECK_OK(pgrant_queue_wait(queue, 50, &event, &err));
  CHECK(event == NULL);
  CHECK_OK(pgrant_spec_parse(TEXT("user=u"), &spec, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_open(runtime, spec, NULL, NULL, 0, &bad, &err));
  CHECK(bad == NULL);
  CHECK_OK(pgrant_spec_set(spec, "host", TEXT("h"), &err));
  CHECK_OK(pgrant_spec_set(spec, "secret", TEXT("prompt"), &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_open(runtime, spec, NULL, NULL, 0, &bad, &err));
  CHECK_STATUS(PGRANT_INVALID_STATE, pgrant_client_set_secret(client, TEXT("x"), &err));
  pgrant_options_destroy(options);
  pgrant_spec_destroy(spec);
  pgrant_client_destroy(client);
  pgrant_queue_destroy(queue);
}

static void rotations_that_are_refused(void) {
  char open[] = "/tmp/pgrant-open-XXXXXX";
  pgrant_operation* op = NULL;
  pgrant_options *options = NULL, *others = NULL;
  pgrant_queue* queue = NULL;
  pgrant_event* event = NULL;
  pgrant_client* client = open_on(runtime, 1, "", NULL, 0);
  CHECK_OK(pgrant_queue_create(&queue, &err));
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_ROTATE, &options, &err));
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_AUDIT, &others, &err));
#define REFUSED(status, field, with)                                                         \
  do {                                                                                       \
    pgrant_error* why = NULL;                                                                \
    CHECK(pgrant_client_rotate_start(client, with, queue, 0, &op, &why) == (status) && !op); \
    CHECK_TEXT(field, pgrant_error_field(why));                                              \
    pgrant_error_destroy(why);                                                               \
  } while (0)
  REFUSED(PGRANT_INVALID_ARGUMENT, "directory", NULL);
  REFUSED(PGRANT_INVALID_ARGUMENT, "directory", options);
  REFUSED(PGRANT_INVALID_ARGUMENT, "options", others);
  REFUSED(PGRANT_INVALID_ARGUMENT, "options", (pgrant_options*)runtime);
  CHECK_OK(pgrant_options_set_string(options, "directory", "", 0, &err));
  REFUSED(PGRANT_INVALID_ARGUMENT, "directory", options);
  CHECK_OK(pgrant_options_set_string(options, "directory", TEXT("/tmp/no such place"), &err));
  REFUSED(PGRANT_SECRET, "directory", options);
  CHECK(mkdtemp(open) && chmod(open, 0701) == 0);
  CHECK_OK(pgrant_options_set_string(options, "directory", TEXT(open), &err));
  REFUSED(PGRANT_SECRET, "directory", options);
  CHECK(chmod(open, 0700) == 0);
  CHECK_OK(pgrant_options_set_int(options, "password_iterations", 0, &err));
  REFUSED(PGRANT_INVALID_ARGUMENT, "password_iterations", options);
  CHECK_OK(pgrant_options_unset(options, "password_iterations", &err));
  CHECK_OK(pgrant_options_set_bool(options, "ask_store", 1, &err));
  REFUSED(PGRANT_INVALID_ARGUMENT, "ask_store", options);
  CHECK_OK(pgrant_options_unset(options, "directory", &err));
  pgrant_queue_destroy(queue);
  queue = NULL;
  REFUSED(PGRANT_INVALID_ARGUMENT, "queue", options);
  queue = (pgrant_queue*)runtime;
  REFUSED(PGRANT_INVALID_ARGUMENT, "queue", options);
#undef REFUSED
  CHECK_OK(pgrant_queue_create(&queue, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_rotate_start(NULL, options, queue, 0, &op, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_rotate_start(client, options, queue, 0, NULL, &err));
  /* Nobody is asked where nobody can be reached. */
  CHECK_OK(pgrant_client_rotate_start(client, options, queue, 9, &op, &err));
  CHECK(completion(queue, 9, op) == PGRANT_CONNECT);
  pgrant_operation_destroy(op);
  CHECK_OK(pgrant_queue_post(queue, 1, &err));
  CHECK_OK(pgrant_queue_next(queue, &event, &err));
  CHECK_STATUS(PGRANT_INVALID_STATE, pgrant_event_confirm(event, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_event_confirm(NULL, &err));
  CHECK(pgrant_event_store_request(NULL) == 0);
  CHECK_TEXT("", pgrant_event_secret(NULL));
  pgrant_event_destroy(event);
  rmdir(open);
  pgrant_options_destroy(options);
  pgrant_options_destroy(others);
  pgrant_client_destroy(client);
  pgrant_queue_destroy(queue);
}

static void questions_for_a_secret(void) {
  pgrant_queue* queue = NULL;
  pgrant_client* client;
  CHECK_OK(pgrant_queue_create(&queue, &err));
  client = open_on(runtime, 1, "secret=prompt", queue, 77);
  for (int answer = 0; answer < 3; ++answer) {
    pgrant_operation* op = NULL;
    pgrant_event* event = NULL;
    pgrant_error* why = NULL;
    pgrant_result* result = NULL;
    CHECK_OK(pgrant_client_check_start(client, NULL, 0, &op, &err));
    CHECK_OK(pgrant_queue_wait(queue, 20000, &event, &err));
    CHECK(pgrant_event_kind(event) == PGRANT_EVENT_SECRET && pgrant_event_tag(event) == 77);
    CHECK_TEXT("password of u at 127.0.0.1", pgrant_event_message(event));
    CHECK_STATUS(PGRANT_TIMEOUT, pgrant_operation_wait(op, 20, &err));
    if (answer == 0) CHECK_OK(pgrant_event_reply(event, TEXT("secret"), &err));
    if (answer == 1) CHECK_OK(pgrant_event_refuse(event, TEXT("the vault is shut"), &err));
    if (answer != 2)
      CHECK_STATUS(PGRANT_INVALID_STATE, pgrant_event_reply(event, TEXT("again"), &err));
    pgrant_event_destroy(event);
    CHECK_OK(pgrant_operation_wait(op, 20000, &err));
    CHECK(pgrant_operation_take(op, &result, &why) ==
          (answer == 0 ? PGRANT_CONNECT : PGRANT_SECRET));
    if (answer == 1) CHECK(strstr(pgrant_error_message(why), "the vault is shut"));
    pgrant_error_destroy(why);
    pgrant_operation_destroy(op);
  }
  pgrant_client_destroy(client);
  pgrant_queue_destroy(queue);
}

static void a_shutdown_answers_questions(void) {
  pgrant_runtime* own = NULL;
  pgrant_queue* queue = NULL;
  pgrant_operation* op = NULL;
  pgrant_event* event = NULL;
  pgrant_client* client;
  CHECK_OK(pgrant_runtime_create(2, &own, &err));
  CHECK_OK(pgrant_queue_create(&queue, &err));
  client = open_on(own, 1, "secret=prompt", queue, 77);
  CHECK_OK(pgrant_client_check_start(client, NULL, 0, &op, &err));
  CHECK_OK(pgrant_queue_wait(queue, 20000, &event, &err));
  CHECK_OK(pgrant_runtime_shutdown(own, 5000, &err));
  CHECK(pgrant_operation_is_done(op));
  pgrant_runtime_destroy(own);
  CHECK_OK(pgrant_event_reply(event, TEXT("too late"), &err));
  pgrant_event_destroy(event);
  pgrant_operation_destroy(op);
  pgrant_client_destroy(client);
  pgrant_queue_destroy(queue);
}

struct starter {
  pgrant_client* client;
  pgrant_queue* queue;
};

static void* start_and_cancel(void* argument) {
  const struct starter* with = argument;
  for (int i = 0; i < 200; ++i) {
    pgrant_operation* op = NULL;
    if (pgrant_client_check_start(with->client, with->queue, 1, &op, NULL) != PGRANT_OK) abort();
    if (i % 3 == 0) pgrant_operation_cancel(op, NULL);
    if (i % 3 == 1) pgrant_operation_wait(op, i % 5, NULL);
    pgrant_operation_destroy(op);
  }
  return NULL;
}

static void many_threads_on_a_client(void) {
  enum { threads = 4, each = 200 };
  pgrant_runtime* own = NULL;
  struct starter with = {NULL, NULL};
  pthread_t running[threads];
  CHECK_OK(pgrant_runtime_create(4, &own, &err));
  CHECK_OK(pgrant_queue_create(&with.queue, &err));
  with.client = open_on(own, 1, "", NULL, 0);
  for (int i = 0; i < threads; ++i) pthread_create(&running[i], NULL, start_and_cancel, &with);
  for (int i = 0; i < threads; ++i) pthread_join(running[i], NULL);
  for (int i = 0; i < threads * each; ++i) {
    pgrant_event* event = NULL;
    CHECK_OK(pgrant_queue_wait(with.queue, 20000, &event, &err));
    CHECK(pgrant_event_kind(event) == PGRANT_EVENT_COMPLETION);
    pgrant_event_destroy(event);
  }
  CHECK(!readable(with.queue));
  pgrant_client_destroy(with.client);
  pgrant_runtime_destroy(own);
  pgrant_queue_destroy(with.queue);
}

int main(void) {
  if (pgrant_runtime_create(2, &runtime, NULL) != PGRANT_OK) abort();
  port = silent_port(&listener);
  RUN(a_refused_connection);
  RUN(a_cancelled_operation);
  RUN(destroying_handles_under_way);
  RUN(shutdown_with_work_in_flight);
  RUN(destroying_a_runtime_at_work);
  RUN(what_is_refused_at_the_start);
  RUN(rotations_that_are_refused);
  RUN(questions_for_a_secret);
  RUN(a_shutdown_answers_questions);
  RUN(many_threads_on_a_client);
  pgrant_runtime_destroy(runtime);
  close(listener);
  return check_end();
}
