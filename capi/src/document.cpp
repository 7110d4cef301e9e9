// What needs no server: quoting, ACLs, policies, plans, schemas, passwords.
#include <limits>

#include "documents.hpp"
#include "pgrant/json/integration.hpp"
#include "pgrant/json/plan.hpp"
#include "pgrant/json/policy.hpp"
#include "pgrant/password.hpp"
#include "pgrant/plan_text.hpp"
#include "pgrant/scram.hpp"
#include "pgrant/sql.hpp"
#include "text.hpp"

namespace capi = pgrant::capi;

namespace {

// What hands over a text.
template <class Write>
pgrant_status text_out(pgrant_text** text, const char* what, pgrant_error** err,
                       Write write) noexcept {
  return capi::guard(err, [&] {
    auto& out = capi::checked_output(text, what);
    out = capi::new_text(write());
  });
}

std::vector<pgrant::error> policy_problems(const char* policy, std::size_t size) {
  try {
    return validate(capi::take(pgrant::policy_from_json(capi::text_in(policy, size, "policy"))));
  } catch (const capi::refusal& unreadable) {
    return {unreadable.why};
  }
}

}  // namespace

pgrant_status pgrant_identifier_quote(const char* name, size_t size, pgrant_text** sql,
                                      pgrant_error** err) {
  return text_out(sql, "sql", err, [&] {
    const auto given = capi::text_in(name, size, "name");
    const auto valid = pgrant::check_name(given, "name");
    if (!valid) capi::refuse(valid.error().with_field("name"));
    return pgrant::quote_identifier(given);
  });
}

pgrant_status pgrant_literal_quote(const char* value, size_t size, pgrant_text** sql,
                                   pgrant_error** err) {
  return text_out(sql, "sql", err,
                  [&] { return pgrant::quote_literal(capi::text_in(value, size, "value")); });
}

pgrant_status pgrant_acl_parse(const char* text, size_t size, pgrant_text** json,
                               pgrant_error** err) {
  return text_out(json, "json", err,
                  [&] { return capi::acl_document(capi::text_in(text, size, "text")); });
}

pgrant_status pgrant_policy_validate(const char* policy, size_t size, pgrant_text** problems,
                                     pgrant_error** err) {
  return capi::guard(err, [&] {
    if (problems) *problems = nullptr;
    const auto found = policy_problems(policy, size);
    if (problems) *problems = capi::new_text(capi::problems_document(found));
    if (!found.empty()) capi::refuse(found.front());
  });
}

pgrant_status pgrant_policy_to_json(const char* policy, size_t size, pgrant_text** json,
                                    pgrant_error** err) {
  return text_out(json, "json", err, [&] {
    return pgrant::to_json(
        capi::take(pgrant::policy_from_json(capi::text_in(policy, size, "policy"))));
  });
}

pgrant_status pgrant_policy_schema(pgrant_text** json, pgrant_error** err) {
  return text_out(json, "json", err, [] { return pgrant::policy_schema(); });
}

pgrant_status pgrant_integration_schema(pgrant_text** json, pgrant_error** err) {
  return text_out(json, "json", err, [] { return pgrant::integration_schema(); });
}

pgrant_status pgrant_plan_render(const char* plan, size_t size, pgrant_text** text,
                                 pgrant_error** err) {
  return text_out(text, "text", err, [&] {
    return render(capi::take(pgrant::plan_from_json(capi::text_in(plan, size, "plan"))));
  });
}

pgrant_status pgrant_password_generate(size_t length, pgrant_text** password, pgrant_error** err) {
  return text_out(password, "password", err, [&] {
    return capi::take(length == 0 ? pgrant::generate_password()
                                  : pgrant::generate_password(length));
  });
}

pgrant_status pgrant_password_verifier(const char* password, size_t size, int32_t iterations,
                                       pgrant_text** verifier, pgrant_error** err) {
  return text_out(verifier, "verifier", err, [&] {
    const auto given = pgrant::secret::copy_of(capi::secret_in(password, size, "password"));
    pgrant::scram_options options;
    if (iterations != 0) options.iterations(iterations);
    return capi::take(scram_verifier(given, options));
  });
}
