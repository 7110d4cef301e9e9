#include <doctest/doctest.h>

#include <algorithm>

#include "core/conninfo_keywords.hpp"
#include "json/reader.hpp"
#include "pgrant/integration.hpp"
#include "pgrant/json/integration.hpp"

namespace {

pgrant::integration integration_sample(std::string name) {
  return pgrant::integration(std::move(name), pgrant::connection_spec().host("h"));
}

pgrant::error integration_json_refusal(std::string_view text) {
  CAPTURE(text);
  auto subject = pgrant::integration_from_json(text);
  REQUIRE_FALSE(subject);
  CHECK(subject.error().code() == pgrant::errc::invalid_argument);
  return subject.error();
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("integration: names are letters and digits") {
    for (const std::string& name :
         {std::string("a"), std::string("Prod01"), std::string(63, 'x')}) {
      CHECK(pgrant::check_integration_name(name));
    }
    for (const std::string& name :
         {std::string(), std::string(64, 'x'), std::string("a-b"), std::string("a.b"),
          std::string("é"), std::string("a b"), std::string("a\0", 2), std::string("a\n")}) {
      const auto checked = pgrant::check_integration_name(name);
      REQUIRE_FALSE(checked);
      CHECK(checked.error().field() == "name");
    }
  }

  TEST_CASE("integration: problems of name, labels and connection come together") {
    pgrant::integration subject("a-b", pgrant::connection_spec());
    subject.label("", "x").label("k", std::string(1'025, 'x')).label(std::string(64, 'k'), "");
    const auto problems = find_problems(subject);
    REQUIRE(problems.size() == 5);
    CHECK(problems.front().field() == "name");
    CHECK(problems.back().field() == "host");
    CHECK(std::ranges::count(problems, "labels", &pgrant::error::field) == 3);
    CHECK(validate(integration_sample("a").label("k", std::string(1'024, 'x'))));
    pgrant::integration many = integration_sample("a");
    for (int i = 0; i < 65; ++i) many.label("k" + std::to_string(i), "");
    CHECK(validate(many).error().field() == "labels");
  }

  TEST_CASE("integration registry: names are unique without regard to case") {
    pgrant::integration_registry registry;
    CHECK(registry.add(integration_sample("Prod")));
    CHECK(registry.add(integration_sample("dev")));
    const auto again = registry.add(integration_sample("pROD"));
    REQUIRE_FALSE(again);
    CHECK(again.error().code() == pgrant::errc::conflict);
    CHECK(again.error().object() == "integration Prod");
    CHECK_FALSE(registry.add(integration_sample("a b")));
    CHECK(registry.names() == std::vector<std::string>{"dev", "Prod"});
    REQUIRE(registry.find("PROD") != nullptr);
    CHECK(registry.find("PROD")->name() == "Prod");
    CHECK(registry.find("none") == nullptr);
    CHECK(registry.remove("prod"));
    CHECK_FALSE(registry.remove("prod"));
    CHECK(registry.size() == 1);
  }

  TEST_CASE("integration json: reads libpq's keywords, and writes what it reads") {
    const auto subject = pgrant::integration_from_json(R"({
      "labels": {"team": "sales", "über": "x.y"}, "name": "shop1",
      "host": "shop.postgres.database.azure.com", "port": 5433, "dbname": "shop", "user": "pgrant",
      "secret": "env:PGRANT_SECRET", "sslmode": "verify-full", "sslsni": true, "connect_timeout": 5,
      "options": "-c a='b'"})");
    REQUIRE(subject);
    CHECK(subject.value().name() == "shop1");
    CHECK(subject.value().labels().at("über") == "x.y");
    const pgrant::connection_spec& spec = subject.value().connection();
    CHECK(spec.servers()[0].port == 5433);
    CHECK(spec.get("sslsni") == "1");
    CHECK(spec.get("connect_timeout") == "5");
    CHECK(spec.secret_source() == pgrant::secret_ref::env("PGRANT_SECRET"));
    CHECK(pgrant::integration_from_json(to_json(subject.value())).value() == subject.value());
    CHECK(pgrant::connection_spec_from_json(to_json(spec)).value() == spec);
    CHECK(to_json(pgrant::connection_spec().host("h").port(1)) ==
          "{\n  \"host\": \"h\",\n  \"port\": 1\n}\n");
    const auto several = pgrant::connection_spec_from_json(R"({"host":"a,b","port":"1,02"})");
    CHECK(pgrant::connection_spec_from_json(to_json(several.value())).value() == several.value());
  }

  TEST_CASE("integration json: refusals name the key and do not repeat values") {
    const auto field_of = [](std::string_view text) {
      return integration_json_refusal(text).field();
    };
    CHECK(field_of(R"({"host":"h"})") == "name");
    CHECK(field_of(R"({"name":"a b","host":"h"})") == "name");
    CHECK(field_of(R"({"name":1})") == "name");
    CHECK(field_of(R"({"name":"a","port":0})") == "port");
    CHECK(field_of(R"({"name":"a","port":1.5})") == "port");
    CHECK(field_of(R"({"name":"a","port":null})") == "port");
    CHECK(field_of(R"({"name":"a","host":1})") == "host");
    CHECK(field_of(R"({"name":"a","sslsni":2})") == "sslsni");
    CHECK(field_of(R"({"name":"a","sslmode":"verify_full"})") == "sslmode");
    CHECK(field_of(R"({"name":"a","labels":{"x":1}})") == "labels.x");
    CHECK(field_of(R"({"name":"a","labels":[]})") == "labels");
    CHECK(field_of(R"({"name":"a","secret":"hunter2"})") == "secret");
    CHECK(field_of(R"([])") == "");
    CHECK(field_of(R"({"name":"a","name":"b"})") == "");
    CHECK(integration_json_refusal(R"({"name":"a","database":"x"})").hint() ==
          "did you mean dbname?");
    CHECK(integration_json_refusal(R"({"name":"a","hsot":"x"})").hint() == "did you mean host?");
    for (const char* key : {"password", "sslpassword", "oauth_client_secret"}) {
      const auto refusal =
          integration_json_refusal(R"({"name":"a",")" + std::string(key) + R"(":"hunter2"})");
      CHECK(refusal.field() == key);
      CHECK(refusal.describe().find("hunter2") == std::string::npos);
    }
    CHECK_FALSE(pgrant::connection_spec_from_json(R"({"name":"a"})"));
    CHECK_FALSE(pgrant::connection_spec_from_json("\"" + std::string(70'000, 'x') + "\""));
  }

  TEST_CASE("integration json: what is held in the process is hidden, and cannot be read back") {
    auto spec = pgrant::connection_spec::parse("host=h password=hunter2 sslpassword=hunter2");
    REQUIRE(spec);
    const std::string text = to_json(spec.value());
    CHECK(text.find("hunter2") == std::string::npos);
    CHECK_FALSE(pgrant::connection_spec_from_json(text));
    // Bytes that are not UTF-8 must not make invalid JSON.
    CHECK(to_json(pgrant::connection_spec().user("\xff")).find("\xef\xbf\xbd") !=
          std::string::npos);
  }

  TEST_CASE("integration schema: valid JSON with every keyword that a description may hold") {
    const auto schema = pgrant::json_text::parse(pgrant::integration_schema(), "schema");
    REQUIRE(schema);
    const auto& properties = schema.value().at("properties").as_object();
    for (const char* key : {"name", "labels", "secret"}) CHECK(properties.contains(key));
    for (const auto& keyword : pgrant::conninfo::all_keywords()) {
      CAPTURE(keyword.name);
      // The schema leaves out exactly what the reader or `validate` refuses.
      pgrant::connection_spec spec = pgrant::connection_spec().host("h");
      bool accepted = !keyword.holds_secret;
      if (accepted && keyword.form == pgrant::conninfo::value_form::text) {
        REQUIRE(spec.set(keyword.name, "10.0.0.1"));
        if (keyword.name == "sslcert") spec.set("sslkey", "x").value();
        if (keyword.name == "sslkey") spec.set("sslcert", "x").value();
        accepted = validate(spec).has_value();
      }
      CHECK(properties.contains(keyword.name) == accepted);
    }
    for (const auto& property : properties) {
      CAPTURE(property.key());
      CHECK_FALSE(property.value().at("title").as_string().empty());
      CHECK(property.value().at("description").as_string().ends_with('.'));
    }
    const auto& modes = properties.at("sslmode").at("oneOf").as_array();
    REQUIRE(modes.size() == 6);
    for (std::size_t i = 0; i < modes.size(); ++i) {
      const auto& facts = pgrant::all_ssl_modes()[i];
      CHECK(modes[i].at("const").as_string() == facts.name);
      CHECK(modes[i].at("description").as_string() == facts.summary);
    }
    CHECK(properties.at("port").at("default").to_number<int>() == pgrant::default_port);
    CHECK(properties.at("sslmode").at("default").as_string() == "verify-full");
  }
}
