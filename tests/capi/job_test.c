/* The main job on a real server: a sandbox, the bootstrap, bundles, leases and their ends.
 *   job_test DIRECTORY MAJOR [SEARCH_PATH…]     a new sandbox in DIRECTORY */
#include "check.h"

static const char* directory;
static char** search_path;
static int search_count, major;

static pgrant_runtime* runtime;
static pgrant_queue* queue;
static pgrant_client *administrator, *connector;
static int progress_seen, logs_seen;

static const char policy[] =
    "{\"version\": 1, \"bundles\": {\"sales-read\": {\"maximum_duration\": \"8h\", \"grants\": "
    "[{\"database\": \"shop\", \"schema\": \"sales\", \"tables\": \"*\", \"privileges\": "
    "[\"SELECT\"]}, {\"database\": \"shop\", \"schema\": \"sales\", \"privileges\": "
    "[\"USAGE\"]}]}}}";

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

static void a_sandbox_starts(void) {
  pgrant_options* options = NULL;
  pgrant_operation* op = NULL;
  pgrant_result* result;
  pgrant_text *text, *again = NULL;
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_SANDBOX, &options, &err));
  CHECK_OK(pgrant_options_set_int(options, "major", major, &err));
  for (int i = 0; i < search_count; ++i)
    CHECK_OK(pgrant_options_add_string(options, "search_path", TEXT(search_path[i]), &err));
  CHECK_OK(pgrant_sandbox_create_start(runtime, TEXT(directory), options, queue, 1, &op, &err));
  result = finish(1, op, PGRANT_OK);
  CHECK(pgrant_result_kind(result) == PGRANT_RESULT_SANDBOX);
  text = json_of(result);
  CHECK_OK(pgrant_sandbox_status(TEXT(directory), &again, &err));
  CHECK_TEXT(pgrant_text_data(text), pgrant_text_data(again));
  CHECK(strstr(pgrant_text_data(text), "\"running\": true"));
  pgrant_text_destroy(text);
  pgrant_text_destroy(again);
  pgrant_result_destroy(result);
  pgrant_options_destroy(options);
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

static void the_administrator_checks(void) {
  pgrant_text *password = NULL, *text;
  pgrant_operation* op = NULL;
  pgrant_result* result;
  CHECK_OK(pgrant_sandbox_password(TEXT(directory), TEXT("pgadmin"), &password, &err));
  administrator = client_of("pgadmin", pgrant_text_data(password));
  pgrant_text_destroy(password);
  CHECK_OK(pgrant_client_check_start(administrator, queue, 2, &op, &err));
  result = finish(2, op, PGRANT_OK);
  text = json_of(result);
  CHECK(strstr(pgrant_text_data(text), "pgrant.check/1"));
  CHECK(strstr(pgrant_text_data(text), "TLSv1.3"));
  pgrant_text_destroy(text);
  pgrant_result_destroy(result);
}

static void an_inventory(void) {
  pgrant_operation* op = NULL;
  pgrant_options* options = NULL;
  pgrant_result* result;
  pgrant_text* text;
  progress_seen = 0;
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_INSPECT, &options, &err));
  CHECK_OK(pgrant_options_set_bool(options, "privileges", 0, &err));
  CHECK_OK(pgrant_client_inspect_start(administrator, options, queue, 3, &op, &err));
  result = finish(3, op, PGRANT_OK);
  text = json_of(result);
  CHECK(strstr(pgrant_text_data(text), "\"shop\"") && !strstr(pgrant_text_data(text), "\"acl\""));
  CHECK(progress_seen > 0);
  pgrant_text_destroy(text);
  pgrant_result_destroy(result);
  pgrant_options_destroy(options);
}

/* Applies a plan, and gives what the report says. */
static void apply(pgrant_client* client, const pgrant_result* plan, const char* secret) {
  pgrant_text* text = json_of(plan);
  pgrant_options* options = NULL;
  pgrant_operation* op = NULL;
  pgrant_result* result;
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_APPLY, &options, &err));
  if (secret) {
    CHECK_STATUS(PGRANT_SECRET,
                 pgrant_client_apply_start(client, pgrant_text_data(text), pgrant_text_size(text),
                                           options, queue, 4, &op, &err));
    CHECK_OK(pgrant_options_set_secret(options, "secret.connector", TEXT(secret), &err));
  }
  logs_seen = progress_seen = 0;
  CHECK_OK(pgrant_client_apply_start(client, pgrant_text_data(text), pgrant_text_size(text),
                                     options, queue, 4, &op, &err));
  pgrant_text_destroy(text);
  result = finish(4, op, PGRANT_OK);
  CHECK(logs_seen > 0 && progress_seen > 0);
  text = json_of(result);
  CHECK(strstr(pgrant_text_data(text), "pgrant.apply/1"));
  CHECK(strstr(pgrant_text_data(text), "\"failed\": null"));
  if (secret) CHECK(!strstr(pgrant_text_data(text), secret));
  pgrant_text_destroy(text);
  pgrant_result_destroy(result);
  pgrant_options_destroy(options);
}

static void the_bootstrap(void) {
  pgrant_text *password = NULL, *text = NULL;
  pgrant_options* options = NULL;
  pgrant_operation* op = NULL;
  pgrant_result* plan;
  CHECK_OK(pgrant_password_generate(0, &password, &err));
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_BOOTSTRAP, &options, &err));
  CHECK_OK(pgrant_options_set_string(options, "connector", TEXT("pgrant_connector"), &err));
  for (int round = 0; round < 2; ++round) {
    CHECK_OK(pgrant_client_plan_bootstrap_start(administrator, options, queue, 5, &op, &err));
    plan = finish(5, op, PGRANT_OK);
    CHECK((pgrant_result_step_count(plan) > 0) == (round == 0));
    text = json_of(plan);
    if (round == 0) {
      pgrant_text* shown = NULL;
      CHECK_OK(pgrant_plan_render(pgrant_text_data(text), pgrant_text_size(text), &shown, &err));
      CHECK(strstr(pgrant_text_data(shown), "CREATE ROLE pgrant_connector"));
      pgrant_text_destroy(shown);
      apply(administrator, plan, pgrant_text_data(password));
    }
    pgrant_text_destroy(text);
    pgrant_result_destroy(plan);
  }
  connector = client_of("pgrant_connector", pgrant_text_data(password));
  pgrant_text_destroy(password);
  pgrant_options_destroy(options);
}

static void a_policy(void) {
  pgrant_operation* op = NULL;
  for (int round = 0; round < 2; ++round) {
    pgrant_result* plan;
    CHECK_OK(pgrant_client_plan_start(connector, TEXT(policy), NULL, queue, 6, &op, &err));
    plan = finish(6, op, PGRANT_OK);
    CHECK((pgrant_result_step_count(plan) > 0) == (round == 0));
    CHECK(pgrant_result_not_granted_count(plan) == 0);
    if (round == 0) apply(connector, plan, NULL);
    pgrant_result_destroy(plan);
  }
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

static void a_lease_and_its_end(void) {
  pgrant_operation* op = NULL;
  pgrant_result *granted = grant("ada"), *list, *end;
  const pgrant_lease* lease = pgrant_result_lease(granted, 0);
  pgrant_client* grantee;
  pgrant_text* text;
  CHECK(pgrant_result_has_credentials(granted));
  CHECK_TEXT(pgrant_lease_grantee(lease), pgrant_result_user(granted));
  CHECK(strlen(pgrant_result_password(granted)) >= 23);
  CHECK(!strstr(pgrant_result_conninfo(granted), pgrant_result_password(granted)));
  CHECK_TEXT("ada", pgrant_lease_person(lease));
  CHECK_TEXT("ticket 17", pgrant_lease_reason(lease));
  CHECK(pgrant_lease_bundle_count(lease) == 1);
  CHECK_TEXT("sales-read", pgrant_lease_bundle(lease, 0));
  CHECK(pgrant_lease_state(lease) == PGRANT_LEASE_ACTIVE);
  CHECK(pgrant_lease_kind(lease) == PGRANT_GRANTEE_EPHEMERAL_LOGIN);
  CHECK(pgrant_lease_expires_at(lease) - pgrant_lease_granted_at(lease) == INT64_C(3600000000));
  CHECK(pgrant_lease_ended_at(lease) == PGRANT_NO_TIME);

  /* The login works: it can see what it is. */
  grantee = client_of(pgrant_result_user(granted), pgrant_result_password(granted));
  CHECK_OK(pgrant_client_check_start(grantee, queue, 8, &op, &err));
  pgrant_result_destroy(finish(8, op, PGRANT_OK));
  pgrant_client_destroy(grantee);

  CHECK_OK(pgrant_client_leases_start(connector, NULL, queue, 9, &op, &err));
  list = finish(9, op, PGRANT_OK);
  CHECK(pgrant_result_lease_count(list) == 1);
  CHECK_TEXT(pgrant_lease_id(lease), pgrant_lease_id(pgrant_result_lease(list, 0)));
  CHECK(pgrant_result_lease(list, 1) == NULL);
  text = json_of(list);
  CHECK(!strstr(pgrant_text_data(text), pgrant_result_password(granted)));
  pgrant_text_destroy(text);

  CHECK_OK(
      pgrant_client_revoke_start(connector, TEXT(pgrant_lease_id(lease)), queue, 10, &op, &err));
  end = finish(10, op, PGRANT_OK);
  CHECK(pgrant_lease_state(pgrant_result_lease(end, 0)) == PGRANT_LEASE_ENDED);
  CHECK(pgrant_lease_ended_at(pgrant_result_lease(end, 0)) != PGRANT_NO_TIME);
  CHECK(pgrant_result_login_dropped(end, 0) == 1);
  CHECK(pgrant_result_kept_count(end, 0) == 0 && pgrant_result_failure_count(end) == 0);
  pgrant_result_destroy(end);

  grantee = client_of(pgrant_result_user(granted), pgrant_result_password(granted));
  CHECK_OK(pgrant_client_check_start(grantee, queue, 8, &op, &err));
  CHECK(finish(8, op, PGRANT_AUTHENTICATION) == NULL);
  pgrant_client_destroy(grantee);
  pgrant_result_destroy(list);
  pgrant_result_destroy(granted);
}

static void other_ends(void) {
  pgrant_operation* op = NULL;
  pgrant_result* end;
  pgrant_result_destroy(grant("grace"));
  pgrant_result_destroy(grant("grace"));
  CHECK_OK(pgrant_client_revoke_grantee_start(connector, TEXT("grace"), queue, 11, &op, &err));
  end = finish(11, op, PGRANT_OK);
  CHECK(pgrant_result_lease_count(end) == 2);
  pgrant_result_destroy(end);
  CHECK_OK(pgrant_client_revoke_grantee_start(connector, TEXT("grace"), queue, 11, &op, &err));
  CHECK(finish(11, op, PGRANT_NOT_FOUND) == NULL);
  CHECK_OK(pgrant_client_revoke_start(connector, TEXT("nonsense"), queue, 11, &op, &err));
  CHECK(finish(11, op, PGRANT_NOT_FOUND) == NULL);
  CHECK_OK(pgrant_client_expire_start(connector, queue, 12, &op, &err));
  end = finish(12, op, PGRANT_OK);
  CHECK(pgrant_result_kind(end) == PGRANT_RESULT_REVOKE && pgrant_result_lease_count(end) == 0);
  pgrant_result_destroy(end);
}

static void the_sandbox_goes(void) {
  pgrant_operation* op = NULL;
  pgrant_text* text = NULL;
  CHECK_OK(pgrant_sandbox_stop_start(runtime, TEXT(directory), queue, 13, &op, &err));
  pgrant_result_destroy(finish(13, op, PGRANT_OK));
  CHECK_OK(pgrant_sandbox_status(TEXT(directory), &text, &err));
  CHECK(strstr(pgrant_text_data(text), "\"running\": false"));
  pgrant_text_destroy(text);
  CHECK_OK(pgrant_sandbox_remove_start(runtime, TEXT(directory), queue, 14, &op, &err));
  pgrant_result_destroy(finish(14, op, PGRANT_OK));
  CHECK_STATUS(PGRANT_NOT_FOUND, pgrant_sandbox_status(TEXT(directory), &text, &err));
  CHECK_OK(pgrant_sandbox_resume_start(runtime, TEXT(directory), queue, 15, &op, &err));
  CHECK(finish(15, op, PGRANT_NOT_FOUND) == NULL);
}

int main(int count, char** arguments) {
  if (count < 3) return 2;
  directory = arguments[1];
  major = atoi(arguments[2]);
  search_path = arguments + 3;
  search_count = count - 3;
  if (pgrant_runtime_create(2, &runtime, NULL) != PGRANT_OK) return 1;
  if (pgrant_queue_create(&queue, NULL) != PGRANT_OK) return 1;
  CHECK_OK(pgrant_queue_enable(queue, PGRANT_EVENT_LOG, 1, &err));
  CHECK_OK(pgrant_queue_enable(queue, PGRANT_EVENT_PROGRESS, 1, &err));
  RUN(a_sandbox_starts);
  RUN(the_administrator_checks);
  RUN(an_inventory);
  RUN(the_bootstrap);
  RUN(a_policy);
  RUN(a_lease_and_its_end);
  RUN(other_ends);
  pgrant_client_destroy(connector);
  pgrant_client_destroy(administrator);
  RUN(the_sandbox_goes);
  pgrant_queue_destroy(queue);
  pgrant_runtime_destroy(runtime);
  return check_end();
}
