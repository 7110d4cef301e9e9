// What differs between an Azure flexible server and a PostgreSQL server of one's own, in one place.
// Nothing else in pgrant asks "is this Azure?".
//
// Sources: Microsoft's documentation of Azure Database for PostgreSQL flexible server (access
// control, networking, TLS, PgBouncer, limits; state of 2026-07), and what real servers of versions
// 14 to 18 dumped.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "pgrant/result.hpp"

namespace pgrant {

enum class platform : std::uint8_t { generic, azure };

/// "generic", "azure".
std::string_view to_string(platform p) noexcept;

/// The day on which the platform's standard support of a major version ends.
struct support_end {
  int major;
  std::chrono::year_month_day standard;
};

/// The facts about a platform. Everything has static lifetime. Compare names with the functions
/// below, which also know PostgreSQL's own rules.
struct platform_profile {
  pgrant::platform platform;
  /// Databases of the platform: never connected to for managing, never granted on.
  std::span<const std::string_view> reserved_databases;
  /// Roles of the platform: never created, changed, dropped or granted to, except as
  /// `admin_group` below where a profile says so.
  std::span<const std::string_view> reserved_roles;
  /// Names that a login of an administrator may not have.
  std::span<const std::string_view> forbidden_admin_names;
  /// Schemas of the platform or of its extensions that a bootstrap leaves alone.
  std::span<const std::string_view> skipped_schemas;
  /// Ends of host names, with the leading dot.
  std::span<const std::string_view> host_suffixes;
  /// Common names of the root certificates in use, for findings; pin none but these.
  std::span<const std::string_view> root_certificates;
  /// The group whose members administer the server, or empty.
  std::string_view admin_group;
  /// The superuser of the operator, who is the grantor of what the platform grants; or empty.
  std::string_view operator_superuser;
  /// The port of the built-in PgBouncer, or 0. Behind it sessions are shared, so session settings,
  /// session-level locks and channel binding do not work: manage through the server's own port.
  std::uint16_t pooler_port;
  /// In the order of versions; a version that is not in it has no known end. Source: Microsoft's
  /// version policy of flexible server, state of 2026-11.
  std::span<const support_end> support_ends;
};

/// The facts about a platform; the generic ones for numbers that are none.
const platform_profile& profile_of(platform p) noexcept;

/// Azure where the host ends in one of its suffixes (public, US government and China clouds,
/// private links included), in any case and with or without the root's dot; else generic. A name
/// of one's own that leads to Azure is not recognised here: the inspector looks at the roles.
platform platform_of_host(std::string_view host) noexcept;

/// template0 everywhere, and the platform's own databases.
bool is_reserved_database(platform p, std::string_view name) noexcept;
/// Names that begin with "pg_" everywhere, and the platform's own roles.
bool is_reserved_role(platform p, std::string_view name) noexcept;
/// Schemas that begin with "pg_" and information_schema everywhere, and the platform's.
bool is_skipped_schema(platform p, std::string_view name) noexcept;

/// Whether pgrant may make a role of this name: a valid name (`check_name`), not "public" or
/// "none", not reserved, not forbidden. Fails with `invalid_argument`, field "name".
result<void> check_new_role(platform p, std::string_view name);

}  // namespace pgrant
