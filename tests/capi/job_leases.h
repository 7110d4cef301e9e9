/* Tests of leases and the audit trail, in the order in which they build on each other. */
#ifndef PGRANT_TESTS_JOB_LEASES_H
#define PGRANT_TESTS_JOB_LEASES_H

#include "job_world.h"

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

static void more_time(void) {
  pgrant_operation* op = NULL;
  pgrant_options *options = request("alan"), *more = NULL;
  pgrant_result *granted, *result;
  const pgrant_lease* lease;
  int64_t until;
  CHECK_OK(pgrant_options_set_string(options, "ticket", TEXT("OPS-17"), &err));
  CHECK_OK(pgrant_options_set_string(options, "label.team", TEXT("data"), &err));
  CHECK_OK(pgrant_client_grant_start(connector, options, queue, 20, &op, &err));
  granted = finish(20, op, PGRANT_OK);
  lease = pgrant_result_lease(granted, 0);
  until = pgrant_lease_expires_at(lease);
  CHECK_TEXT("OPS-17", pgrant_lease_ticket(lease));
  CHECK(pgrant_lease_label_count(lease) == 1);
  CHECK_TEXT("team", pgrant_lease_label_key(lease, 0));
  CHECK_TEXT("data", pgrant_lease_label_value(lease, 0));
  CHECK(pgrant_lease_starts_at(lease) == pgrant_lease_granted_at(lease));

  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_EXTEND, &more, &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_extend_start(connector, more, queue, 21, &op, &err));
  CHECK_OK(pgrant_options_set_string(more, "lease", TEXT(pgrant_lease_id(lease)), &err));
  CHECK_OK(pgrant_options_set_int(more, "by_s", 1800, &err));
  CHECK_OK(pgrant_client_extend_start(connector, more, queue, 21, &op, &err));
  result = finish(21, op, PGRANT_OK);
  CHECK(pgrant_result_kind(result) == PGRANT_RESULT_LEASES);
  CHECK(pgrant_lease_expires_at(pgrant_result_lease(result, 0)) - until == INT64_C(1800000000));
  pgrant_result_destroy(result);
  CHECK_OK(pgrant_options_set_int(more, "by_s", 30000000, &err));
  CHECK_OK(pgrant_client_extend_start(connector, more, queue, 22, &op, &err));
  CHECK(finish(22, op, PGRANT_INVALID_ARGUMENT) == NULL);
  pgrant_options_destroy(more);

  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_LEASES, &more, &err));
  CHECK_OK(pgrant_options_set_string(more, "label.team", TEXT("data"), &err));
  CHECK_OK(pgrant_options_add_string(more, "states", TEXT("active"), &err));
  CHECK_OK(pgrant_client_leases_start(connector, more, queue, 23, &op, &err));
  result = finish(23, op, PGRANT_OK);
  CHECK(pgrant_result_lease_count(result) == 1);
  pgrant_result_destroy(result);
  CHECK_OK(pgrant_options_set_string(more, "ticket", TEXT("OPS-18"), &err));
  CHECK_OK(pgrant_client_leases_start(connector, more, queue, 23, &op, &err));
  result = finish(23, op, PGRANT_OK);
  CHECK(pgrant_result_lease_count(result) == 0);
  pgrant_result_destroy(result);
  pgrant_options_destroy(more);
  pgrant_options_destroy(options);
  pgrant_result_destroy(granted);
}

static void a_later_start(void) {
  pgrant_operation* op = NULL;
  pgrant_options* options = request("later");
  pgrant_result* granted;
  const pgrant_lease* lease;
  CHECK_OK(pgrant_options_set_int(options, "starting_in_s", 7200, &err));
  CHECK_OK(pgrant_client_grant_start(connector, options, queue, 24, &op, &err));
  granted = finish(24, op, PGRANT_OK);
  lease = pgrant_result_lease(granted, 0);
  CHECK(pgrant_lease_state(lease) == PGRANT_LEASE_SCHEDULED);
  CHECK(pgrant_lease_starts_at(lease) > pgrant_lease_granted_at(lease));
  pgrant_result_destroy(granted);
  pgrant_options_destroy(options);
}

static void ad_hoc_privileges(void) {
  pgrant_operation* op = NULL;
  pgrant_options* options = NULL;
  pgrant_result* granted;
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_GRANT, &options, &err));
  CHECK_OK(pgrant_options_set_string(options, "person", TEXT("alan"), &err));
  CHECK_OK(pgrant_options_set_int(options, "duration_s", 600, &err));
  CHECK_OK(pgrant_options_add_string(options, "ad_hoc", TEXT("{}], \"bundles\": [\"x\""), &err));
  CHECK_STATUS(PGRANT_INVALID_ARGUMENT,
               pgrant_client_grant_start(connector, options, queue, 25, &op, &err));
  CHECK_OK(pgrant_options_unset(options, "ad_hoc", &err));
  CHECK_OK(pgrant_options_add_string(
      options, "ad_hoc",
      TEXT("{\"database\": \"shop\", \"schema\": \"sales\", \"tables\": \"orders\", "
           "\"privileges\": [\"SELECT\"]}"),
      &err));
  CHECK_OK(pgrant_client_grant_start(connector, options, queue, 25, &op, &err));
  granted = finish(25, op, PGRANT_OK);
  CHECK(strncmp("adhoc-", pgrant_lease_bundle(pgrant_result_lease(granted, 0), 0), 6) == 0);
  pgrant_result_destroy(granted);
  pgrant_options_destroy(options);
}

static void the_glass_is_broken(void) {
  pgrant_operation* op = NULL;
  pgrant_result* end;
  CHECK_OK(pgrant_client_revoke_bundle_start(connector, TEXT("sales-read"), queue, 26, &op, &err));
  end = finish(26, op, PGRANT_OK);
  CHECK(pgrant_result_lease_count(end) == 2);
  pgrant_result_destroy(end);
  CHECK_OK(pgrant_client_revoke_all_start(connector, queue, 27, &op, &err));
  end = finish(27, op, PGRANT_OK);
  CHECK(pgrant_result_lease_count(end) == 1);
  pgrant_result_destroy(end);
}

static void the_trail(void) {
  pgrant_operation* op = NULL;
  pgrant_options* options = NULL;
  pgrant_result* result;
  pgrant_text* text;
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_AUDIT, &options, &err));
  CHECK_OK(pgrant_options_set_string(options, "action", TEXT("extend"), &err));
  CHECK_OK(pgrant_client_audit_start(connector, options, queue, 28, &op, &err));
  result = finish(28, op, PGRANT_OK);
  CHECK(pgrant_result_kind(result) == PGRANT_RESULT_AUDIT);
  CHECK(pgrant_result_audit_count(result) == 1);
  text = json_of(result);
  CHECK(strstr(pgrant_text_data(text), "pgrant.audit/1"));
  pgrant_text_destroy(text);
  pgrant_result_destroy(result);
  pgrant_options_destroy(options);
  CHECK_OK(pgrant_client_verify_audit_start(connector, queue, 29, &op, &err));
  result = finish(29, op, PGRANT_OK);
  CHECK(pgrant_result_kind(result) == PGRANT_RESULT_AUDIT_VERDICT);
  CHECK(pgrant_result_audit_count(result) > 5 && pgrant_result_broken_count(result) == 0);
  CHECK_TEXT("", pgrant_result_broken(result, 0));
  pgrant_result_destroy(result);
  CHECK_OK(pgrant_client_adopt_start(connector, 0, queue, 30, &op, &err));
  result = finish(30, op, PGRANT_OK);
  CHECK(pgrant_result_kind(result) == PGRANT_RESULT_ADOPT);
  CHECK(pgrant_result_lease_count(result) == 0);
  text = json_of(result);
  CHECK(strstr(pgrant_text_data(text), "pgrant.adopt/1"));
  pgrant_text_destroy(text);
  pgrant_result_destroy(result);
}

#endif
