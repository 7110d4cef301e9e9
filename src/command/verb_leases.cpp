#include <cstdio>

#include "command/connection.hpp"
#include "command/describe.hpp"
#include "command/policy_file.hpp"
#include "command/request_file.hpp"
#include "command/terminal.hpp"
#include "command/verbs.hpp"
#include "pgrant/json/lease.hpp"
#include "pgrant/json/policy.hpp"
#include "pgrant/plan_text.hpp"

namespace pgrant::command {

namespace {

error missing_argument(std::string message, std::string field, std::string hint) {
  return error(errc::invalid_argument, std::move(message))
      .with_field(std::move(field))
      .with_hint(std::move(hint));
}

result<std::pair<std::string, std::string>> label_of(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    return missing_argument("\"" + text + "\" is no label", "label", "write --label team=data");
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

result<std::chrono::seconds> duration_of(const std::string& text, const char* option) {
  auto duration = parse_duration(text);
  if (!duration) return duration.error().with_field(option);
  return duration;
}

result<void> start_request(grant_request& request, const arguments& given) {
  if (!given.start.empty()) {
    BOOST_OUTCOME_TRY(const auto start, time_of(given.start, "starting-at"));
    request.starting_at(start);
  }
  if (!given.start_in.empty()) {
    BOOST_OUTCOME_TRY(const auto delay, duration_of(given.start_in, "starting-in"));
    request.starting_in(delay);
  }
  return success();
}

result<grant_request> request_of(const arguments& given) {
  if (!given.request_file.empty()) return read_request_file(given);
  if (given.bundles.empty())
    return missing_argument("what to grant is not said", "bundles",
                            "name bundles, or give --request FILE");
  if (given.duration.empty())
    return missing_argument("for how long is not said", "for", "give --for 1h");
  if (given.reason.empty())
    return missing_argument("why is not said", "reason", "give --reason TEXT");
  BOOST_OUTCOME_TRY(const auto duration, duration_of(given.duration, "for"));
  if (given.person.empty() == given.role.empty())
    return missing_argument(
        "for whom is not said", "to",
        "give --to PERSON for a new login, or --to-role ROLE for a role that exists");
  grant_request request(given.bundles.front());
  for (std::size_t i = 1; i < given.bundles.size(); ++i) request.also(given.bundles[i]);
  request.lasting(duration).because(given.reason);
  request.ticket(given.ticket);
  if (!given.person.empty()) request.to(given.person);
  if (!given.role.empty()) request.to_role(given.role);
  if (!given.requester.empty()) request.requested_by(given.requester);
  if (!given.key.empty()) request.idempotency_key(given.key);
  if (given.session_limit > 0) request.connection_limit(given.session_limit);
  for (const std::string& text : given.labels) {
    BOOST_OUTCOME_TRY(auto label, label_of(text));
    request.label(std::move(label.first), std::move(label.second));
  }
  BOOST_OUTCOME_TRY(start_request(request, given));
  BOOST_OUTCOME_TRY(request.validate());
  return request;
}

// "sales-read, and 2 ad-hoc privileges"
std::string wanted_text(const grant_request& request) {
  std::string text;
  for (const std::string& b : request.bundles()) text += (text.empty() ? "" : ", ") + b;
  const std::size_t rules = request.ad_hoc().size();
  if (rules == 0) return text;
  return text + (text.empty() ? "" : ", and ") + std::to_string(rules) +
         (rules == 1 ? " ad-hoc grant" : " ad-hoc grants");
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
    const std::string question =
        "Grant " + wanted_text(request) + " to " +
        (request.role().empty() ? request.person() : "role " + request.role()) + " for " +
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
  const bool later = granted.lease.state == lease_state::scheduled;
  std::printf("lease %s %s%s%suntil %s\n", granted.lease.id.c_str(), later ? "from " : "",
              later ? time_text(granted.lease.starts_at).c_str() : "", later ? " " : "",
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

result<lease_filter> filter_of(const arguments& given) {
  lease_filter filter;
  filter.everything(given.all).of_bundle(given.bundle).of_grantee(given.grantee);
  filter.requested_by(given.requester).ticket(given.ticket);
  for (const std::string& state : given.states) {
    const auto known = parse_lease_state(state);
    if (known) filter.in_state(*known);
  }
  for (const std::string& text : given.labels) {
    BOOST_OUTCOME_TRY(auto label, label_of(text));
    filter.label(std::move(label.first), std::move(label.second));
  }
  if (!given.within.empty()) {
    BOOST_OUTCOME_TRY(const auto within, duration_of(given.within, "expiring-in"));
    filter.expiring_within(within);
  }
  if (given.limit > 0) filter.limit(given.limit);
  BOOST_OUTCOME_TRY(filter.validate());
  return filter;
}

result<int> list(const arguments& given) {
  BOOST_OUTCOME_TRY(const auto filter, filter_of(given));
  BOOST_OUTCOME_TRY(auto s, session::open(given, given.password_file));
  BOOST_OUTCOME_TRY(const auto found, s.run(s.client().async_leases(filter)));
  std::fputs((given.json ? to_json(found) : lease_table(found)).c_str(), stdout);
  return exit_done;
}

result<int> extend(const arguments& given) {
  BOOST_OUTCOME_TRY(const auto by, duration_of(given.duration, "by"));
  extend_request request(given.lease, by);
  request.because(given.reason).requested_by(given.requester).idempotency_key(given.key);
  BOOST_OUTCOME_TRY(request.validate());
  BOOST_OUTCOME_TRY(auto s, session::open(given, given.password_file));
  BOOST_OUTCOME_TRY(const auto extended, s.run(s.client().async_extend(request)));
  if (given.json) {
    std::fputs(to_json(std::vector<lease>{extended}).c_str(), stdout);
  } else {
    std::printf("lease %s until %s\n", extended.id.c_str(), time_text(extended.expires_at).c_str());
  }
  return exit_done;
}

int print_sweep(const sweep_report& report, const arguments& given) {
  if (given.json) std::fputs(to_json(report).c_str(), stdout);
  for (const lease_end& end : report.ends)
    if (!given.json) std::fputs(end_text(end).c_str(), stdout);
  for (const lease& l : report.started)
    if (!given.json)
      std::printf("lease %s of %s started\n", l.id.c_str(), printable(l.person).c_str());
  for (const std::string& bundle : report.dropped_bundles)
    if (!given.json) std::printf("bundle %s dropped: no lease needs it\n", bundle.c_str());
  if (!given.json && report.ghost_sessions > 0)
    std::printf("%d sessions of dropped roles ended\n", report.ghost_sessions);
  for (const failed_end& f : report.failures)
    report_error(f.why.within("lease " + f.lease + " has not ended"), false);
  return report.failures.empty() ? exit_done : exit_failed;
}

result<int> revoke(const arguments& given) {
  if (given.lease.empty() && given.grantee.empty() && given.bundle.empty() && !given.all)
    return missing_argument("what to revoke is not said", "lease",
                            "give a lease's id (pgrant leases shows them), --grantee NAME, "
                            "--bundle NAME or --all");
  const bool many = !given.bundle.empty() || given.all;
  if (many && !given.yes) {
    BOOST_OUTCOME_TRY(const bool go_on, confirm(given.all ? "End every lease of the instance now?"
                                                          : "End every lease of bundle " +
                                                                printable(given.bundle) + " now?"));
    if (!go_on) {
      std::fputs("nothing was done\n", stdout);
      return exit_failed;
    }
  }
  BOOST_OUTCOME_TRY(auto s, session::open(given, given.password_file));
  if (many) {
    BOOST_OUTCOME_TRY(const auto report, given.all
                                             ? s.run(s.client().async_revoke_all())
                                             : s.run(s.client().async_revoke_bundle(given.bundle)));
    if (!given.json && report.ends.empty() && report.failures.empty())
      std::fputs("no leases\n", stdout);
    return print_sweep(report, given);
  }
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
  if (!given.json && report.ends.empty() && report.failures.empty() && report.started.empty())
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

int run_extend(const arguments& given) {
  return finish(extend(given), given);
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
