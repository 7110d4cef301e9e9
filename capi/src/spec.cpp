#include "spec.hpp"

#include <boost/json.hpp>

#include "documents.hpp"
#include "json/document.hpp"
#include "pgrant/json/integration.hpp"
#include "text.hpp"

namespace capi = pgrant::capi;

pgrant::integration pgrant_spec::whole() const {
  pgrant::integration made(named->name(), connection);
  for (const auto& [key, value] : named->labels()) made.label(key, value);
  return made;
}

namespace {

std::unique_ptr<pgrant_spec> parse_json(std::string_view text) {
  auto made = std::make_unique<pgrant_spec>();
  const auto whole = capi::take(pgrant::json_text::parse(text, "connection spec", 64u << 10));
  if (whole.is_object() && whole.as_object().contains("name")) {
    made->named = capi::take(pgrant::integration_from_json(text));
    made->connection = made->named->connection();
  } else {
    made->connection = capi::take(pgrant::connection_spec_from_json(text));
  }
  return made;
}

std::unique_ptr<pgrant_spec> parse_text(std::string_view text) {
  auto made = std::make_unique<pgrant_spec>();
  made->connection = capi::take(pgrant::connection_spec::parse(text));
  // A URI writes any byte as %XX; what goes out of here is text.
  for (const auto& [keyword, value] : made->connection.settings())
    capi::text_in(value.data(), value.size(), keyword.c_str());
  return made;
}

bool is_json(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && text[first] == '{';
}

std::string value_of(const pgrant_spec& spec, std::string_view keyword) {
  const pgrant::connection_spec& from = spec.connection;
  if (keyword == "name") return spec.named ? spec.named->name() : std::string();
  if (keyword == "secret") return to_string(from.secret_source());
  if (keyword == "platform") return std::string(to_string(from.platform()));
  if (keyword == "dbname") return from.database();
  if (keyword == "sslmode") return std::string(to_string(from.ssl_mode()));
  if (keyword == "sslrootcert") return from.root_certificate();
  const std::string set(from.get(keyword));
  if (set.empty() && keyword == "port") return std::to_string(pgrant::default_port);
  // An empty value takes nothing away here, but an unknown keyword is refused.
  if (set.empty()) capi::take(pgrant::connection_spec().set(keyword, {}));
  return set;
}

// What hands over a text that is made of a spec.
template <class Write>
pgrant_status spec_text(const pgrant_spec* spec, pgrant_text** text, const char* what,
                        pgrant_error** err, Write write) noexcept {
  return capi::guard(err, [&] {
    auto& out = capi::checked_output(text, what);
    out = capi::new_text(write(capi::checked(spec, "spec")));
  });
}

std::vector<pgrant::error> problems_of(const pgrant_spec& spec) {
  return spec.named ? find_problems(spec.whole()) : find_problems(spec.connection);
}

}  // namespace

pgrant_status pgrant_spec_parse(const char* text, size_t size, pgrant_spec** spec,
                                pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& out = capi::checked_output(spec, "spec");
    const std::string_view given = capi::text_in(text, size, "text");
    out = (is_json(given) ? parse_json(given) : parse_text(given)).release();
  });
}

pgrant_status pgrant_spec_set(pgrant_spec* spec, const char* keyword, const char* value,
                              size_t size, pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& to = capi::checked(spec, "spec");
    const auto key = capi::text_in(keyword, PGRANT_NUL_TERMINATED, "keyword");
    capi::take(to.connection.set(key, capi::text_in(value, size, "value")));
  });
}

pgrant_status pgrant_spec_get(const pgrant_spec* spec, const char* keyword, pgrant_text** value,
                              pgrant_error** err) {
  return spec_text(spec, value, "value", err, [&](const pgrant_spec& from) {
    return value_of(from, capi::text_in(keyword, PGRANT_NUL_TERMINATED, "keyword"));
  });
}

pgrant_status pgrant_spec_validate(const pgrant_spec* spec, pgrant_error** err) {
  return capi::guard(err, [&] {
    const auto problems = problems_of(capi::checked(spec, "spec"));
    if (!problems.empty()) capi::refuse(problems.front());
  });
}

pgrant_status pgrant_spec_problems(const pgrant_spec* spec, pgrant_text** json,
                                   pgrant_error** err) {
  return spec_text(spec, json, "json", err, [](const pgrant_spec& from) {
    return capi::problems_document(problems_of(from));
  });
}

pgrant_status pgrant_spec_warnings(const pgrant_spec* spec, pgrant_text** json,
                                   pgrant_error** err) {
  return spec_text(spec, json, "json", err, [](const pgrant_spec& from) {
    return capi::warnings_document(find_warnings(from.connection));
  });
}

pgrant_status pgrant_spec_to_json(const pgrant_spec* spec, pgrant_text** json, pgrant_error** err) {
  return spec_text(spec, json, "json", err, [](const pgrant_spec& from) {
    return from.named ? pgrant::to_json(from.whole()) : pgrant::to_json(from.connection);
  });
}

pgrant_status pgrant_spec_to_string(const pgrant_spec* spec, pgrant_text** text,
                                    pgrant_error** err) {
  return spec_text(spec, text, "text", err,
                   [](const pgrant_spec& from) { return to_string(from.connection); });
}

pgrant_status pgrant_spec_to_conninfo(const pgrant_spec* spec, pgrant_text** text,
                                      pgrant_error** err) {
  return spec_text(spec, text, "text", err,
                   [](const pgrant_spec& from) { return to_conninfo(from.connection); });
}

pgrant_status pgrant_spec_to_uri(const pgrant_spec* spec, pgrant_text** text, pgrant_error** err) {
  return spec_text(spec, text, "text", err,
                   [](const pgrant_spec& from) { return to_uri(from.connection); });
}

void pgrant_spec_destroy(pgrant_spec* spec) {
  if (capi::is_handle(spec)) delete spec;
}
