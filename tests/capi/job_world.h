/* The main job's world: a sandbox, an administrator and a connector on it, and one queue. */
#ifndef PGRANT_TESTS_JOB_WORLD_H
#define PGRANT_TESTS_JOB_WORLD_H

#include "check.h"

static const char* directory;
static char** search_path;
static int search_count, major;

static pgrant_runtime* runtime;
static pgrant_queue* queue;
static pgrant_client *administrator, *connector;
static int progress_seen, logs_seen;

/* Reads the queue until the completion with the tag has come. Gives its result, or NULL. */
static pgrant_result* finish(uint64_t tag, pgrant_operation* op, pgrant_status expected) {
  pgrant_result* result = NULL;
  for (int done = 0; !done;) {
    pgrant_event* event = NULL;
    CHECK_OK(pgrant_queue_wait(queue, 120000, &event, &err));
    if (!event) break;
    CHECK(pgrant_event_tag(event) == tag);
    progress_seen += pgrant_event_kind(event) == PGRANT_EVENT_PROGRESS &&
                     pgrant_event_done(event) <= pgrant_event_total(event);
    logs_seen += pgrant_event_kind(event) == PGRANT_EVENT_LOG && pgrant_event_level(event) > 0 &&
                 pgrant_event_message(event)[0];
    done = pgrant_event_kind(event) == PGRANT_EVENT_COMPLETION;
    if (done) CHECK(pgrant_event_operation(event) == op);
    pgrant_event_destroy(event);
  }
  CHECK_STATUS(expected, pgrant_operation_take(op, &result, &err));
  pgrant_operation_destroy(op);
  return result;
}

static pgrant_text* json_of(const pgrant_result* result) {
  pgrant_text* text = NULL;
  CHECK_OK(pgrant_result_to_json(result, &text, &err));
  return text;
}

/* The value of a key in the sandbox's JSON text. */
static const char* sandbox_value(const char* key, char* into, size_t size) {
  pgrant_text* text = NULL;
  char pattern[40];
  const char* at;
  into[0] = '\0';
  CHECK_OK(pgrant_sandbox_status(TEXT(directory), &text, &err));
  snprintf(pattern, sizeof pattern, "\"%s\": ", key);
  at = strstr(pgrant_text_data(text), pattern);
  if (at) {
    at += strlen(pattern);
    if (*at == '"') ++at;
    snprintf(into, size, "%.*s", (int)strcspn(at, "\",}"), at);
  }
  pgrant_text_destroy(text);
  return into;
}

static pgrant_client* client_of(const char* user, const char* password) {
  char text[2000], port[20], ca[1000];
  pgrant_spec* spec = NULL;
  pgrant_options* options = NULL;
  pgrant_client* client = NULL;
  snprintf(text, sizeof text, "host=localhost port=%s user=%s sslrootcert=%s",
           sandbox_value("port", port, sizeof port), user, sandbox_value("ca_file", ca, sizeof ca));
  CHECK_OK(pgrant_spec_parse(TEXT(text), &spec, &err));
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_CLIENT, &options, &err));
  CHECK_OK(pgrant_options_set_secret(options, "password", TEXT(password), &err));
  CHECK_OK(pgrant_client_open(runtime, spec, options, NULL, 0, &client, &err));
  pgrant_spec_destroy(spec);
  pgrant_options_destroy(options);
  return client;
}

static pgrant_options* request(const char* person) {
  pgrant_options* options = NULL;
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_GRANT, &options, &err));
  CHECK_OK(pgrant_options_add_string(options, "bundles", TEXT("sales-read"), &err));
  CHECK_OK(pgrant_options_set_string(options, "person", TEXT(person), &err));
  CHECK_OK(pgrant_options_set_string(options, "reason", TEXT("ticket 17"), &err));
  CHECK_OK(pgrant_options_set_int(options, "duration_s", 3600, &err));
  return options;
}

static pgrant_result* grant(const char* person) {
  pgrant_operation* op = NULL;
  pgrant_options* options = request(person);
  CHECK_OK(pgrant_client_grant_start(connector, options, queue, 7, &op, &err));
  pgrant_options_destroy(options);
  return finish(7, op, PGRANT_OK);
}

#endif
