/* What needs no server: versions, texts, errors, options, specs, documents. */
#include "check.h"

static pgrant_spec* parsed(const char* text) {
  pgrant_spec* spec = NULL;
  CHECK_OK(pgrant_spec_parse(TEXT(text), &spec, &err));
  return spec;
}

/* The field of the error of a call that must be refused. */
#define CHECK_FIELD(expected, call)                \
  do {                                             \
    pgrant_error* err = NULL;                      \
    CHECK((call) == PGRANT_INVALID_ARGUMENT);      \
    CHECK_TEXT(expected, pgrant_error_field(err)); \
    pgrant_error_destroy(err);                     \
  } while (0)

static void versions(void) {
  CHECK(pgrant_abi_version() == PGRANT_ABI_MAJOR * 1000 + PGRANT_ABI_MINOR);
  CHECK(strlen(pgrant_version()) >= 5);
}

static void status_names(void) {
  CHECK_TEXT("ok", pgrant_status_name(PGRANT_OK));
  CHECK_TEXT("invalid_argument", pgrant_status_name(PGRANT_INVALID_ARGUMENT));
  CHECK_TEXT("not_granted", pgrant_status_name(PGRANT_NOT_GRANTED));
  CHECK_TEXT("invalid_state", pgrant_status_name(PGRANT_INVALID_STATE));
  CHECK_TEXT("no_memory", pgrant_status_name(PGRANT_NO_MEMORY));
  CHECK_TEXT("internal", pgrant_status_name(-50));
  CHECK_TEXT("internal", pgrant_status_name(7));
  CHECK_TEXT("internal", pgrant_status_name(INT32_MIN));
}

static void errors(void) {
  pgrant_spec* spec = NULL;
  pgrant_error* why = NULL;
  pgrant_text* json = NULL;
  CHECK(pgrant_spec_parse(TEXT("host=a port=99999"), &spec, &why) == PGRANT_INVALID_ARGUMENT);
  CHECK(spec == NULL);
  CHECK_TEXT("port", pgrant_error_field(why));
  CHECK(pgrant_error_message(why)[0] != '\0');
  CHECK_TEXT("", pgrant_error_sqlstate(why));
  CHECK(pgrant_error_retry(why) == PGRANT_RETRY_NEVER);
  CHECK(!pgrant_error_is_retryable(why));
  CHECK_OK(pgrant_error_to_json(why, &json, &err));
  CHECK(strstr(pgrant_text_data(json), "\"code\": \"invalid_argument\"") ||
        strstr(pgrant_text_data(json), "\"code\":\"invalid_argument\""));
  pgrant_text_destroy(json);
  pgrant_error_destroy(why);
  /* A byte of a URI that is no text. */
  CHECK(pgrant_spec_parse(TEXT("postgresql://h/%ada"), &spec, &why) == PGRANT_INVALID_ARGUMENT);
  CHECK_TEXT("dbname", pgrant_error_field(why));
  pgrant_error_destroy(why);
  /* Without a place for the error. */
  CHECK(pgrant_spec_parse(TEXT("port=x"), &spec, NULL) == PGRANT_INVALID_ARGUMENT);
}

static void an_error_is_emptied_by_success(void) {
  pgrant_error* err = (pgrant_error*)&check_bad;
  pgrant_text* text = NULL;
  CHECK(pgrant_identifier_quote(TEXT("a"), &text, &err) == PGRANT_OK);
  CHECK(err == NULL);
  pgrant_text_destroy(text);
}

static void option_keys(void) {
  for (pgrant_options_kind kind = PGRANT_OPTIONS_CLIENT; kind <= PGRANT_OPTIONS_ROTATE; ++kind) {
    size_t count = 0;
    pgrant_options* options = NULL;
    CHECK_OK(pgrant_options_create(kind, &options, &err));
    for (const char* key; (key = pgrant_options_key(kind, count)) != NULL; ++count) {
      const pgrant_option_type type = pgrant_options_key_type(kind, count);
      char name[64];
      CHECK(strlen(pgrant_options_key_help(kind, count)) > 10);
      /* "secret.*" stands for "secret.x". */
      snprintf(name, sizeof name, "%s", key);
      if (name[strlen(name) - 1] == '*') name[strlen(name) - 1] = 'x';
      CHECK((pgrant_options_set_string(options, name, TEXT("v"), NULL) == PGRANT_OK) ==
            (type == PGRANT_OPTION_STRING));
      CHECK((pgrant_options_add_string(options, name, TEXT("v"), NULL) == PGRANT_OK) ==
            (type == PGRANT_OPTION_STRINGS));
      CHECK((pgrant_options_set_int(options, name, 1, NULL) == PGRANT_OK) ==
            (type == PGRANT_OPTION_INT));
      CHECK((pgrant_options_set_bool(options, name, 1, NULL) == PGRANT_OK) ==
            (type == PGRANT_OPTION_BOOL));
      CHECK((pgrant_options_set_secret(options, name, TEXT("v"), NULL) == PGRANT_OK) ==
            (type == PGRANT_OPTION_SECRET));
      CHECK_OK(pgrant_options_unset(options, name, &err));
    }
    CHECK(count > 1);
    CHECK(pgrant_options_key_type(kind, count) == 0);
    CHECK(pgrant_options_key_help(kind, count) == NULL);
    CHECK_FIELD("no_such_key", pgrant_options_set_int(options, "no_such_key", 1, &err));
    CHECK_FIELD("no_such_key", pgrant_options_unset(options, "no_such_key", &err));
    CHECK_FIELD("", pgrant_options_set_int(options, "", 1, &err));
    pgrant_options_destroy(options);
  }
  CHECK(pgrant_options_key(99, 0) == NULL);
  CHECK(pgrant_options_key(PGRANT_OPTIONS_CLIENT, SIZE_MAX) == NULL);
}

static void option_mistakes(void) {
  pgrant_options* options = NULL;
  CHECK_FIELD("kind", pgrant_options_create(0, &options, &err));
  CHECK(options == NULL);
  CHECK_FIELD("options", pgrant_options_create(PGRANT_OPTIONS_CLIENT, NULL, &err));
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_CLIENT, &options, &err));
  CHECK_FIELD("options", pgrant_options_set_int(NULL, "x", 1, &err));
  CHECK_FIELD("value", pgrant_options_set_string(options, "endpoint", "a\0b", 3, &err));
  CHECK_FIELD("value", pgrant_options_set_string(options, "endpoint", TEXT("\xff"), &err));
  CHECK_FIELD("value", pgrant_options_set_string(options, "endpoint", "a", SIZE_MAX - 1, &err));
  CHECK_FIELD("value", pgrant_options_set_string(options, "endpoint", NULL, 3, &err));
  CHECK_FIELD("value", pgrant_options_set_secret(options, "password", "", 0, &err));
  CHECK_FIELD("value", pgrant_options_set_secret(options, "password", "a\0", 2, &err));
  CHECK_OK(pgrant_options_set_secret(options, "password", "\xff\x01", 2, &err));
  CHECK_OK(pgrant_options_set_string(options, "endpoint", NULL, 0, &err));
  pgrant_options_destroy(options);
}

static void specs(void) {
  static const char* const forms[] = {
      "host=shop.postgres.database.azure.com user=ada secret=env:X",
      "{\"host\": \"shop.postgres.database.azure.com\", \"user\": \"ada\", \"secret\": \"env:X\"}"};
  pgrant_text *value = NULL, *again = NULL;
  for (size_t i = 0; i < 2; ++i) {
    pgrant_spec *spec = parsed(forms[i]), *copy;
    static const char* const expected[][2] = {
        {"user", "ada"},         {"port", "5432"},      {"dbname", "postgres"},
        {"secret", "env:X"},     {"platform", "azure"}, {"sslmode", "verify-full"},
        {"connect_timeout", ""}, {"name", ""},          {"password", ""}};
    CHECK_OK(pgrant_spec_validate(spec, &err));
    for (size_t k = 0; k < sizeof expected / sizeof *expected; ++k) {
      CHECK_OK(pgrant_spec_get(spec, expected[k][0], &value, &err));
      CHECK_TEXT(expected[k][1], pgrant_text_data(value));
      pgrant_text_destroy(value);
    }
    CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_spec_get(spec, "nonsense", &value, &err));
    CHECK(value == NULL);
    CHECK_OK(pgrant_spec_to_json(spec, &value, &err));
    copy = parsed(pgrant_text_data(value));
    CHECK_OK(pgrant_spec_to_json(copy, &again, &err));
    CHECK_TEXT(pgrant_text_data(value), pgrant_text_data(again));
    CHECK(pgrant_text_size(value) == strlen(pgrant_text_data(value)));
    pgrant_text_destroy(value);
    pgrant_text_destroy(again);
    pgrant_spec_destroy(copy);
    pgrant_spec_destroy(spec);
  }
}

static void a_spec_shows_no_password(void) {
  pgrant_spec* spec = parsed("postgresql://ada:hunter2@h.example/db?sslmode=require");
  typedef pgrant_status writer(const pgrant_spec*, pgrant_text**, pgrant_error**);
  writer* const writers[] = {pgrant_spec_to_json, pgrant_spec_to_string, pgrant_spec_to_conninfo,
                             pgrant_spec_to_uri,  pgrant_spec_warnings,  pgrant_spec_problems};
  for (size_t i = 0; i < sizeof writers / sizeof *writers; ++i) {
    pgrant_text* text = NULL;
    CHECK_OK(writers[i](spec, &text, &err));
    CHECK(strlen(pgrant_text_data(text)) > 5);
    CHECK(strstr(pgrant_text_data(text), "hunter2") == NULL);
    if (writers[i] == pgrant_spec_warnings) {
      CHECK(strstr(pgrant_text_data(text), "server-not-verified") != NULL);
      CHECK(strstr(pgrant_text_data(text), "password-in-spec") != NULL);
    }
    pgrant_text_destroy(text);
  }
  pgrant_spec_destroy(spec);
}

static void a_spec_is_changed(void) {
  pgrant_spec* spec = parsed("host=a sslmode=verify-ca");
  CHECK_FIELD("sslrootcert", pgrant_spec_validate(spec, &err));
  CHECK_OK(pgrant_spec_set(spec, "sslmode", TEXT("verify-full"), &err));
  CHECK_OK(pgrant_spec_validate(spec, &err));
  CHECK_FIELD("port", pgrant_spec_set(spec, "port", TEXT("0"), &err));
  CHECK_FIELD("keyword", pgrant_spec_set(spec, "po\xc3(rt", TEXT("0"), &err));
  pgrant_spec_destroy(spec);
}

static void integrations(void) {
  pgrant_spec* spec = parsed(
      "{\"name\": \"shop1\", \"host\": \"h\", \"user\": \"u\", "
      "\"labels\": {\"team\": \"x\"}}");
  pgrant_text* text = NULL;
  CHECK_OK(pgrant_spec_get(spec, "name", &text, &err));
  CHECK_TEXT("shop1", pgrant_text_data(text));
  pgrant_text_destroy(text);
  CHECK_OK(pgrant_spec_set(spec, "port", TEXT("6432"), &err));
  CHECK_OK(pgrant_spec_to_json(spec, &text, &err));
  CHECK(strstr(pgrant_text_data(text), "team") && strstr(pgrant_text_data(text), "6432"));
  pgrant_text_destroy(text);
  pgrant_spec_destroy(spec);
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_spec_parse(TEXT("{\"name\": \"no-dash\", \"host\": \"h\"}"), &spec, &err));
}

static void quoting(void) {
  static const char* const names[][2] = {{"orders", "orders"},
                                         {"Orders", "\"Orders\""},
                                         {"select", "\"select\""},
                                         {"a\"b", "\"a\"\"b\""},
                                         {"\xf0\x9f\x90\x98", "\"\xf0\x9f\x90\x98\""}};
  pgrant_text* sql = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    CHECK_OK(pgrant_identifier_quote(TEXT(names[i][0]), &sql, &err));
    CHECK_TEXT(names[i][1], pgrant_text_data(sql));
    pgrant_text_destroy(sql);
  }
  CHECK_OK(pgrant_literal_quote(TEXT("it's"), &sql, &err));
  CHECK_TEXT("'it''s'", pgrant_text_data(sql));
  pgrant_text_destroy(sql);
  CHECK_FIELD("name", pgrant_identifier_quote("", 0, &sql, &err));
  CHECK_FIELD("name", pgrant_identifier_quote("a\0b", 3, &sql, &err));
  CHECK_FIELD("name", pgrant_identifier_quote("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                              "aaaaaaaaaaaaa",
                                              64, &sql, &err));
  CHECK_FIELD("sql", pgrant_identifier_quote(TEXT("a"), NULL, &err));
}

static void acls(void) {
  pgrant_text* json = NULL;
  CHECK_OK(pgrant_acl_parse(TEXT("{ada=r*w/owner,=r/owner,16400=a/4294967295}"), &json, &err));
  CHECK(strstr(pgrant_text_data(json), "\"grantee\": null"));
  CHECK(strstr(pgrant_text_data(json), "\"oid\": 16400"));
  CHECK(strstr(pgrant_text_data(json), "\"oid\": 4294967295"));
  CHECK(strstr(pgrant_text_data(json), "\"grantor\": \"owner\""));
  pgrant_text_destroy(json);
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_acl_parse(TEXT("{a=%/b}"), &json, &err));
  CHECK(json == NULL);
}

static void policies(void) {
  static const char good[] =
      "{\"version\": 1, \"bundles\": {\"sales-read\": {\"grants\": [{\"database\": \"shop\", "
      "\"schema\": \"sales\", \"tables\": \"*\", \"privileges\": [\"SELECT\"]}]}}}";
  static const char bad[] =
      "{\"version\": 1, \"bundles\": {\"sales-read\": {\"grants\": [{\"database\": \"shop\", "
      "\"schema\": \"sales\", \"tables\": \"*\", \"privileges\": [\"EXECUTE\"]}]}, \"x\": "
      "{\"grants\": [{\"database\": \"shop\", \"privileges\": [\"SELECT\"]}]}}}";
  pgrant_text *text = NULL, *again = NULL;
  CHECK_OK(pgrant_policy_validate(TEXT(good), &text, &err));
  CHECK(strstr(pgrant_text_data(text), "\"problems\": []"));
  pgrant_text_destroy(text);
  CHECK_OK(pgrant_policy_validate(TEXT(good), NULL, &err));
  CHECK_FIELD("bundles.sales-read.grants[0].privileges",
              pgrant_policy_validate(TEXT(bad), &text, &err));
  CHECK(strstr(pgrant_text_data(text), "bundles.sales-read.grants[0].privileges"));
  CHECK(strstr(pgrant_text_data(text), "bundles.x.grants[0].privileges"));
  pgrant_text_destroy(text);
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_policy_validate("", 0, &text, &err));
  pgrant_text_destroy(text);
  CHECK_OK(pgrant_policy_to_json(TEXT(good), &text, &err));
  CHECK_OK(pgrant_policy_to_json(pgrant_text_data(text), pgrant_text_size(text), &again, &err));
  CHECK_TEXT(pgrant_text_data(text), pgrant_text_data(again));
  pgrant_text_destroy(text);
  pgrant_text_destroy(again);
}

static void documents_of_the_wrong_shape(void) {
  static const char* const shapes[] = {"",
                                       "null",
                                       "[]",
                                       "1",
                                       "\"x\"",
                                       "{",
                                       "{}",
                                       "{\"version\": 2}",
                                       "{\"format\": \"pgrant.plan/1\", \"steps\": 3}"};
  char deep[200001];
  pgrant_text* text = NULL;
  memset(deep, '[', 200000);
  deep[200000] = '\0';
  for (size_t i = 0; i <= sizeof shapes / sizeof *shapes; ++i) {
    const char* const shape = i < sizeof shapes / sizeof *shapes ? shapes[i] : deep;
    CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_plan_render(TEXT(shape), &text, &err));
    if (strcmp(shape, "{}") != 0)
      CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_policy_to_json(TEXT(shape), &text, &err));
    CHECK(text == NULL);
  }
}

static void schemas(void) {
  pgrant_text* text = NULL;
  CHECK_OK(pgrant_policy_schema(&text, &err));
  CHECK(strstr(pgrant_text_data(text), "draft/2020-12"));
  pgrant_text_destroy(text);
  CHECK_OK(pgrant_integration_schema(&text, &err));
  CHECK(strstr(pgrant_text_data(text), "draft/2020-12"));
  pgrant_text_destroy(text);
}

static void passwords(void) {
  pgrant_text *password = NULL, *verifier = NULL;
  CHECK_OK(pgrant_password_generate(0, &password, &err));
  CHECK(pgrant_text_size(password) == 24);
  CHECK_OK(pgrant_password_verifier(pgrant_text_data(password), pgrant_text_size(password), 0,
                                    &verifier, &err));
  CHECK(strncmp("SCRAM-SHA-256$4096:", pgrant_text_data(verifier), 19) == 0);
  pgrant_text_destroy(password);
  pgrant_text_destroy(verifier);
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_password_generate(5, &password, &err));
  CHECK_FIELD("password", pgrant_password_verifier("", 0, 0, &verifier, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_password_verifier(TEXT("x"), -1, &verifier, &err));
}

/* Every getter of a handle takes none, and one of another type. */
static void getters_of_nothing(void) {
  pgrant_text* other = NULL;
  CHECK_OK(pgrant_identifier_quote(TEXT("a"), &other, &err));
  void* const nothings[] = {NULL, other, (char*)other + 1};
  for (size_t i = 0; i < 3; ++i) {
    const pgrant_result* const result = nothings[i];
    const pgrant_lease* const lease = nothings[i];
    const pgrant_event* const event = nothings[i];
    const pgrant_error* const why = nothings[i];
    CHECK(pgrant_result_kind(result) == 0 && pgrant_result_lease_count(result) == 0);
    CHECK(pgrant_result_lease(result, 0) == NULL && pgrant_result_failure(result, 0) == NULL);
    CHECK_TEXT("", pgrant_result_password(result));
    CHECK_TEXT("", pgrant_result_kept(result, 0, 0));
    CHECK_TEXT("", pgrant_lease_id(lease));
    CHECK_TEXT("", pgrant_lease_bundle(lease, 0));
    CHECK(pgrant_lease_state(lease) == 0 && pgrant_lease_expires_at(lease) == PGRANT_NO_TIME);
    CHECK(pgrant_event_kind(event) == 0 && pgrant_event_operation(event) == NULL);
    CHECK_TEXT("", pgrant_event_message(event));
    CHECK_TEXT("", pgrant_error_message(why));
    CHECK(pgrant_error_status(why) == PGRANT_OK);
    CHECK(pgrant_queue_fd(nothings[i]) == -1);
    CHECK(pgrant_operation_is_done(nothings[i]) == 0);
    if (i != 1) CHECK_TEXT("", pgrant_text_data(nothings[i]));
    pgrant_result_destroy(nothings[i]);
    pgrant_event_destroy(nothings[i]);
    pgrant_error_destroy(nothings[i]);
    pgrant_options_destroy(nothings[i]);
    pgrant_spec_destroy(nothings[i]);
    pgrant_client_destroy(nothings[i]);
    pgrant_operation_destroy(nothings[i]);
    pgrant_queue_destroy(nothings[i]);
    pgrant_runtime_destroy(nothings[i]);
    if (i != 1) pgrant_text_destroy(nothings[i]);
  }
  pgrant_text_destroy(other);
}

/* Most of the time: the memory was not given to somebody else. A sanitizer would rightly object. */
static void destroyed_handles(void) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
  pgrant_spec* spec = parsed("host=h");
  pgrant_options* options = NULL;
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_CLIENT, &options, &err));
  pgrant_spec_destroy(spec);
  pgrant_options_destroy(options);
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_spec_validate(spec, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT, pgrant_options_set_int(options, "x", 1, &err));
  pgrant_spec_destroy(spec);
  pgrant_options_destroy(options);
#endif
}

int main(void) {
  RUN(versions);
  RUN(status_names);
  RUN(errors);
  RUN(an_error_is_emptied_by_success);
  RUN(option_keys);
  RUN(option_mistakes);
  RUN(specs);
  RUN(a_spec_shows_no_password);
  RUN(a_spec_is_changed);
  RUN(integrations);
  RUN(quoting);
  RUN(acls);
  RUN(policies);
  RUN(documents_of_the_wrong_shape);
  RUN(schemas);
  RUN(passwords);
  RUN(getters_of_nothing);
  RUN(destroyed_handles);
  return check_end();
}
