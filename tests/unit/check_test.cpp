#include "pgrant/check.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "pgrant/json/check.hpp"

namespace {

using std::chrono::days;

constexpr std::chrono::sys_seconds check_now =
    std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);

pgrant::check_report healthy_report() {
  pgrant::check_report r;
  r.platform = pgrant::platform::azure;
  r.server_version = 180004;
  r.role = "Apono Connector";
  r.create_role = r.in_admin_group = r.may_end_sessions = true;
  r.ledger_database = "pgrant";
  r.ledger_exists = r.ledger_reachable = true;
  r.tls.emplace();
  r.tls->not_after = check_now + days(200);
  r.databases = {{"shop", true, true, false}};
  return r;
}

pgrant::connection_spec verified_spec() {
  return pgrant::connection_spec::parse("host=db.example.org user=x").value();
}

std::set<std::string> finding_ids(const pgrant::check_report& r, pgrant::check_facts facts,
                                  const pgrant::connection_spec& spec = verified_spec()) {
  facts.now = check_now;
  std::set<std::string> ids;
  for (const pgrant::finding& f : find_findings(r, facts, spec)) {
    CHECK(!f.title.empty());
    CHECK(!f.why.empty());
    CHECK(!f.remedy.empty());
    ids.insert(f.id);
  }
  return ids;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a healthy instance has no finding") {
    CHECK(finding_ids(healthy_report(), {}).empty());
  }

  TEST_CASE("each weakness has a finding of its own, and no other") {
    using report_edit = std::function<void(pgrant::check_report&, pgrant::check_facts&)>;
    const std::pair<const char*, report_edit> cases[] = {
        {"certificate-expires", [](auto& r, auto&) { r.tls->not_after = check_now + days(20); }},
        {"version-not-tested", [](auto& r, auto&) { r.server_version = 130020; }},
        {"login-is-superuser", [](auto& r, auto&) { r.superuser = true; }},
        {"login-cannot-create-roles", [](auto& r, auto&) { r.create_role = false; }},
        {"login-not-in-admin-group", [](auto& r, auto&) { r.in_admin_group = false; }},
        {"login-cannot-end-sessions", [](auto& r, auto&) { r.may_end_sessions = false; }},
        {"databases-not-grantable", [](auto& r, auto&) { r.databases[0].grant_connect = false; }},
        {"ledger-missing", [](auto& r, auto&) { r.ledger_exists = false; }},
        {"ledger-closed", [](auto& r, auto&) { r.ledger_reachable = false; }},
        {"ledger-too-new", [](auto& r, auto&) { r.ledger.emplace().too_new = true; }},
        {"ledger-to-be-migrated",
         [](auto& r, auto&) {
           r.ledger.emplace().version = 1;
           r.ledger->library_version = 2;
         }},
        {"ledger-restored", [](auto& r, auto&) { r.ledger.emplace().restored = {"x"}; }},
        {"unknown-logins", [](auto& r, auto&) { r.ledger.emplace().unknown_logins = {"x"}; }},
        {"missing-logins", [](auto& r, auto&) { r.ledger.emplace().missing_logins = {"x"}; }},
        {"logins-without-limit",
         [](auto& r, auto&) { r.ledger.emplace().unlimited_logins = {"x"}; }},
        {"ledger-open-to-public", [](auto&, auto& f) { f.public_may_enter_ledger = true; }},
        {"public-may-create", [](auto&, auto& f) { f.public_may_create = true; }},
        {"public-may-use-temporary", [](auto&, auto& f) { f.public_may_use_temporary = true; }},
        {"dblink-installed", [](auto&, auto& f) { f.has_dblink = true; }},
        {"cron-installed", [](auto&, auto& f) { f.has_cron = true; }},
        {"prepared-transactions", [](auto& r, auto&) { r.max_prepared_transactions = 1; }},
        {"orphan-memberships", [](auto&, auto& f) { f.orphan_memberships = 1; }},
        {"no-issuers", [](auto&, auto& f) { f.issuers = 0; }},
        {"ghost-sessions", [](auto&, auto& f) { f.ghost_sessions = 2; }},
    };
    for (const auto& [id, edit] : cases) {
      pgrant::check_report report = healthy_report();
      pgrant::check_facts facts;
      edit(report, facts);
      CHECK_MESSAGE(finding_ids(report, facts) == std::set<std::string>{id}, id);
    }
  }

  TEST_CASE("problems come first, and remedies quote names") {
    pgrant::check_report report = healthy_report();
    report.create_role = false;
    report.max_prepared_transactions = 10;
    const auto found = find_findings(report, {}, verified_spec());
    CHECK(std::ranges::is_sorted(found, {}, &pgrant::finding::severity));
    CHECK(found.front().severity == pgrant::finding_severity::problem);
    CHECK(found.front().remedy.find("ALTER ROLE \"Apono Connector\" CREATEROLE") !=
          std::string::npos);
  }

  TEST_CASE("the end of a version's support is announced half a year before") {
    pgrant::check_report report = healthy_report();
    report.server_version = 140020;  // until 2026-12-11
    pgrant::check_facts facts;
    const auto severity_on = [&](std::chrono::sys_days day) {
      facts.now = day;
      report.tls->not_after = facts.now + days(200);
      const auto found = find_findings(report, facts, verified_spec());
      const auto at = std::ranges::find(found, "version-support", &pgrant::finding::id);
      return at == found.end() ? std::string("none") : std::string(to_string(at->severity));
    };
    CHECK(severity_on(std::chrono::year(2026) / 6 / 1) == "none");
    CHECK(severity_on(std::chrono::year(2026) / 7 / 1) == "note");
    CHECK(severity_on(std::chrono::year(2026) / 12 / 12) == "warning");
  }

  TEST_CASE("a mode that does not verify is a finding") {
    const auto spec =
        pgrant::connection_spec::parse("host=db.example.org user=x sslmode=prefer").value();
    CHECK(finding_ids(healthy_report(), {}, spec).contains("connection-sslmode"));
  }

  TEST_CASE("a report as JSON escapes what a server may put into names") {
    pgrant::check_report report = healthy_report();
    report.role = "a\"b\n\xff";
    const std::string text = to_json(report);
    CHECK(text.find("\"format\": \"pgrant.check/1\"") != std::string::npos);
    CHECK(text.find("a\\\"b\\n\xef\xbf\xbd") != std::string::npos);
  }
}
