/* The main job on a real server: a sandbox, the bootstrap, bundles, leases and their ends.
 *   job_test DIRECTORY MAJOR [SEARCH_PATH…]     a new sandbox in DIRECTORY */
#include "job_leases.h"
#include "job_rotation.h"

static const char policy[] =
    "{\"version\": 1, \"bundles\": {\"sales-read\": {\"maximum_duration\": \"8h\", \"grants\": "
    "[{\"database\": \"shop\", \"schema\": \"sales\", \"tables\": \"*\", \"privileges\": "
    "[\"SELECT\"]}, {\"database\": \"shop\", \"schema\": \"sales\", \"privileges\": "
    "[\"USAGE\"]}]}}}";

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
  CHECK_OK(pgrant_options_set_string(options, "profile", TEXT("most"), &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_plan_bootstrap_start(administrator, options, queue, 5, &op, &err));
  CHECK_OK(pgrant_options_set_string(options, "profile", TEXT("guide"), &err));
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
  RUN(more_time);
  RUN(a_later_start);
  RUN(ad_hoc_privileges);
  RUN(the_glass_is_broken);
  RUN(the_trail);
  RUN(rotation_into_a_directory);
  RUN(rotation_into_a_vault);
  RUN(a_rotation_that_is_given_up);
  pgrant_client_destroy(connector);
  pgrant_client_destroy(administrator);
  RUN(the_sandbox_goes);
  pgrant_queue_destroy(queue);
  pgrant_runtime_destroy(runtime);
  return check_end();
}
