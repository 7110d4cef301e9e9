// What operations give.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "boundary.hpp"
#include "pgrant/adoption.hpp"
#include "pgrant/applier.hpp"
#include "pgrant/audit.hpp"
#include "pgrant/check.hpp"
#include "pgrant/json/snapshot.hpp"
#include "pgrant/leases.hpp"
#include "pgrant/plan.hpp"
#include "pgrant/rotation.hpp"
#include "pgrant/sandbox.hpp"
#include "pgrant/snapshot.hpp"

/// A view of a lease of the result that holds it.
struct pgrant_lease {
  pgrant::capi::mark<7> alive;
  const pgrant::lease* of = nullptr;
};

namespace pgrant::capi {

struct inventory {
  snapshot state;
  snapshot_json_options written;
};

struct applied_plan {
  std::string plan;  // JSON text
  apply_report report;
};

using result_value = std::variant<check_report, inventory, plan, applied_plan, granted_lease,
                                  std::vector<lease>, sweep_report, sandbox_report, adopt_report,
                                  std::vector<audit_record>, audit_verdict, rotation_report>;

}  // namespace pgrant::capi

struct pgrant_result {
  pgrant::capi::mark<8> alive;
  const pgrant::capi::result_value value;
  std::unique_ptr<pgrant_lease[]> leases;
  std::size_t lease_count = 0;
  std::vector<std::unique_ptr<const pgrant_error>> failures;

  explicit pgrant_result(pgrant::capi::result_value of);
};

namespace pgrant::capi {

template <class T>
std::unique_ptr<pgrant_result> new_result(T&& value) {
  return std::make_unique<pgrant_result>(result_value(std::forward<T>(value)));
}
/// One end is a sweep of one.
std::unique_ptr<pgrant_result> new_end_result(lease_end&& end);

}  // namespace pgrant::capi
