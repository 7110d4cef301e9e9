#include <cstdio>

#include "command/connection.hpp"
#include "command/describe.hpp"
#include "command/policy_file.hpp"
#include "command/terminal.hpp"
#include "command/verbs.hpp"
#include "pgrant/json/lease.hpp"
#include "pgrant/json/policy.hpp"
#include "pgrant/plan_text.hpp"

namespace pgrant::command {

namespace {

result<grant_request> request_of(const arguments& given) {
  auto duration = parse_duration(given.duration);
  if (!duration) return duration.error().with_field("for");
  if (given.person.empty() == given.role.empty())
    return error(errc::invalid_argument, "for whom is not said")
        .with_field("to")
        .with_hint("give --to PERSON for a new login, or --to-role ROLE for a role that exists");
  grant_request request(given.bundles.front());
  for (std::size_t i = 1; i < given.bundles.size(); ++i) request.also(given.bundles[i]);
  request.lasting(duration.assume_value()).because(given.reason);
  if (!given.person.empty()) request.to(given.person);
  if (!given.role.empty()) request.to_role(given.role);
  if (!given.requester.empty()) request.requested_by(given.requester);
  if (!given.key.empty()) request.idempotency_key(given.key);
  BOOST_OUTCOME_TRY(request.validate());
  return request;
}

// The password is not in it: psql asks.
void print_login(const credentials& c) {
  std::printf("  log in    psql %s\n", printable(shell_quoted(c.conninfo)).c_str());
}

void print_credentials(const credentials& c) {
  std::printf("  user      %s\n  password  %s\n  (shown once, and stored nowhere)\n",
              c.user.c_str(), std::string(c.password.reveal()).c_str());
  print_login(c);
}

result<int> grant(const arguments& given) {
  BOOST_OUTCOME_TRY(auto request, request_of(given));
  if (!given.yes) {
    std::string question = "Grant";
    for (const std::string& b : given.bundles) question += " " + b;
    question += " to " + (given.role.empty() ? given.person : "role " + given.role) + " for " +
                to_string(request.duration()) + "?";
    BOOST_OUTCOME_TRY(const bool go_on, confirm(printable(question)));
    if (!go_on) {
      std::fputs("nothing was done\n", stdout);
      return exit_failed;
    }
  }
  BOOST_OUTCOME_TRY(auto s, session::open(given, given.password_file));
  BOOST_OUTCOME_TRY(const auto granted, s.run(s.client().async_grant(request)));
  if (!given.credentials_file.empty()) {
    const auto written =
        write_new_file(given.credentials_file, to_json_with_password(granted), true);
    if (!written) {
      // Credentials that nobody got are of no use: nothing is left behind.
      const auto undone = s.run(s.client().async_revoke(granted.lease.id));
      return written.error().with_hint(undone ? "the lease was ended again"
                                              : "end lease " + granted.lease.id);
    }
  }
  if (given.json && given.credentials_file.empty()) {
    std::fputs(to_json_with_password(granted).c_str(), stdout);
    return exit_done;
  }
  if (given.json) {
    std::fputs(to_json(std::vector<lease>{granted.lease}).c_str(), stdout);
    return exit_done;
  }
  std::printf("lease %s until %s\n", granted.lease.id.c_str(),
              time_text(granted.lease.expires_at).c_str());
  if (!granted.credentials) {
    std::printf("  role      %s\n", printable(granted.lease.grantee).c_str());
  } else if (given.credentials_file.empty()) {
    print_credentials(*granted.credentials);
  } else {
    std::printf("  user      %s\n  password  in %s\n", granted.credentials->user.c_str(),
                given.credentials_file.c_str());
    print_login(*granted.credentials);
  }
  return exit_done;
}

result<int> list(const arguments& given) {
  BOOST_OUTCOME_TRY(auto s, session::open(given, given.password_file));
  lease_filter filter;
  filter.everything(given.all).of_bundle(given.bundle).of_grantee(given.grantee);
  BOOST_OUTCOME_TRY(const auto found, s.run(s.client().async_leases(filter)));
  std::fputs((given.json ? to_json(found) : lease_table(found)).c_str(), stdout);
  return exit_done;
}

int print_sweep(const sweep_report& report, const arguments& given) {
  if (given.json) std::fputs(to_json(report).c_str(), stdout);
  for (const lease_end& end : report.ends)
    if (!given.json) std::fputs(end_text(end).c_str(), stdout);
  if (!given.json && report.ghost_sessions > 0)
    std::printf("%d sessions of dropped roles ended\n", report.ghost_sessions);
  for (const failed_end& f : report.failures)
    report_error(f.why.within("lease " + f.lease + " has not ended"), false);
  return report.failures.empty() ? exit_done : exit_failed;
}

result<int> revoke(const arguments& given) {
  if (given.lease.empty() && given.grantee.empty())
    return error(errc::invalid_argument, "what to revoke is not said")
        .with_field("lease")
        .with_hint("give a lease's id (pgrant leases shows them), or --grantee NAME");
  BOOST_OUTCOME_TRY(auto s, session::open(given, given.password_file));
  if (!given.grantee.empty()) {
    BOOST_OUTCOME_TRY(const auto report, s.run(s.client().async_revoke_grantee(given.grantee)));
    return print_sweep(report, given);
  }
  BOOST_OUTCOME_TRY(const auto end, s.run(s.client().async_revoke(given.lease)));
  std::fputs((given.json ? to_json(end) : end_text(end)).c_str(), stdout);
  return exit_done;
}

result<int> expire(const arguments& given) {
  BOOST_OUTCOME_TRY(auto s, session::open(given, given.password_file));
  BOOST_OUTCOME_TRY(const auto report, s.run(s.client().async_expire()));
  if (!given.json && report.ends.empty() && report.failures.empty())
    std::fputs("nothing has expired\n", stdout);
  return print_sweep(report, given);
}

int finish(const result<int>& status, const arguments& given) {
  return status ? status.assume_value() : report_error(status.error(), given.json);
}

}  // namespace

int run_grant(const arguments& given) {
  return finish(grant(given), given);
}

int run_leases(const arguments& given) {
  return finish(list(given), given);
}

int run_revoke(const arguments& given) {
  return finish(revoke(given), given);
}

int run_expire(const arguments& given) {
  return finish(expire(given), given);
}

}  // namespace pgrant::command
