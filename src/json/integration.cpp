#include "pgrant/json/integration.hpp"

#include <boost/json/object.hpp>
#include <cstdlib>
#include <optional>

#include "core/conninfo_keywords.hpp"
#include "json/reader.hpp"
#include "json/utf8.hpp"
#include "json/writer.hpp"

namespace pgrant {
namespace {

namespace bj = boost::json;
using json_text::node;

constexpr std::size_t integration_max_bytes = 64u << 10;
// What a reader wants to see first; the other keywords follow by name.
constexpr std::string_view integration_first_keys[] = {"host", "port",    "dbname",
                                                       "user", "sslmode", "sslrootcert"};

std::string_view integration_synonym(std::string_view key) noexcept {
  if (key == "database") return "dbname";
  if (key == "username") return "user";
  if (key == "ssl_mode") return "sslmode";
  if (key == "root_certificate") return "sslrootcert";
  return {};
}

result<std::string> integration_value(const conninfo::keyword& keyword, const node& value) {
  using form = conninfo::value_form;
  if (keyword.form == form::boolean && value.value().is_bool()) {
    return value.value().get_bool() ? "1" : "0";
  }
  const bool numeric = keyword.form == form::number || keyword.form == form::ports;
  if (numeric && value.value().is_number()) {
    BOOST_OUTCOME_TRY(auto whole, value.integer(-2'147'483'648, 2'147'483'647));
    return std::to_string(whole);
  }
  BOOST_OUTCOME_TRY(auto text, value.text());
  return std::string(text);
}

error integration_unknown_key(std::string_view key, const node& value) {
  const std::string_view known = integration_synonym(key);
  const std::string_view meant = known.empty() ? conninfo::closest_keyword(key) : known;
  const error unknown = value.refuse("unknown key");
  return meant.empty() ? unknown : unknown.with_hint("did you mean " + std::string(meant) + "?");
}

result<std::string> integration_setting(std::string_view key, const node& value) {
  if (key == "secret") {
    BOOST_OUTCOME_TRY(auto reference, value.text());
    return std::string(reference);
  }
  const conninfo::keyword* keyword = conninfo::find_keyword(key);
  if (keyword == nullptr) return integration_unknown_key(key, value);
  if (!keyword->holds_secret) return integration_value(*keyword, value);
  return value.refuse("a secret does not belong into a description")
      .with_hint(key == "password" ? "use \"secret\" with env:NAME, file:PATH or prompt"
                                   : "give it when connecting");
}

result<void> integration_read_setting(std::string_view key, const node& value,
                                      connection_spec& spec) {
  BOOST_OUTCOME_TRY(auto setting, integration_setting(key, value));
  auto done = spec.set(key, setting);
  if (!done) return done.error().with_field(value.path());
  return success();
}

result<void> integration_read_labels(const node& value, integration& subject) {
  BOOST_OUTCOME_TRY(auto members, value.members());
  for (const auto& [key, label] : members) {
    BOOST_OUTCOME_TRY(auto text, label.text());
    subject.label(std::string(key), std::string(text));
  }
  return success();
}

bj::string integration_text(std::string_view bytes) {
  return bj::string(json_text::to_valid_utf8(bytes));
}

bj::value integration_written(const conninfo::keyword& keyword, std::string_view value) {
  using form = conninfo::value_form;
  if (keyword.form == form::boolean) return value == "1";
  if (keyword.form == form::number || keyword.form == form::ports) {
    // As a number only where that is the same text again: not "007", not a list of ports.
    const std::int64_t whole = std::strtoll(std::string(value).c_str(), nullptr, 10);
    if (std::to_string(whole) == value) return whole;
  }
  return integration_text(value);
}

void integration_write_spec(const connection_spec& spec, bj::object& object) {
  const auto write = [&](std::string_view key) {
    const std::string_view value = spec.get(key);
    if (value.empty() || object.contains(key)) return;
    object.emplace(key, integration_written(*conninfo::find_keyword(key), value));
  };
  for (std::string_view key : integration_first_keys) write(key);
  if (spec.secret_source()) {
    object.emplace("secret", integration_text(to_string(spec.secret_source())));
  }
  for (const auto& [key, value] : spec.settings()) write(key);
  for (const auto& [key, value] : spec.secret_settings()) object.emplace(key, "<hidden>");
}

}  // namespace

result<connection_spec> connection_spec_from_json(std::string_view text) {
  BOOST_OUTCOME_TRY(auto document,
                    json_text::parse(text, "connection spec", integration_max_bytes));
  BOOST_OUTCOME_TRY(auto members, node(document).members());
  connection_spec spec;
  for (const auto& [key, value] : members) {
    BOOST_OUTCOME_TRY(integration_read_setting(key, value, spec));
  }
  return spec;
}

result<integration> integration_from_json(std::string_view text) {
  BOOST_OUTCOME_TRY(auto document, json_text::parse(text, "integration", integration_max_bytes));
  BOOST_OUTCOME_TRY(auto members, node(document).members());
  std::string name;
  connection_spec spec;
  std::optional<node> labels;
  for (const auto& [key, value] : members) {
    if (key == "name") {
      BOOST_OUTCOME_TRY(read(value, name));
    } else if (key == "labels") {
      labels = value;
    } else {
      BOOST_OUTCOME_TRY(integration_read_setting(key, value, spec));
    }
  }
  BOOST_OUTCOME_TRY(check_integration_name(name));
  integration subject(std::move(name), std::move(spec));
  if (labels) {
    BOOST_OUTCOME_TRY(integration_read_labels(*labels, subject));
  }
  return subject;
}

std::string to_json(const connection_spec& spec) {
  bj::object object;
  integration_write_spec(spec, object);
  return json_text::to_pretty_text(object);
}

std::string to_json(const integration& subject) {
  bj::object object{{"name", integration_text(subject.name())}};
  integration_write_spec(subject.connection(), object);
  if (!subject.labels().empty()) {
    bj::object& labels = object["labels"].emplace_object();
    for (const auto& [key, value] : subject.labels()) {
      labels.emplace(json_text::to_valid_utf8(key), integration_text(value));
    }
  }
  return json_text::to_pretty_text(object);
}

}  // namespace pgrant
