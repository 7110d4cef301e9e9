/* New passwords for the connector, kept in a directory or by the host. */
#ifndef PGRANT_TESTS_JOB_ROTATION_H
#define PGRANT_TESTS_JOB_ROTATION_H

#include <sys/stat.h>

#include "job_world.h"

static const char rotated[] = "pgrant_connector";

static pgrant_options* rotation_into(const char* passwords) {
  pgrant_options* options = NULL;
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_ROTATE, &options, &err));
  if (passwords) CHECK_OK(pgrant_options_set_string(options, "directory", TEXT(passwords), &err));
  if (!passwords) CHECK_OK(pgrant_options_set_bool(options, "ask_store", 1, &err));
  return options;
}

static void check_login(pgrant_client* client, pgrant_status expected) {
  pgrant_operation* op = NULL;
  CHECK_OK(pgrant_client_check_start(client, queue, 40, &op, &err));
  pgrant_result_destroy(finish(40, op, expected));
}

/* Whether the connector can log in with it. */
static void check_password(const char* password, pgrant_status expected) {
  pgrant_client* client = client_of(rotated, password);
  check_login(client, expected);
  pgrant_client_destroy(client);
}

/* What a host would keep in a vault. */
static struct {
  char current[100], pending[100], before[100];
  int asked[5];
  int refused;       /* this request is refused, once */
  int without_reply; /* … or not answered, once */
} vault;

static void take_over(char* into, const char* from) {
  snprintf(into, sizeof vault.current, "%s", from);
}

static void answer_for_vault(pgrant_event* event) {
  const pgrant_store_request what = pgrant_event_store_request(event);
  const char* const secret = pgrant_event_secret(event);
  CHECK(what >= PGRANT_STORE_PENDING && what <= PGRANT_STORE_RETIRE);
  CHECK_TEXT(rotated, pgrant_event_message(event));
  CHECK((secret[0] != '\0') == (what == PGRANT_STORE_PUT_PENDING));
  ++vault.asked[what];
  if (what == vault.without_reply) {
    vault.without_reply = 0;
    return;
  }
  if (what == vault.refused) {
    vault.refused = 0;
    CHECK_OK(pgrant_event_refuse(event, TEXT("the vault is shut"), &err));
    return;
  }
  if (what != PGRANT_STORE_PENDING)
    CHECK_STATUS(PGRANT_INVALID_STATE, pgrant_event_reply(event, TEXT("x"), &err));
  if (what == PGRANT_STORE_PUT_PENDING) take_over(vault.pending, secret);
  if (what == PGRANT_STORE_PROMOTE && vault.pending[0]) {
    take_over(vault.before, vault.current);
    take_over(vault.current, vault.pending);
    vault.pending[0] = '\0';
  }
  if (what == PGRANT_STORE_RETIRE) vault.before[0] = '\0';
  /* The runtime goes on meanwhile. */
  if (what == PGRANT_STORE_PROMOTE) check_password(vault.current, PGRANT_OK);
  if (what == PGRANT_STORE_PENDING && vault.pending[0]) {
    CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_event_reply(event, "", 0, &err));
    CHECK_OK(pgrant_event_reply(event, TEXT(vault.pending), &err));
  } else {
    CHECK_OK(pgrant_event_confirm(event, &err));
  }
  CHECK_STATUS(PGRANT_INVALID_STATE, pgrant_event_confirm(event, &err));
  CHECK_STATUS(PGRANT_INVALID_STATE, pgrant_event_refuse(event, TEXT("x"), &err));
}

/* Rotates with the vault as store; gives the result, or NULL and the error. */
static pgrant_result* rotate_into_vault(pgrant_client* client, pgrant_error** why) {
  pgrant_queue* own = NULL;
  pgrant_operation* op = NULL;
  pgrant_options* options = rotation_into(NULL);
  pgrant_result* result = NULL;
  memset(vault.asked, 0, sizeof vault.asked);
  CHECK_OK(pgrant_queue_create(&own, &err));
  CHECK_OK(pgrant_client_rotate_start(client, options, own, 41, &op, &err));
  pgrant_options_destroy(options);
  for (int done = 0; !done;) {
    pgrant_event* event = NULL;
    CHECK_OK(pgrant_queue_wait(own, 60000, &event, &err));
    if (!event) break;
    CHECK(pgrant_event_tag(event) == 41);
    done = pgrant_event_kind(event) == PGRANT_EVENT_COMPLETION;
    if (done) {
      CHECK(pgrant_event_store_request(event) == 0);
      CHECK_TEXT("", pgrant_event_secret(event));
      CHECK_STATUS(PGRANT_INVALID_STATE, pgrant_event_confirm(event, &err));
    } else {
      CHECK(pgrant_event_kind(event) == PGRANT_EVENT_STORE);
      answer_for_vault(event);
    }
    pgrant_event_destroy(event);
  }
  CHECK((pgrant_operation_take(op, &result, why) == PGRANT_OK) == (result != NULL));
  pgrant_operation_destroy(op);
  pgrant_queue_destroy(own);
  return result;
}

static void rotation_into_a_directory(void) {
  char passwords[1000], file[1200], first[100] = "", text[100] = "";
  pgrant_options* options;
  pgrant_operation* op = NULL;
  snprintf(passwords, sizeof passwords, "%s.passwords", directory);
  snprintf(file, sizeof file, "%s/%s.password", passwords, rotated);
  CHECK(mkdir(passwords, 0700) == 0);
  options = rotation_into(passwords);
  for (int round = 0; round < 2; ++round) {
    pgrant_result* result;
    pgrant_text* json;
    FILE* from;
    progress_seen = 0;
    CHECK_OK(pgrant_client_rotate_start(connector, options, queue, 42, &op, &err));
    result = finish(42, op, PGRANT_OK);
    CHECK(pgrant_result_kind(result) == PGRANT_RESULT_ROTATION && progress_seen == 5);
    CHECK_TEXT(rotated, pgrant_result_login(result));
    CHECK(pgrant_result_resumed(result) == 0);
    json = json_of(result);
    CHECK(strstr(pgrant_text_data(json), "pgrant.rotation/1"));
    pgrant_text_destroy(json);
    pgrant_result_destroy(result);
    take_over(first, text);
    from = fopen(file, "r");
    CHECK(from && fgets(text, sizeof text, from));
    if (from) fclose(from);
    check_password(text, PGRANT_OK);
    CHECK_OK(pgrant_client_set_secret(connector, TEXT(text), &err));
  }
  check_password(first, PGRANT_AUTHENTICATION);
  CHECK_OK(pgrant_options_set_string(options, "login", TEXT("nobody at all"), &err));
  CHECK_OK(pgrant_client_rotate_start(connector, options, queue, 43, &op, &err));
  CHECK(finish(43, op, PGRANT_NOT_FOUND) == NULL);
  pgrant_options_destroy(options);
}

static void rotation_into_a_vault(void) {
  pgrant_error* why = NULL;
  pgrant_runtime *others = runtime, *narrow = NULL;
  pgrant_client* client;
  pgrant_result* result = rotate_into_vault(connector, &why);
  CHECK(result && pgrant_result_resumed(result) == 0);
  CHECK_TEXT(rotated, pgrant_result_login(result));
  CHECK_TEXT("", pgrant_result_login(NULL));
  pgrant_result_destroy(result);
  check_password(vault.current, PGRANT_OK);
  for (int what = PGRANT_STORE_PENDING; what <= PGRANT_STORE_RETIRE; ++what)
    CHECK(vault.asked[what] == 1);

  /* Whatever is refused or not answered, the next one brings it to its end. One thread is enough,
   * also for what the host asks of the runtime before it answers. */
  CHECK_OK(pgrant_runtime_create(1, &narrow, &err));
  runtime = narrow;
  for (int what = PGRANT_STORE_PENDING; what <= PGRANT_STORE_RETIRE; ++what)
    for (int answered = 0; answered < 2; ++answered) {
      char before[100];
      take_over(before, vault.current);
      client = client_of(rotated, vault.current);
      *(answered ? &vault.refused : &vault.without_reply) = what;
      CHECK(rotate_into_vault(client, &why) == NULL);
      CHECK(pgrant_error_status(why) == PGRANT_SECRET);
      CHECK(!answered || strstr(pgrant_error_message(why), "the vault is shut"));
      pgrant_error_destroy(why);
      pgrant_client_destroy(client);
      client =
          client_of(rotated, vault.pending[0] && what > PGRANT_STORE_PUT_PENDING ? vault.pending
                                                                                 : vault.current);
      result = rotate_into_vault(client, &why);
      CHECK(pgrant_result_resumed(result) == (what == PGRANT_STORE_PROMOTE));
      CHECK(strcmp(before, vault.current) != 0);
      pgrant_result_destroy(result);
      pgrant_client_destroy(client);
    }
  check_password(vault.current, PGRANT_OK);
  runtime = others;
  pgrant_runtime_destroy(narrow);
  CHECK_OK(pgrant_client_set_secret(connector, TEXT(vault.current), &err));
}

/* It is told to stop while the host has been asked. */
static void a_rotation_that_is_given_up(void) {
  for (int how = 0; how < 4; ++how) {
    pgrant_runtime *others = runtime, *own = NULL;
    pgrant_queue* own_queue = NULL;
    pgrant_operation* op = NULL;
    pgrant_event* event = NULL;
    pgrant_result* result = NULL;
    pgrant_options* options = rotation_into(NULL);
    pgrant_client* client;
    CHECK_OK(pgrant_runtime_create(1, &own, &err));
    CHECK_OK(pgrant_queue_create(&own_queue, &err));
    runtime = own;
    client = client_of(rotated, vault.current);
    runtime = others;
    CHECK_OK(pgrant_client_rotate_start(client, options, own_queue, 44, &op, &err));
    CHECK_OK(pgrant_queue_wait(own_queue, 60000, &event, &err));
    CHECK(pgrant_event_store_request(event) == PGRANT_STORE_PENDING);
    if (how == 0) CHECK_OK(pgrant_operation_cancel(op, &err));
    if (how == 1) CHECK_OK(pgrant_runtime_shutdown(own, 20000, &err));
    if (how == 2) pgrant_runtime_destroy(own);
    if (how == 3) {
      pgrant_event_destroy(event); /* and the question with it */
      event = NULL;
    }
    CHECK_OK(pgrant_operation_wait(op, 20000, &err));
    CHECK_STATUS(how == 3 ? PGRANT_SECRET : PGRANT_CANCELLED,
                 pgrant_operation_take(op, &result, &err));
    if (event) CHECK_OK(pgrant_event_confirm(event, &err)); /* too late */
    pgrant_event_destroy(event);
    pgrant_operation_destroy(op);
    pgrant_client_destroy(client);
    if (how != 2) pgrant_runtime_destroy(own);
    pgrant_queue_destroy(own_queue);
    pgrant_options_destroy(options);
  }
  check_password(vault.current, PGRANT_OK);
}

#endif
