#include "lease_roles.hpp"

#include <cstdio>

#include "lease_crowd.hpp"

namespace bench {
namespace {

pgrant::grant_request for_role(const std::string& role) {
  return pgrant::grant_request("bench").to_role(role).lasting(std::chrono::hours(1));
}

/// What a grant and its end cost together, in seconds, while the others' leases go on.
struct role_cost {
  double together = 0, alone = 0;
};

// The people after `spare` have no lease.
role_cost cost_of_one(const world& where, int spare, int cohort_size) {
  std::atomic<int> turn = 0;
  crowd callers(
      where, 1, true,
      [&turn, spare](int) { return for_role("crowd_" + std::to_string(spare + turn++ % 1000)); },
      cohort_size);
  role_cost cost;
  callers.run(64, std::chrono::seconds(60), 200);
  cost.together = 1 / callers.run(64, std::chrono::seconds(60), 1000);
  cost.alone = 1 / callers.run(1, std::chrono::seconds(60), 100);
  return cost;
}

// In milliseconds from the call on, by the catalog: cohorts, everybody, the end of all leases.
void break_glass(const world& where, int cohort_size) {
  boost::asio::io_context context;
  pgrant::leases leases = where.leases(context, 1, cohort_size);
  // A connection each, and the ledger's version, are there before somebody is in a hurry.
  must(pgrant::wait(context, leases.async_list(pgrant::lease_filter().limit(1))));
  std::atomic<bool> over = false;
  double cohorts = -1, everybody = -1;
  raw_connection eye = where.as_superuser();
  const std::string members =
      "SELECT count(*) FILTER (WHERE pg_get_userbyid(member) LIKE 'pgrant_cohort_%') || ' ' || "
      "count(*) FROM pg_auth_members WHERE roleid = 'bench_bundle'::regrole AND NOT admin_option";
  eye.value(members);
  const auto start = clock::now();
  std::thread watcher([&] {
    while (!over && everybody < 0) {
      const std::string left = eye.value(members);
      if (cohorts < 0 && left.starts_with("0 ")) cohorts = seconds_since(start);
      if (left == "0 0") everybody = seconds_since(start);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const auto report = must(pgrant::wait(context, leases.async_revoke_bundle("bench")));
  const double ended = seconds_since(start);
  over = true;
  watcher.join();
  std::printf(
      "the glass is broken: cohorts are cut after %.0f ms, nobody has access after %.0f ms, %zu "
      "leases have ended after %.0f ms; %zu failures\n",
      cohorts * 1e3, everybody * 1e3, report.ends.size(), ended * 1e3, report.failures.size());
}

}  // namespace

void many_roles(const world& where, int leases, int cohort_size) {
  where.make_crowd(leases + 1000);
  std::atomic<int> granted = 0;
  crowd callers(
      where, 1, false, [&granted](int) { return for_role("crowd_" + std::to_string(granted++)); },
      cohort_size);
  callers.run(64, std::chrono::seconds(60), 1000);
  where.as_superuser().value("ANALYZE");
  const role_cost few = cost_of_one(where, leases, cohort_size);
  callers.run(64, std::chrono::seconds(1200), leases - 1000);
  where.as_superuser().value("ANALYZE");
  const role_cost many = cost_of_one(where, leases, cohort_size);
  std::printf(
      "existing roles, %s: a grant and its end among 1,000 leases %.2f ms by 64 callers, %.2f ms "
      "by one; among %d %.2f and %.2f ms: %.2f and %.2f times\n",
      cohort_size > 0 ? "with cohorts" : "without cohorts", few.together * 1e3, few.alone * 1e3,
      leases, many.together * 1e3, many.alone * 1e3, many.together / few.together,
      many.alone / few.alone);
  if (where.major() >= 16 && cohort_size > 0) break_glass(where, cohort_size);
}

}  // namespace bench
