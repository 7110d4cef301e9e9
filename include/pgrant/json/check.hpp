// Check reports as JSON text.
#pragma once

#include <string>

#include "pgrant/check.hpp"

namespace pgrant {

/// Format "pgrant.check/1". A reader must accept keys that it does not know; what is here does not
/// change its meaning within version 1. Times are ISO 8601 in UTC; `tls` is null without TLS,
/// `version` where the login may not look into the ledger; what follows it is missing then.
///
///     {
///       "format": "pgrant.check/1",
///       "connection": {"host": "localhost", "address": "127.0.0.1", "database": "postgres",
///         "ssl_mode": "verify-full", "connect_ms": 12.3, "round_trip_ms": 1.2,
///         "tls": {"protocol": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384", "bits": 256,
///           "subject": "CN=localhost", "issuer": "CN=…", "not_before": "…", "not_after": "…",
///           "subject_names": ["localhost"], "chain_verified": true, "name_verified": true}},
///       "server": {"version": 180004, "version_text": "18.4", "system_identifier": "7341…",
///         "platform": "azure", "max_prepared_transactions": 0},
///       "login": {"role": "pgadmin", "superuser": false, "create_role": true,
///         "create_database": true, "bypass_rls": false, "in_admin_group": true,
///         "admin_group_admin": true, "may_end_sessions": true, "connection_limit": null},
///       "databases": [{"name": "shop", "connect": true, "grant_connect": true, "owned": true}],
///       "ledger": {"database": "pgrant", "exists": true, "reachable": true, "version": 5,
///         "library_version": 5, "restored": [], "unknown_logins": [], "missing_logins": [],
///         "unlimited_logins": []},
///       "findings": [{"severity": "warning", "id": "public-may-create", "title": "…",
///         "why": "…", "remedy": "…"}]
///     }
std::string to_json(const check_report& report);

}  // namespace pgrant
