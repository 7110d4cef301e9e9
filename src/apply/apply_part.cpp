#include "apply/apply_part.hpp"

#include <algorithm>

#include "apply/apply_turn.hpp"
#include "apply/step_effect.hpp"
#include "pgrant/scram.hpp"

namespace pgrant::detail {

namespace {

// Enough to hide the network's latency, few enough for a progress bar that moves.
constexpr std::size_t statements_per_round = 64;

statement statement_of(const step& s, const verifier_map& verifiers) {
  if (s.secret.empty()) return statement::trusted(s.sql);
  const std::string marker = secret_marker(s.secret);
  std::string text = s.sql;
  const std::size_t at = text.find(marker);
  if (at != std::string::npos)
    text.replace(at, marker.size(), quote_literal(verifiers.find(s.secret)->second->reveal()));
  statement filled = statement::trusted(text);
  wipe(text.data(), text.size());
  return filled;
}

std::string part_object(const step& s) {
  std::string text;
  if (!s.targets.empty()) {
    text = std::string(to_string(s.targets.front().kind)) + " " + s.targets.front().name;
    if (s.targets.size() > 1) text += " and " + std::to_string(s.targets.size() - 1) + " more";
  }
  return in_database_of(s, std::move(text));
}

// Whether the server says that what the plan counts on is not there, or that it is there already.
bool has_moved_on(const step& s, const error& why) {
  const bool creates =
      s.action == step_action::create_role || s.action == step_action::create_database;
  return why.code() == errc::not_found || (creates && why.code() == errc::conflict);
}

// The plan's own text of the statement, in which secrets are markers.
error step_failed(const step& s, const error& why) {
  error told = why.within(s.reason);
  if (has_moved_on(s, why))
    told = error(errc::stale, told.message())
               .with_state(why.state())
               .with_hint("plan again, review, and apply the new plan");
  else if (why.state() == "55P03"_sqlstate)
    told = told.with_hint("somebody holds a lock on it: try again later, or wait longer");
  std::string detail = why.detail();
  if (!detail.empty()) detail += "\n";
  constexpr std::size_t longest = 400;
  detail += s.sql.size() > longest ? s.sql.substr(0, longest) + " …" : s.sql;
  return told.with_object(part_object(s)).with_detail(std::move(detail));
}

error effect_missing(const step& s, const std::vector<std::string>& names, const notice* said) {
  constexpr std::size_t shown = 20;
  std::string objects;
  for (std::size_t i = 0; i < std::min(names.size(), shown); ++i)
    objects += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > shown) objects += " and " + std::to_string(names.size() - shown) + " more";
  error why(errc::not_granted, "the statement ran and did not have its effect: " + s.reason);
  if (said != nullptr)
    why = why.with_state(said->state).with_advice(retry::never).with_detail(said->message);
  return why.with_object(names.empty() ? part_object(s) : in_database_of(s, std::move(objects)))
      .with_hint("plan again: what this role may grant has changed, or who grants for it");
}

batch opening(const apply_part& part, const apply_options& options) {
  constexpr sql_fragment set_local = "SELECT pg_catalog.set_config($1, $2, true)";
  batch questions;
  questions.add(statement("BEGIN"));
  questions.add(statement(set_local)
                    .bind("lock_timeout")
                    .bind(std::to_string(options.lock_timeout().count())));
  if (options.statement_timeout())
    questions.add(statement(set_local)
                      .bind("statement_timeout")
                      .bind(std::to_string(options.statement_timeout()->count())));
  const batch catalog = catalog_questions(part.steps);
  for (std::size_t i = 0; i < catalog.size(); ++i) questions.add(catalog[i]);
  return questions;
}

struct told_notice {
  std::size_t step;
  notice what;
};

/// Inside the transaction: the steps, and what the server said against them.
lease_task<std::vector<told_notice>> run_steps(connection_ptr where, const apply_part& part,
                                               const verifier_map& verifiers,
                                               const std::function<void(std::size_t)>& at) {
  std::vector<told_notice> told;
  for (std::size_t first = 0; first < part.steps.size(); first += statements_per_round) {
    const auto round =
        part.steps.subspan(first, std::min(statements_per_round, part.steps.size() - first));
    batch work;
    for (const step& s : round) work.add(statement_of(s, verifiers));
    auto sent = co_await where->async_execute_batch(std::move(work), boost::asio::use_awaitable);
    BOOST_OUTCOME_CO_TRY(const batch_result answers, std::move(sent));
    const std::size_t failed = answers.first_failure();
    if (failed < answers.size()) co_return step_failed(round[failed], answers[failed].error());
    for (std::size_t i = 0; i < round.size(); ++i) {
      const notice* said = contradiction(round[i], answers[i].assume_value());
      if (said != nullptr) told.push_back({first + i, *said});
    }
    at(first + round.size());
  }
  co_return told;
}

/// All but the COMMIT; gives the number of the transaction.
lease_task<std::string> run_and_verify(connection_ptr where, const apply_part& part,
                                       const apply_options& options, const verifier_map& verifiers,
                                       const std::function<void(std::size_t)>& at) {
  auto opened = co_await run_all(where, opening(part, options));
  BOOST_OUTCOME_CO_TRY(const auto found, std::move(opened));
  BOOST_OUTCOME_CO_TRY(const catalog_state before,
                       read_catalog(std::span(found).last(catalog_question_count)));
  BOOST_OUTCOME_CO_TRY(check_unchanged(part.steps, before));

  auto ran = co_await run_steps(where, part, verifiers, at);
  BOOST_OUTCOME_CO_TRY(const auto told, std::move(ran));

  batch questions = catalog_questions(part.steps);
  questions.add(statement("SELECT pg_catalog.pg_current_xact_id()::text"));
  auto asked = co_await run_all(where, std::move(questions));
  BOOST_OUTCOME_CO_TRY(const auto shown, std::move(asked));
  BOOST_OUTCOME_CO_TRY(const catalog_state after, read_catalog(shown));
  for (std::size_t i = 0; i < part.steps.size(); ++i) {
    const auto said = std::ranges::find(told, i, &told_notice::step);
    const notice* against = said == told.end() ? nullptr : &said->what;
    const auto missing = missing_effects(part.steps[i], before, after, where->server_version());
    if (against != nullptr || !missing.empty())
      co_return effect_missing(part.steps[i], missing, against);
  }
  co_return shown.back().at(0, 0).str();
}

boost::asio::awaitable<part_outcome> run_transaction(connection_ptr where, const apply_part& part,
                                                     const apply_options& options,
                                                     const verifier_map& verifiers,
                                                     const std::function<void(std::size_t)>& at) {
  part_outcome outcome;
  auto verified = co_await run_and_verify(where, part, options, verifiers, at);
  if (!verified) {
    outcome.failed = verified.error();
    co_await roll_back(where);
    co_return outcome;
  }
  auto committed = co_await run(where, statement("COMMIT"));
  if (committed) co_return outcome;
  outcome.failed = committed.error();
  outcome.unanswered = is_lost(committed.error());
  outcome.transaction = std::move(verified).assume_value();
  co_return outcome;
}

boost::asio::awaitable<part_outcome> run_alone(connection_ptr where, const step& s,
                                               const verifier_map& verifiers) {
  part_outcome outcome;
  auto answer = co_await run(where, statement_of(s, verifiers));
  if (answer) co_return outcome;
  outcome.failed = step_failed(s, answer.error());
  outcome.unanswered = is_lost(answer.error());
  co_return outcome;
}

}  // namespace

std::vector<apply_part> parts_of(const plan& what) {
  std::vector<apply_part> parts;
  const std::span<const step> all(what.steps);
  for (std::size_t first = 0; first < all.size();) {
    std::size_t end = first + 1;
    const step& s = all[first];
    while (!s.own_transaction && end < all.size() && !all[end].own_transaction &&
           all[end].database == s.database)
      ++end;
    parts.push_back({s.database, all.subspan(first, end - first), s.own_transaction});
    first = end;
  }
  return parts;
}

result<verifier_map> verifiers_for(const plan& what, const apply_options& options) {
  verifier_map verifiers;
  for (const step& s : what.steps) {
    if (s.secret.empty() || verifiers.contains(s.secret)) continue;
    const auto given = options.secrets().find(s.secret);
    if (given == options.secrets().end() || given->second->empty())
      return error(errc::secret, "the plan needs a password that was not given")
          .with_field("secrets." + s.secret)
          .with_object(s.reason);
    const std::string_view value = given->second->reveal();
    // A server takes what only looks like a verifier for the password itself.
    if (value.starts_with("SCRAM-SHA-256$") || value.starts_with("md5")) {
      if (!is_scram_verifier(value))
        return error(errc::secret, "neither a password nor a well-formed SCRAM-SHA-256 verifier")
            .with_field("secrets." + s.secret)
            .with_hint("give the password, or a verifier as `pgrant password` prints it");
      verifiers.emplace(s.secret, given->second);
      continue;
    }
    auto made = scram_verifier(*given->second);
    if (!made) return made.error().with_field("secrets." + s.secret);
    verifiers.emplace(s.secret, std::make_shared<const secret>(std::move(made).assume_value()));
  }
  return verifiers;
}

boost::asio::awaitable<part_outcome> run_part(connection_ptr where, apply_part part,
                                              const apply_options& options,
                                              const verifier_map& verifiers,
                                              std::function<void(std::size_t)> at) {
  part_outcome outcome;
  auto taken = co_await take_turn(where, part.database, options.turn_timeout());
  if (!taken) {
    outcome.failed = taken.error();
    co_return outcome;
  }
  for (int tries = 1;; ++tries) {
    if (part.own_transaction) {
      auto alone = co_await run_alone(where, part.steps.front(), verifiers);
      outcome = std::move(alone);
    } else {
      auto together = co_await run_transaction(where, part, options, verifiers, at);
      outcome = std::move(together);
    }
    if (!outcome.failed || !is_conflict(*outcome.failed) || tries == conflict_tries) break;
    at(0);
    co_await pause(conflict_pause(tries));
  }
  co_await give_turn(where);
  co_return outcome;
}

boost::asio::awaitable<std::optional<bool>> was_committed(connection_ptr where,
                                                          std::string transaction) {
  // The session that ran it may take a moment to notice that nobody listens any more.
  for (int tries = 1; tries <= conflict_tries; ++tries) {
    auto asked = co_await run(
        where,
        statement("SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8)").bind(transaction));
    if (!asked) co_return std::nullopt;
    const std::string status = asked.assume_value().at(0, 0).str();
    if (status == "committed") co_return true;
    if (status == "aborted") co_return false;
    co_await pause(std::chrono::milliseconds(200) * tries);
  }
  co_return std::nullopt;
}

}  // namespace pgrant::detail
