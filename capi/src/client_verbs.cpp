// The verbs: each reads its input, starts the library's operation and completes its own by it.
#include "client_verb.hpp"
#include "pgrant/json/plan.hpp"
#include "pgrant/json/policy.hpp"
#include "text.hpp"

namespace capi = pgrant::capi;

namespace {

using capi::as_result;
using capi::begin_verb;
using capi::start_verb;
using capi::state_ptr;

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
    auto read = capi::read_inspect_options(options);
    return [&of, what = std::move(read.first),
            written = std::move(read.second)](const state_ptr& state) mutable {
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
