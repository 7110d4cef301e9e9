// GRANT and REVOKE on a snapshot: what a server would do with a plan, without a server. Written
// after the server's own source, apart from pgrant's planner, so that the two can contradict each
// other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pgrant/plan.hpp"
#include "pgrant/role_graph.hpp"
#include "pgrant/snapshot.hpp"

namespace test::simulation {

class plan_simulator {
 public:
  explicit plan_simulator(pgrant::snapshot& state) : state_(state) {}

  /// Runs all steps as `plan::executor`. What the server would refuse, or answer with a warning
  /// that nothing or not all was granted, fails the test; so does a target that is not what the
  /// plan says.
  void run(const pgrant::plan& p);

  struct grant {
    bool revoke = false;
    pgrant::privilege_set privileges;
    bool option = false;
    bool cascade = false;
    std::vector<pgrant::oid> grantees;
  };
  /// One statement on one list of privileges. Gives the SQLSTATE: "00000", "01006", "01007",
  /// "0LP01", "2BP01". `list` is the object's own or a column's, `table` what the grantor may have
  /// beside it.
  std::string change(const pgrant::database& seen_from, pgrant::oid actor, pgrant::object_kind kind,
                     pgrant::oid owner, pgrant::acl& list, const grant& what,
                     const std::vector<pgrant::acl_item>* table = nullptr) const;

 private:
  struct target {
    pgrant::oid owner = 0;
    pgrant::acl* list = nullptr;
    std::vector<pgrant::acl_item> table;  // for columns
    pgrant::object* relation = nullptr;
    const pgrant::database* seen_from = nullptr;
  };
  target find(const pgrant::step& s, const pgrant::step_target& t);
  bool may_name(const pgrant::step_target& t) const;
  void check_targets(const pgrant::plan& p);
  void run_step(const pgrant::step& s);
  void run_grant(const pgrant::step& s);
  void run_default(const pgrant::step& s);
  void create_role(const pgrant::step& s);
  void drop_role(const pgrant::step& s);
  void set_attributes(pgrant::role& r, const std::string& sql);
  void grant_membership(const pgrant::step& s);
  pgrant::oid role_id(std::string_view name) const;
  std::vector<pgrant::oid> role_ids(const std::vector<std::string>& names) const;
  pgrant::database& database(std::string_view name);

  pgrant::snapshot& state_;
  pgrant::oid executor_ = 0;
};

}  // namespace test::simulation

namespace test {
using simulation::plan_simulator;
}  // namespace test
