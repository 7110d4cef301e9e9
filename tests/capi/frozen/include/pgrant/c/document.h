/* What needs no server and no runtime: quoting, ACLs, policies, plans, schemas, passwords. All of
 * it may be called from any thread; everything returns at once, but pgrant_password_verifier, which
 * computes for a millisecond or more. */
#ifndef PGRANT_C_DOCUMENT_H
#define PGRANT_C_DOCUMENT_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A name as an SQL identifier, in double quotes where PostgreSQL 14 to 18 want them. Names have 1
 * to 63 bytes. */
PGRANT_API pgrant_status pgrant_identifier_quote(const char* name, size_t size, pgrant_text** sql,
                                                 pgrant_error** err);
/* A value as an SQL string literal that means the same under both settings of
 * standard_conforming_strings. */
PGRANT_API pgrant_status pgrant_literal_quote(const char* value, size_t size, pgrant_text** sql,
                                              pgrant_error** err);

/* Reads the text form of an aclitem[], `{ada=r*w/owner,=r/owner}`: {"format": "pgrant.acl/1",
 * "acl": [{"grantee": name, null for PUBLIC, or {"oid": n} for a role that is gone, "grantor": the
 * same, "privileges": ["SELECT", …], "grant_options": […]}]}, sorted by grantee, then grantor, in
 * the order in which the text first names them, PUBLIC first. */
PGRANT_API pgrant_status pgrant_acl_parse(const char* text, size_t size, pgrant_text** json,
                                          pgrant_error** err);

/* Whether a policy (JSON text) is well-formed, as far as that can be told without a server. All
 * problems are in *problems, also on failure: {"format": "pgrant.problems/1", "problems":
 * ["pgrant.error/1" objects]}; the status and the error are the first one's. `problems` may be
 * NULL. */
PGRANT_API pgrant_status pgrant_policy_validate(const char* policy, size_t size,
                                                pgrant_text** problems, pgrant_error** err);
/* The same policy as the library writes it, defaults left out. */
PGRANT_API pgrant_status pgrant_policy_to_json(const char* policy, size_t size, pgrant_text** json,
                                               pgrant_error** err);
/* JSON Schemas (draft 2020-12) of a policy and of an integration, with titles and descriptions. */
PGRANT_API pgrant_status pgrant_policy_schema(pgrant_text** json, pgrant_error** err);
PGRANT_API pgrant_status pgrant_integration_schema(pgrant_text** json, pgrant_error** err);

/* A plan (JSON text) for people to review: every statement with its reason and authority, then what
 * cannot be granted, with remedies. Names are made safe to show in a terminal. */
PGRANT_API pgrant_status pgrant_plan_render(const char* plan, size_t size, pgrant_text** text,
                                            pgrant_error** err);

/* A random password of 23 to 128 characters that need no quoting anywhere; 0 takes 24. */
PGRANT_API pgrant_status pgrant_password_generate(size_t length, pgrant_text** password,
                                                  pgrant_error** err);
/* The SCRAM-SHA-256 verifier of a password: what a server stores instead of it, and as secret as
 * the password. `iterations` 0 takes 4,096. UNSUPPORTED for other numbers with a password that is
 * not ASCII. */
PGRANT_API pgrant_status pgrant_password_verifier(const char* password, size_t size,
                                                  int32_t iterations, pgrant_text** verifier,
                                                  pgrant_error** err);

#ifdef __cplusplus
}
#endif

#endif
