#include "pgrant/applier.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "apply/apply_part.hpp"
#include "pgrant/json/plan.hpp"

namespace pgrant {

namespace {

error refused_bundles(const plan& what) {
  std::string bundles, details;
  for (const bundle_safety& of : what.safety) {
    const auto open = not_accepted(of, safety_severity::refusal);
    if (open.empty()) continue;
    bundles += (bundles.empty() ? "bundle " : ", ") + of.bundle;
    for (const safety_finding& f : open) {
      details += details.empty() ? "" : "\n";
      details += of.bundle + ": " + f.name + ", " + f.object + ": " + f.reason + "; " + f.remedy;
    }
  }
  return error(errc::denied, "access through a bundle would not end by itself")
      .with_object(std::move(bundles))
      .with_detail(std::move(details))
      .with_hint(
          "follow the remedies; what is meant so stands under `accept` of the bundle, with "
          "its name and grade-d");
}

}  // namespace

std::string_view to_string(apply_outcome outcome) noexcept {
  switch (outcome) {
    case apply_outcome::applied:
      return "applied";
    case apply_outcome::failed:
      return "failed";
    case apply_outcome::unknown:
      return "unknown";
    case apply_outcome::skipped:
      break;
  }
  return "skipped";
}

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
  if (what.refused()) return refused_bundles(what);
  BOOST_OUTCOME_TRY(detail::verifiers_for(what, options));
  return success();
}

namespace detail {

namespace {

// So that the audit trail says which plan it was; empty for one that cannot be written as JSON.
std::string plan_digest(const plan& what) {
  const auto text = to_json(what);
  std::array<unsigned char, 32> digest{};
  if (!text || EVP_Digest(text.assume_value().data(), text.assume_value().size(), digest.data(),
                          nullptr, EVP_sha256(), nullptr) != 1)
    return {};
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (unsigned char byte : digest) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

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
      part_outcome outcome;
      if (cluster_failed_ || (part.database.empty() && any_failed())) {
        outcome.failed = error(errc::conflict, "not run, because an earlier part failed");
        outcome.skipped = true;
      } else {
        auto run = co_await run_one(part);
        outcome = std::move(run);
      }
      note(part, std::move(outcome));
    }
    auto booked = co_await book();
    if (any_failed()) co_return overall_error();
    if (!booked) co_return booked.error();
    co_return std::move(report_);
  }

 private:
  lease_task<void> check_server() {
    auto opened = co_await open_connection(connector_, {});
    BOOST_OUTCOME_CO_TRY(const auto where, std::move(opened));
    const auto stale = [](std::string what) {
      return error(errc::stale, std::move(what))
          .with_hint("plan again on this server, as this role");
    };
    if (where->server_version() / 10000 != plan_.server_version / 10000)
      co_return stale("the plan was made for another version of PostgreSQL");
    auto asked = co_await run(where, statement("SELECT current_user"));
    BOOST_OUTCOME_CO_TRY(const rows login, std::move(asked));
    if (login.text(0, 0) != plan_.executor)
      co_return stale("the plan was made for role " + quote_identifier(plan_.executor));
    // Where the planner was not allowed to ask, we are not either.
    if (plan_.system_identifier.empty()) co_return success();
    auto told = co_await run(where, statement("SELECT c.system_identifier::text"
                                              " FROM pg_catalog.pg_control_system() c"));
    BOOST_OUTCOME_CO_TRY(const rows cluster, std::move(told));
    if (cluster.text(0, 0) != plan_.system_identifier)
      co_return stale("the plan was made for another cluster");
    co_return success();
  }

  boost::asio::awaitable<part_outcome> run_one(apply_part part) {
    const std::size_t before = progress_.done;
    progress_.database = part.database;
    tell_progress(before);
    part_outcome outcome;
    std::optional<database_lock> turn;
    if (options_.book() && !part.own_transaction) {
      ledger book = *options_.book();
      auto locked = co_await book.async_lock_database(part.database, options_.turn_timeout(),
                                                      boost::asio::use_awaitable);
      if (!locked) {
        outcome.failed = locked.error();
        co_return outcome;
      }
      turn.emplace(std::move(locked).assume_value());
    }
    auto opened = co_await connect_to(part.database);
    if (!opened) {
      outcome.failed = opened.error();
      co_return outcome;
    }
    auto run = co_await run_part(std::move(opened).assume_value(), part, options_, verifiers_,
                                 [this, before](std::size_t n) { tell_progress(before + n); });
    outcome = std::move(run);
    if (!outcome.transaction.empty() && outcome.unanswered) {
      auto settled = co_await find_out(part.database, std::move(outcome));
      outcome = std::move(settled);
    }
    tell_progress(before + part.steps.size());
    co_return outcome;
  }

  lease_task<connection_ptr> connect_to(std::string database) {
    auto opened = co_await open_connection(connector_, database);
    if (!opened && !database.empty())
      co_return opened.error().within("cannot connect to database " + quote_identifier(database));
    co_return opened;
  }

  // The answer to COMMIT was lost: asks on a new connection what came of it.
  boost::asio::awaitable<part_outcome> find_out(std::string database, part_outcome outcome) {
    auto opened = co_await connect_to(std::move(database));
    if (!opened) co_return outcome;
    auto committed = co_await was_committed(std::move(opened).assume_value(), outcome.transaction);
    outcome.unanswered = !committed.has_value();
    if (committed.value_or(false)) outcome.failed.reset();
    co_return outcome;
  }

  // What was done belongs into the audit trail also where a part has failed.
  lease_task<void> book() {
    if (!options_.book()) co_return success();
    ledger book = *options_.book();
    if (!any_failed()) {
      auto registered = co_await book.async_register(plan_.bundles, plan_.dropped_bundles,
                                                     boost::asio::use_awaitable);
      if (!registered) co_return registered.error().within("applied, but not in the ledger");
    }
    audit_entry entry("apply");
    entry.detail("statements", std::to_string(plan_.steps.size()));
    entry.detail("snapshot", plan_.snapshot_taken_at);
    entry.detail("plan", plan_digest(plan_));
    if (any_failed()) entry.outcome("failed").detail("databases", what_became_of_each());
    auto recorded = co_await book.async_record(std::move(entry), boost::asio::use_awaitable);
    if (!recorded) co_return recorded.error().within("applied, but not in the audit trail");
    co_return success();
  }

  void tell_progress(std::size_t done) {
    progress_.done = done;
    if (options_.on_progress()) options_.on_progress()(progress_);
  }

  bool any_failed() const {
    return std::ranges::any_of(report_.databases,
                               [](const database_report& d) { return d.failed.has_value(); });
  }

  void note(const apply_part& part, part_outcome outcome) {
    database_report one{part.database, part.steps.size(), std::move(outcome.failed),
                        outcome.unanswered, outcome.skipped};
    one.unknown = one.unknown && one.failed;
    if (one.failed && part.database.empty()) cluster_failed_ = true;
    if (options_.on_database()) options_.on_database()(one);
    report_.databases.push_back(std::move(one));
  }

  std::string what_became_of_each() const {
    std::string lines;
    for (const database_report& d : report_.databases) {
      lines += lines.empty() ? "" : "\n";
      lines += d.database.empty() ? "cluster-wide" : "database " + quote_identifier(d.database);
      lines += ": " + std::to_string(d.steps) + " statements, ";
      if (!d.failed)
        lines += "done";
      else
        lines += (d.unknown ? "perhaps done: " : "left as it was: ") + d.failed->message();
    }
    return lines;
  }

  error overall_error() const {
    const auto first = std::ranges::find_if(
        report_.databases, [](const database_report& d) { return d.failed.has_value(); });
    std::string detail = first->failed->detail();
    if (!detail.empty()) detail += "\n";
    return first->failed->with_detail(detail + what_became_of_each());
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
