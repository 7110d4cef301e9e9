#include "pgrant/object_kind.hpp"

#include <array>

namespace pgrant {

namespace {

struct kind_facts {
  std::string_view name;
  std::string_view keyword;
  object_class of;
};

// In the order of the enumerators. Aggregates are FUNCTION to GRANT, every relation but a sequence
// is TABLE.
constexpr std::array<kind_facts, 18> kind_table = {{
    {"database", "DATABASE", object_class::database},
    {"schema", "SCHEMA", object_class::schema},
    {"table", "TABLE", object_class::table},
    {"partitioned table", "TABLE", object_class::table},
    {"view", "TABLE", object_class::table},
    {"materialized view", "TABLE", object_class::table},
    {"foreign table", "TABLE", object_class::table},
    {"sequence", "SEQUENCE", object_class::sequence},
    {"function", "FUNCTION", object_class::routine},
    {"aggregate", "FUNCTION", object_class::routine},
    {"procedure", "PROCEDURE", object_class::routine},
    {"type", "TYPE", object_class::type},
    {"language", "LANGUAGE", object_class::language},
    {"foreign data wrapper", "FOREIGN DATA WRAPPER", object_class::foreign_data_wrapper},
    {"foreign server", "FOREIGN SERVER", object_class::foreign_server},
    {"tablespace", "TABLESPACE", object_class::tablespace},
    {"parameter", "PARAMETER", object_class::parameter},
    {"large object", "LARGE OBJECT", object_class::large_object},
}};
static_assert(kind_table.size() == static_cast<std::size_t>(object_kind::large_object) + 1);

constexpr std::array<std::string_view, 12> class_names = {
    "database",       "schema",     "table",     "sequence",
    "routine",        "type",       "language",  "foreign data wrapper",
    "foreign server", "tablespace", "parameter", "large object"};
static_assert(class_names.size() == static_cast<std::size_t>(object_class::large_object) + 1);

const kind_facts& facts_of(object_kind kind) noexcept {
  return kind_table[static_cast<std::size_t>(kind)];
}

}  // namespace

object_class class_of(object_kind kind) noexcept {
  return facts_of(kind).of;
}

std::string_view to_string(object_kind kind) noexcept {
  return facts_of(kind).name;
}

std::string_view to_string(object_class c) noexcept {
  return class_names[static_cast<std::size_t>(c)];
}

std::optional<object_kind> parse_object_kind(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kind_table.size(); ++i)
    if (kind_table[i].name == text) return static_cast<object_kind>(i);
  return std::nullopt;
}

std::string_view grant_keyword(object_kind kind) noexcept {
  return facts_of(kind).keyword;
}

}  // namespace pgrant
