#include "pgrant/applier.hpp"

#include <algorithm>

#include "apply/apply_part.hpp"

namespace pgrant {

result<void> check_applicable(const plan& what, const apply_options& options) {
  if (!what.not_granted.empty() && !what.best_effort) {
    constexpr std::size_t shown = 20;
    std::string objects, details;
    for (std::size_t i = 0; i < std::min(what.not_granted.size(), shown); ++i) {
      const not_granted& one = what.not_granted[i];
      objects += (i == 0 ? "" : ", ") + one.object;
      if (!one.database.empty()) objects += " in database " + quote_identifier(one.database);
      details += (i == 0 ? "" : "\n") + one.object + ": " + one.reason + "; " + one.remedy;
    }
    if (what.not_granted.size() > shown)
      details += "\nand " + std::to_string(what.not_granted.size() - shown) + " more";
    return error(errc::denied, what.executor + " may not grant all that the policy asks for")
        .with_object(std::move(objects))
        .with_detail(std::move(details))
        .with_hint("follow a remedy, or take these objects out of the policy");
  }
  BOOST_OUTCOME_TRY(detail::verifiers_for(what, options));
  return success();
}

namespace detail {

namespace {

class apply_run {
 public:
  apply_run(std::shared_ptr<database_connector> connector, plan what, apply_options options)
      : connector_(std::move(connector)), plan_(std::move(what)), options_(std::move(options)) {
    progress_.total = plan_.steps.size();
  }

  lease_task<apply_report> run_all_parts() {
    BOOST_OUTCOME_CO_TRY(check_applicable(plan_, options_));
    BOOST_OUTCOME_CO_TRY(verifiers_, verifiers_for(plan_, options_));
    auto same = co_await check_server();
    if (!same) co_return same.error();
    for (const apply_part& part : parts_of(plan_)) {
      if (cluster_failed_ || (part.database.empty() && any_failed())) {
        skip(part);
        continue;
      }
      auto done = co_await run_one(part);
      note(part, done);
    }
    if (any_failed()) co_return overall_error();
    auto booked = co_await book();
    if (!booked) co_return booked.error();
    co_return std::move(report_);
  }

 private:
  lease_task<void> check_server() {
    auto opened = co_await open_connection(connector_, {});
    BOOST_OUTCOME_CO_TRY(const auto where, std::move(opened));
    auto asked =
        co_await run(where, statement("SELECT current_user, (SELECT c.system_identifier::text FROM"
                                      " pg_catalog.pg_control_system() c)"));
    BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
    const auto stale = [](std::string what) {
      return error(errc::stale, std::move(what))
          .with_hint("plan again on this server, as this role");
    };
    if (!plan_.system_identifier.empty() && answer.text(0, 1) != plan_.system_identifier)
      co_return stale("the plan was made for another cluster");
    if (where->server_version() / 10000 != plan_.server_version / 10000)
      co_return stale("the plan was made for another version of PostgreSQL");
    if (answer.text(0, 0) != plan_.executor)
      co_return stale("the plan was made for role " + quote_identifier(plan_.executor));
    co_return success();
  }

  lease_task<void> run_one(apply_part part) {
    progress_.database = part.database;
    tell_progress(0);
    std::optional<database_lock> turn;
    if (options_.book() && !part.own_transaction) {
      ledger book = *options_.book();
      auto locked = co_await book.async_lock_database(part.database, boost::asio::use_awaitable);
      if (!locked) co_return locked.error();
      turn.emplace(std::move(locked).assume_value());
    }
    auto opened = co_await open_connection(connector_, part.database);
    if (!opened)
      co_return opened.error().within("cannot connect to database " +
                                      quote_identifier(part.database));
    auto done = co_await run_part(opened.assume_value(), part, options_, verifiers_,
                                  [this](std::size_t n) { tell_progress(n); });
    co_return done;
  }

  lease_task<void> book() {
    if (!options_.book()) co_return success();
    ledger book = *options_.book();
    auto registered = co_await book.async_register(plan_.bundles, plan_.dropped_bundles,
                                                   boost::asio::use_awaitable);
    if (!registered) co_return registered.error().within("applied, but not in the ledger");
    audit_entry entry("apply");
    entry.detail("statements", std::to_string(plan_.steps.size()));
    entry.detail("snapshot", plan_.snapshot_taken_at);
    auto recorded = co_await book.async_record(std::move(entry), boost::asio::use_awaitable);
    if (!recorded) co_return recorded.error().within("applied, but not in the audit trail");
    co_return success();
  }

  void tell_progress(std::size_t more) {
    progress_.done += more;
    if (options_.on_progress()) options_.on_progress()(progress_);
  }

  bool any_failed() const {
    return std::ranges::any_of(report_.databases,
                               [](const database_report& d) { return d.failed.has_value(); });
  }

  void skip(const apply_part& part) {
    add({part.database, part.steps.size(),
         error(errc::conflict, "not run, because an earlier part failed")});
  }

  void note(const apply_part& part, const result<void>& done) {
    database_report one{part.database, part.steps.size(), std::nullopt};
    if (!done) one.failed = done.error();
    if (!done && part.database.empty()) cluster_failed_ = true;
    add(std::move(one));
  }

  void add(database_report one) {
    if (options_.on_database()) options_.on_database()(one);
    report_.databases.push_back(std::move(one));
  }

  error overall_error() const {
    std::optional<error> first;
    std::string detail;
    for (const database_report& d : report_.databases) {
      if (!first && d.failed) first = d.failed;
      detail += detail.empty() ? "" : "\n";
      detail += (d.database.empty() ? "cluster-wide" : "database " + quote_identifier(d.database)) +
                ": " + std::to_string(d.steps) + " statements, " +
                (d.failed ? "left as it was: " + d.failed->message() : "done");
    }
    if (!first->detail().empty()) detail = first->detail() + "\n" + detail;
    return first->with_detail(std::move(detail));
  }

  std::shared_ptr<database_connector> connector_;
  plan plan_;
  apply_options options_;
  verifier_map verifiers_;
  apply_progress progress_;
  apply_report report_;
  bool cluster_failed_ = false;
};

lease_task<apply_report> run_plan(std::shared_ptr<apply_run> what) {
  auto report = co_await what->run_all_parts();
  co_return report;
}

}  // namespace

void start_apply(std::shared_ptr<database_connector> connector, plan what, apply_options options,
                 completion<apply_report> done) {
  const auto executor = connector->get_executor();
  start_lease_task(executor,
                   run_plan(std::make_shared<apply_run>(std::move(connector), std::move(what),
                                                        std::move(options))),
                   std::move(done));
}

}  // namespace detail

}  // namespace pgrant
