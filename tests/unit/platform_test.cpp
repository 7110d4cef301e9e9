#include <doctest/doctest.h>

#include "pgrant/platform.hpp"
#include "pgrant/ssl_mode.hpp"

TEST_SUITE("unit") {
  TEST_CASE("platform: Azure is recognised by the end of the host's name") {
    using pgrant::platform;
    for (const char* host :
         {"shop.postgres.database.azure.com", "SHOP.Postgres.Database.Azure.COM",
          "shop.postgres.database.azure.com.", "shop.privatelink.postgres.database.azure.com",
          "shop.writer.postgres.database.azure.com", "gov.postgres.database.usgovcloudapi.net",
          "cn.privatelink.postgres.database.chinacloudapi.cn"}) {
      CAPTURE(host);
      CHECK(pgrant::platform_of_host(host) == platform::azure);
    }
    for (const char* host :
         {"", "localhost", "postgres.database.azure.com", ".postgres.database.azure.com",
          "shop.postgres.database.azure.com.evil.example", "shop-postgres.database.azure.com",
          "shop.mysql.database.azure.com", "/run/postgresql", "10.0.0.4"}) {
      CAPTURE(host);
      CHECK(pgrant::platform_of_host(host) == platform::generic);
    }
  }

  TEST_CASE("platform: reserved names") {
    using pgrant::platform;
    CHECK(pgrant::is_reserved_database(platform::generic, "template0"));
    CHECK_FALSE(pgrant::is_reserved_database(platform::generic, "azure_sys"));
    CHECK(pgrant::is_reserved_database(platform::azure, "azure_sys"));
    CHECK(pgrant::is_reserved_database(platform::azure, "azure_maintenance"));
    CHECK_FALSE(pgrant::is_reserved_database(platform::azure, "postgres"));
    CHECK_FALSE(pgrant::is_reserved_database(platform::azure, "template1"));

    CHECK(pgrant::is_reserved_role(platform::generic, "pg_monitor"));
    CHECK_FALSE(pgrant::is_reserved_role(platform::generic, "replication"));
    for (const char* role : {"azuresu", "azure_superuser", "azure_pg_admin", "replication"}) {
      CHECK(pgrant::is_reserved_role(platform::azure, role));
    }
    CHECK_FALSE(pgrant::is_reserved_role(platform::azure, "AzureSU"));
    CHECK_FALSE(pgrant::is_reserved_role(platform::azure, "pgadmin"));

    for (const char* schema : {"pg_catalog", "pg_toast", "information_schema", "cron"}) {
      CHECK(pgrant::is_skipped_schema(platform::azure, schema));
    }
    CHECK_FALSE(pgrant::is_skipped_schema(platform::azure, "public"));
    CHECK_FALSE(pgrant::is_skipped_schema(platform::azure, "cron2"));
  }

  TEST_CASE("platform: names for new roles") {
    using pgrant::platform;
    CHECK(pgrant::check_new_role(platform::azure, "apono_connector"));
    CHECK(pgrant::check_new_role(platform::generic, "admin"));
    CHECK(pgrant::check_new_role(platform::azure, "Public"));
    for (const char* name :
         {"", "public", "none", "pg_x", "admin", "root", "azuresu", "replication"}) {
      CAPTURE(name);
      const auto checked = pgrant::check_new_role(platform::azure, name);
      REQUIRE_FALSE(checked);
      CHECK(checked.error().code() == pgrant::errc::invalid_argument);
      CHECK(checked.error().field() == "name");
    }
    CHECK_FALSE(pgrant::check_new_role(platform::generic, std::string(64, 'x')));
  }

  TEST_CASE("ssl modes: six, each with its guarantees, weakest first") {
    CHECK(pgrant::all_ssl_modes().size() == 6);
    for (const auto& entry : pgrant::all_ssl_modes()) {
      CHECK(pgrant::parse_ssl_mode(entry.name) == entry.mode);
      CHECK(to_string(entry.mode) == entry.name);
      CHECK(&pgrant::guarantees(entry.mode) == &entry);
      CHECK(pgrant::verifies_server(entry.mode) == entry.certificate_checked);
      // Each guarantee needs the one before it.
      CHECK((!entry.host_checked || entry.certificate_checked));
      CHECK((!entry.certificate_checked || entry.always_encrypted));
      CHECK(entry.summary.ends_with('.'));
    }
    using pgrant::ssl_mode;
    CHECK_FALSE(pgrant::guarantees(ssl_mode::prefer).always_encrypted);
    CHECK(pgrant::guarantees(ssl_mode::require).always_encrypted);
    CHECK_FALSE(pgrant::verifies_server(ssl_mode::require));
    CHECK_FALSE(pgrant::guarantees(ssl_mode::verify_ca).host_checked);
    CHECK(pgrant::guarantees(ssl_mode::verify_full).host_checked);
    for (const char* text : {"", "verify_full", "Verify-Full", "verify-all", "require "}) {
      CHECK_FALSE(pgrant::parse_ssl_mode(text).has_value());
    }
  }
}
