#include "options.hpp"

#include <limits>

#include "text.hpp"

namespace capi = pgrant::capi;

namespace pgrant::capi {

option_reader::option_reader(const pgrant_options* options, pgrant_options_kind kind)
    : from_(options) {
  if (options && checked(options, "options").kind != kind)
    refuse("options", "these options are of another kind");
}

void option_reader::check_range(std::string_view key, std::int64_t value, std::int64_t least,
                                std::int64_t most) {
  if (value >= least && value <= most) return;
  const std::string range = std::to_string(least) + " to " + std::to_string(most);
  throw refusal{PGRANT_INVALID_ARGUMENT,
                error(errc::invalid_argument, std::string(key) + " is out of range")
                    .with_field(std::string(key))
                    .with_hint("use " + range)};
}

}  // namespace pgrant::capi

namespace {

const char* type_name(pgrant_option_type type) noexcept {
  constexpr const char* names[] = {"",         "a text",   "a list of texts",
                                   "a number", "a switch", "a secret"};
  return names[type];
}

bool matches(std::string_view pattern, std::string_view key) noexcept {
  if (!pattern.ends_with(".*")) return pattern == key;
  pattern.remove_suffix(1);
  return key.size() > pattern.size() && key.starts_with(pattern);
}

const capi::option_key& find_key(const pgrant_options& of, std::string_view key) {
  for (const capi::option_key& known : capi::option_keys(of.kind))
    if (matches(known.name, key)) return known;
  throw capi::refusal{PGRANT_INVALID_ARGUMENT,
                      pgrant::error(pgrant::errc::invalid_argument, "there is no such option")
                          .with_field(std::string(key))};
}

// Finds the place for a value of this type.
capi::option_value& place(pgrant_options* options, const char* key, pgrant_option_type type,
                          capi::option_value empty) {
  auto& to = capi::checked(options, "options");
  const auto name = capi::text_in(key, PGRANT_NUL_TERMINATED, "key");
  const capi::option_key& known = find_key(to, name);
  if (known.type != type)
    capi::refuse(pgrant::error(pgrant::errc::invalid_argument,
                               std::string("the option is ") + type_name(known.type))
                     .with_field(std::string(name)));
  return to.values.try_emplace(std::string(name), std::move(empty)).first->second;
}

template <class Value>
pgrant_status set_value(pgrant_options* options, const char* key, pgrant_option_type type,
                        pgrant_error** err, Value make) noexcept {
  return capi::guard(err, [&] {
    capi::option_value value = make();
    place(options, key, type, value) = value;
  });
}

const capi::option_key* key_at(pgrant_options_kind kind, std::size_t index) noexcept {
  const auto keys = capi::option_keys(kind);
  return index < keys.size() ? &keys[index] : nullptr;
}

}  // namespace

const char* pgrant_options_key(pgrant_options_kind kind, size_t index) {
  const auto* key = key_at(kind, index);
  return key ? key->name : nullptr;
}

pgrant_option_type pgrant_options_key_type(pgrant_options_kind kind, size_t index) {
  const auto* key = key_at(kind, index);
  return key ? key->type : 0;
}

const char* pgrant_options_key_help(pgrant_options_kind kind, size_t index) {
  const auto* key = key_at(kind, index);
  return key ? key->help : nullptr;
}

pgrant_status pgrant_options_create(pgrant_options_kind kind, pgrant_options** options,
                                    pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& out = capi::checked_output(options, "options");
    if (capi::option_keys(kind).empty()) capi::refuse("kind", "there is no such kind of options");
    auto made = std::make_unique<pgrant_options>();
    made->kind = kind;
    out = made.release();
  });
}

pgrant_status pgrant_options_set_string(pgrant_options* options, const char* key, const char* value,
                                        size_t size, pgrant_error** err) {
  return set_value(options, key, PGRANT_OPTION_STRING, err,
                   [&] { return std::string(capi::text_in(value, size, "value")); });
}

pgrant_status pgrant_options_add_string(pgrant_options* options, const char* key, const char* value,
                                        size_t size, pgrant_error** err) {
  return capi::guard(err, [&] {
    std::string added(capi::text_in(value, size, "value"));
    using list = std::vector<std::string>;
    std::get<list>(place(options, key, PGRANT_OPTION_STRINGS, list())).push_back(std::move(added));
  });
}

pgrant_status pgrant_options_set_int(pgrant_options* options, const char* key, int64_t value,
                                     pgrant_error** err) {
  return set_value(options, key, PGRANT_OPTION_INT, err, [&] { return std::int64_t{value}; });
}

pgrant_status pgrant_options_set_bool(pgrant_options* options, const char* key, int32_t value,
                                      pgrant_error** err) {
  return set_value(options, key, PGRANT_OPTION_BOOL, err, [&] { return value != 0; });
}

pgrant_status pgrant_options_set_secret(pgrant_options* options, const char* key, const char* value,
                                        size_t size, pgrant_error** err) {
  return set_value(options, key, PGRANT_OPTION_SECRET, err, [&] {
    return std::make_shared<const pgrant::secret>(
        pgrant::secret::copy_of(capi::secret_in(value, size, "value")));
  });
}

pgrant_status pgrant_options_unset(pgrant_options* options, const char* key, pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& of = capi::checked(options, "options");
    const auto name = capi::text_in(key, PGRANT_NUL_TERMINATED, "key");
    find_key(of, name);
    if (const auto found = of.values.find(name); found != of.values.end()) of.values.erase(found);
  });
}

void pgrant_options_destroy(pgrant_options* options) {
  if (capi::is_handle(options)) delete options;
}
