// The verbs: each reads its input, starts the library's operation and completes its own by it.
#include "client.hpp"
#include "operation.hpp"
#include "pgrant/json/plan.hpp"
#include "pgrant/json/policy.hpp"
#include "text.hpp"

namespace capi = pgrant::capi;

namespace {

using state_ptr = std::shared_ptr<capi::operation_state>;

// Starts `call(client, handler)`; of what it gives, `make` makes the result.
template <class T, class Make, class Call>
auto begin_verb(capi::client_state& of, const state_ptr& state, Make make, Call call) {
  boost::asio::any_io_executor strand;
  of.with_client([&](pgrant::client& client) {
    strand = of.strand();
    call(client,
         boost::asio::bind_executor(strand, boost::asio::bind_cancellation_slot(
                                                state->slot(), capi::completing_handler<T, Make>(
                                                                   state, std::move(make)))));
  });
  return strand;
}

// The common part of the verbs. `prepare(client_state)` reads the input and gives a function that
// starts the work for an operation.
template <class Prepare>
pgrant_status start_verb(pgrant_client* client, pgrant_queue* queue, std::uint64_t tag,
                         pgrant_operation** operation, pgrant_error** err,
                         Prepare prepare) noexcept {
  return capi::guard(err, [&] {
    if (operation) *operation = nullptr;
    const auto of = capi::checked(client, "client").shared;
    of->runs_on()->process().check();
    capi::start_operation(of->runs_on(), queue, tag, operation, prepare(*of));
  });
}

template <class T>
auto as_result() {
  return [](T&& value) { return capi::new_result(std::move(value)); };
}

auto progress_into(const state_ptr& state) {
  return [state](const auto& p) { state->progress(p.database, p.done, p.total); };
}

void log_database(capi::operation_state& to, const pgrant::database_report& one) {
  if (!to.wants(PGRANT_EVENT_LOG)) return;
  std::string text = one.database.empty() ? "cluster-wide" : "database \"" + one.database + "\"";
  text += ": " + std::to_string(one.steps) + " statements";
  if (one.failed) text += ": " + one.failed->message();
  to.log(one.failed ? PGRANT_LOG_ERROR : PGRANT_LOG_INFO, std::move(text));
}

}  // namespace

pgrant_status pgrant_client_check_start(pgrant_client* client, pgrant_queue* queue, uint64_t tag,
                                        pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [](capi::client_state& of) {
    return [&of](const state_ptr& state) {
      using report = pgrant::check_report;
      return begin_verb<report>(of, state, as_result<report>(), [](pgrant::client& c, auto done) {
        c.async_check(std::move(done));
      });
    };
  });
}

pgrant_status pgrant_client_inspect_start(pgrant_client* client, const pgrant_options* options,
                                          pgrant_queue* queue, uint64_t tag,
                                          pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    auto [what, written] = capi::read_inspect_options(options);
    return [&of, what = std::move(what), written = written](const state_ptr& state) mutable {
      what.on_progress(progress_into(state));
      auto make = [written](pgrant::snapshot&& found) {
        return capi::new_result(capi::inventory{std::move(found), written});
      };
      return begin_verb<pgrant::snapshot>(
          of, state, std::move(make),
          [&](pgrant::client& c, auto done) { c.async_inspect(std::move(what), std::move(done)); });
    };
  });
}

pgrant_status pgrant_client_plan_start(pgrant_client* client, const char* policy, size_t size,
                                       const pgrant_options* options, pgrant_queue* queue,
                                       uint64_t tag, pgrant_operation** operation,
                                       pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    auto desired = capi::take(pgrant::policy_from_json(capi::text_in(policy, size, "policy")));
    if (const auto problems = validate(desired); !problems.empty()) capi::refuse(problems.front());
    auto how = capi::read_plan_options(options, of.ledger_database());
    return [&of, desired = std::move(desired), how](const state_ptr& state) mutable {
      return begin_verb<pgrant::plan>(of, state, as_result<pgrant::plan>(),
                                      [&](pgrant::client& c, auto done) {
                                        c.async_plan(std::move(desired), how, std::move(done));
                                      });
    };
  });
}

pgrant_status pgrant_client_plan_bootstrap_start(pgrant_client* client,
                                                 const pgrant_options* options, pgrant_queue* queue,
                                                 uint64_t tag, pgrant_operation** operation,
                                                 pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    auto how = capi::read_bootstrap_options(options, of.ledger_database());
    return [&of, how = std::move(how)](const state_ptr& state) mutable {
      return begin_verb<pgrant::plan>(of, state, as_result<pgrant::plan>(),
                                      [&](pgrant::client& c, auto done) {
                                        c.async_plan_bootstrap(std::move(how), std::move(done));
                                      });
    };
  });
}

pgrant_status pgrant_client_apply_start(pgrant_client* client, const char* plan, size_t size,
                                        const pgrant_options* options, pgrant_queue* queue,
                                        uint64_t tag, pgrant_operation** operation,
                                        pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    std::string text(capi::text_in(plan, size, "plan"));
    auto what = capi::take(pgrant::plan_from_json(text));
    auto how = capi::read_apply_options(options);
    capi::take(check_applicable(what, how));
    return [&of, text = std::move(text), what = std::move(what),
            how = std::move(how)](const state_ptr& state) mutable {
      how.on_progress(progress_into(state));
      how.on_database([state](const pgrant::database_report& one) { log_database(*state, one); });
      auto make = [state, text = std::move(text)](pgrant::apply_report&& report) mutable {
        for (const std::string& warning : report.warnings) state->log(PGRANT_LOG_WARNING, warning);
        return capi::new_result(capi::applied_plan{std::move(text), std::move(report)});
      };
      return begin_verb<pgrant::apply_report>(
          of, state, std::move(make), [&](pgrant::client& c, auto done) {
            c.async_apply(std::move(what), std::move(how), std::move(done));
          });
    };
  });
}

pgrant_status pgrant_client_grant_start(pgrant_client* client, const pgrant_options* options,
                                        pgrant_queue* queue, uint64_t tag,
                                        pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    auto request = capi::read_grant_options(options);
    capi::take(request.validate());
    return [&of, request = std::move(request)](const state_ptr& state) mutable {
      using granted = pgrant::granted_lease;
      return begin_verb<granted>(of, state, as_result<granted>(),
                                 [&](pgrant::client& c, auto done) {
                                   c.async_grant(std::move(request), std::move(done));
                                 });
    };
  });
}

pgrant_status pgrant_client_leases_start(pgrant_client* client, const pgrant_options* options,
                                         pgrant_queue* queue, uint64_t tag,
                                         pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    auto filter = capi::read_lease_options(options);
    return [&of, filter = std::move(filter)](const state_ptr& state) mutable {
      using list = std::vector<pgrant::lease>;
      return begin_verb<list>(of, state, as_result<list>(), [&](pgrant::client& c, auto done) {
        c.async_leases(std::move(filter), std::move(done));
      });
    };
  });
}

pgrant_status pgrant_client_revoke_start(pgrant_client* client, const char* lease, size_t size,
                                         pgrant_queue* queue, uint64_t tag,
                                         pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    std::string id(capi::text_in(lease, size, "lease"));
    if (id.empty()) capi::refuse("lease", "lease is empty");
    return [&of, id = std::move(id)](const state_ptr& state) mutable {
      return begin_verb<pgrant::lease_end>(
          of, state, [](pgrant::lease_end&& end) { return capi::new_end_result(std::move(end)); },
          [&](pgrant::client& c, auto done) { c.async_revoke(std::move(id), std::move(done)); });
    };
  });
}

pgrant_status pgrant_client_revoke_grantee_start(pgrant_client* client, const char* grantee,
                                                 size_t size, pgrant_queue* queue, uint64_t tag,
                                                 pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    std::string whom(capi::text_in(grantee, size, "grantee"));
    if (whom.empty()) capi::refuse("grantee", "grantee is empty");
    return [&of, whom = std::move(whom)](const state_ptr& state) mutable {
      using report = pgrant::sweep_report;
      return begin_verb<report>(of, state, as_result<report>(), [&](pgrant::client& c, auto done) {
        c.async_revoke_grantee(std::move(whom), std::move(done));
      });
    };
  });
}

pgrant_status pgrant_client_expire_start(pgrant_client* client, pgrant_queue* queue, uint64_t tag,
                                         pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [](capi::client_state& of) {
    return [&of](const state_ptr& state) {
      using report = pgrant::sweep_report;
      return begin_verb<report>(of, state, as_result<report>(), [](pgrant::client& c, auto done) {
        c.async_expire(std::move(done));
      });
    };
  });
}
