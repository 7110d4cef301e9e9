#include "plan_words.hpp"

#include <array>

namespace pgrant::planning {
namespace {

// In the order of the enumerations.
constexpr std::array<sql_fragment, 18> kind_fragments = {"DATABASE",       "SCHEMA",
                                                         "TABLE",          "TABLE",
                                                         "TABLE",          "TABLE",
                                                         "TABLE",          "SEQUENCE",
                                                         "FUNCTION",       "FUNCTION",
                                                         "PROCEDURE",      "TYPE",
                                                         "LANGUAGE",       "FOREIGN DATA WRAPPER",
                                                         "FOREIGN SERVER", "TABLESPACE",
                                                         "PARAMETER",      "LARGE OBJECT"};
static_assert(kind_fragments.size() == static_cast<std::size_t>(object_kind::large_object) + 1);

constexpr std::array<std::string_view, 18> kind_plurals = {
    "databases",       "schemas",
    "tables",          "tables",
    "views",           "materialized views",
    "foreign tables",  "sequences",
    "functions",       "aggregates",
    "procedures",      "types",
    "languages",       "foreign data wrappers",
    "foreign servers", "tablespaces",
    "parameters",      "large objects"};

constexpr std::array<sql_fragment, privilege_count> privilege_fragments = {
    "SELECT", "INSERT", "UPDATE",  "DELETE",    "TRUNCATE", "REFERENCES", "TRIGGER",     "MAINTAIN",
    "USAGE",  "CREATE", "CONNECT", "TEMPORARY", "EXECUTE",  "SET",        "ALTER SYSTEM"};

sql_fragment privilege_fragment(privilege p) noexcept {
  return privilege_fragments[static_cast<std::size_t>(p)];
}

}  // namespace

sql_fragment grant_word(object_kind kind) noexcept {
  return kind_fragments[static_cast<std::size_t>(kind)];
}

sql_fragment default_word(object_class on) noexcept {
  switch (on) {
    case object_class::schema:
      return "SCHEMAS";
    case object_class::sequence:
      return "SEQUENCES";
    case object_class::routine:
      return "FUNCTIONS";
    case object_class::type:
      return "TYPES";
    case object_class::large_object:
      return "LARGE OBJECTS";
    default:
      return "TABLES";
  }
}

std::string_view plural(object_kind kind) noexcept {
  return kind_plurals[static_cast<std::size_t>(kind)];
}

sql_text privilege_words(privilege_set set, object_kind kind, int server_version) {
  if (set.size() > 1 && set == all_privileges(kind, server_version))
    return sql_text("ALL PRIVILEGES");
  sql_text text;
  set.for_each([&](privilege p) {
    if (!text.empty()) text.raw(", ");
    text.raw(privilege_fragment(p));
  });
  return text;
}

sql_text column_privilege_words(privilege_set set, std::string_view column) {
  sql_text text;
  set.for_each([&](privilege p) {
    if (!text.empty()) text.raw(", ");
    text.raw(privilege_fragment(p)).raw(" (").name(column).raw(")");
  });
  return text;
}

sql_text grantee_words(std::span<const std::string> names) {
  return sql_text().list(names, ", ", [](sql_text& text, const std::string& name) {
    if (name == "public") {
      text.raw("PUBLIC");
    } else {
      text.name(name);
    }
  });
}

}  // namespace pgrant::planning
