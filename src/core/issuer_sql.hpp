// The database objects behind issuers and granters: schema pgrant_issue in the ledger's database.
//
// Doors are the only SECURITY DEFINER functions: `issuer_<k>` and `granter_<k>`, each owned by the
// role of its name. What they do stands once, in functions that issuers and granters alone may
// execute and that have no rights of their own. In front of the doors are functions that the
// connector calls: they run with its own rights, find the right door, and do with the connector's
// rights what no door is there for (logins and memberships from before the issuers).
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "pgrant/sql.hpp"

namespace pgrant::issuing {

inline constexpr std::string_view schema_name = "pgrant_issue";

/// Rises with each change of a text below; a bootstrap replaces what an older one has made.
inline constexpr int routines_version = 1;

struct table_text {
  std::string_view name;
  std::string_view purpose;
  sql_fragment sql;  ///< CREATE TABLE …
};

/// Whom a routine is for. Nobody else may execute it.
enum class routine_user { connector, issuers, granters, administrator };

struct routine_text {
  std::string_view name;
  std::string_view arguments;  ///< As PostgreSQL writes their types.
  routine_user user;
  std::string_view purpose;
  sql_fragment sql;  ///< CREATE OR REPLACE FUNCTION …
};

std::span<const table_text> tables() noexcept;
/// All but the doors, which `set_up_issuer` and `set_up_granter` make.
std::array<std::span<const routine_text>, 4> routines() noexcept;

// The files that the texts stand in.
std::span<const routine_text> issuer_routines() noexcept;
std::span<const routine_text> granter_routines() noexcept;
std::span<const routine_text> connector_routines() noexcept;
std::span<const routine_text> set_up_routines() noexcept;

}  // namespace pgrant::issuing
