#include "fault/kill_sweep.hpp"

#include "pgrant/rotation.hpp"

namespace test {

std::string_view to_string(struck_operation o) noexcept {
  switch (o) {
    case struck_operation::grant_to_person:
      return "grant to a person";
    case struck_operation::grant_to_role:
      return "grant to a role";
    case struck_operation::revoke_of_person:
      return "revoke of a person";
    case struck_operation::revoke_of_role:
      return "revoke of a role";
    case struck_operation::expiry:
      return "expiry";
    case struck_operation::start:
      return "start";
    case struck_operation::extension:
      return "extension";
    case struck_operation::rotation:
      return "rotation";
  }
  return "";
}

std::string_view to_string(blow b) noexcept {
  switch (b) {
    case blow::kill:
      return "process killed";
    case blow::lost_line:
      return "line lost";
    case blow::server_crash:
      return "server crashed";
  }
  return "";
}

// What one run is about.
struct kill_sweep::scene {
  std::vector<std::string> order;
  std::vector<std::string> leases;                // that the order ends, starts or extends
  std::vector<std::vector<std::string>> planned;  // the answers about those that it starts
  std::string key, grantee;                       // of the lease that the order grants
  std::vector<std::unique_ptr<session>> sessions;
  std::optional<std::vector<std::string>> answer;  // of the process that was struck
};

kill_sweep::kill_sweep(server& where) : where_(where), world_(where), proxy_(where) {
  begin(world_.connector());
}

kill_sweep::kill_sweep(issuer_world& set_up)
    : where_(set_up.where()),
      world_(set_up.where(), set_up.connector(), "pgrant", "pgrant_"),
      proxy_(where_) {
  begin(where_.admin());
}

void kill_sweep::begin(const std::string& giver) {
  role_ = world_.fresh_login();
  std::filesystem::create_directory(secrets());
  std::filesystem::permissions(secrets(), std::filesystem::perms::owner_all);
  // What the leases must leave as it is: on 16 and later, without granters, an entry of the same
  // grantor.
  psql(where_, "postgres", giver,
       "GRANT " + world_.role_of("world-write") + " TO " + role_ +
           (where_.major() >= 16 ? " WITH ADMIN TRUE, INHERIT FALSE, SET TRUE"
                                 : " WITH ADMIN OPTION"));
  heir_ = std::make_unique<worker_process>(where_.socket_directory(), where_.port(),
                                           world_.connector(), world_.ledger_database());
  ask_heir({"sweep"});
  at_rest_ = access_state(where_, world_.database());
  memberships_at_rest_ = observer(world_).memberships_now();
}

std::vector<std::string> kill_sweep::ask_heir(const std::vector<std::string>& order) {
  const auto answer = heir_->ask(order);
  REQUIRE(answer);
  if (answer->front() == "error") FAIL(order.front() << ": " << answer->back());
  return *answer;
}

kill_sweep::scene kill_sweep::prepare(struck_operation what) {
  scene now;
  now.key = "key-" + std::to_string(++count_);
  const auto lease_of = [&](const std::string& person, const std::string& role) {
    const auto granted = ask_heir({"grant", "world-read,world-write", person, role, "3600", ""});
    now.leases.push_back(granted.at(1));
    now.sessions.push_back(std::make_unique<session>(where_, world_.database(), granted.at(2)));
    return granted.at(1);
  };
  // A lease for later, whose time then comes.
  const auto plan = [&](const std::string& person, const std::string& role) {
    now.planned.push_back(
        ask_heir({"grant", "world-read,world-write", person, role, "3600", "", "600"}));
    now.leases.push_back(now.planned.back().at(1));
    psql(where_, world_.ledger_database(),
         "UPDATE pgrant.lease SET granted_at = granted_at - interval '700 s', starts_at = "
         "starts_at - interval '700 s', expires_at = expires_at - interval '700 s' WHERE id = '" +
             now.leases.back() + "'");
  };
  switch (what) {
    case struck_operation::grant_to_person:
      now.order = {"grant", "world-read,world-write", "Ada", "", "3600", now.key};
      break;
    case struck_operation::grant_to_role:
      now.order = {"grant", "world-read,world-write", "", role_, "3600", now.key};
      break;
    case struck_operation::revoke_of_person:
      now.order = {"revoke", lease_of("Ada", "")};
      break;
    case struck_operation::revoke_of_role:
      now.order = {"revoke", lease_of("", role_)};
      break;
    case struck_operation::expiry:
      now.order = {"sweep"};
      let_expire(world_, lease_of("Ada", ""));
      let_expire(world_, lease_of("", role_));
      break;
    case struck_operation::start:
      now.order = {"sweep"};
      plan("Ada", "");
      plan("", role_);
      break;
    case struck_operation::extension:
      now.order = {"extend", lease_of("Ada", ""), "1800", now.key};
      break;
    case struck_operation::rotation:
      now.order = {"rotate", secrets(), where_.host(), std::to_string(where_.port()),
                   where_.ca_file()};
      break;
  }
  return now;
}

// What the next process does: it sweeps, and asks again for what nobody has an answer to.
void kill_sweep::recover(struck_operation what, scene& now, observer& seen) {
  const auto swept = ask_heir({"sweep"});
  CHECK_MESSAGE(swept.at(2) == "0", swept.at(3));
  CHECK(seen.disagreements_with(memberships_at_rest_) == "");
  CHECK(seen.value("SELECT count(*) FROM pgrant.lease WHERE state = 'ending' OR state = 'active' "
                   "AND expires_at <= clock_timestamp()") == "0");
  switch (what) {
    case struck_operation::grant_to_person:
    case struck_operation::grant_to_role:
      return check_granted(what, now, seen);
    case struck_operation::revoke_of_person:
    case struck_operation::revoke_of_role:
    case struck_operation::expiry:
      return check_ended(now, seen);
    case struck_operation::start:
      return check_started(now, seen);
    case struck_operation::extension:
      return check_extended(now, seen);
    case struck_operation::rotation:
      return check_rotated(now);
  }
}

void kill_sweep::check_ended(scene& now, observer& seen) {
  ask_heir(now.order);
  for (const std::string& id : now.leases) {
    CHECK(seen.value("SELECT state FROM pgrant.lease WHERE id = '" + id + "'") == "ended");
  }
  for (auto& held : now.sessions) {
    CHECK(held->state("INSERT INTO world.t VALUES (3)") != "00000");
  }
}

// The rest of what `recover` has to check goes with the leases.
void kill_sweep::end(scene& now) {
  for (const std::string& id : now.leases) CHECK(ask_heir({"revoke", id}).at(2) == "ended");
  for (auto& held : now.sessions) {
    CHECK(held->state("INSERT INTO world.t VALUES (3)") != "00000");
  }
}

void kill_sweep::check_started(scene& now, observer& seen) {
  ask_heir(now.order);
  CHECK(seen.disagreements_with(memberships_at_rest_) == "");
  for (const auto& told : now.planned) {
    CHECK(seen.value("SELECT state FROM pgrant.lease WHERE id = '" + told.at(1) + "'") == "active");
    CHECK(psql_state(where_, world_.database(), told.at(2), "INSERT INTO world.t VALUES (3)") ==
          "00000");
    if (told.at(4).empty()) continue;
    CHECK(login_state(where_, world_.database(), told.at(2), told.at(4)) == "00000");
  }
  end(now);
}

void kill_sweep::check_extended(scene& now, observer& seen) {
  ask_heir(now.order);
  CHECK(seen.value("SELECT extract(epoch FROM expires_at - granted_at)::int FROM pgrant.lease "
                   "WHERE id = '" +
                   now.leases.front() + "'") == "5400");
  CHECK(seen.value("SELECT count(*) FROM pgrant.audit WHERE action = 'extend' AND lease_id = '" +
                   now.leases.front() + "'") == "1");
  CHECK(seen.disagreements_with(memberships_at_rest_) == "");
  for (auto& held : now.sessions) {
    CHECK(held->state("INSERT INTO world.t VALUES (3)") == "00000");
  }
  end(now);
}

std::string kill_sweep::secrets() const {
  return (where_.directory() / ("secrets_of_" + world_.connector())).string();
}

// One that the store holds, in whatever place.
bool kill_sweep::connector_has_password() {
  pgrant::file_secret_store store(secrets());
  const auto works = [this](const std::optional<pgrant::secret>& known) {
    return known && login_state(where_, "postgres", world_.connector(), known->reveal()) == "00000";
  };
  return works(must(store.current(world_.connector()))) ||
         works(must(store.pending(world_.connector())));
}

void kill_sweep::check_rotated(scene& now) {
  pgrant::file_secret_store store(secrets());
  // The first rotation, which nothing disturbs, finds none.
  if (must(store.current(world_.connector()))) CHECK(connector_has_password());
  ask_heir(now.order);
  CHECK(!must(store.pending(world_.connector())));
  CHECK(connector_has_password());
}

void kill_sweep::check_granted(struck_operation what, scene& now, observer& seen) {
  const auto again = ask_heir(now.order);
  CHECK(seen.value("SELECT string_agg(id || ' ' || state, ', ') FROM pgrant.lease "
                   "WHERE idempotency_key = '" +
                   now.key + "'") == again.at(1) + " active");
  CHECK(seen.disagreements_with(memberships_at_rest_) == "");
  const std::string grantee = again.at(2);
  CHECK(psql_state(where_, world_.database(), grantee, "SELECT FROM world.t") == "00000");
  if (now.answer && now.answer->front() == "granted") {
    CHECK(now.answer->at(1) == again.at(1));
    // Who was told a password can use it.
    if (what == struck_operation::grant_to_person) {
      CHECK(now.answer->at(3) == grantee);
      CHECK(login_state(where_, world_.database(), grantee, now.answer->at(4)) == "00000");
    }
  }
  CHECK(ask_heir({"revoke", again.at(1)}).at(2) == "ended");
}

void kill_sweep::play(struck_operation what, blow with, strike hit) {
  scene now = prepare(what);
  {
    worker_process victim(proxy_.directory(), 5432, world_.connector(), world_.ledger_database());
    if (with == blow::kill) hit.act = [&victim] { victim.kill(); };
    if (with == blow::server_crash) {
      hit.act = [this] { static_cast<void>(where_.sandbox().crash()); };
    }
    proxy_.arm(std::move(hit));
    now.answer = victim.ask(now.order);
    // What waits for the server in turns may have needed one turn less.
    const bool struck = proxy_.struck();
    if (struck && with == blow::kill) CHECK(!now.answer);
    if (!struck) CHECK_MESSAGE((now.answer && now.answer->front() != "error"), "undisturbed");
  }
  proxy_.settle();
  if (with == blow::server_crash) {
    where_.start();
    // The heir's connections are gone with the server; it makes new ones.
    now.sessions.clear();
  }
  observer seen(world_);
  seen.wait_until_quiet();
  {
    INFO("before recovery");
    CHECK(seen.disagreements_with(memberships_at_rest_) == "");
  }
  recover(what, now, seen);
  CHECK(seen.disagreements_with(memberships_at_rest_) == "");
  CHECK(access_state(where_, world_.database()) == at_rest_);
}

std::string kill_sweep::broken_trail() {
  return broken_audit(world_);
}

std::vector<std::string> kill_sweep::messages_of(struck_operation what) {
  play(what, blow::kill, strike());
  return proxy_.seen();
}

void kill_sweep::run(struck_operation what, blow with, int at, bool answered) {
  strike hit;
  hit.at = at;
  hit.answered = answered;
  play(what, with, std::move(hit));
}

}  // namespace test
