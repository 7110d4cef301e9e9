#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "pgrant/connection_spec.hpp"

namespace {

pgrant::connection_spec spec_of(std::string_view text) {
  auto spec = pgrant::connection_spec::parse(text);
  REQUIRE_MESSAGE(spec, text);
  return spec.value();
}

pgrant::error spec_refusal(std::string_view text) {
  CAPTURE(text);
  auto spec = pgrant::connection_spec::parse(text);
  REQUIRE_FALSE(spec);
  CHECK(spec.error().code() == pgrant::errc::invalid_argument);
  return spec.error();
}

// The fields of all problems.
std::vector<std::string> spec_problems(std::string_view text) {
  std::vector<std::string> fields;
  for (const auto& problem : find_problems(spec_of(text))) {
    CHECK(problem.code() == pgrant::errc::invalid_argument);
    CHECK_FALSE(problem.hint().empty());
    fields.push_back(problem.field());
  }
  return fields;
}

std::vector<pgrant::spec_warning::kind> spec_warnings(std::string_view text) {
  std::vector<pgrant::spec_warning::kind> kinds;
  for (const auto& warning : find_warnings(spec_of(text))) kinds.push_back(warning.what);
  return kinds;
}

using spec_fields = std::vector<std::string>;

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("connection spec: defaults are safe") {
    const pgrant::connection_spec spec;
    CHECK(spec.ssl_mode() == pgrant::ssl_mode::verify_full);
    CHECK(spec.database() == "postgres");
    CHECK(spec.root_certificate() == pgrant::system_roots);
    CHECK(spec.servers().size() == 1);
    CHECK(spec.servers()[0].port == 5432);
    CHECK(spec.user().empty());
    CHECK_FALSE(spec.secret_source());
    // Also where libpq would say prefer.
    CHECK(spec_of("postgresql://h/db").ssl_mode() == pgrant::ssl_mode::verify_full);
    CHECK(spec_of("postgresql://h/db?sslmode=").ssl_mode() == pgrant::ssl_mode::verify_full);
    CHECK(spec_of("host=h sslmode=prefer").ssl_mode() == pgrant::ssl_mode::prefer);
  }

  TEST_CASE("connection spec: a URI with everything") {
    const auto spec = spec_of(
        "postgresql://ad%40min:p%3Aw@db1.example:5433,[2001:db8::1],:7/my%20db"
        "?sslmode=verify-ca&sslrootcert=%2Fca.pem&application_name=x%26y&connect_timeout=3");
    CHECK(spec.user() == "ad@min");
    CHECK(spec.database() == "my db");
    CHECK(spec.ssl_mode() == pgrant::ssl_mode::verify_ca);
    CHECK(spec.root_certificate() == "/ca.pem");
    CHECK(spec.get("application_name") == "x&y");
    CHECK(spec.servers() == std::vector<pgrant::server_address>{
                                {"db1.example", "", 5433}, {"2001:db8::1", "", 5432}, {"", "", 7}});
    REQUIRE(spec.secret_source().value());
    CHECK(spec.secret_source().value()->reveal() == "p:w");
  }

  TEST_CASE("connection spec: key/value pairs") {
    const auto spec = spec_of("host = 'a b\\'c\\\\' user=x\\ y  password=''  secret=env:PW");
    CHECK(spec.get("host") == "a b'c\\");
    CHECK(spec.user() == "x y");
    CHECK(spec.secret_source() == pgrant::secret_ref::env("PW"));
    CHECK(spec_of("") == pgrant::connection_spec());
    CHECK(spec_of("user=a user=b").user() == "b");
    CHECK(spec_of("user=a user=''") == pgrant::connection_spec());
  }

  TEST_CASE("connection spec: several servers, as libpq counts them") {
    CHECK(spec_of("host=a,b port=1").servers() ==
          std::vector<pgrant::server_address>{{"a", "", 1}, {"b", "", 1}});
    CHECK(spec_of("host=a,b port=1,").servers() ==
          std::vector<pgrant::server_address>{{"a", "", 1}, {"b", "", 5432}});
    CHECK(spec_of("host=a,b hostaddr=10.0.0.1,10.0.0.2 port=1,2").servers() ==
          std::vector<pgrant::server_address>{{"a", "10.0.0.1", 1}, {"b", "10.0.0.2", 2}});
    CHECK(spec_of("hostaddr=::1").servers() ==
          std::vector<pgrant::server_address>{{"", "::1", 5432}});
    CHECK(spec_of("host=a,b port=1,2,3").servers().empty());
    CHECK(spec_of("host=a,b hostaddr=10.0.0.1").servers().empty());
    CHECK(spec_of("host=/run/postgresql").servers()[0].is_socket_directory());
    CHECK_FALSE(spec_of("host=/x hostaddr=::1").servers()[0].is_socket_directory());
  }

  TEST_CASE("connection spec: values are checked when they are set") {
    const auto field_of = [](std::string_view text) { return spec_refusal(text).field(); };
    for (const char* port : {"0", "65536", "99999999999", "x", "1.5", "-1", "5432,x", " "}) {
      CHECK(field_of("port='" + std::string(port) + "'") == "port");
    }
    CHECK(spec_of("port=00001").servers()[0].port == 1);
    CHECK(spec_of("port=65535").servers()[0].port == 65535);
    CHECK(field_of("sslmode=verify_full") == "sslmode");
    CHECK(spec_refusal("sslmode=x").hint().find("verify-full") != std::string::npos);
    CHECK(field_of("connect_timeout=10s") == "connect_timeout");
    CHECK(field_of("keepalives_idle=99999999999") == "keepalives_idle");
    CHECK(spec_of("connect_timeout=-1").get("connect_timeout") == "-1");
    CHECK(field_of("sslsni=yes") == "sslsni");
    CHECK(field_of("target_session_attrs=master") == "target_session_attrs");
    CHECK(field_of("channel_binding=on") == "channel_binding");
    CHECK(spec_of("ssl_min_protocol_version=tlsv1.2").get("ssl_min_protocol_version") == "tlsv1.2");
    CHECK(field_of("ssl_min_protocol_version=SSLv3") == "ssl_min_protocol_version");
    CHECK(field_of("secret=hunter2") == "secret");
    pgrant::connection_spec spec;
    CHECK_FALSE(spec.set("user", std::string_view("a\0b", 3)));
    CHECK_FALSE(pgrant::connection_spec::parse(std::string_view("host=a\0", 7)));
  }

  TEST_CASE("connection spec: keywords of newer versions of libpq are known, others are not") {
    const auto spec = spec_of(
        "require_auth=scram-sha-256 sslnegotiation=direct min_protocol_version=3.0 "
        "load_balance_hosts=random sslcertmode=disable oauth_scope=x");
    CHECK(spec.settings().size() == 6);
    CHECK(spec_refusal("ssl_mode=require").hint() == "did you mean sslmode?");
    CHECK(spec_refusal("hots=x").hint() == "did you mean host?");
    CHECK(spec_refusal("HOST=x").code() == pgrant::errc::invalid_argument);
    CHECK(spec_refusal("hunter2=x").describe().find("hunter2") == std::string::npos);
    CHECK(spec_refusal("tty=x").hint().empty());
  }

  TEST_CASE("connection spec: passwords that were not escaped are refused, not printed") {
    for (const char* text :
         {"postgresql://u:hunt@er2@h/db", "postgresql://u:7/hunt@er2", "postgresql://u:hunt%er2@h",
          "user=u password=my hunter2", "password='hunter2", "postgresql://u:p@hunter2@h?x"}) {
      const std::string said = spec_refusal(text).describe();
      CHECK(said.find("er2") == std::string::npos);
    }
    CHECK(spec_of("host=@abstract").servers()[0].is_socket_directory());
    CHECK(spec_of("postgresql://h/d%40b").database() == "d@b");
  }

  TEST_CASE("connection spec: nothing printed holds a secret") {
    auto spec = spec_of(
        "postgresql://u:hunter2@h/d?sslpassword=hunter2&oauth_client_secret=hunter2"
        "&scram_client_key=hunter2&scram_server_key=hunter2");
    std::ostringstream printed;
    printed << spec << to_string(spec) << to_conninfo(spec) << to_uri(spec);
    CHECK(printed.str().find("hunter2") == std::string::npos);
    CHECK(spec.get("password").empty());
    CHECK(spec.get("sslpassword").empty());
    CHECK(spec.secret_settings().size() == 4);
    CHECK(to_string(spec).find("secret=literal") != std::string::npos);
    CHECK_FALSE(pgrant::connection_spec::parse(to_string(spec)));
    // Asked for by name, and complete.
    const pgrant::secret all = to_conninfo_with_secrets(spec);
    CHECK(spec_of(all.reveal()) == spec);
    spec.secret_source(pgrant::secret_ref::file("/s"));
    CHECK(to_string(spec).find("secret=file:/s") != std::string::npos);
    CHECK(to_conninfo_with_secrets(spec).reveal().find("password=") ==
          to_conninfo_with_secrets(spec).reveal().find("sslpassword=") + 3);
  }

  TEST_CASE("connection spec: setters, and what is printed") {
    pgrant::connection_spec spec;
    spec.host("h").port(5433).database("my db").user("o'x").ssl_mode(pgrant::ssl_mode::require);
    spec.root_certificate("C:\\ca").secret_source(pgrant::secret_ref::prompt());
    CHECK(to_string(spec) ==
          "dbname='my db' host=h port=5433 sslmode=require sslrootcert='C:\\\\ca' user='o\\'x' "
          "secret=prompt");
    CHECK(to_uri(spec) ==
          "postgresql://o%27x@h:5433/my%20db?sslmode=require&sslrootcert=C%3A%5Cca");
    CHECK(spec_of(to_string(spec)) == spec);
    CHECK(to_uri(spec_of("host=::1 port=1")) == "postgresql://[%3A%3A1]:1/");
    CHECK(to_uri(spec_of("host=/run port=1")) == "postgresql:///?host=%2Frun&port=1");
    CHECK(to_uri(spec_of("host=a,b port=1")) == "postgresql:///?host=a%2Cb&port=1");
    CHECK(to_uri(pgrant::connection_spec()) == "postgresql:///");
    spec.host("");
    CHECK(spec.get("host").empty());
    CHECK(spec.settings().count("host") == 0);
  }

  TEST_CASE("connection spec: equality looks at secrets") {
    CHECK(spec_of("password=a") == spec_of("password=a"));
    CHECK_FALSE(spec_of("password=a") == spec_of("password=b"));
    CHECK_FALSE(spec_of("sslpassword=a") == spec_of("sslpassword=b"));
    CHECK_FALSE(spec_of("user=a") == spec_of("user=b"));
  }

  TEST_CASE("connection spec: hosts") {
    for (const char* host :
         {"h", "a.example", "a-b.c_d.example.", "10.0.0.1", "[::1]", "[fe80::1%25eth0]",
          "[2001:db8:0:0:0:0:0:1]", "[::ffff:10.0.0.1]", "xn--bcher-kva.example", "%2Frun%2Fpg"}) {
      CAPTURE(host);
      CHECK(spec_problems("postgresql://" + std::string(host) + "/") == spec_fields{});
    }
    for (const char* host :
         {"", "a b", "-a", "a-", "a..b", ".", "b\xc3\xbc.example", "a_b!", "a\tb", ":::", "1:2",
          "::1::", "1:2:3:4:5:6:7:8:9", "12345::", "::1%", "::300.0.0.1", "a:5432"}) {
      CAPTURE(host);
      CHECK(spec_problems("host='" + std::string(host) + "'") == spec_fields{"host"});
    }
    CHECK(spec_problems("host=" + std::string(64, 'a')) == spec_fields{"host"});
    CHECK(spec_problems("host=" + std::string(63, 'a')) == spec_fields{});
    CHECK(spec_problems("host=a,,b") == spec_fields{"host"});
    CHECK(spec_problems("host=a,b port=1,2,3") == spec_fields{"host"});
    CHECK(spec_problems("host=a hostaddr=b.example") == spec_fields{"hostaddr"});
    CHECK(spec_problems("host=a hostaddr=10.0.0.256") == spec_fields{"hostaddr"});
    CHECK(spec_problems("host=a hostaddr=10.0.0.1") == spec_fields{});
    // Without a name there is nothing that a certificate could be for.
    CHECK(spec_problems("hostaddr=10.0.0.1") == spec_fields{"host"});
    CHECK(spec_problems("hostaddr=10.0.0.1 sslmode=require") == spec_fields{});
  }

  TEST_CASE("connection spec: what belongs together") {
    CHECK(spec_problems("host=h sslmode=verify-ca") == spec_fields{"sslrootcert"});
    CHECK(spec_problems("host=h sslmode=verify-ca sslrootcert=/ca") == spec_fields{});
    CHECK(spec_problems("host=h sslmode=verify-ca sslrootcert=system") ==
          spec_fields{"sslrootcert"});
    CHECK(spec_problems("host=h sslmode=require sslrootcert=system") == spec_fields{"sslrootcert"});
    CHECK(spec_problems("host=h sslrootcert=system") == spec_fields{});
    CHECK(spec_problems("host=h sslmode=require") == spec_fields{});
    CHECK(spec_problems("host=h sslcert=/c") == spec_fields{"sslkey"});
    CHECK(spec_problems("host=h sslkey=/k") == spec_fields{"sslcert"});
    CHECK(spec_problems("host=h service=x passfile=y replication=on servicefile=z") ==
          spec_fields{"service", "servicefile", "passfile", "replication"});
    CHECK(spec_problems("host=h user=" + std::string(64, 'u')) == spec_fields{"user"});
    CHECK(spec_problems("host=h dbname=" + std::string(64, 'u')) == spec_fields{"dbname"});
    CHECK(spec_problems("sslmode=verify-ca sslcert=x") ==
          spec_fields{"host", "sslrootcert", "sslkey"});
    CHECK(validate(spec_of("host=h")));
    CHECK(validate(spec_of("")).error().field() == "host");
  }

  TEST_CASE("connection spec: warnings") {
    using enum pgrant::spec_warning::kind;
    using kinds = std::vector<pgrant::spec_warning::kind>;
    CHECK(spec_warnings("host=h") == kinds{});
    for (const char* mode : {"disable", "allow", "prefer"}) {
      CHECK(spec_warnings("host=h sslmode=" + std::string(mode)) == kinds{may_be_plain_text});
    }
    CHECK(spec_warnings("host=h sslmode=require") == kinds{server_not_verified});
    CHECK(spec_warnings("host=h sslmode=verify-ca sslrootcert=/c") == kinds{host_not_verified});
    CHECK(spec_warnings("host=/run sslmode=disable") == kinds{});
    CHECK(spec_warnings("host=/run,h sslmode=disable") == kinds{may_be_plain_text});
    CHECK(spec_warnings("host=x.postgres.database.azure.com port=6432 password=x") ==
          kinds{pooler_port, password_in_spec});
    CHECK(spec_warnings("host=h port=6432") == kinds{});
    CHECK(spec_warnings("host=h secret=env:X") == kinds{});
  }

  TEST_CASE("connection spec: platform") {
    CHECK(spec_of("host=x.postgres.database.azure.com").platform() == pgrant::platform::azure);
    CHECK(spec_of("host=h,x.postgres.database.azure.com").platform() == pgrant::platform::azure);
    CHECK(spec_of("host=h").platform() == pgrant::platform::generic);
  }
}
