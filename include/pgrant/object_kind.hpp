// The kinds of objects that carry an ACL.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgrant {

/// PostgreSQL's object identifier; 0 is no object, and as a grantee PUBLIC.
using oid = std::uint32_t;

inline constexpr oid public_oid = 0;

/// What an object is. Kinds that GRANT treats alike share an `object_class`.
enum class object_kind : std::uint8_t {
  database,
  schema,
  table,              // pg_class.relkind r
  partitioned_table,  // p
  view,               // v
  materialized_view,  // m
  foreign_table,      // f
  sequence,           // S
  function,           // pg_proc.prokind f and w
  aggregate,          // a
  procedure,          // p
  type,               // pg_type; domains included
  language,
  foreign_data_wrapper,
  foreign_server,
  tablespace,
  parameter,
  large_object,
};

/// What the GRANT statement calls it; the unit in which ACLs, default privileges and statements
/// are alike.
enum class object_class : std::uint8_t {
  database,
  schema,
  table,  // every relation but sequences
  sequence,
  routine,  // functions, aggregates, procedures
  type,
  language,
  foreign_data_wrapper,
  foreign_server,
  tablespace,
  parameter,
  large_object,
};

object_class class_of(object_kind kind) noexcept;

/// "table", "materialized view", …: for people, JSON and the policy file alike.
std::string_view to_string(object_kind kind) noexcept;
std::string_view to_string(object_class c) noexcept;
/// The reverse of `to_string(object_kind)`; nothing for other texts.
std::optional<object_kind> parse_object_kind(std::string_view text) noexcept;

/// The keyword in `GRANT … ON <keyword>`: "TABLE", "SEQUENCE", "FUNCTION", "PROCEDURE", …
std::string_view grant_keyword(object_kind kind) noexcept;

}  // namespace pgrant
