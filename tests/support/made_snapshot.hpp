// Small snapshots written by hand: roles, schemas and objects by name, OIDs given out in order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pgrant/snapshot.hpp"

namespace test {

/// Builds a snapshot. The bootstrap superuser "postgres" (10) is there from the start and reads it.
/// Finish with `done()`.
class made_snapshot {
 public:
  explicit made_snapshot(int server_version = 160004);

  pgrant::role& role(std::string name);
  void member(std::string_view group, std::string_view member, bool admin = false);
  pgrant::database& database(std::string name, std::string_view owner);
  pgrant::oid schema(pgrant::database& db, std::string name, std::string_view owner);
  pgrant::object& object(pgrant::database& db, pgrant::oid schema, pgrant::object_kind kind,
                         std::string name, std::string_view owner);
  pgrant::oid id(std::string_view role) const;
  /// Plans are for this role.
  void read_by(std::string_view role) { state_.current_role = id(role); }
  pgrant::snapshot& state() noexcept { return state_; }
  pgrant::snapshot& done() {
    state_.index();
    return state_;
  }

 private:
  pgrant::snapshot state_;
  pgrant::oid next_ = 16'384;
};

/// "r1", "r1, r2": the grantees of an object with their privileges, for comparing: `ada=rw/app`.
std::string acl_text(const pgrant::snapshot& state, const pgrant::acl& list);

}  // namespace test
