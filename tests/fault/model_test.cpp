// Random operations of several processes, and of somebody who keeps to no rules, against a model.
#include <doctest/doctest.h>

#include "fault/fault_plan.hpp"
#include "fault/model_run.hpp"

namespace test {
namespace {

void run_model(int major, shape s, std::uint64_t seed, int operations) {
  const auto where = own_server(major, server_options().shape(s));
  INFO(where->label());
  INFO("PGRANT_TEST_SEED=", seed);
  model_run run(*where, seed);
  while (run.operations() < operations) {
    if (!run.step()) return;
  }
  run.finish();
  MESSAGE(where->label() << ", seed " << seed << ": " << run.operations() << " operations, "
                         << run.refusals() << " refused");
}

}  // namespace

TEST_SUITE("model") {
  TEST_CASE("random operations of four processes and one vandal leave what the model says") {
    for (const int major : versions()) {
      for (const shape s : {shape::azure, shape::superuser}) {
        run_model(major, s, base_seed(), long_form() ? 1000 : 60);
      }
    }
  }
}

}  // namespace test
