#include <algorithm>

#include "pgrant/check.hpp"
#include "pgrant/sql.hpp"

namespace pgrant {

namespace {

using severity = finding_severity;

class findings_list {
 public:
  findings_list(const check_report& report, const check_facts& facts, const connection_spec& spec)
      : report_(report), facts_(facts), spec_(spec) {}

  std::vector<finding> take() {
    about_connection();
    about_version();
    about_login();
    about_issuers();
    about_ledger();
    about_openings();
    about_leases();
    std::ranges::stable_sort(found_, {}, &finding::severity);
    return std::move(found_);
  }

 private:
  void add(severity s, std::string id, std::string title, std::string why, std::string remedy) {
    found_.push_back({s, std::move(id), std::move(title), std::move(why), std::move(remedy)});
  }

  void about_connection() {
    for (const spec_warning& w : find_warnings(spec_)) {
      const bool open = w.what == spec_warning::kind::may_be_plain_text;
      add(open ? severity::problem : severity::warning, "connection-" + w.field, w.message,
          "the setting " + w.field + " decides it", w.hint);
    }
    if (!report_.tls) return;
    const auto left = std::chrono::floor<std::chrono::days>(report_.tls->not_after - facts_.now);
    if (left < std::chrono::days(30)) {
      add(left < std::chrono::days(7) ? severity::problem : severity::warning,
          "certificate-expires", "the server's certificate expires soon",
          left.count() < 0 ? "it has expired" : "days left: " + std::to_string(left.count()),
          "renew it on the server; verified connections fail from then on");
    }
  }

  void about_version() {
    const int major = report_.server_version / 10000;
    if (major < 14 || major > 18) {
      add(severity::warning, "version-not-tested",
          "PostgreSQL " + std::to_string(major) +
              " is not among the versions that pgrant is tested with",
          "tested are 14 to 18", "use a tested version");
      return;
    }
    const auto known = profile_of(report_.platform).support_ends;
    const auto end = std::ranges::find(known, major, &support_end::major);
    if (end == known.end()) return;
    const std::chrono::sys_days day(end->standard);
    if (facts_.now + std::chrono::days(180) > day) {
      const auto ymd = end->standard;
      const auto two = [](unsigned n) { return (n < 10 ? "0" : "") + std::to_string(n); };
      add(facts_.now > day ? severity::warning : severity::note, "version-support",
          "standard support of PostgreSQL " + std::to_string(major) + " on Azure ends on " +
              std::to_string(int(ymd.year())) + "-" + two(unsigned(ymd.month())) + "-" +
              two(unsigned(ymd.day())),
          "afterwards it is paid extended support", "plan the upgrade");
    }
  }

  void about_login() {
    const std::string name = quote_identifier(report_.role);
    if (report_.superuser) {
      add(severity::warning, "login-is-superuser", "this login is a superuser",
          "who gets hold of it has everything; pgrant needs far less",
          "run the bootstrap and connect as the connector role");
    } else if (!report_.create_role && !has_issuers()) {
      add(severity::problem, "login-cannot-create-roles", "this login may not create roles",
          "bundles and ephemeral logins are roles",
          "as an administrator: ALTER ROLE " + name + " CREATEROLE; or run the bootstrap");
    }
    // With issuers it may grant nothing itself, and need not.
    const bool grants_itself = report_.create_role || !has_issuers();
    if (report_.platform == platform::azure && !report_.superuser && !report_.in_admin_group &&
        grants_itself) {
      const std::string group(profile_of(report_.platform).admin_group);
      add(severity::problem, "login-not-in-admin-group", "this login is no member of " + group,
          "on Azure what the connector may grant comes from there",
          "as an administrator: GRANT " + group + " TO " + name + "; or run the bootstrap");
    }
    if (!report_.may_end_sessions) {
      add(severity::warning, "login-cannot-end-sessions",
          "this login may not end other roles' sessions",
          "access of open sessions on PostgreSQL 14 and 15 would outlive its lease",
          "as an administrator: GRANT pg_signal_backend TO " + name);
    }
    std::string closed;
    for (const checked_database& d : report_.databases) {
      if (d.connect && !d.grant_connect && !report_.superuser)
        closed += (closed.empty() ? "" : ", ") + quote_identifier(d.name);
    }
    if (!closed.empty() && grants_itself) {
      add(severity::warning, "databases-not-grantable",
          "this login may not grant CONNECT on " + closed,
          "bundles that reach into them cannot be made",
          "as an administrator run the bootstrap; as their owner: GRANT ALL ON DATABASE … WITH "
          "GRANT OPTION");
    }
  }

  bool has_issuers() const { return facts_.issuers.value_or(0) > 0; }

  void about_issuers() {
    if (facts_.issuers != 0 || report_.superuser || !report_.create_role) return;
    add(severity::note, "no-issuers", "the connector makes logins and memberships itself",
        report_.server_version >= 160000
            ? "who gets hold of it can make any role; and each login that lives, and each bundle, "
              "makes its next statements slower"
            : "who gets hold of it can change and drop every role but superusers",
        "as an administrator: pgrant bootstrap --profile least, or --issuers N");
  }

  void about_ledger() {
    const std::string name = quote_identifier(report_.ledger_database);
    if (!report_.ledger_exists) {
      add(severity::warning, "ledger-missing",
          "there is no ledger: database " + name + " does not exist",
          "leases cannot be granted without it", "run the bootstrap, which makes it");
      return;
    }
    if (!report_.ledger_reachable) {
      add(severity::note, "ledger-closed", "this login may not connect to the ledger's database",
          "only the connector keeps leases there", "connect as the connector for leases");
    }
    if (report_.ledger) about_ledger_condition(*report_.ledger);
    if (facts_.public_may_enter_ledger) {
      add(severity::problem, "ledger-open-to-public", "PUBLIC may connect to the ledger's database",
          "any login could hold its locks and delay the end of access",
          "REVOKE CONNECT, TEMPORARY ON DATABASE " + name + " FROM PUBLIC");
    }
  }

  void about_ledger_condition(const ledger_condition& ledger) {
    if (ledger.too_new) {
      add(severity::problem, "ledger-too-new", "the ledger was made by a newer pgrant",
          "its version is " + std::to_string(ledger.version) + ", this pgrant knows " +
              std::to_string(ledger.library_version),
          "use a newer pgrant");
    } else if (ledger.version > 0 && ledger.version < ledger.library_version) {
      add(severity::note, "ledger-to-be-migrated", "the ledger's tables are of an older version",
          "their version is " + std::to_string(ledger.version) + ", this pgrant's is " +
              std::to_string(ledger.library_version),
          "nothing: the next operation on leases brings them forward");
    }
    if (!ledger.restored.empty()) {
      add(severity::problem, "ledger-restored",
          "the ledger seems to have been restored to an earlier time, or moved",
          joined(ledger.restored) + "; leases are neither granted nor ended until somebody says so",
          "compare `pgrant leases --all` with the logins that are there; then go on with "
          "--accept-restored");
    }
    if (!ledger.unknown_logins.empty()) {
      add(severity::problem, "unknown-logins",
          "there are logins in bundles that no lease has: " + quoted(ledger.unknown_logins),
          "their access ends at VALID UNTIL only, and their sessions go on",
          "`pgrant adopt` shows which leases can be made of them; or drop them");
    }
    if (!ledger.missing_logins.empty()) {
      add(severity::warning, "missing-logins",
          "logins of leases are gone: " + quoted(ledger.missing_logins),
          "somebody has dropped them, or the ledger is older than the server",
          "end the leases: `pgrant revoke`");
    }
    if (!ledger.unlimited_logins.empty()) {
      add(severity::warning, "logins-without-limit",
          "logins of leases have no CONNECTION LIMIT: " + quoted(ledger.unlimited_logins),
          "any of them can take all connections of the server", "ALTER ROLE … CONNECTION LIMIT 5");
    }
  }

  static std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) all += (all.empty() ? "" : "; ") + text;
    return all;
  }

  static std::string quoted(const std::vector<std::string>& names) {
    constexpr std::size_t most = 10;
    std::string all;
    for (std::size_t i = 0; i < names.size() && i < most; ++i)
      all += (all.empty() ? "" : ", ") + quote_identifier(names[i]);
    if (names.size() > most) all += " and " + std::to_string(names.size() - most) + " more";
    return all;
  }

  void about_openings() {
    if (facts_.public_may_create) {
      add(severity::warning, "public-may-create", "PUBLIC may create objects in schema public here",
          "a grantee can leave functions and tables behind that act on others",
          "REVOKE CREATE ON SCHEMA public FROM PUBLIC, in each database");
    }
    if (facts_.public_may_use_temporary) {
      add(severity::note, "public-may-use-temporary",
          "PUBLIC may make temporary tables in this database",
          "they keep a login from being dropped until its sessions have ended",
          "REVOKE TEMPORARY ON DATABASE … FROM PUBLIC, if nobody needs them");
    }
    if (facts_.has_dblink) {
      add(severity::warning, "dblink-installed", "dblink is installed in this database",
          "a grantee can open sessions as others from inside the server",
          "drop the extension where bundles reach");
    }
    if (facts_.has_cron) {
      add(severity::note, "cron-installed", "pg_cron is installed in this database",
          "who has USAGE on schema cron can schedule work that outlives a lease",
          "do not put schema cron into a bundle");
    }
  }

  void about_leases() {
    if (report_.max_prepared_transactions > 0) {
      add(severity::warning, "prepared-transactions", "prepared transactions are on",
          "a grantee can leave one behind that holds locks, and that only the login itself can "
          "roll back",
          "set max_prepared_transactions to 0 unless an application needs them");
    }
    if (facts_.orphan_memberships > 0) {
      add(severity::problem, "orphan-memberships",
          "there are memberships of roles that do not exist: " +
              std::to_string(facts_.orphan_memberships),
          "a role that gets the same OID later would inherit them",
          "ask the operator of the server to delete these rows of pg_auth_members");
    }
    if (facts_.ghost_sessions > 0) {
      add(severity::problem, "ghost-sessions",
          "there are sessions of roles that were dropped: " + std::to_string(facts_.ghost_sessions),
          "they go on with what PUBLIC may do", "run `pgrant expire`, which ends them");
    }
  }

  const check_report& report_;
  const check_facts& facts_;
  const connection_spec& spec_;
  std::vector<finding> found_;
};

}  // namespace

std::string_view to_string(finding_severity s) noexcept {
  switch (s) {
    case finding_severity::problem:
      return "problem";
    case finding_severity::warning:
      return "warning";
    case finding_severity::note:
      break;
  }
  return "note";
}

std::vector<finding> find_findings(const check_report& report, const check_facts& facts,
                                   const connection_spec& spec) {
  return findings_list(report, facts, spec).take();
}

}  // namespace pgrant
