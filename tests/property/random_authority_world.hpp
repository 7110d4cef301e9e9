// A database full of random roles, memberships and grants, made by a superuser and by the roles
// themselves: the ground on which pgrant's picture of authority is compared with the server's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pgrant/object_kind.hpp"
#include "support/psql.hpp"
#include "support/random_text.hpp"
#include "support/servers.hpp"

namespace test {

/// One object of the world, as GRANT names it.
struct granted_object {
  pgrant::object_kind kind;
  std::string sql;       ///< `TABLE w."o.0"`
  std::string relation;  ///< The same without the keyword, where it has columns; or empty.
  std::string owner;     ///< Empty: not made by the world.
};

class random_authority_world {
 public:
  random_authority_world(server& where, random_source& random);

  static constexpr const char* database = "authority";
  /// Every role of the world; none of them is the superuser that made it.
  const std::vector<std::string>& roles() const noexcept { return roles_; }
  const std::vector<granted_object>& objects() const noexcept { return objects_; }
  /// A role without any privilege or membership.
  static constexpr const char* stranger = "stranger";

  /// Runs `sql` as `actor` in a transaction that is rolled back, then `question` as the superuser
  /// inside of it. Gives the SQLSTATE of the first and, if it is no error, the answer.
  struct outcome {
    std::string state;
    table answer;
    bool failed() const { return state != "00000" && !state.starts_with("01"); }
  };
  outcome attempt(const std::string& actor, const std::string& sql, const std::string& question);

  session& superuser() noexcept { return superuser_; }
  static std::string quoted(std::string_view name);

 private:
  void make_roles(random_source& random);
  void make_memberships(random_source& random);
  void make_objects(random_source& random);
  void make_grants(random_source& random);
  /// As `actor`, for good; what the server refuses does not happen.
  void try_as(const std::string& actor, const std::string& sql);

  int major_;
  std::vector<std::string> roles_;
  std::vector<granted_object> objects_;
  session superuser_;
};

/// Keywords of the privileges that GRANT takes on objects of this kind, some of them at random.
std::string random_privileges(random_source& random, pgrant::object_kind kind, int major);

}  // namespace test
