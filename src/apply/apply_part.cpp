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
  std::string text = s.database.empty() ? "" : "database " + quote_identifier(s.database);
  if (s.targets.empty()) return text;
  text += text.empty() ? "" : ": ";
  text += std::string(to_string(s.targets.front().kind)) + " " + s.targets.front().name;
  if (s.targets.size() > 1) text += " and " + std::to_string(s.targets.size() - 1) + " more";
  return text;
}

// The plan's own text of the statement, in which secrets are markers.
error step_failed(const step& s, const error& why) {
  error told = why.within("cannot " + s.reason).with_object(part_object(s));
  std::string detail = why.detail();
  if (!detail.empty()) detail += "\n";
  constexpr std::size_t longest = 400;
  detail += s.sql.size() > longest ? s.sql.substr(0, longest) + " …" : s.sql;
  return told.with_detail(std::move(detail));
}

error effect_missing(const step& s, const std::vector<std::string>& names, const notice* said) {
  constexpr std::size_t shown = 20;
  std::string objects = s.database.empty() ? "" : "database " + quote_identifier(s.database) + ": ";
  for (std::size_t i = 0; i < std::min(names.size(), shown); ++i)
    objects += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > shown) objects += " and " + std::to_string(names.size() - shown) + " more";
  error why(errc::not_granted, "the statement ran and did not have its effect: " + s.reason);
  if (said != nullptr)
    why = why.with_state(said->state).with_advice(retry::never).with_detail(said->message);
  return why.with_object(names.empty() ? part_object(s) : objects)
      .with_hint(
          "the grantor of the plan has lost its grant options; plan again to see who holds "
          "them");
}

batch opening(const apply_part& part, const apply_options& options) {
  batch questions;
  questions.add(statement("BEGIN"));
  questions.add(statement("SELECT pg_catalog.set_config('lock_timeout', $1, true)")
                    .bind(std::to_string(options.lock_timeout().count())));
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
                                               const std::function<void(std::size_t)>& advance) {
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
    advance(round.size());
  }
  co_return told;
}

lease_task<void> run_and_verify(connection_ptr where, const apply_part& part,
                                const apply_options& options, const verifier_map& verifiers,
                                const std::function<void(std::size_t)>& advance) {
  auto opened = co_await run_all(where, opening(part, options));
  BOOST_OUTCOME_CO_TRY(const auto found, std::move(opened));
  BOOST_OUTCOME_CO_TRY(const catalog_state before, read_catalog(std::span(found).subspan(2)));
  BOOST_OUTCOME_CO_TRY(check_unchanged(part.steps, before));

  auto ran = co_await run_steps(where, part, verifiers, advance);
  BOOST_OUTCOME_CO_TRY(const auto told, std::move(ran));

  auto asked = co_await run_all(where, catalog_questions(part.steps));
  BOOST_OUTCOME_CO_TRY(const auto shown, std::move(asked));
  BOOST_OUTCOME_CO_TRY(const catalog_state after, read_catalog(shown));
  for (std::size_t i = 0; i < part.steps.size(); ++i) {
    const auto said = std::ranges::find(told, i, &told_notice::step);
    const notice* against = said == told.end() ? nullptr : &said->what;
    const auto missing = missing_effects(part.steps[i], before, after, where->server_version());
    if (against != nullptr || !missing.empty())
      co_return effect_missing(part.steps[i], missing, against);
  }
  auto committed = co_await run(where, statement("COMMIT"));
  if (!committed) co_return committed.error();
  co_return success();
}

lease_task<void> run_alone(connection_ptr where, const step& s, const verifier_map& verifiers,
                           const std::function<void(std::size_t)>& advance) {
  auto answer = co_await run(where, statement_of(s, verifiers));
  if (!answer) co_return step_failed(s, answer.error());
  advance(1);
  co_return success();
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

lease_task<void> run_part(connection_ptr where, apply_part part, const apply_options& options,
                          const verifier_map& verifiers, std::function<void(std::size_t)> advance) {
  auto taken = co_await take_turn(where, part.database, options.turn_timeout());
  if (!taken) co_return taken.error();
  if (part.own_transaction) {
    auto alone = co_await run_alone(where, part.steps.front(), verifiers, advance);
    co_await give_turn(where);
    co_return alone;
  }
  for (int tries = 1;; ++tries) {
    std::size_t advanced = 0;
    const auto count = [&](std::size_t n) {
      advanced += n;
      advance(n);
    };
    auto done = co_await run_and_verify(where, part, options, verifiers, count);
    if (done || !is_conflict(done.error()) || tries == conflict_tries) {
      if (!done) co_await roll_back(where);
      co_await give_turn(where);
      co_return done;
    }
    co_await roll_back(where);
    advance(std::size_t{0} - advanced);
    co_await pause(conflict_pause(tries));
  }
}

}  // namespace pgrant::detail
