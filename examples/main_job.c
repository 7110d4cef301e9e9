/* The main job in C on a throwaway server: from nothing to access that ends.
 *   main_job DIRECTORY [SERVERS]     a directory to make, and where 18/bin/postgres is */
#include <pgrant.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT(text) (text), PGRANT_NUL_TERMINATED

static const char* const policy =
    "{\"version\": 1, \"bundles\": {\"sales-read\": {\"grants\": [{\"database\": \"shop\","
    " \"schema\": \"sales\", \"tables\": \"*\", \"privileges\": [\"SELECT\"]}]}}}";

static pgrant_error* err;

/* Ends the program with what the error says. */
static void must(pgrant_status status) {
  if (status == PGRANT_OK) return;
  fprintf(stderr, "%s\n%s\n", pgrant_error_message(err), pgrant_error_hint(err));
  exit(1);
}

/* Waits for what was started; its outcome is the caller's. */
static pgrant_result* outcome(pgrant_operation* operation) {
  pgrant_result* result = NULL;
  must(pgrant_operation_wait(operation, -1, &err));
  must(pgrant_operation_take(operation, &result, &err));
  pgrant_operation_destroy(operation);
  return result;
}

static pgrant_client* open_client(pgrant_runtime* runtime, const pgrant_spec* spec,
                                  const pgrant_text* password) {
  pgrant_options* options = NULL;
  pgrant_client* client = NULL;
  must(pgrant_options_create(PGRANT_OPTIONS_CLIENT, &options, &err));
  must(pgrant_options_set_secret(options, "password", pgrant_text_data(password),
                                 pgrant_text_size(password), &err));
  must(pgrant_client_open(runtime, spec, options, NULL, 0, &client, &err));
  pgrant_options_destroy(options);
  return client;
}

/* Applies the plan of a result, which it destroys. */
static void apply(pgrant_client* client, pgrant_result* plan, const pgrant_text* connector) {
  pgrant_options* options = NULL;
  pgrant_operation* operation = NULL;
  pgrant_text* json = NULL;
  must(pgrant_options_create(PGRANT_OPTIONS_APPLY, &options, &err));
  if (connector) {
    must(pgrant_options_set_secret(options, "secret.connector", pgrant_text_data(connector),
                                   pgrant_text_size(connector), &err));
  }
  must(pgrant_result_to_json(plan, &json, &err));
  must(pgrant_client_apply_start(client, pgrant_text_data(json), pgrant_text_size(json), options,
                                 NULL, 0, &operation, &err));
  pgrant_result_destroy(outcome(operation));
  pgrant_text_destroy(json);
  pgrant_result_destroy(plan);
  pgrant_options_destroy(options);
}

static void grant_and_revoke(pgrant_client* keeper) {
  pgrant_options* request = NULL;
  pgrant_operation* operation = NULL;
  pgrant_result *granted, *ended;
  const char* id;
  must(pgrant_options_create(PGRANT_OPTIONS_GRANT, &request, &err));
  must(pgrant_options_add_string(request, "bundles", TEXT("sales-read"), &err));
  must(pgrant_options_set_string(request, "person", TEXT("ada"), &err));
  must(pgrant_options_set_string(request, "reason", TEXT("ticket 17"), &err));
  must(pgrant_options_set_int(request, "duration_s", 3600, &err));
  must(pgrant_client_grant_start(keeper, request, NULL, 0, &operation, &err));
  granted = outcome(operation);
  printf("psql \"%s\"\n", pgrant_result_conninfo(granted));

  id = pgrant_lease_id(pgrant_result_lease(granted, 0));
  must(pgrant_client_revoke_start(keeper, TEXT(id), NULL, 0, &operation, &err));
  ended = outcome(operation);
  printf("the login is %s\n", pgrant_result_login_dropped(ended, 0) ? "dropped" : "still there");
  pgrant_result_destroy(ended);
  pgrant_result_destroy(granted);
  pgrant_options_destroy(request);
}

int main(int count, char** arguments) {
  const char* directory = count > 1 ? arguments[1] : "sandbox";
  pgrant_runtime* runtime = NULL;
  pgrant_options *sandbox = NULL, *bootstrap = NULL;
  pgrant_operation* operation = NULL;
  pgrant_text *password = NULL, *connector = NULL;
  pgrant_spec* spec = NULL;
  pgrant_client *admin, *keeper;

  must(pgrant_runtime_create(0, &runtime, &err));
  must(pgrant_options_create(PGRANT_OPTIONS_SANDBOX, &sandbox, &err));
  if (count > 2) must(pgrant_options_add_string(sandbox, "search_path", TEXT(arguments[2]), &err));
  must(pgrant_sandbox_create_start(runtime, TEXT(directory), sandbox, NULL, 0, &operation, &err));
  pgrant_result_destroy(outcome(operation));

  /* The status names host, port and certificate; the administrator is pgadmin. */
  must(pgrant_sandbox_password(TEXT(directory), TEXT("pgadmin"), &password, &err));
  must(pgrant_sandbox_spec(TEXT(directory), &spec, &err));
  admin = open_client(runtime, spec, password);

  /* The administrator sets the connector up, once. */
  must(pgrant_password_generate(0, &connector, &err));
  must(pgrant_options_create(PGRANT_OPTIONS_BOOTSTRAP, &bootstrap, &err));
  must(pgrant_options_set_string(bootstrap, "connector", TEXT("keeper"), &err));
  must(pgrant_client_plan_bootstrap_start(admin, bootstrap, NULL, 0, &operation, &err));
  apply(admin, outcome(operation), connector);

  /* From here on the connector works. */
  must(pgrant_spec_set(spec, "user", TEXT("keeper"), &err));
  keeper = open_client(runtime, spec, connector);
  must(pgrant_client_plan_start(keeper, TEXT(policy), NULL, NULL, 0, &operation, &err));
  apply(keeper, outcome(operation), NULL);
  grant_and_revoke(keeper);

  must(pgrant_sandbox_remove_start(runtime, TEXT(directory), NULL, 0, &operation, &err));
  pgrant_result_destroy(outcome(operation));
  pgrant_client_destroy(keeper);
  pgrant_client_destroy(admin);
  pgrant_text_destroy(connector);
  pgrant_text_destroy(password);
  pgrant_spec_destroy(spec);
  pgrant_options_destroy(bootstrap);
  pgrant_options_destroy(sandbox);
  pgrant_runtime_destroy(runtime);
  return 0;
}
