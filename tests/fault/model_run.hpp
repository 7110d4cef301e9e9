// Random operations by several processes at once, and somebody who keeps to no rules, against
// `lease_model`.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fault/lease_model.hpp"
#include "fault/process.hpp"
#include "support/random_text.hpp"

namespace test {

class model_run {
 public:
  model_run(server& where, std::uint64_t seed);
  /// One to four operations at the same moment, then a comparison. False: the states differ, and
  /// the test has failed.
  bool step();
  /// Ends everything: what is left is what was there without leases.
  void finish();
  int operations() const noexcept { return operations_; }
  int refusals() const noexcept { return refusals_; }

 private:
  struct known_lease {
    std::vector<std::string> bundles;
    std::string grantee, key;
    bool person = false, active = true, expired = false, vanished = false;
  };
  // What one client does, or somebody with psql (`worker` < 0).
  struct operation {
    int worker = -1;
    std::vector<std::string> order;
    std::string sql;
    model_event event;
    std::vector<std::string> answer;  // of a worker; of SQL: its SQLSTATE
    bool new_lease = false;
  };
  static constexpr int worker_count = 4;

  operation random_operation(int worker);
  operation random_grant();
  operation random_interference();
  void perform(std::vector<operation>& all);
  void note_answers(std::vector<operation>& all);
  std::vector<model_event> grants_of(const std::vector<operation>& all) const;
  std::vector<model_event> events_of(const std::vector<operation>& all);
  bool compare(std::vector<model_event> events);
  void check_sessions();
  std::string random_active(bool person_only = false);
  std::string role_of(const std::string& bundle) const { return world_.role_of(bundle); }

  server& where_;
  lease_world world_;
  observer seen_;
  random_source random_;
  std::vector<std::unique_ptr<worker_process>> workers_;
  std::vector<std::string> roles_;
  std::string giver_;
  std::map<std::string, known_lease> leases_;
  std::map<std::string, std::unique_ptr<session>> sessions_;  // of logins, by lease
  std::unique_ptr<lease_model> model_;
  std::string history_;
  int operations_ = 0, refusals_ = 0, keys_ = 0;
};

}  // namespace test
