/* Connection specs and integrations: where a connection goes and how it is secured, as a value. */
#ifndef PGRANT_C_SPEC_H
#define PGRANT_C_SPEC_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Takes what libpq takes, a URI or key/value pairs, or a JSON object with the same keywords. All
 * three also know `secret`, which says where the password comes from: "env:NAME", "file:/path",
 * "prompt" (a PGRANT_EVENT_SECRET then asks for it). A JSON object with "name" (and "labels") is an
 * integration: a managed instance under a name of its own. Every value is checked by itself; ask
 * pgrant_spec_validate for the rest. Defaults differ from libpq's where those are unsafe: the SSL
 * mode is verify-full for every host, with the roots that the operating system trusts.
 * The environment, service files and password files are never read. Values are UTF-8, also where a
 * URI writes their bytes as %XX.
 * PGRANT_INVALID_ARGUMENT with the keyword as field; no error repeats a value. */
PGRANT_API pgrant_status pgrant_spec_parse(const char* text, size_t size, pgrant_spec** spec,
                                           pgrant_error** err);

/* Sets one keyword of libpq, or `secret`; an empty value takes it away. */
PGRANT_API pgrant_status pgrant_spec_set(pgrant_spec* spec, const char* keyword, const char* value,
                                         size_t size, pgrant_error** err);
/* The value of a keyword as it was set, "" if it was not, and for those that hold secrets. Of
 * `host`, `port`, `dbname`, `user`, `sslmode` and `sslrootcert` what is in effect, defaults
 * included; of `name` the integration's, of `secret` the reference as text, of `platform` "azure"
 * or "generic". PGRANT_INVALID_ARGUMENT for other words. */
PGRANT_API pgrant_status pgrant_spec_get(const pgrant_spec* spec, const char* keyword,
                                         pgrant_text** value, pgrant_error** err);

/* PGRANT_OK if it is complete and consistent; otherwise the first problem. */
PGRANT_API pgrant_status pgrant_spec_validate(const pgrant_spec* spec, pgrant_error** err);
/* All problems: {"format": "pgrant.problems/1", "problems": ["pgrant.error/1" objects]}. */
PGRANT_API pgrant_status pgrant_spec_problems(const pgrant_spec* spec, pgrant_text** json,
                                              pgrant_error** err);
/* What works and is not safe, or not wise: {"format": "pgrant.warnings/1", "warnings": [{"id":
 * "may-be-plain-text" | "server-not-verified" | "host-not-verified" | "pooler-port" |
 * "password-in-spec", "field", "message", "hint"}]}. */
PGRANT_API pgrant_status pgrant_spec_warnings(const pgrant_spec* spec, pgrant_text** json,
                                              pgrant_error** err);

/* The JSON object that pgrant_spec_parse reads. What is a secret shows as "literal" or
 * "<hidden>", which no reader accepts. */
PGRANT_API pgrant_status pgrant_spec_to_json(const pgrant_spec* spec, pgrant_text** json,
                                             pgrant_error** err);
/* Key/value pairs for people; secrets as above. */
PGRANT_API pgrant_status pgrant_spec_to_string(const pgrant_spec* spec, pgrant_text** text,
                                               pgrant_error** err);
/* Key/value pairs and a URI for libpq, without any secret. */
PGRANT_API pgrant_status pgrant_spec_to_conninfo(const pgrant_spec* spec, pgrant_text** text,
                                                 pgrant_error** err);
PGRANT_API pgrant_status pgrant_spec_to_uri(const pgrant_spec* spec, pgrant_text** text,
                                            pgrant_error** err);

PGRANT_API void pgrant_spec_destroy(pgrant_spec* spec);

#ifdef __cplusplus
}
#endif

#endif
