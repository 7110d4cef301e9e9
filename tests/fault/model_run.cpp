#include "fault/model_run.hpp"

#include <algorithm>
#include <future>
#include <numeric>

namespace test {
namespace {

constexpr int role_count = 4;

bool refused(const std::vector<std::string>& answer) {
  return answer.front() == "error";
}

// Answers of section 8 that are right when somebody changes roles at the same moment.
bool explained_by_interference(const std::vector<std::string>& answer) {
  static const std::set<std::string> codes{"not_found", "conflict", "not_granted"};
  return codes.contains(answer.at(1));
}

std::string sql_options(const std::vector<std::string>& named, const membership_entry& entry) {
  std::string text;
  for (const std::string& option : named) {
    const bool value = option == "admin" ? entry.admin
                       : option == "set" ? entry.set
                                         : entry.inherit;
    text += (text.empty() ? " WITH " : ", ") + option + (value ? " TRUE" : " FALSE");
  }
  return text;
}

}  // namespace

model_run::model_run(server& where, std::uint64_t seed)
    : where_(where), world_(where), seen_(world_), random_(seed) {
  giver_ =
      where.major() < 16 || where.shape() == shape::azure ? world_.connector() : where.superuser();
  for (int i = 0; i < role_count; ++i) roles_.push_back(world_.fresh_login());
  for (int i = 0; i < worker_count; ++i) {
    workers_.push_back(
        std::make_unique<worker_process>(where.socket_directory(), where.port(), world_.connector(),
                                         world_.ledger_database(), i % 2 == 0 ? "pool" : "direct"));
  }
  // One role had a bundle before.
  psql(where, "postgres", world_.connector(),
       "GRANT world_read TO " + roles_[0] +
           (where.major() >= 16 ? " WITH ADMIN TRUE, INHERIT FALSE, SET TRUE" : ""));
  model_ = std::make_unique<lease_model>(seen_.memberships_now(), giver_, where.major() >= 16);
}

std::string model_run::random_active(bool person_only) {
  std::vector<std::string> ids;
  for (const auto& [id, lease] : leases_) {
    if (lease.active && !lease.vanished && (lease.person || !person_only)) ids.push_back(id);
  }
  return ids.empty() ? "" : ids[random_.below(ids.size())];
}

model_run::operation model_run::random_grant() {
  operation made;
  std::string bundles = random_.one_in(2) ? "world-read" : "world-write";
  if (random_.one_in(3)) bundles = "world-write,world-read";
  const bool person = random_.one_in(3);
  const std::string role = person ? "" : roles_[random_.below(roles_.size())];
  std::string key = "model-" + std::to_string(++keys_);
  made.order = {"grant", bundles, person ? "Ada" : "", role, "3600", key};
  // Now and then the same request twice.
  const std::string again = random_.one_in(6) ? random_active() : "";
  if (!again.empty()) {
    const known_lease& l = leases_.at(again);
    std::string same;
    for (const std::string& b : l.bundles) same += (same.empty() ? "" : ",") + b;
    made.order = {"grant", same, l.person ? "Ada" : "", l.person ? "" : l.grantee, "3600", l.key};
  }
  return made;
}

// What an administrator does by hand, without our locks.
model_run::operation model_run::random_interference() {
  operation made;
  model_event& e = made.event;
  const std::string role = roles_[random_.below(roles_.size())];
  const bool options = where_.major() >= 16;
  e.entry = {random_.one_in(2) ? "world_read" : "world_write",
             role,
             where_.superuser(),
             random_.one_in(2),
             random_.one_in(2),
             random_.one_in(2)};
  switch (random_.below(5)) {
    case 0:
    case 1: {
      e.what = model_event::kind::manual_grant;
      e.options = {"admin", "inherit", "set"};
      if (!options) e.entry.inherit = e.entry.set = true;
      made.sql = "GRANT " + e.entry.role + " TO " + role +
                 (options         ? sql_options(e.options, e.entry)
                  : e.entry.admin ? " WITH ADMIN OPTION"
                                  : "");
      return made;
    }
    case 2:
    case 3: {
      e.what = model_event::kind::manual_revoke;
      if (options && random_.one_in(2)) e.entry.grantor = giver_;
      made.sql = "REVOKE " + e.entry.role + " FROM " + role;
      if (options) made.sql += " GRANTED BY " + e.entry.grantor;
      return made;
    }
    default: {
      e.what = model_event::kind::drop_role;
      const std::string lease = random_.one_in(2) ? random_active(true) : "";
      // In one go with another role of the same name, who must not get anything.
      e.member = lease.empty() ? role : leases_.at(lease).grantee;
      made.sql = "DROP ROLE " + e.member;
      if (lease.empty()) made.sql += "; CREATE ROLE " + role + " LOGIN";
      if (sessions_.contains(lease)) sessions_.erase(lease);
      return made;
    }
  }
}

model_run::operation model_run::random_operation(int worker) {
  operation made;
  const std::string lease = random_active();
  const std::size_t dice = random_.below(10);
  if (dice < 5 || lease.empty()) {
    made = random_grant();
  } else if (dice < 8) {
    made.order = {"revoke", lease};
  } else if (dice < 9) {
    made.order = {"revoke-grantee", leases_.at(lease).grantee};
  } else {
    made.order = {"sweep"};
  }
  made.worker = worker;
  return made;
}

void model_run::perform(std::vector<operation>& all) {
  std::vector<std::future<std::string>> by_hand;
  for (operation& one : all) {
    ++operations_;
    if (one.worker >= 0) {
      workers_[static_cast<std::size_t>(one.worker)]->send(one.order);
    } else {
      by_hand.push_back(std::async(std::launch::async, [this, sql = one.sql] {
        return psql_state(where_, "postgres", where_.superuser(), sql);
      }));
    }
  }
  std::size_t next = 0;
  for (operation& one : all) {
    if (one.worker < 0) {
      one.answer = {by_hand[next++].get()};
      history_ += one.sql + " -> " + one.answer[0] + '\n';
      continue;
    }
    const auto answer = workers_[static_cast<std::size_t>(one.worker)]->answer();
    REQUIRE(answer);
    one.answer = *answer;
    for (const std::string& word : one.order) history_ += word + ' ';
    history_ += "-> ";
    for (std::size_t i = 0; i < std::min<std::size_t>(one.answer.size(), 4); ++i)
      history_ += one.answer[i] + ' ';
    history_ += '\n';
  }
}

void model_run::note_answers(std::vector<operation>& all) {
  const bool disturbed =
      std::any_of(all.begin(), all.end(), [](const operation& o) { return o.worker < 0; });
  for (operation& one : all) {
    if (one.worker < 0) continue;
    if (refused(one.answer)) {
      ++refusals_;
      // A membership that was taken by hand makes a further lease on it an error, at any time.
      const bool taken = one.order[0] == "grant" && one.answer.at(1) == "not_granted";
      const bool over = one.order[0] == "revoke-grantee" && one.answer.at(1) == "not_found";
      CHECK_MESSAGE((taken || over || (disturbed && explained_by_interference(one.answer))),
                    one.answer.back());
      continue;
    }
    if (one.order[0] == "revoke") CHECK(one.answer.at(2) == "ended");
    if (one.order[0] == "grant") {
      known_lease& l = leases_[one.answer.at(1)];
      if (!l.bundles.empty()) {
        CHECK(l.key == one.order.at(5));
        continue;
      }
      l.bundles = one.order.at(1) == "world-write,world-read"
                      ? std::vector<std::string>{"world-write", "world-read"}
                      : std::vector<std::string>{one.order.at(1)};
      l.person = !one.order.at(2).empty();
      l.grantee = one.answer.at(2);
      l.key = one.order.at(5);
      one.new_lease = true;
    } else if (one.order[0] == "sweep" || one.order[0] == "revoke-grantee") {
      CHECK_MESSAGE(one.answer.at(2) == "0", one.answer.back());
    }
  }
}

std::vector<model_event> model_run::grants_of(const std::vector<operation>& all) const {
  std::vector<model_event> events;
  for (const operation& one : all) {
    if (!one.new_lease) continue;
    model_event granted;
    granted.lease = one.answer.at(1);
    granted.member = one.answer.at(2);
    for (const std::string& b : leases_.at(granted.lease).bundles) {
      granted.roles.push_back(role_of(b));
    }
    events.push_back(std::move(granted));
  }
  return events;
}

// What else happened, as far as answers and ledger say; in no order.
std::vector<model_event> model_run::events_of(const std::vector<operation>& all) {
  std::vector<model_event> events;
  std::set<std::string> may_end;
  bool swept = false, dropped = false;
  for (const operation& one : all) {
    if (one.worker < 0) {
      if (one.answer[0] != "00000") continue;
      events.push_back(one.event);
      dropped |= one.event.what == model_event::kind::drop_role;
    } else if (one.order[0] == "revoke") {
      may_end.insert(one.order[1]);
    } else if (one.order[0] == "revoke-grantee") {
      for (const auto& [id, l] : leases_) {
        if (l.grantee == one.order[1]) may_end.insert(id);
      }
    } else if (one.order[0] == "sweep") {
      swept = true;
    }
  }
  std::set<std::string> in_ledger;
  for (const auto& r : seen_.sql().run("SELECT l.id, l.state, r.oid IS NULL FROM pgrant.lease l "
                                       "LEFT JOIN pg_roles r ON r.oid = l.grantee_oid")) {
    in_ledger.insert(r[0]);
    REQUIRE_MESSAGE(leases_.contains(r[0]), "a lease that nobody was told of: ", r[0]);
    known_lease& l = leases_.at(r[0]);
    l.vanished |= dropped && l.active && r[2] == "t";
    if (!l.active) {
      CHECK(r[1] == "ended");
    } else if (r[1] != "active") {
      CHECK(r[1] == "ended");
      CHECK((may_end.contains(r[0]) || (swept && (l.expired || l.vanished))));
      l.active = false;
      model_event ended;
      ended.what = model_event::kind::end;
      ended.lease = r[0];
      events.push_back(ended);
      sessions_.erase(r[0]);
    }
  }
  CHECK(in_ledger.size() == leases_.size());
  return events;
}

}  // namespace test
