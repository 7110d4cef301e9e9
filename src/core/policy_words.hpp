// How the policy file names what a selector selects; shared by validation, planner and reader.
#pragma once

#include <algorithm>
#include <string_view>

#include "pgrant/policy.hpp"

namespace pgrant {

/// A kind that stands for its class: all kinds of a class have the same privileges.
inline object_kind kind_of(object_class on) noexcept {
  switch (on) {
    case object_class::database:
      return object_kind::database;
    case object_class::schema:
      return object_kind::schema;
    case object_class::table:
      return object_kind::table;
    case object_class::sequence:
      return object_kind::sequence;
    case object_class::routine:
      return object_kind::function;
    case object_class::type:
      return object_kind::type;
    case object_class::language:
      return object_kind::language;
    case object_class::foreign_data_wrapper:
      return object_kind::foreign_data_wrapper;
    case object_class::foreign_server:
      return object_kind::foreign_server;
    case object_class::tablespace:
      return object_kind::tablespace;
    case object_class::parameter:
      return object_kind::parameter;
    case object_class::large_object:
      return object_kind::large_object;
  }
  return object_kind::table;
}

/// What `functions:` means, as PostgreSQL's GRANT … ON FUNCTION does.
inline const std::vector<object_kind>& function_kinds() {
  static const std::vector<object_kind> kinds{object_kind::function, object_kind::aggregate};
  return kinds;
}

/// The key of the policy file that holds the pattern of names.
inline std::string_view selector_word(const selector& objects) noexcept {
  switch (objects.on) {
    case object_class::table:
      return "tables";
    case object_class::sequence:
      return "sequences";
    case object_class::routine:
      if (objects.kinds == function_kinds()) return "functions";
      if (objects.kinds.size() == 1 && objects.kinds[0] == object_kind::procedure)
        return "procedures";
      return "routines";
    case object_class::schema:
      return "schema";
    default:
      return "database";
  }
}

}  // namespace pgrant
