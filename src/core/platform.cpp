#include "pgrant/platform.hpp"

#include <algorithm>
#include <string>

#include "pgrant/sql.hpp"

namespace pgrant {
namespace {

constexpr std::string_view platform_reserved_databases[] = {"template0"};
constexpr std::string_view azure_reserved_databases[] = {"template0", "azure_sys",
                                                         "azure_maintenance"};
// azure_superuser is the name on the retired Single Server; documents still use it.
constexpr std::string_view azure_reserved_roles[] = {"azuresu", "azure_superuser", "azure_pg_admin",
                                                     "replication"};
constexpr std::string_view azure_forbidden_admin_names[] = {
    "azuresu", "azure_superuser", "azure_pg_admin", "admin", "administrator",
    "root",    "guest",           "public",         "none"};
constexpr std::string_view platform_skipped_schemas[] = {"cron"};
// Private endpoints resolve below privatelink.postgres.…, which ends like the public names.
constexpr std::string_view azure_host_suffixes[] = {".postgres.database.azure.com",
                                                    ".postgres.database.usgovcloudapi.net",
                                                    ".postgres.database.chinacloudapi.cn"};
constexpr std::string_view azure_root_certificates[] = {
    "DigiCert Global Root G2", "Microsoft RSA Root Certificate Authority 2017"};

constexpr support_end azure_support_ends[] = {
    {14, std::chrono::year(2026) / 12 / 11}, {15, std::chrono::year(2027) / 11 / 11},
    {16, std::chrono::year(2028) / 11 / 9},  {17, std::chrono::year(2029) / 11 / 8},
    {18, std::chrono::year(2030) / 11 / 14},
};

constexpr platform_profile platform_generic = {
    .platform = platform::generic,
    .reserved_databases = platform_reserved_databases,
    .reserved_roles = {},
    .forbidden_admin_names = {},
    .skipped_schemas = platform_skipped_schemas,
    .host_suffixes = {},
    .root_certificates = {},
    .admin_group = {},
    .operator_superuser = {},
    .pooler_port = 0,
    .support_ends = {},
};

constexpr platform_profile platform_azure = {
    .platform = platform::azure,
    .reserved_databases = azure_reserved_databases,
    .reserved_roles = azure_reserved_roles,
    .forbidden_admin_names = azure_forbidden_admin_names,
    .skipped_schemas = platform_skipped_schemas,
    .host_suffixes = azure_host_suffixes,
    .root_certificates = azure_root_certificates,
    .admin_group = "azure_pg_admin",
    .operator_superuser = "azuresu",
    .pooler_port = 6432,
    .support_ends = azure_support_ends,
};

bool platform_lists(std::span<const std::string_view> names, std::string_view name) noexcept {
  return std::ranges::find(names, name) != names.end();
}

char platform_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool platform_ends_with(std::string_view host, std::string_view suffix) noexcept {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host.size() > suffix.size() &&
         std::ranges::equal(host.substr(host.size() - suffix.size()), suffix, {}, platform_lower);
}

}  // namespace

std::string_view to_string(platform p) noexcept {
  return p == platform::azure ? "azure" : "generic";
}

const platform_profile& profile_of(platform p) noexcept {
  return p == platform::azure ? platform_azure : platform_generic;
}

platform platform_of_host(std::string_view host) noexcept {
  const auto matches = [&](std::string_view suffix) { return platform_ends_with(host, suffix); };
  return std::ranges::any_of(platform_azure.host_suffixes, matches) ? platform::azure
                                                                    : platform::generic;
}

bool is_reserved_database(platform p, std::string_view name) noexcept {
  return platform_lists(profile_of(p).reserved_databases, name);
}

bool is_reserved_role(platform p, std::string_view name) noexcept {
  return name.starts_with("pg_") || platform_lists(profile_of(p).reserved_roles, name);
}

bool is_skipped_schema(platform p, std::string_view name) noexcept {
  return name.starts_with("pg_") || name == "information_schema" ||
         platform_lists(profile_of(p).skipped_schemas, name);
}

result<void> check_new_role(platform p, std::string_view name) {
  if (auto valid = check_name(name, "role"); !valid) return valid.error().with_field("name");
  const auto refuse = [&](std::string why) -> result<void> {
    return error(errc::invalid_argument, "role name \"" + std::string(name) + "\" " + why)
        .with_field("name")
        .with_hint("choose another name");
  };
  if (name == "public" || name == "none") return refuse("means something else in SQL");
  if (name.starts_with("pg_")) return refuse("is reserved: PostgreSQL's own roles begin with pg_");
  if (is_reserved_role(p, name)) return refuse("belongs to a role of the platform");
  if (platform_lists(profile_of(p).forbidden_admin_names, name)) {
    return refuse("is not allowed by the platform");
  }
  return success();
}

}  // namespace pgrant
