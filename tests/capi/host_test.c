/* The library as a guest of a process that did not link it:
 *   host_test LIBRARY [LOCALE] */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static const char *library, *other_locale;

/* What of the library is used, looked up by name. */
struct guest {
  void* handle;
  int32_t (*abi_version)(void);
  pgrant_status (*runtime_create)(int32_t, pgrant_runtime**, pgrant_error**);
  pgrant_status (*runtime_shutdown)(pgrant_runtime*, int64_t, pgrant_error**);
  void (*runtime_destroy)(pgrant_runtime*);
  pgrant_status (*spec_parse)(const char*, size_t, pgrant_spec**, pgrant_error**);
  pgrant_status (*spec_to_json)(const pgrant_spec*, pgrant_text**, pgrant_error**);
  void (*spec_destroy)(pgrant_spec*);
  pgrant_status (*queue_create)(pgrant_queue**, pgrant_error**);
  pgrant_status (*queue_wait)(pgrant_queue*, int64_t, pgrant_event**, pgrant_error**);
  pgrant_status (*queue_post)(pgrant_queue*, uint64_t, pgrant_error**);
  void (*queue_destroy)(pgrant_queue*);
  pgrant_status (*event_status)(const pgrant_event*);
  void (*event_destroy)(pgrant_event*);
  pgrant_status (*client_open)(pgrant_runtime*, const pgrant_spec*, const pgrant_options*,
                               pgrant_queue*, uint64_t, pgrant_client**, pgrant_error**);
  void (*client_destroy)(pgrant_client*);
  pgrant_status (*check_start)(pgrant_client*, pgrant_queue*, uint64_t, pgrant_operation**,
                               pgrant_error**);
  pgrant_status (*operation_cancel)(pgrant_operation*, pgrant_error**);
  pgrant_status (*operation_wait)(pgrant_operation*, int64_t, pgrant_error**);
  pgrant_status (*operation_take)(pgrant_operation*, pgrant_result**, pgrant_error**);
  void (*operation_destroy)(pgrant_operation*);
  const char* (*text_data)(const pgrant_text*);
  void (*text_destroy)(pgrant_text*);
};

/* A pointer to data as one to a function, without a cast that ISO C forbids. */
static void look_up(void* handle, const char* name, void* into) {
  void* const found = dlsym(handle, name);
  if (!found) {
    printf("there is no %s\n", name);
    abort();
  }
  memcpy(into, &found, sizeof found);
}

static struct guest load(int mode) {
  struct guest g;
  g.handle = dlopen(library, RTLD_NOW | mode);
  if (!g.handle) {
    printf("%s\n", dlerror());
    abort();
  }
  look_up(g.handle, "pgrant_abi_version", &g.abi_version);
  look_up(g.handle, "pgrant_runtime_create", &g.runtime_create);
  look_up(g.handle, "pgrant_runtime_shutdown", &g.runtime_shutdown);
  look_up(g.handle, "pgrant_runtime_destroy", &g.runtime_destroy);
  look_up(g.handle, "pgrant_spec_parse", &g.spec_parse);
  look_up(g.handle, "pgrant_spec_to_json", &g.spec_to_json);
  look_up(g.handle, "pgrant_spec_destroy", &g.spec_destroy);
  look_up(g.handle, "pgrant_queue_create", &g.queue_create);
  look_up(g.handle, "pgrant_queue_wait", &g.queue_wait);
  look_up(g.handle, "pgrant_queue_post", &g.queue_post);
  look_up(g.handle, "pgrant_queue_destroy", &g.queue_destroy);
  look_up(g.handle, "pgrant_event_status", &g.event_status);
  look_up(g.handle, "pgrant_event_destroy", &g.event_destroy);
  look_up(g.handle, "pgrant_client_open", &g.client_open);
  look_up(g.handle, "pgrant_client_destroy", &g.client_destroy);
  look_up(g.handle, "pgrant_client_check_start", &g.check_start);
  look_up(g.handle, "pgrant_operation_cancel", &g.operation_cancel);
  look_up(g.handle, "pgrant_operation_wait", &g.operation_wait);
  look_up(g.handle, "pgrant_operation_take", &g.operation_take);
  look_up(g.handle, "pgrant_operation_destroy", &g.operation_destroy);
  look_up(g.handle, "pgrant_text_data", &g.text_data);
  look_up(g.handle, "pgrant_text_destroy", &g.text_destroy);
  return g;
}

static pgrant_client* open_client(const struct guest* g, pgrant_runtime* runtime) {
  pgrant_spec* spec = NULL;
  pgrant_client* client = NULL;
  CHECK(g->spec_parse(TEXT("host=127.0.0.1 port=1 user=u sslmode=disable"), &spec, NULL) ==
        PGRANT_OK);
  CHECK(g->client_open(runtime, spec, NULL, NULL, 0, &client, NULL) == PGRANT_OK);
  g->spec_destroy(spec);
  return client;
}

/* Some work through the whole library: threads, a pool that tries to connect, a cancellation. */
static void work(const struct guest* g) {
  pgrant_runtime* runtime = NULL;
  pgrant_queue* queue = NULL;
  pgrant_operation* op = NULL;
  pgrant_event* event = NULL;
  pgrant_client* client;
  CHECK(g->runtime_create(2, &runtime, NULL) == PGRANT_OK);
  CHECK(g->queue_create(&queue, NULL) == PGRANT_OK);
  client = open_client(g, runtime);
  CHECK(g->check_start(client, queue, 1, &op, NULL) == PGRANT_OK);
  CHECK(g->operation_wait(op, 20, NULL) == PGRANT_TIMEOUT);
  CHECK(g->operation_cancel(op, NULL) == PGRANT_OK);
  CHECK(g->queue_wait(queue, 10000, &event, NULL) == PGRANT_OK);
  CHECK(g->event_status(event) == PGRANT_CANCELLED);
  g->event_destroy(event);
  g->operation_destroy(op);
  g->client_destroy(client);
  g->queue_destroy(queue);
  g->runtime_destroy(runtime);
}

static int is_loaded(void) {
  void* const handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
  if (handle) dlclose(handle);
  return handle != NULL;
}

/* Loaded, used and unloaded, twice in each way: nothing stays behind. */
static void loaded_and_unloaded(void) {
  static const int modes[] = {RTLD_LOCAL, RTLD_GLOBAL, RTLD_LOCAL, RTLD_GLOBAL};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; ++i) {
    struct guest g = load(modes[i]);
    CHECK(is_loaded());
    CHECK(g.abi_version() == PGRANT_ABI_MAJOR * 1000 + PGRANT_ABI_MINOR);
    work(&g);
    CHECK(dlclose(g.handle) == 0);
    CHECK(!is_loaded());
  }
}

/* Through RTLD_LOCAL the host sees none of the names. */
static void local_names_stay_local(void) {
  struct guest g = load(RTLD_LOCAL);
  CHECK(dlsym(RTLD_DEFAULT, "pgrant_version") == NULL);
  dlclose(g.handle);
}

static void after_a_fork(void) {
  struct guest g = load(RTLD_LOCAL);
  pgrant_runtime* runtime = NULL;
  pgrant_queue* queue = NULL;
  pgrant_operation* op = NULL;
  pgrant_client* client;
  int status = 1;
  pid_t child;
  CHECK(g.runtime_create(1, &runtime, NULL) == PGRANT_OK);
  CHECK(g.queue_create(&queue, NULL) == PGRANT_OK);
  client = open_client(&g, runtime);
  CHECK(g.check_start(client, queue, 1, &op, NULL) == PGRANT_OK);
  fflush(stdout);
  child = fork();
  if (child == 0) {
    pgrant_operation* other = NULL;
    pgrant_event* event = NULL;
    pgrant_result* result = NULL;
    pgrant_text* text = NULL;
    pgrant_spec* spec = NULL;
    alarm(20);
    check_bad = 0;
    CHECK(g.check_start(client, queue, 2, &other, NULL) == PGRANT_INVALID_STATE);
    CHECK(g.check_start(client, NULL, 2, &other, NULL) == PGRANT_INVALID_STATE);
    CHECK(g.queue_wait(queue, -1, &event, NULL) == PGRANT_INVALID_STATE);
    CHECK(g.queue_post(queue, 1, NULL) == PGRANT_INVALID_STATE);
    CHECK(g.operation_wait(op, -1, NULL) == PGRANT_INVALID_STATE);
    CHECK(g.operation_cancel(op, NULL) == PGRANT_INVALID_STATE);
    CHECK(g.operation_take(op, &result, NULL) == PGRANT_INVALID_STATE);
    CHECK(g.runtime_shutdown(runtime, -1, NULL) == PGRANT_INVALID_STATE);
    g.operation_destroy(op);
    g.client_destroy(client);
    g.queue_destroy(queue);
    g.runtime_destroy(runtime);
    /* Values go on, and new handles work. */
    CHECK(g.spec_parse(TEXT("host=h"), &spec, NULL) == PGRANT_OK);
    CHECK(g.spec_to_json(spec, &text, NULL) == PGRANT_OK);
    g.text_destroy(text);
    g.spec_destroy(spec);
    work(&g);
    fflush(stdout);
    _exit(check_bad);
  }
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  /* The parent is not disturbed. */
  CHECK(g.operation_cancel(op, NULL) == PGRANT_OK);
  CHECK(g.operation_wait(op, 10000, NULL) == PGRANT_OK);
  g.operation_destroy(op);
  g.client_destroy(client);
  g.queue_destroy(queue);
  g.runtime_destroy(runtime);
  dlclose(g.handle);
}

static volatile int running;

static void* never_calls_us(void* count) {
  while (running) ++*(volatile unsigned long*)count;
  return NULL;
}

/* Unloading under a thread that was there all the time and has nothing to do with it. */
static void beside_another_thread(void) {
  unsigned long count = 0;
  pthread_t other;
  running = 1;
  pthread_create(&other, NULL, never_calls_us, &count);
  for (int i = 0; i < 3; ++i) {
    struct guest g = load(RTLD_LOCAL);
    work(&g);
    dlclose(g.handle);
  }
  running = 0;
  pthread_join(other, NULL);
  CHECK(count > 0 && !is_loaded());
}

static volatile sig_atomic_t signals_here, signals_elsewhere;
static pthread_t main_thread;

static void count_signal(int number) {
  (void)number;
  if (pthread_equal(pthread_self(), main_thread))
    ++signals_here;
  else
    ++signals_elsewhere;
}

/* The host's handlers stay, and its signals never arrive on our threads. */
static void signals_are_the_hosts(void) {
  struct guest g;
  struct sigaction act, after;
  pgrant_runtime* runtime = NULL;
  memset(&act, 0, sizeof act);
  act.sa_handler = count_signal;
  sigaction(SIGUSR1, &act, NULL);
  sigaction(SIGPIPE, &act, NULL);
  main_thread = pthread_self();
  g = load(RTLD_LOCAL);
  CHECK(g.runtime_create(4, &runtime, NULL) == PGRANT_OK);
  for (int i = 0; i < 20; ++i) kill(getpid(), SIGUSR1);
  CHECK(signals_here > 0 && signals_elsewhere == 0);
  g.runtime_destroy(runtime);
  work(&g);
  sigaction(SIGPIPE, NULL, &after);
  CHECK(after.sa_handler == count_signal);
  dlclose(g.handle);
}

/* A comma for decimals, other letters: documents are the same, and the locale is left alone. */
static void another_locale(void) {
  struct guest g = load(RTLD_LOCAL);
  pgrant_spec* spec = NULL;
  pgrant_text *before = NULL, *after = NULL;
  CHECK(g.spec_parse(TEXT("host=h port=54321 user='\xc4\xb0stanbul' connect_timeout=1234567"),
                     &spec, NULL) == PGRANT_OK);
  CHECK(g.spec_to_json(spec, &before, NULL) == PGRANT_OK);
  if (other_locale) {
    CHECK(setlocale(LC_ALL, other_locale) != NULL);
    CHECK(localeconv()->decimal_point[0] == ',');
  } else {
    CHECK(setlocale(LC_ALL, "C.UTF-8") != NULL);
  }
  CHECK(g.spec_to_json(spec, &after, NULL) == PGRANT_OK);
  CHECK_TEXT(g.text_data(before), g.text_data(after));
  work(&g);
  CHECK_TEXT(other_locale ? other_locale : "C.UTF-8", setlocale(LC_ALL, NULL));
  g.text_destroy(before);
  g.text_destroy(after);
  g.spec_destroy(spec);
  setlocale(LC_ALL, "C");
  dlclose(g.handle);
}

int main(int count, char** arguments) {
  if (count < 2) return 2;
  library = arguments[1];
  other_locale = count > 2 ? arguments[2] : NULL;
  RUN(loaded_and_unloaded);
  RUN(local_names_stay_local);
  RUN(after_a_fork);
  RUN(beside_another_thread);
  RUN(signals_are_the_hosts);
  RUN(another_locale);
  return check_end();
}
