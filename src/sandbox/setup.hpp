// What is in a sandbox's cluster: SQL that runs once, after initdb.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pgrant/result.hpp"
#include "pgrant/secret.hpp"
#include "sandbox/state.hpp"

namespace pgrant::detail {

/// Whom a step connects as.
enum class setup_role { superuser, administrator };

/// SQL for one database and a range of major versions. `@admin@` in it stands for the
/// administrator's name as an identifier. All of a step is one implicit transaction.
struct setup_step {
  const char* database;
  setup_role role;
  int from_major;
  int before_major;
  const char* sql;
};

/// Roles and databases of a flexible server.
std::span<const setup_step> azure_setup() noexcept;
/// The administrator of a stock server.
std::span<const setup_step> superuser_setup() noexcept;
/// Roles of the application, and its databases, empty.
std::span<const setup_step> application_setup() noexcept;
/// What stands in the application's databases.
std::span<const setup_step> shop_setup() noexcept;
std::span<const setup_step> billing_setup() noexcept;

/// Changes whenever the content of new sandboxes does: stored copies of another digest are stale.
std::string setup_digest();

/// Runs the steps of the state's profile and gives the state's logins their passwords. Sets
/// `state.version`.
result<void> set_up_cluster(const sandbox_layout& layout, sandbox_state& state,
                            const std::vector<std::pair<std::string, secret>>& passwords,
                            bool content);

}  // namespace pgrant::detail
