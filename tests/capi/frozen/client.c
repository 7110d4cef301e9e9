/* A program of the first version: it was written against the header beside it and is never changed.
 * It must build with that header, and run with every library whose ABI has the same major number.
 */
#include <pgrant.h>
#include <stdio.h>
#include <string.h>

static int failed;

static void expect(int condition, const char* what) {
  if (condition) return;
  printf("FAILED: %s\n", what);
  failed = 1;
}

/* Options by keys of the first version. */
static pgrant_options* options_of_then(void) {
  pgrant_options* options = NULL;
  expect(pgrant_options_create(PGRANT_OPTIONS_CLIENT, &options, NULL) == PGRANT_OK, "options");
  expect(pgrant_options_set_bool(options, "keep_connections", 0, NULL) == PGRANT_OK, "a bool");
  expect(pgrant_options_set_int(options, "connect_timeout_ms", 2000, NULL) == PGRANT_OK, "an int");
  expect(pgrant_options_set_string(options, "application_name", "old", 3, NULL) == PGRANT_OK,
         "a string");
  expect(pgrant_options_set_secret(options, "password", "x", 1, NULL) == PGRANT_OK, "a secret");
  return options;
}

int main(void) {
  pgrant_runtime* runtime = NULL;
  pgrant_queue* queue = NULL;
  pgrant_spec* spec = NULL;
  pgrant_client* client = NULL;
  pgrant_operation* operation = NULL;
  pgrant_event* event = NULL;
  pgrant_result* result = NULL;
  pgrant_error* why = NULL;
  pgrant_text* text = NULL;
  pgrant_options* options = options_of_then();

  expect(pgrant_abi_version() / 1000 == PGRANT_ABI_MAJOR, "the same major version");
  expect(pgrant_abi_version() % 1000 >= PGRANT_ABI_MINOR, "no lower minor version");
  expect(pgrant_identifier_quote("Odd", 3, &text, NULL) == PGRANT_OK, "quoting");
  expect(strcmp(pgrant_text_data(text), "\"Odd\"") == 0, "a quoted name");
  pgrant_text_destroy(text);

  expect(pgrant_spec_parse("host=127.0.0.1 port=1 user=u sslmode=disable", PGRANT_NUL_TERMINATED,
                           &spec, NULL) == PGRANT_OK,
         "a spec");
  expect(pgrant_runtime_create(1, &runtime, NULL) == PGRANT_OK, "a runtime");
  expect(pgrant_queue_create(&queue, NULL) == PGRANT_OK, "a queue");
  expect(pgrant_client_open(runtime, spec, options, NULL, 0, &client, NULL) == PGRANT_OK,
         "a client");
  expect(pgrant_client_check_start(client, queue, 42, &operation, NULL) == PGRANT_OK, "a check");
  expect(pgrant_queue_wait(queue, 30000, &event, NULL) == PGRANT_OK, "an event");
  expect(pgrant_event_kind(event) == PGRANT_EVENT_COMPLETION, "a completion");
  expect(pgrant_event_tag(event) == 42, "its tag");
  expect(pgrant_event_operation(event) == operation, "its operation");
  expect(pgrant_event_status(event) == PGRANT_CONNECT, "its status");
  expect(pgrant_operation_take(operation, &result, &why) == PGRANT_CONNECT, "the outcome");
  expect(result == NULL && pgrant_error_message(why)[0] != '\0', "the error");
  pgrant_error_destroy(why);
  pgrant_event_destroy(event);
  pgrant_operation_destroy(operation);

  expect(pgrant_client_grant_start(client, NULL, queue, 1, &operation, &why) ==
             PGRANT_INVALID_ARGUMENT,
         "a grant without options");
  expect(strcmp(pgrant_error_field(why), "bundles") == 0, "the field");
  pgrant_error_destroy(why);
  expect(pgrant_lease_expires_at(NULL) == PGRANT_NO_TIME, "no time");

  pgrant_client_destroy(client);
  pgrant_runtime_destroy(runtime);
  pgrant_queue_destroy(queue);
  pgrant_spec_destroy(spec);
  pgrant_options_destroy(options);
  if (!failed) printf("the client of the first version runs with %s\n", pgrant_version());
  return failed;
}
