#include <doctest/doctest.h>
#include <boost/json/serialize.hpp>

#include "json/reader.hpp"
#include "json/writer.hpp"

namespace {

using pgrant::errc;
using pgrant::json_text::node;

pgrant::error json_reader_failure(std::string_view text) {
  auto parsed = pgrant::json_text::parse(text, "policy");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code() == errc::invalid_argument);
  return parsed.error();
}

struct json_reader_sample {
  std::string name;
  std::uint16_t port = 5432;
  std::optional<int> limit;
  std::vector<std::string> roles;
  bool flag = false;
};

pgrant::result<json_reader_sample> json_reader_read(std::string_view text) {
  BOOST_OUTCOME_TRY(auto document, pgrant::json_text::parse(text, "sample"));
  json_reader_sample sample;
  BOOST_OUTCOME_TRY(auto fields, node(document).object({"name", "port", "limit", "roles", "flag"}));
  BOOST_OUTCOME_TRY(fields.required("name", sample.name));
  BOOST_OUTCOME_TRY(fields.optional("port", sample.port));
  BOOST_OUTCOME_TRY(fields.optional("limit", sample.limit));
  BOOST_OUTCOME_TRY(fields.optional("roles", sample.roles));
  BOOST_OUTCOME_TRY(fields.optional("flag", sample.flag));
  return sample;
}

std::string json_reader_field(std::string_view text) {
  auto sample = json_reader_read(text);
  REQUIRE_FALSE(sample);
  return sample.error().field();
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("json text: only standard JSON is accepted, errors say where") {
    for (const char* text : {"", " ", "{", "{} x", "{,}", "[1,]", "{'a':1}", "{\"a\":1 // c\n}",
                             "nul", "\"\xff\"", "\"\\ud800\"", "01", "[1 2]"}) {
      CAPTURE(text);
      CHECK(json_reader_failure(text).message() == "policy is not valid JSON");
    }
    CHECK(json_reader_failure("{\n  \"a\": x}").detail().starts_with("at line 2, column 8"));
  }

  TEST_CASE("json text: a repeated key is refused at every depth, also when it is escaped") {
    CHECK(json_reader_failure(R"({"a":1,"b":{"c":1,"c":2}})").message().find("\"c\" twice") !=
          std::string::npos);
    json_reader_failure(R"([{"a":1},{"a":1,"\u0061":2}])");
    CHECK(pgrant::json_text::parse(R"([{"a":1},{"a":{"a":1}}])", "x"));
  }

  TEST_CASE("json text: depth and size are limited") {
    const std::string deep(33, '[');
    CHECK(json_reader_failure(deep + std::string(33, ']')).message().find("32 levels") !=
          std::string::npos);
    CHECK(pgrant::json_text::parse(std::string(32, '[') + std::string(32, ']'), "x"));
    CHECK_FALSE(pgrant::json_text::parse("[1,2,3]", "x", 6));
    CHECK(pgrant::json_text::parse("[1,2,3]", "x", 7));
  }

  TEST_CASE("json reader: fields of every type") {
    auto sample =
        json_reader_read(R"({"name":"é😀","port":65535,"limit":-1,"roles":["a","b"],"flag":true})");
    REQUIRE(sample);
    CHECK(sample.value().name == "é😀");
    CHECK(sample.value().port == 65535);
    CHECK(sample.value().limit == -1);
    CHECK(sample.value().roles == std::vector<std::string>{"a", "b"});
    CHECK(sample.value().flag);
    CHECK(json_reader_read(R"({"name":"x"})").value().port == 5432);
  }

  TEST_CASE("json reader: a refusal names the field") {
    CHECK(json_reader_field("{}") == "name");
    CHECK(json_reader_field("[]") == "");
    CHECK(json_reader_field(R"({"name":1})") == "name");
    CHECK(json_reader_field(R"({"name":null})") == "name");
    CHECK(json_reader_field(R"({"name":"a\u0000b"})") == "name");
    CHECK(json_reader_field(R"({"name":"x","prot":1})") == "prot");
    CHECK(json_reader_field(R"({"name":"x","a.b":1})") == "[\"a.b\"]");
    CHECK(json_reader_field(R"({"name":"x","roles":["a",1]})") == "roles[1]");
    for (const char* port :
         {"65536", "-1", "1.5", "1e2", "\"1\"", "true", "18446744073709551615"}) {
      CAPTURE(port);
      CHECK(json_reader_field(R"({"name":"x","port":)" + std::string(port) + "}") == "port");
    }
  }

  TEST_CASE("json reader: refusals of checks are put below the path of the value") {
    auto document = pgrant::json_text::parse(R"({"grants":[{"to":"x"}]})", "policy");
    REQUIRE(document);
    auto grants = node(document.value()).object({"grants"}).value().require("grants");
    const node grant = grants.value().elements().value().front();
    const pgrant::error why(errc::invalid_argument, "bad");
    CHECK(grant.refuse(why).field() == "grants[0]");
    CHECK(grant.refuse(why.with_field("to")).field() == "grants[0].to");
    CHECK(grant.refuse(why.with_field("[1]")).field() == "grants[0][1]");
    CHECK(node(document.value()).refuse(why.with_field("to")).field() == "to");
  }

  TEST_CASE("json writer: pretty text is the same value, and the same bytes each time") {
    auto value = pgrant::json_text::parse(R"({"b":[],"a":{"x":[1,{"y":"\"\n"}]},"c":{}})", "x");
    REQUIRE(value);
    const std::string text = pgrant::json_text::to_pretty_text(value.value());
    CHECK(text ==
          "{\n  \"b\": [],\n  \"a\": {\n    \"x\": [\n      1,\n      {\n        \"y\": "
          "\"\\\"\\n\"\n      }\n    ]\n  },\n  \"c\": {}\n}\n");
    CHECK(pgrant::json_text::parse(text, "x").value() == value.value());
  }
}
