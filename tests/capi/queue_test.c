/* Queues and runtimes by themselves. */
#include <pthread.h>

#include "silent_server.h"

static void queues(void) {
  pgrant_queue* queue = NULL;
  pgrant_event* event = NULL;
  CHECK_OK(pgrant_queue_create(&queue, &err));
  CHECK(!readable(queue));
  CHECK_OK(pgrant_queue_next(queue, &event, &err));
  CHECK(event == NULL);
  for (uint64_t tag = 1; tag <= 3; ++tag) CHECK_OK(pgrant_queue_post(queue, tag, &err));
  for (uint64_t tag = 1; tag <= 3; ++tag) {
    CHECK(readable(queue));
    CHECK_OK(pgrant_queue_wait(queue, -1, &event, &err));
    CHECK(pgrant_event_kind(event) == PGRANT_EVENT_POSTED && pgrant_event_tag(event) == tag);
    CHECK_STATUS(PGRANT_INVALID_STATE, pgrant_event_reply(event, TEXT("x"), &err));
    pgrant_event_destroy(event);
  }
  CHECK(!readable(queue));
  CHECK_OK(pgrant_queue_wait(queue, 20, &event, &err));
  CHECK(event == NULL);
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_queue_enable(queue, PGRANT_EVENT_COMPLETION, 0, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_queue_wait(queue, 0, NULL, &err));
  /* Many events, of which nobody takes any. */
  for (int i = 0; i < 100000; ++i) CHECK_OK(pgrant_queue_post(queue, 7, &err));
  pgrant_queue_destroy(queue);
}

static void* post_many(void* queue) {
  for (int i = 0; i < 10000; ++i) pgrant_queue_post(queue, 1, NULL);
  return NULL;
}

static void* take_many(void* queue) {
  size_t count = 0;
  pgrant_event* event = NULL;
  while (pgrant_queue_wait(queue, 5000, &event, NULL) == PGRANT_OK && event) {
    const uint64_t tag = pgrant_event_tag(event);
    pgrant_event_destroy(event);
    if (tag == 2) break;
    ++count;
  }
  return (void*)count;
}

static void two_threads_on_a_queue(void) {
  pgrant_queue* queue = NULL;
  pthread_t from[2], to[2];
  void* counts[2];
  CHECK_OK(pgrant_queue_create(&queue, &err));
  for (int i = 0; i < 2; ++i) pthread_create(&to[i], NULL, take_many, queue);
  for (int i = 0; i < 2; ++i) pthread_create(&from[i], NULL, post_many, queue);
  for (int i = 0; i < 2; ++i) pthread_join(from[i], NULL);
  for (int i = 0; i < 2; ++i) pgrant_queue_post(queue, 2, NULL);
  for (int i = 0; i < 2; ++i) pthread_join(to[i], &counts[i]);
  CHECK((size_t)counts[0] + (size_t)counts[1] == 20000);
  pgrant_queue_destroy(queue);
}

static void runtimes(void) {
  pgrant_runtime* one = NULL;
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_runtime_create(-1, &one, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_runtime_create(65, &one, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_runtime_create(1, NULL, &err));
  CHECK_OK(pgrant_runtime_create(64, &one, &err));
  pgrant_runtime_destroy(one);
}

int main(void) {
  RUN(runtimes);
  RUN(queues);
  RUN(two_threads_on_a_queue);
  return check_end();
}
