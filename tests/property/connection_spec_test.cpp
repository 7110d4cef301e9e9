// The parser against libpq's own, and specs against themselves: what is printed parses again.
#include <doctest/doctest.h>
#include <libpq-fe.h>

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/conninfo.hpp"
#include "core/conninfo_keywords.hpp"
#include "pgrant/connection_spec.hpp"
#include "pgrant/json/integration.hpp"
#include "support/random_text.hpp"

namespace {

using conninfo_values = std::map<std::string, std::string>;

std::optional<conninfo_values> conninfo_of_libpq(const std::string& text) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(text.c_str(), &message), &PQconninfoFree);
  PQfreemem(message);
  if (!options) return std::nullopt;
  conninfo_values values;
  for (const PQconninfoOption* each = options.get(); each->keyword != nullptr; ++each) {
    if (each->val != nullptr) values[each->keyword] = each->val;
  }
  return values;
}

// Whether the libpq that this program runs with has the parameter: ours knows later ones too.
bool conninfo_libpq_has(const pgrant::conninfo::keyword& keyword) {
  return keyword.since <= PQlibVersion() / 10'000;
}

// What the syntax alone says, before values are checked: the part that must be as libpq's.
std::optional<conninfo_values> conninfo_of_ours(const std::string& text) {
  auto settings = pgrant::conninfo::parse(text);
  if (!settings) return std::nullopt;
  conninfo_values values;
  for (const auto& each : settings.value()) {
    const auto* keyword = pgrant::conninfo::find_keyword(each.keyword);
    if (keyword == nullptr || !conninfo_libpq_has(*keyword)) return std::nullopt;
    values[each.keyword] = each.value;
  }
  return values;
}

std::vector<std::string_view> conninfo_libpq_keywords() {
  std::vector<std::string_view> names;
  for (const auto& each : pgrant::conninfo::all_keywords()) {
    if (conninfo_libpq_has(each)) names.push_back(each.name);
  }
  return names;
}

// The one text that libpq accepts and we refuse: an "@" in the path of a URI, not percent-encoded.
bool conninfo_bare_at_in_path(const std::string& text) {
  const auto settings = pgrant::conninfo::parse(text);
  return !settings &&
         settings.error().message() == "a database's name holds \"@\" that is not percent-encoded";
}

constexpr std::string_view conninfo_bytes =
    "abh.=:@/?&,[]%'\\ \t\n\v\f\r#+-_0123456789ABCDEFabcdef\"$\x7f\xc3\xa9";

std::string conninfo_random_value(test::random_source& random) {
  if (random.one_in(3)) {
    return std::string(random.word({"localhost", "5432", "require", "verify-full", "/run/x", "::1",
                                    "true", "1", "a,b,c", "5432,,5433", "10", "%41", "%"}));
  }
  return random.text(conninfo_bytes, 8);
}

std::string conninfo_random_keyword(test::random_source& random) {
  static const auto names = conninfo_libpq_keywords();
  if (random.one_in(12)) return std::string(random.word({"requiressl", "ssl", "", "Host", "x"}));
  return std::string(random.pick<std::string_view>(names));
}

std::string conninfo_random_pairs(test::random_source& random) {
  std::string text = random.text(" \t\n", 2);
  for (std::size_t left = random.below(5); left > 0; --left) {
    text += conninfo_random_keyword(random) + random.text(" \n", 1) + '=' + random.text(" ", 1);
    if (random.one_in(2)) {
      std::string value = conninfo_random_value(random);
      for (std::size_t at = 0; at < value.size(); at += 2) {
        at = value.find_first_of("'\\", at);
        if (at == std::string::npos) break;
        value.insert(at, 1, '\\');
      }
      text += '\'' + value + '\'';
    } else {
      text += conninfo_random_value(random);
    }
    text += random.text(" \t\v", 2);
  }
  return text;
}

std::string conninfo_random_uri(test::random_source& random) {
  const auto part = [&] {
    return random.one_in(2) ? conninfo_random_value(random)
                            : pgrant::conninfo::percent_encode(conninfo_random_value(random));
  };
  std::string text = random.one_in(2) ? "postgres://" : "postgresql://";
  if (random.one_in(2)) text += part() + (random.one_in(2) ? ":" + part() : "") + '@';
  for (std::size_t left = random.below(3) + 1; left > 0; --left) {
    text += random.one_in(4) ? "[" + part() + "]" : part();
    if (random.one_in(2)) text += ':' + random.text("0123456789", 5);
    if (left > 1) text += ',';
  }
  if (random.one_in(2)) text += '/' + part();
  if (random.one_in(2)) text += '?';
  for (std::size_t left = random.below(3); left > 0; --left) {
    text += conninfo_random_keyword(random) + '=' + part() + (random.one_in(8) ? "" : "&");
  }
  return text;
}

void conninfo_compare(const std::string& text) {
  CAPTURE(text);
  // Later versions of libpq ignore or refuse white space in URIs.
  if (PQlibVersion() >= 170'000 && pgrant::conninfo::is_uri(text)) {
    if (text.find_first_of(" \t\n\v\f\r") != std::string::npos) return;
  }
  const auto theirs = conninfo_of_libpq(text);
  if (conninfo_bare_at_in_path(text)) {
    REQUIRE(text.find('@', text.find('/', text.find("//") + 2)) != std::string::npos);
    return;
  }
  const auto ours = conninfo_of_ours(text);
  REQUIRE(ours.has_value() == theirs.has_value());
  if (ours) REQUIRE(*ours == *theirs);
}

// A spec with random valid settings.
pgrant::connection_spec conninfo_random_spec(test::random_source& random) {
  pgrant::connection_spec spec;
  for (std::size_t left = random.below(8); left > 0; --left) {
    const auto& keyword = random.pick<pgrant::conninfo::keyword>(pgrant::conninfo::all_keywords());
    std::string value;
    using form = pgrant::conninfo::value_form;
    switch (keyword.form) {
      case form::number:
        value = std::to_string(random.below(100'000));
        break;
      case form::boolean:
        value = random.word({"0", "1"});
        break;
      case form::ports:
        value = random.word({"5432", "1,65535", ",6432"});
        break;
      case form::choice:
        value = random.pick<std::string_view>(keyword.choices);
        break;
      case form::text:
        value = keyword.name == "host"
                    ? random.word({"a", "a,b", "::1", "/run", "fe80::1%eth0", ""})
                    : random.utf8(12);
    }
    if (keyword.holds_secret) continue;
    CAPTURE(keyword.name);
    REQUIRE(spec.set(keyword.name, value));
  }
  if (random.one_in(3)) spec.secret_source(pgrant::secret_ref::file(random.utf8(9) + "x"));
  return spec;
}

}  // namespace

TEST_SUITE("property") {
  TEST_CASE("connection strings: said by libpq's own parser and by ours alike") {
    test::for_random_cases(20'000, [](test::random_source& random) {
      std::string text =
          random.one_in(2) ? conninfo_random_pairs(random) : conninfo_random_uri(random);
      if (random.one_in(2)) random.mutate(text, conninfo_bytes);
      conninfo_compare(text);
    });
  }

  TEST_CASE("connection strings: cases that were once told apart") {
    // A parameter of libpq 18, met by chance inside ssl_max_protocol_version.
    conninfo_compare("options= \"6#]ssl_b\tmax_protocol_version = %&55C:Fb\t");
    conninfo_compare("max_protocol_version=3.2");
  }

  TEST_CASE(
      "connection strings: whatever has passed the syntax is kept or refused, never changed") {
    test::for_random_cases(10'000, [](test::random_source& random) {
      std::string text =
          random.one_in(2) ? conninfo_random_pairs(random) : conninfo_random_uri(random);
      CAPTURE(text);
      const auto spec = pgrant::connection_spec::parse(text);
      if (!spec) {
        CHECK(spec.error().code() == pgrant::errc::invalid_argument);
        return;
      }
      auto values = conninfo_of_libpq(text);
      REQUIRE(values);
      for (const auto& [keyword, value] : *values) {
        CAPTURE(keyword);
        if (!pgrant::conninfo::find_keyword(keyword)->holds_secret) {
          CHECK(spec.value().get(keyword) == value);
        }
      }
    });
  }

  TEST_CASE("connection spec: what it prints is the same spec again") {
    test::for_random_cases(10'000, [](test::random_source& random) {
      const pgrant::connection_spec spec = conninfo_random_spec(random);
      const std::string printed = to_string(spec);
      CAPTURE(printed);
      REQUIRE(pgrant::connection_spec::parse(printed));
      CHECK(pgrant::connection_spec::parse(printed).value() == spec);

      const auto from_json = pgrant::connection_spec_from_json(to_json(spec));
      REQUIRE(from_json);
      CHECK(from_json.value() == spec);

      pgrant::connection_spec without_secret = spec;
      without_secret.secret_source({});
      const std::string conninfo = to_conninfo(spec);
      const std::string uri = to_uri(spec);
      CAPTURE(uri);
      CHECK(pgrant::connection_spec::parse(conninfo).value() == without_secret);
      REQUIRE(pgrant::connection_spec::parse(uri));
      CHECK(pgrant::connection_spec::parse(uri).value() == without_secret);
    });
  }

  TEST_CASE("connection spec: libpq reads what is printed as it was meant") {
    test::for_random_cases(5'000, [](test::random_source& random) {
      const pgrant::connection_spec spec = conninfo_random_spec(random);
      for (const auto& [keyword, value] : spec.settings()) {
        const bool known = pgrant::conninfo::find_keyword(keyword)->since <= 15;
        if (!known) return;  // a newer libpq's keyword
      }
      const conninfo_values expected(spec.settings().begin(), spec.settings().end());
      CAPTURE(to_uri(spec));
      CHECK(conninfo_of_libpq(to_conninfo(spec)) == expected);
      CHECK(conninfo_of_libpq(to_uri(spec)) == expected);
    });
  }

  TEST_CASE("integration json: random bytes are read or refused, whatever they are") {
    test::for_random_cases(5'000, [](test::random_source& random) {
      std::string text =
          to_json(pgrant::integration("a1", conninfo_random_spec(random)).label("k", "v"));
      random.mutate(text, "{}[]\",:\\u0 \n\xff\xc3t1e-.");
      CAPTURE(text);
      const auto subject = pgrant::integration_from_json(text);
      if (!subject) {
        CHECK(subject.error().code() == pgrant::errc::invalid_argument);
        return;
      }
      CHECK(pgrant::integration_from_json(to_json(subject.value())).value() == subject.value());
    });
  }

  TEST_CASE("connection spec: no printed form and no error holds a secret") {
    test::for_random_cases(5'000, [](test::random_source& random) {
      const std::string marker = "pa55" + random.text("wxyz", 4) + "w0rd";
      std::string text;
      if (random.one_in(2)) {
        text = "postgresql://user:" + marker + "@host/db?sslpassword=" + marker;
      } else {
        text = "user=u password='" + marker + "' sslpassword=" + marker + " host=h";
      }
      if (random.one_in(2)) random.mutate(text, conninfo_bytes);
      CAPTURE(text);
      const auto spec = pgrant::connection_spec::parse(text);
      const auto problem =
          spec ? pgrant::validate(spec.value()) : pgrant::result<void>(spec.error());
      const std::string said = problem ? "" : problem.error().describe();
      CHECK(said.find(marker) == std::string::npos);
      if (!spec) return;
      // The text was changed: the marker may have become part of a host, but then it is whole only
      // where a separator before it was lost, which no reader can know.
      if (spec.value().secret_source().type() != pgrant::secret_ref::kind::literal) return;
      if (spec.value().secret_settings().empty()) return;
      CHECK(to_string(spec.value()).find(marker) == std::string::npos);
      CHECK(to_conninfo(spec.value()).find(marker) == std::string::npos);
      CHECK(to_uri(spec.value()).find(marker) == std::string::npos);
      const pgrant::secret all = to_conninfo_with_secrets(spec.value());
      CHECK(pgrant::connection_spec::parse(all.reveal()).value() == spec.value());
    });
  }
}
