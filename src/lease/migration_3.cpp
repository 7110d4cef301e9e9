// Version 3: how surely leases of a bundle end.
#include "lease/migrations.hpp"

namespace pgrant::detail {
namespace {

// NULL: registered by a library that did not grade. One that runs on leaves the columns as they
// are, so that a bundle keeps its grade until it is applied by a newer one.
constexpr sql_fragment safety_statements[] = {
    R"(ALTER TABLE pgrant.bundle
  ADD COLUMN grade text COLLATE "C" CHECK (grade IN ('A', 'B', 'C', 'D')),
  ADD COLUMN existing_role_grade text COLLATE "C"
    CHECK (existing_role_grade IN ('A', 'B', 'C', 'D')),
  ADD COLUMN accepted text[] COLLATE "C" NOT NULL DEFAULT '{}')",
};

}  // namespace

migration safety_migration() noexcept {
  return {3, 1, "safety grades of bundles", safety_statements};
}

}  // namespace pgrant::detail
