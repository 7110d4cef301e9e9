// The second half of a model run's step: is there an order of what happened that explains the
// server?
#include <algorithm>
#include <numeric>

#include "fault/model_run.hpp"

namespace test {
namespace {

struct seen_memberships {
  memberships now, before_leases;
};

bool explains(lease_model model, const std::vector<model_event>& events,
              const std::vector<std::size_t>& order, const seen_memberships& seen,
              lease_model& out) {
  for (const std::size_t i : order) {
    if (!model.apply(events[i])) return false;
  }
  if (model.entries() != seen.now || model.entries_before() != seen.before_leases) return false;
  out = std::move(model);
  return true;
}

}  // namespace

bool model_run::compare(std::vector<model_event> events) {
  const seen_memberships seen{seen_.memberships_now(), seen_.memberships_before_leases()};
  std::vector<std::size_t> order(events.size());
  std::iota(order.begin(), order.end(), 0u);
  do {
    if (explains(*model_, events, order, seen, *model_)) return true;
  } while (std::next_permutation(order.begin(), order.end()));

  std::string text = "what happened:\n";
  for (const model_event& e : events) text += "  " + to_text(e) + '\n';
  FAIL_CHECK("no order of these explains the memberships\n"
             << text << "before:\n"
             << to_text(model_->entries()) << "found before leases:\n"
             << to_text(model_->entries_before()) << "now:\n"
             << to_text(seen.now) << "found before leases:\n"
             << to_text(seen.before_leases) << "history:\n"
             << history_);
  return false;
}

// Logins that leases gave work as long as these, and their sessions no longer.
void model_run::check_sessions() {
  for (const auto& [id, lease] : leases_) {
    if (!lease.person || lease.vanished) continue;
    if (!lease.active) continue;
    auto& open = sessions_[id];
    if (!open) open = std::make_unique<session>(where_, world_.database(), lease.grantee);
    CHECK(open->state("SELECT FROM world.t") == "00000");
  }
  CHECK(seen_.value("SELECT count(*) FROM pg_stat_activity a JOIN pgrant.lease l "
                    "ON a.usesysid = l.grantee_oid WHERE l.state = 'ended' "
                    "AND l.kind = 'ephemeral_login'") == "0");
}

bool model_run::step() {
  std::vector<operation> all;
  const std::size_t clients = 1 + random_.below(worker_count);
  for (std::size_t i = 0; i < clients; ++i) {
    all.push_back(random_operation(static_cast<int>(i)));
  }
  if (random_.one_in(3)) all.push_back(random_interference());
  if (random_.one_in(8)) {
    const std::string id = random_active();
    if (!id.empty()) {
      let_expire(world_, id);
      leases_.at(id).expired = true;
      history_ += id + " is past its time\n";
    }
  }
  history_ += "--\n";
  perform(all);
  note_answers(all);
  const std::vector<model_event> grants = grants_of(all);
  std::vector<model_event> events = events_of(all);
  events.insert(events.begin(), grants.begin(), grants.end());
  if (!compare(std::move(events))) return false;
  std::set<std::string> vanished;
  for (const auto& [id, lease] : leases_) {
    if (lease.vanished) vanished.insert(id);
  }
  const std::string wrong = seen_.disagreements(vanished);
  CHECK_MESSAGE(wrong == "", wrong, "history:\n", history_);
  check_sessions();
  return wrong.empty();
}

void model_run::finish() {
  std::vector<model_event> events;
  for (auto& [id, lease] : leases_) {
    if (!lease.active) continue;
    const auto answer = workers_[0]->ask({"revoke", id});
    REQUIRE(answer);
    CHECK_MESSAGE(answer->at(2) == "ended", answer->back());
    model_event ended;
    ended.what = model_event::kind::end;
    ended.lease = id;
    CHECK(model_->apply(ended));
    lease.active = false;
  }
  CHECK(to_text(seen_.memberships_now()) == to_text(model_->entries()));
  CHECK(seen_.disagreements() == "");
  CHECK(broken_audit(world_) == "");
  CHECK(seen_.value("SELECT count(*) FROM pgrant.membership") == "0");
}

}  // namespace test
