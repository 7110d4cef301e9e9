#include <doctest/doctest.h>
#include <openssl/x509_vfy.h>

#include <algorithm>

#include "connection/connect_fsm.hpp"
#include "connection/connect_text.hpp"
#include "unit/connection_fake_pq.hpp"

using pgrant::errc;
using pgrant::detail::connect_failure;
using pgrant::detail::connect_fsm;
using pgrant::detail::poll_state;
using pgrant::detail::wait_for;
using connect_phase = connect_failure::phase;
using connect_action = connect_fsm::action::kind;
using pgrant::operator""_sqlstate;

namespace {

pgrant::detail::connect_target connect_target_of(const char* conninfo) {
  const auto spec = pgrant::connection_spec::parse(conninfo);
  REQUIRE(spec.has_value());
  auto target = pgrant::detail::make_target(spec.value(), pgrant::connect_options());
  REQUIRE(target.has_value());
  return target.value();
}

pgrant::detail::connect_target connect_two_hosts() {
  return connect_target_of("host=a.test,b.test port=1,2 user=ada sslmode=require");
}

std::string connect_keyword_of(const pgrant::detail::connect_target::keyword_list& all,
                               std::string_view keyword) {
  std::string found;
  for (const auto& [name, value] : all) {
    if (name == keyword) found = value;  // the last one counts, as for libpq
  }
  return found;
}

connect_failure connect_failed_at(connect_phase where, const char* state = "") {
  connect_failure made;
  made.where = where;
  made.state = pgrant::sqlstate::parse(state);
  return made;
}

/// The answer to the statement that sets the session up.
test::item connect_session_answer() {
  test::item made = test::rows_answer();
  auto* rows = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
  char name[] = "pid";
  PGresAttDesc column{name, 0, 0, 0, 23, 4, -1};
  PQsetResultAttrs(rows, 1, &column);
  char pid[] = "4711";
  PQsetvalue(rows, 0, 0, pid, 4);
  made->result = {rows, PQclear};
  return made;
}

pgrant::error connect_error_of(const connect_failure& why) {
  const auto target = connect_two_hosts();
  return pgrant::detail::connect_error(why, target, target.servers[0], "192.0.2.1");
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("connecting resolves, polls, and sets the session up") {
    test::fake_pq link;
    link.polls = {poll_state::reading, poll_state::connected};
    link.known.server_version = 150'020;
    link.reads = {{connect_session_answer(), test::end_answer()}};
    connect_fsm machine(link, connect_two_hosts());
    CHECK(machine.begin().what == connect_action::resolve);
    CHECK(machine.server().host == "a.test");
    auto next = machine.resolved({"192.0.2.1"}, "");
    CHECK(next.what == connect_action::wait);
    CHECK(next.ready == wait_for::write);
    CHECK(machine.ready({.writable = true}).ready == wait_for::read);
    CHECK(machine.ready({.readable = true}).ready == wait_for::read);  // the session's settings
    CHECK(machine.ready({.readable = true}).what == connect_action::done);
    CHECK(machine.take().has_value());
    CHECK(machine.facts().backend_pid == 4711);
    REQUIRE(link.attempts.size() == 1);
    CHECK(connect_keyword_of(link.attempts[0], "host") == "a.test");
    CHECK(connect_keyword_of(link.attempts[0], "hostaddr") == "192.0.2.1");
    CHECK(connect_keyword_of(link.attempts[0], "port") == "1");
  }

  TEST_CASE("a TLS session that failed unseen is looked at again, several times if need be") {
    auto unseen = connect_failed_at(connect_phase::tls_request);
    unseen.tls_answer = 'S';
    auto seen = connect_failed_at(connect_phase::tls_handshake);
    seen.tls_handshake_done = true;

    test::fake_pq link;
    link.failures = {unseen, unseen, unseen, unseen, seen};
    connect_fsm machine(link, connect_two_hosts());
    CHECK(machine.begin().what == connect_action::resolve);
    auto next = machine.resolved({"192.0.2.1"}, "");
    for (std::size_t tries = 0; next.what == connect_action::wait && tries < 50; ++tries) {
      next = machine.ready({});
    }
    CHECK(link.attempts.size() == 5);
    CHECK(machine.take().error().field() == "host");

    // But not for ever.
    test::fake_pq stubborn;
    stubborn.failures.assign(100, unseen);
    connect_fsm given_up(stubborn, connect_two_hosts());
    given_up.begin();
    next = given_up.resolved({"192.0.2.1"}, "");
    for (std::size_t tries = 0; next.what == connect_action::wait && tries < 50; ++tries) {
      next = given_up.ready({});
    }
    CHECK(next.what == connect_action::done);
    CHECK(given_up.take().error().code() == errc::tls);
  }

  TEST_CASE("what was not reached is passed over, what said no ends the search") {
    test::fake_pq link;
    link.failures = {connect_failed_at(connect_phase::reach),
                     connect_failed_at(connect_phase::login, "28P01")};
    connect_fsm machine(link, connect_two_hosts());
    machine.begin();
    machine.resolved({"192.0.2.1", "192.0.2.2"}, "");
    CHECK(machine.attempt() == 1);
    CHECK(machine.ready({.writable = true}).what == connect_action::wait);
    CHECK(machine.attempt() == 2);
    CHECK(machine.address() == "192.0.2.2");
    CHECK(machine.ready({.writable = true}).what == connect_action::done);
    CHECK(machine.take().error().state() == "28P01"_sqlstate);
  }

  TEST_CASE("where no server was reached, the last failure counts") {
    test::fake_pq link;
    link.failures = {connect_failed_at(connect_phase::check)};
    connect_fsm machine(link, connect_two_hosts());
    machine.begin();
    machine.resolved({"192.0.2.1"}, "");
    CHECK(machine.ready({.writable = true}).what == connect_action::resolve);
    CHECK(machine.server().host == "b.test");
    CHECK(machine.resolved({}, "no such host").what == connect_action::done);
    CHECK(machine.take().error().field() == "host");
  }

  TEST_CASE("prefer-standby looks everywhere for a standby first") {
    test::fake_pq link;
    auto target = connect_two_hosts();
    target.session_attributes = "prefer-standby";
    link.failures = {connect_failed_at(connect_phase::check),
                     connect_failed_at(connect_phase::check)};
    connect_fsm machine(link, target);
    machine.begin();
    machine.resolved({"192.0.2.1"}, "");
    machine.ready({.writable = true});
    machine.resolved({"192.0.2.2"}, "");
    CHECK(machine.ready({.writable = true}).what == connect_action::resolve);
    CHECK(machine.server().host == "a.test");
    machine.resolved({"192.0.2.1"}, "");
    REQUIRE(link.attempts.size() == 3);
    CHECK(connect_keyword_of(link.attempts[1], "target_session_attrs") == "standby");
    CHECK(connect_keyword_of(link.attempts[2], "target_session_attrs") == "any");
  }

  TEST_CASE("an address that does not answer is passed over") {
    test::fake_pq link;
    connect_fsm machine(link, connect_two_hosts());
    machine.begin();
    machine.resolved({"192.0.2.1", "192.0.2.2"}, "");
    CHECK(machine.attempt_timed_out().what == connect_action::wait);
    CHECK(machine.attempt() == 2);
    CHECK(std::count(link.calls.begin(), link.calls.end(), "abandon") == 1);
    CHECK(machine.take().error().code() == errc::timeout);
  }

  TEST_CASE("a link that breaks while the session is set up is an error of connecting") {
    for (int step = 0; step < 3; ++step) {
      CAPTURE(step);
      test::fake_pq link;
      link.polls = {poll_state::connected};
      link.fail_call = step;
      connect_fsm machine(link, connect_target_of("host=a.test user=ada sslmode=require"));
      machine.begin();
      machine.resolved({"192.0.2.1"}, "");
      auto next = machine.ready({.writable = true});
      while (next.what == connect_action::wait) next = machine.ready({.readable = true});
      CHECK(next.what == connect_action::done);
      CHECK(machine.take().error().code() == errc::connect);
    }
  }

  TEST_CASE("the SQLSTATE of a refused login is found in libpq's verbose text") {
    using pgrant::detail::find_sqlstate;
    CHECK(find_sqlstate("connection to server at \"::1\", port 5432 failed: FATAL:  28P01: no\n"
                        "LOCATION:  auth_failed, auth.c:335\n") == "28P01"_sqlstate);
    CHECK(find_sqlstate("failed: FATAL:  28000: no SSL\nfailed: FATAL:  28P01: x\n") ==
          "28P01"_sqlstate);
    CHECK(find_sqlstate("SCHWERWIEGEND:  3D000: Datenbank ...") == "3D000"_sqlstate);
    CHECK(find_sqlstate("FATAL:  XX000: x") == "XX000"_sqlstate);
    CHECK(find_sqlstate("FATAL:  28P01: user \":  3D000: \"") == "28P01"_sqlstate);
    CHECK(find_sqlstate("FATAL:  28P01: x\nDETAIL:  ERROR: 3D000: x") == "28P01"_sqlstate);
    for (const char* none : {"", "connection refused", "FATAL:  28p01: x", "FATAL: 28P01: x",
                             "FATAL:  28P01", "FATAL:  28P0"}) {
      CAPTURE(none);
      CHECK(find_sqlstate(none).empty());
    }
  }

  TEST_CASE("each way to fail has its kind, and a remedy") {
    struct expectation {
      const char* state;
      errc code;
      pgrant::retry advice;
    };
    for (const auto& [state, code, advice] :
         std::initializer_list<expectation>{{"28P01", errc::authentication, pgrant::retry::never},
                                            {"28000", errc::authentication, pgrant::retry::never},
                                            {"3D000", errc::not_found, pgrant::retry::never},
                                            {"42501", errc::denied, pgrant::retry::never},
                                            {"53300", errc::connect, pgrant::retry::reconnect},
                                            {"57P03", errc::connect, pgrant::retry::reconnect}}) {
      CAPTURE(state);
      const auto why = connect_error_of(connect_failed_at(connect_phase::login, state));
      CHECK(why.code() == code);
      CHECK(why.advice() == advice);
      CHECK_FALSE(why.hint().empty());
      CHECK(why.object().find("a.test:1 (192.0.2.1)") != std::string::npos);
    }
    auto refused = connect_failed_at(connect_phase::tls_request);
    refused.tls_answer = 'N';
    CHECK(connect_error_of(refused).code() == errc::tls);
    CHECK(connect_error_of(refused).field() == "sslmode");
    refused.tls_answer = 'S';
    CHECK(connect_error_of(refused).field() == "sslrootcert");
    refused.tls_answer = 0;
    CHECK(connect_error_of(refused).code() == errc::connect);

    auto handshake = connect_failed_at(connect_phase::tls_handshake);
    handshake.tls_handshake_done = true;
    CHECK(connect_error_of(handshake).field() == "host");
    handshake.tls_handshake_done = false;
    handshake.verify_code = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    CHECK(connect_error_of(handshake).message().find("not trusted") != std::string::npos);
    handshake.verify_code = X509_V_ERR_CERT_HAS_EXPIRED;
    CHECK(connect_error_of(handshake).message().find("out of date") != std::string::npos);

    auto login = connect_failed_at(connect_phase::login);
    login.needs_password = true;
    CHECK(connect_error_of(login).field() == "password");
    login.needs_password = false;
    login.closed_by_peer = true;
    CHECK(connect_error_of(login).code() == errc::connect);
    CHECK(connect_error_of(connect_failed_at(connect_phase::reach)).advice() ==
          pgrant::retry::reconnect);
    CHECK(connect_error_of(connect_failed_at(connect_phase::check)).field() ==
          "target_session_attrs");
  }

  TEST_CASE("a target takes from the spec what libpq must be told, and nothing from elsewhere") {
    const auto target = connect_target_of(
        "host=/tmp user=ada dbname=shop application_name=x password=sesame keepalives_idle=7");
    const auto attempt = make_parameters(target, target.servers[0], "", "any");
    CHECK(connect_keyword_of(attempt.keywords, "dbname") == "shop");
    CHECK(connect_keyword_of(attempt.keywords, "application_name") == "x");
    CHECK(connect_keyword_of(attempt.keywords, "client_encoding") == "UTF8");
    CHECK(connect_keyword_of(attempt.keywords, "keepalives_idle") == "7");
    CHECK(connect_keyword_of(attempt.keywords, "password").empty());
    REQUIRE(attempt.secrets.size() == 1);
    CHECK(attempt.secrets[0].first == "password");

    const auto no_user = pgrant::connection_spec::parse("host=/tmp");
    const auto refused = pgrant::detail::make_target(no_user.value(), pgrant::connect_options());
    CHECK(refused.error().field() == "user");
    const auto no_file = pgrant::connection_spec::parse("host=h.test user=a sslrootcert=/nowhere");
    const auto unread = pgrant::detail::make_target(no_file.value(), pgrant::connect_options());
    CHECK(unread.error().code() == errc::tls);
    CHECK(unread.error().field() == "sslrootcert");
  }
}
