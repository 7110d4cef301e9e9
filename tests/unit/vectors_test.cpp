// The vectors that C++, C, Python and Go share: the same input gives the same in all of them.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <map>

#include "pgrant/acl.hpp"
#include "pgrant/json/integration.hpp"
#include "pgrant/json/plan.hpp"
#include "pgrant/json/policy.hpp"
#include "pgrant/plan_text.hpp"
#include "pgrant/sql.hpp"

namespace bj = boost::json;

TEST_SUITE_BEGIN("unit");

namespace {

template <class Check>
void each_vector(const std::string& file, Check check) {
  std::ifstream in(std::string(PGRANT_TEST_VECTORS) + "/" + file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const bj::value all = bj::parse(text);
  REQUIRE(!all.as_array().empty());
  for (const bj::value& one : all.as_array()) {
    const std::string name(one.at("name").as_string());
    CAPTURE(name);
    check(one.as_object());
  }
}

std::string vector_text(const bj::value& input) {
  return input.is_string() ? std::string(input.as_string()) : bj::serialize(input);
}

// The value that a vector says there is; none if it is to fail, and does so as it says.
template <class T>
std::optional<T> vector_outcome(const bj::object& vector, const pgrant::result<T>& got,
                                bool fields = true) {
  const bj::value* const expected = vector.if_contains("error");
  if (!expected) {
    REQUIRE_MESSAGE(got, got.error().describe());
    return got.assume_value();
  }
  REQUIRE_FALSE(got);
  CHECK(to_string(got.error().code()) == expected->at("status").as_string());
  if (const bj::value* const field = expected->as_object().if_contains("field"); field && fields)
    CHECK(got.error().field() == field->as_string());
  return std::nullopt;
}

std::string vector_warning(pgrant::spec_warning::kind what) {
  using enum pgrant::spec_warning::kind;
  const std::map<pgrant::spec_warning::kind, std::string> ids = {
      {may_be_plain_text, "may-be-plain-text"},
      {server_not_verified, "server-not-verified"},
      {host_not_verified, "host-not-verified"},
      {pooler_port, "pooler-port"},
      {password_in_spec, "password-in-spec"}};
  return ids.at(what);
}

pgrant::result<pgrant::integration> vector_spec(const std::string& text) {
  if (!text.starts_with('{')) {
    auto spec = pgrant::connection_spec::parse(text);
    if (!spec) return spec.error();
    return pgrant::integration("", std::move(spec).assume_value());
  }
  if (text.find("\"name\"") != text.npos) return pgrant::integration_from_json(text);
  auto spec = pgrant::connection_spec_from_json(text);
  if (!spec) return spec.error();
  return pgrant::integration("", std::move(spec).assume_value());
}

std::string vector_value(const pgrant::integration& of, std::string_view keyword) {
  const pgrant::connection_spec& spec = of.connection();
  if (keyword == "name") return of.name();
  if (keyword == "dbname") return spec.database();
  if (keyword == "sslmode") return std::string(to_string(spec.ssl_mode()));
  if (keyword == "sslrootcert") return spec.root_certificate();
  if (keyword == "secret") return to_string(spec.secret_source());
  if (keyword == "platform") return std::string(to_string(spec.platform()));
  const std::string value(spec.get(keyword));
  return keyword == "port" && value.empty() ? "5432" : value;
}

bj::array vector_names(pgrant::privilege_set of) {
  bj::array names;
  of.for_each([&](pgrant::privilege p) { names.emplace_back(bj::string(keyword(p))); });
  return names;
}

// The OIDs of the names in a vector, in the order in which the text has them.
class vector_roles {
 public:
  std::optional<pgrant::oid> operator()(std::string_view name) {
    if (name.find_first_not_of("0123456789") == name.npos) return std::nullopt;
    const auto known = ids_.emplace(name, static_cast<pgrant::oid>(ids_.size() + 1));
    return known.first->second;
  }
  bj::value name(pgrant::oid id) const {
    if (id == pgrant::public_oid) return nullptr;
    for (const auto& [name, known] : ids_)
      if (known == id) return bj::string(name);
    return bj::object{{"oid", id}};
  }

 private:
  std::map<std::string, pgrant::oid, std::less<>> ids_;
};

}  // namespace

TEST_CASE("vectors: quoting") {
  each_vector("quoting.json", [](const bj::object& vector) {
    const bj::object& input = vector.at("input").as_object();
    if (const bj::value* const name = input.if_contains("identifier")) {
      const std::string_view given = name->as_string();
      const auto valid = pgrant::check_name(given, "name");
      CHECK(valid.has_value() == vector.contains("expected"));
      if (valid) CHECK(pgrant::quote_identifier(given) == vector.at("expected").as_string());
    } else {
      CHECK(pgrant::quote_literal(std::string_view(input.at("literal").as_string())) ==
            vector.at("expected").as_string());
    }
  });
}

TEST_CASE("vectors: ACLs") {
  each_vector("acls.json", [](const bj::object& vector) {
    vector_roles roles;
    const auto items = vector_outcome(
        vector, pgrant::parse_acl(vector_text(vector.at("input")), std::ref(roles)), false);
    if (!items) return;
    bj::array all;
    const pgrant::acl sorted(*items);
    for (const pgrant::acl_item& one : sorted.items())
      all.push_back(bj::object{{"grantee", roles.name(one.grantee)},
                               {"grantor", roles.name(one.grantor)},
                               {"privileges", vector_names(one.privileges)},
                               {"grant_options", vector_names(one.grantable)}});
    CHECK(bj::serialize(all) == bj::serialize(vector.at("expected")));
  });
}

TEST_CASE("vectors: connection specs and integrations") {
  each_vector("specs.json", [](const bj::object& vector) {
    const auto spec = vector_outcome(vector, vector_spec(vector_text(vector.at("input"))));
    if (!spec) return;
    for (const auto& [word, value] : vector.at("expected").as_object()) {
      CAPTURE(word);
      bj::array found;
      if (word == "problems") {
        for (const pgrant::error& one : find_problems(spec->connection()))
          found.emplace_back(bj::string(one.field()));
        CHECK(bj::serialize(found) == bj::serialize(value));
      } else if (word == "warnings") {
        for (const auto& one : find_warnings(spec->connection()))
          found.emplace_back(bj::string(vector_warning(one.what)));
        CHECK(bj::serialize(found) == bj::serialize(value));
      } else {
        CHECK(vector_value(*spec, word) == value.as_string());
      }
    }
  });
}

TEST_CASE("vectors: policies") {
  each_vector("policies.json", [](const bj::object& vector) {
    auto read = pgrant::policy_from_json(vector_text(vector.at("input")));
    if (read) {
      const auto problems = validate(read.assume_value());
      if (!problems.empty()) read = problems.front();
    }
    const auto policy = vector_outcome(vector, read);
    if (policy) CHECK(bj::parse(to_json(*policy)) == vector.at("expected"));
  });
}

TEST_CASE("vectors: plans") {
  each_vector("plans.json", [](const bj::object& vector) {
    const auto plan =
        vector_outcome(vector, pgrant::plan_from_json(vector_text(vector.at("input"))));
    if (!plan) return;
    CHECK(plan->steps.size() == vector.at("expected").at("steps").to_number<std::size_t>());
    const std::string shown = render(*plan);
    for (const bj::value& part : vector.at("expected").at("shows").as_array())
      CHECK(shown.find(std::string_view(part.as_string())) != shown.npos);
  });
}

TEST_SUITE_END();
