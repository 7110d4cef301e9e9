// Roles that must not be dropped while a transaction gives them something.
#pragma once

#include <string>
#include <vector>

#include "pgrant/statement.hpp"

namespace pgrant::detail {

/// Adds statements, for inside a transaction, after which nobody can drop these roles before it
/// ends; one that is gone fails with 42704. Nothing is left of them. None for no roles.
void pin_roles(batch& work, const std::vector<std::string>& roles);

}  // namespace pgrant::detail
