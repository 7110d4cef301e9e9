// The C library fed with anything: the first byte says what to call, the rest is the input, split
// in two by its first zero byte. Whatever comes in, a status comes out, and what the library writes
// it reads again.
#include <pgrant.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

// Each function's contract about its outputs.
bool good(pgrant_status status, const void* out, pgrant_error* err) {
  if ((status == PGRANT_OK) != (err == nullptr) || pgrant_error_status(err) != status) std::abort();
  if ((status == PGRANT_OK) != (out != nullptr)) std::abort();
  if (err && pgrant_error_message(err)[0] == '\0') std::abort();
  if (err) {
    pgrant_text* json = nullptr;
    if (pgrant_error_to_json(err, &json, nullptr) != PGRANT_OK) std::abort();
    pgrant_text_destroy(json);
  }
  pgrant_error_destroy(err);
  return status == PGRANT_OK;
}

using reader = pgrant_status (*)(const char*, size_t, pgrant_text**, pgrant_error**);

std::string text_of(reader read, const std::string& input) {
  pgrant_text* text = nullptr;
  pgrant_error* err = nullptr;
  const pgrant_status status = read(input.data(), input.size(), &text, &err);
  if (!good(status, text, err)) return {};
  std::string out(pgrant_text_data(text), pgrant_text_size(text));
  pgrant_text_destroy(text);
  return out;
}

void fuzz_spec(const std::string& input, const std::string& more) {
  pgrant_spec *spec = nullptr, *again = nullptr;
  pgrant_error* err = nullptr;
  const pgrant_status status = pgrant_spec_parse(input.data(), input.size(), &spec, &err);
  if (!good(status, spec, err)) return;
  pgrant_spec_set(spec, "application_name", more.data(), more.size(), nullptr);
  pgrant_spec_set(spec, more.c_str(), "1", 1, nullptr);
  using writer = pgrant_status (*)(const pgrant_spec*, pgrant_text**, pgrant_error**);
  for (const writer write :
       {&pgrant_spec_problems, &pgrant_spec_warnings, &pgrant_spec_to_json, &pgrant_spec_to_string,
        &pgrant_spec_to_uri, &pgrant_spec_to_conninfo}) {
    pgrant_text* text = nullptr;
    err = nullptr;
    if (!good(write(spec, &text, &err), text, err)) std::abort();
    if (write == &pgrant_spec_to_conninfo) {
      if (pgrant_spec_parse(pgrant_text_data(text), pgrant_text_size(text), &again, nullptr) !=
          PGRANT_OK)
        std::abort();
      pgrant_spec_destroy(again);
    }
    pgrant_text_destroy(text);
  }
  pgrant_spec_validate(spec, nullptr);
  pgrant_text* value = nullptr;
  if (pgrant_spec_get(spec, more.c_str(), &value, nullptr) == PGRANT_OK) pgrant_text_destroy(value);
  pgrant_spec_destroy(spec);
}

void fuzz_options(const std::string& input, const std::string& more) {
  const auto kind = static_cast<pgrant_options_kind>(input.empty() ? 0 : input[0]);
  pgrant_options* options = nullptr;
  pgrant_error* err = nullptr;
  if (!good(pgrant_options_create(kind, &options, &err), options, err)) return;
  const std::string key = input.substr(1);
  pgrant_options_set_string(options, key.c_str(), more.data(), more.size(), nullptr);
  pgrant_options_add_string(options, key.c_str(), more.data(), more.size(), nullptr);
  pgrant_options_set_secret(options, key.c_str(), more.data(), more.size(), nullptr);
  pgrant_options_set_int(options, key.c_str(), static_cast<int64_t>(more.size()) - 3, nullptr);
  for (size_t i = 0; pgrant_options_key(kind, i); ++i) {
    const char* known = pgrant_options_key(kind, i);
    pgrant_options_set_string(options, known, more.data(), more.size(), nullptr);
    pgrant_options_add_string(options, known, more.data(), more.size(), nullptr);
    pgrant_options_set_secret(options, known, more.data(), more.size(), nullptr);
    pgrant_options_set_int(options, known, static_cast<int64_t>(more.size()) - 3, nullptr);
  }
  pgrant_options_destroy(options);
}

void fuzz_policy(const std::string& input) {
  pgrant_text* problems = nullptr;
  pgrant_error* err = nullptr;
  const pgrant_status status = pgrant_policy_validate(input.data(), input.size(), &problems, &err);
  if (!problems) std::abort();
  pgrant_text_destroy(problems);
  if ((status == PGRANT_OK) != (err == nullptr)) std::abort();
  pgrant_error_destroy(err);
  const std::string once = text_of(pgrant_policy_to_json, input);
  if (!once.empty() && text_of(pgrant_policy_to_json, once) != once) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string input(reinterpret_cast<const char*>(data) + 1, size - 1), more;
  if (const auto zero = input.find('\0'); zero != input.npos) {
    more = input.substr(zero + 1);
    input.resize(zero);
  }
  switch (data[0] % 8) {
    case 0:
      fuzz_spec(input, more);
      break;
    case 1:
      fuzz_policy(input);
      break;
    case 2:
      text_of(pgrant_plan_render, input);
      break;
    case 3:
      text_of(pgrant_acl_parse, input);
      break;
    case 4:
      text_of(pgrant_identifier_quote, input);
      text_of(pgrant_literal_quote, input + more);
      break;
    case 5:
      fuzz_options(input, more);
      break;
    case 6: {  // bytes that are no UTF-8, and zeros
      const std::string raw(reinterpret_cast<const char*>(data), size);
      text_of(pgrant_literal_quote, raw);
      text_of(pgrant_acl_parse, raw);
      text_of(pgrant_policy_to_json, raw);
      break;
    }
    default:
      pgrant_spec_destroy(reinterpret_cast<pgrant_spec*>(&input));
      if (pgrant_spec_validate(reinterpret_cast<pgrant_spec*>(&more), nullptr) == PGRANT_OK)
        std::abort();
  }
  return 0;
}
