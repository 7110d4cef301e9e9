// Pieces of statements and of the sentences about them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "pgrant/plan.hpp"
#include "pgrant/sql.hpp"

namespace pgrant::planning {

/// "TABLE", "FUNCTION", … as a fragment of SQL.
sql_fragment grant_word(object_kind kind) noexcept;
/// What ALTER DEFAULT PRIVILEGES calls a class: "TABLES", "FUNCTIONS", …
sql_fragment default_word(object_class on) noexcept;
/// "table", "tables": for people.
std::string_view plural(object_kind kind) noexcept;

/// "SELECT, INSERT", or "ALL PRIVILEGES" where the set is all that a kind with several has.
sql_text privilege_words(privilege_set set, object_kind kind, int server_version);
/// The same with the column after each privilege: `SELECT (a), INSERT (a)`.
sql_text column_privilege_words(privilege_set set, std::string_view column);

/// Grantees with commas; "public" is PUBLIC.
sql_text grantee_words(std::span<const std::string> names);

}  // namespace pgrant::planning
