#include "lease/login_end.hpp"

#include "lease/hidden_backends.hpp"
#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment terminate_sessions_query =
    R"(SELECT pg_catalog.pg_terminate_backend(a.pid), a.pid FROM pg_catalog.pg_stat_activity a
WHERE a.usesysid = $1::oid)";

constexpr sql_fragment terminate_and_wait_query =
    R"(SELECT pg_catalog.pg_terminate_backend(a.pid, 1000), a.pid FROM pg_catalog.pg_stat_activity a
WHERE a.usesysid = $1::oid)";

// Members of members as well, but not by way of the connector, which is one itself for the moment.
constexpr sql_fragment terminate_borrowers_query =
    R"(WITH RECURSIVE us AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user),
borrower AS (
  SELECT m.member FROM pg_catalog.pg_auth_members m, us
  WHERE m.roleid = $1::oid AND m.member <> us.oid
  UNION
  SELECT m.member FROM borrower b, us, pg_catalog.pg_auth_members m
  WHERE m.roleid = b.member AND m.member <> us.oid)
SELECT pg_catalog.pg_terminate_backend(a.pid, 1000), a.pid
FROM borrower b JOIN pg_catalog.pg_stat_activity a ON a.usesysid = b.member
WHERE a.pid <> pg_catalog.pg_backend_pid())";

// Prepared since a time, in microseconds since 1970.
constexpr sql_fragment prepared_transactions_query =
    R"(SELECT p.gid, d.datname FROM pg_catalog.pg_prepared_xact() p
JOIN pg_catalog.pg_database d ON d.oid = p.dbid WHERE p.ownerid = $1::oid
  AND p.prepared >= timestamptz 'epoch' + $2::bigint * interval '1 microsecond')";

// 826 is pg_default_acl, 1260 is pg_authid. 'o': they belong to the login.
constexpr sql_fragment owned_only_databases_query =
    R"(SELECT d.datname FROM pg_catalog.pg_shdepend s
JOIN pg_catalog.pg_database d ON d.oid = s.dbid
WHERE s.refclassid = 1260 AND s.refobjid = $1::oid
GROUP BY d.datname HAVING bool_and(s.deptype = 'o'))";

constexpr sql_fragment only_scraps_query =
    R"(SELECT coalesce(bool_and(s.classid = 826 OR (pg_catalog.pg_identify_object(
    s.classid, s.objid, s.objsubid)).schema ~ '^pg_(toast_)?temp'), false)
FROM pg_catalog.pg_shdepend s
WHERE s.refclassid = 1260 AND s.refobjid = $1::oid AND s.dbid =
  (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))";

constexpr std::chrono::milliseconds short_pause{100};

int count_true(const rows& answer) {
  int count = 0;
  for (const row r : answer) count += r[0].text() == "t" ? 1 : 0;
  return count;
}

// Somebody holds the role's row, or changed it at the same moment: worth another round.
bool role_was_busy(const error& why) {
  return why.state() == "55P03"_sqlstate || is_conflict(why);
}

}  // namespace

login_end::login_end(lease_engine& engine, connection_ptr where, lease_executor us,
                     std::string lease, std::string login, oid login_oid)
    : engine_(engine),
      where_(std::move(where)),
      us_(std::move(us)),
      lease_(std::move(lease)),
      login_(std::move(login)),
      login_oid_(login_oid),
      deadline_(std::chrono::steady_clock::now() + engine.settings().end_timeout()) {}

bool login_end::out_of_time() const {
  return std::chrono::steady_clock::now() > deadline_;
}

// A backend takes a moment to go, and is told again meanwhile: each counts once.
void login_end::note_ended(const rows& answer) {
  for (const row r : answer)
    if (r[0].text() == "t") ended_.insert(r[1].str());
}

lease_task<void> login_end::lend() {
  engine_.step(lease_, "lend");
  auto lending = us_.authority->lend_login(login_);
  if (!lending) co_return success();
  batch work;
  work.add(statement("BEGIN"));
  work.add(statement("SET LOCAL lock_timeout = 300"));
  work.add(std::move(*lending)).add(statement("COMMIT"));
  auto lent = co_await run_all(where_, std::move(work));
  if (!lent) co_return lent.error();
  co_return success();
}

lease_task<void> login_end::take_back() {
  auto taking = us_.authority->take_back_login(login_);
  if (!taking) co_return success();
  auto taken = co_await run(where_, std::move(*taking));
  if (!taken) co_return taken.error();
  co_return success();
}

lease_task<int> login_end::terminate(sql_fragment query) {
  auto asked = co_await run(where_, statement(query).bind(std::to_string(login_oid_)));
  BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
  note_ended(answer);
  co_return static_cast<int>(answer.size());
}

// In one go: a session that holds the row must not have the time to take it again.
lease_task<void> login_end::disable_once() {
  batch work;
  work.add(statement(terminate_sessions_query).bind(std::to_string(login_oid_))).sync();
  work.add(statement("BEGIN")).add(statement("SET LOCAL lock_timeout = 300"));
  for (statement& disabling : us_.authority->disable_logins({&login_, 1}))
    work.add(std::move(disabling));
  work.add(statement("COMMIT"));
  auto done = co_await run_all(where_, std::move(work));
  if (!done) co_return done.error();
  note_ended(done.assume_value()[0]);
  co_return success();
}

lease_task<void> login_end::disable() {
  engine_.step(lease_, "disable");
  for (;;) {
    auto done = co_await disable_once();
    if (done || done.error().state() == "42704"_sqlstate) co_return success();
    if (!role_was_busy(done.error()) || out_of_time()) co_return done.error();
    auto cleared = co_await end_prepared_transactions();
    if (!cleared && is_lost(cleared.error())) co_return cleared.error();
    co_await pause(short_pause);
  }
}

lease_task<void> login_end::make_room(grantee_kind kind) {
  engine_.step(lease_, "room");
  if (kind == grantee_kind::ephemeral_login) {
    auto disabled = co_await disable_once();
    if (!disabled && is_lost(disabled.error())) co_return disabled.error();
  }
  auto ended = co_await terminate(terminate_and_wait_query);
  if (!ended) co_return ended.error();
  co_return success();
}

lease_task<void> login_end::end_sessions() {
  engine_.step(lease_, "sessions");
  auto first = co_await terminate(terminate_sessions_query);
  while (first && first.assume_value() > 0) {
    if (out_of_time()) {
      co_return error(errc::timeout, "sessions of the role do not end")
          .with_object("role " + quote_identifier(login_));
    }
    co_await pause(std::chrono::milliseconds(10));
    first = co_await terminate(terminate_and_wait_query);
  }
  if (first) co_return success();
  co_return first.error().within("cannot end the sessions of the role");
}

lease_task<void> login_end::end_hidden_backends() {
  engine_.step(lease_, "hidden");
  for (int round = 0; round < 3; ++round) {
    auto asked = co_await run(where_, statement(hidden_backends_query));
    BOOST_OUTCOME_CO_TRY(const rows hidden, std::move(asked));
    if (hidden.empty()) co_return success();
    // As the login, and nobody else: the server lets it end its own backends alone, and it is the
    // only one who can tell which those are.
    batch work;
    for (const row r : hidden) {
      work.add(statement("BEGIN"));
      work.add(statement(sql_text("SET LOCAL ROLE ").name(login_)));
      work.add(
          statement("SELECT pg_catalog.pg_terminate_backend($1::int), $1::int").bind(r[0].text()));
      work.sync().add(statement("ROLLBACK")).sync();
    }
    auto sent = co_await where_->async_execute_batch(std::move(work), boost::asio::use_awaitable);
    if (!sent) co_return sent.error();
    for (std::size_t i = 2; i < sent.assume_value().size(); i += 4) {
      const result<rows>& ended = sent.assume_value()[i];
      if (ended) note_ended(ended.assume_value());
    }
    co_await pause(short_pause);
  }
  co_return success();
}

lease_task<void> login_end::insist_no_hidden_backends() {
  for (int round = 0; round < 10; ++round) {
    auto asked = co_await run(where_, statement(hidden_backends_query));
    BOOST_OUTCOME_CO_TRY(const rows hidden, std::move(asked));
    if (hidden.empty()) co_return success();
    co_await pause(short_pause);
  }
  co_return error(errc::denied,
                  "a backend is there that only its own role can end, and the connector cannot act "
                  "as the role")
      .with_object("role " + quote_identifier(login_))
      .with_hint(
          "GRANT the role to the connector WITH ADMIN OPTION, or give the connector "
          "CREATEROLE");
}

lease_task<bool> login_end::still_has_its_name() {
  auto asked = co_await run(
      where_,
      statement("SELECT FROM pg_catalog.pg_roles WHERE oid = $1::oid AND rolname = $2::text")
          .bind(std::to_string(login_oid_))
          .bind(login_));
  BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
  co_return !answer.empty();
}

lease_task<std::vector<prepared_transaction>> login_end::prepared_transactions() {
  auto asked = co_await run(where_, statement(prepared_transactions_query)
                                        .bind(std::to_string(login_oid_))
                                        .bind(std::to_string(prepared_since_.count())));
  BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
  std::vector<prepared_transaction> prepared;
  for (const row r : answer) prepared.push_back({r[0].str(), r[1].str()});
  co_return prepared;
}

lease_task<void> login_end::end_prepared_transactions() {
  auto asked = co_await prepared_transactions();
  BOOST_OUTCOME_CO_TRY(const auto prepared, std::move(asked));
  if (!prepared.empty()) engine_.step(lease_, "prepared");
  std::optional<error> failed;
  for (const prepared_transaction& p : prepared) {
    // Only in its own database, only as its owner, and never inside a transaction.
    auto opened = co_await open_connection(engine_.ending_store().connector(), p.database);
    if (!opened) {
      failed = opened.error().within("cannot roll back a prepared transaction");
      continue;
    }
    const connection_ptr there = std::move(opened).assume_value();
    auto became = co_await run(there, statement(sql_text("SET ROLE ").name(login_)));
    if (became) {
      became = co_await run(there, statement(sql_text("ROLLBACK PREPARED ").literal(p.name)));
    }
    there->close();
    if (!became && became.error().state() != "42704"_sqlstate) {
      failed = became.error()
                   .within("cannot roll back a prepared transaction")
                   .with_object("prepared transaction " + quote_literal(p.name) + " in database " +
                                quote_identifier(p.database));
    }
  }
  if (failed) co_return *failed;
  co_return success();
}

lease_task<void> login_end::drop_scraps() {
  auto asked =
      co_await run(where_, statement(owned_only_databases_query).bind(std::to_string(login_oid_)));
  BOOST_OUTCOME_CO_TRY(const rows databases, std::move(asked));
  for (const row r : databases) {
    if (out_of_time()) break;
    auto opened = co_await open_connection(engine_.ending_store().connector(), r[0].str());
    // What stays there shows in what keeps the login.
    if (!opened) continue;
    const connection_ptr there = std::move(opened).assume_value();
    auto looked =
        co_await run(there, statement(only_scraps_query).bind(std::to_string(login_oid_)));
    if (looked && looked.assume_value().text(0, 0) == "t") {
      batch work;
      work.add(statement("BEGIN")).add(statement(sql_text("SET LOCAL ROLE ").name(login_)));
      work.add(statement(sql_text("DROP OWNED BY ").name(login_))).add(statement("COMMIT"));
      auto dropped = co_await run_all(there, std::move(work));
      if (!dropped && is_lost(dropped.error())) co_return dropped.error();
    }
    there->close();
  }
  co_return success();
}

lease_task<void> login_end::end_borrowers() {
  auto ended = co_await terminate(terminate_borrowers_query);
  if (!ended && is_lost(ended.error())) co_return ended.error();
  co_return success();
}

lease_task<int> end_ghost_sessions(connection_ptr where) {
  // Two looks: a session of a role that was made between the reading of pg_roles and of the
  // sessions must not be taken for a ghost.
  auto asked = co_await run(
      where, statement("SELECT a.pid, a.usesysid FROM pg_catalog.pg_stat_activity a WHERE "
                       "a.usesysid <> 0 AND NOT EXISTS "
                       "(SELECT FROM pg_catalog.pg_roles r WHERE r.oid = a.usesysid)"));
  BOOST_OUTCOME_CO_TRY(const rows seen, std::move(asked));
  if (seen.empty()) co_return 0;
  std::vector<std::string> pids, roles;
  for (const row r : seen) {
    pids.push_back(r[0].str());
    roles.push_back(r[1].str());
  }
  auto ended = co_await run(
      where,
      statement("SELECT pg_catalog.pg_terminate_backend(a.pid) "
                "FROM pg_catalog.pg_stat_activity a "
                "JOIN ROWS FROM (pg_catalog.unnest($1::int[]), pg_catalog.unnest($2::oid[])) "
                "AS g (pid, usesysid) ON g.pid = a.pid AND g.usesysid = a.usesysid "
                "WHERE NOT EXISTS "
                "(SELECT FROM pg_catalog.pg_roles r WHERE r.oid = a.usesysid)")
          .bind_array(pids)
          .bind_array(roles));
  BOOST_OUTCOME_CO_TRY(const rows answer, std::move(ended));
  co_return count_true(answer);
}

}  // namespace pgrant::detail
