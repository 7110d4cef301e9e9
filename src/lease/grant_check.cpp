#include "lease/grant_check.hpp"

#include <algorithm>

#include "lease/cohort.hpp"
#include "lease/grant_facts.hpp"
#include "lease/grantee_check.hpp"
#include "lease/lease_names.hpp"

namespace pgrant::detail {
namespace {

std::string known_bundles_hint(const std::string& wanted, const std::vector<std::string>& known) {
  if (known.empty()) return "no bundle is registered: apply a policy first";
  std::vector<std::string> named = near_names(wanted, known);
  std::string hint = named.empty() ? "known are " : "did you mean ";
  if (named.empty())
    named.assign(known.begin(), known.begin() + std::min<long>(10, std::ssize(known)));
  for (const std::string& name : named) hint += (&name == &named.front() ? "" : ", ") + name;
  return hint;
}

error too_long(std::chrono::seconds asked, std::int64_t longest, const std::string& whose) {
  return error(errc::invalid_argument, "the duration is longer than " + whose + " allows")
      .with_field("duration")
      .with_detail(std::to_string(asked.count()) + " s asked, " + std::to_string(longest) +
                   " s at most")
      .with_hint("ask for " + std::to_string(longest) + " s at most");
}

const ledger_lease* find_earlier(const grant_call& call, const grant_facts& facts) {
  const std::string& key = call.request.key();
  for (const ledger_lease& l : facts.earlier)
    if (l.lease.id == call.id || (!key.empty() && l.idempotency_key == key)) return &l;
  return nullptr;
}

result<checked_grant> judge_grant(const grant_call& call, std::size_t place,
                                  const grant_facts& facts, const lease_settings& settings,
                                  cohort_places& places) {
  checked_grant checked;
  if (const ledger_lease* earlier = find_earlier(call, facts)) {
    checked.earlier = *earlier;
    return checked;
  }
  if (const auto unmade = facts.without_verifier.find(call.id);
      unmade != facts.without_verifier.end())
    return unmade->second;
  const auto duration = call.request.duration();
  if (duration > settings.maximum_duration()) {
    return too_long(duration, settings.maximum_duration().count(), "the settings");
  }
  checked.valid_until = facts.times[place];
  const auto& wanted = call.request.bundles();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool known = std::ranges::any_of(
        facts.bundles, [&](const auto& each) { return each.first == wanted[i]; });
    if (known) continue;
    return error(errc::not_found, "there is no bundle \"" + wanted[i] + "\"")
        .with_field("bundles[" + std::to_string(i) + "]")
        .with_hint(known_bundles_hint(wanted[i], facts.all_bundles));
  }
  for (const auto& [name, bundle] : facts.bundles) {
    if (std::ranges::find(wanted, name) == wanted.end()) continue;
    if (!bundle) return bundle.error();
    const checked_bundle& b = bundle.assume_value();
    if (b.longest > 0 && duration.count() > b.longest) {
      return too_long(duration, b.longest, "bundle " + name);
    }
    if (!call.ephemeral() && b.no_existing_role) {
      return error(errc::invalid_argument, *b.no_existing_role)
          .with_field("bundles." + name)
          .with_hint(
              "grant to the person, who then gets a login for the time, or accept it in the "
              "policy");
    }
    checked.bundles.push_back(b);
  }
  if (!call.ephemeral()) {
    BOOST_OUTCOME_TRY(
        check_grantee(call.grantee(), facts.grantees, facts.executor.has_membership_options()));
  }
  for (const checked_bundle& b : checked.bundles) {
    const auto known = facts.memberships.find({b.role_oid, call.grantee()});
    const bool asked = known != facts.memberships.end();
    const bool cut = asked && known->second.cut, stays = asked && known->second.there && !cut;
    if (facts.executor.has_membership_options() && !stays) {
      if (auto in_cohort = places.place(b, call.grantee(), !cut)) {
        checked.memberships.push_back(std::move(*in_cohort));
        continue;
      }
    }
    if (asked) {
      checked.memberships.push_back(known->second);
      continue;
    }
    // A login that is made in the same transaction has no membership yet.
    checked_membership fresh;
    fresh.membership.role = b.role;
    fresh.membership.member = call.grantee();
    fresh.membership.grantor = b.grantor;
    fresh.role_oid = b.role_oid;
    fresh.grantor_oid = b.grantor_oid;
    checked.memberships.push_back(std::move(fresh));
  }
  return checked;
}

lease_task<void> check_what_it_owns(lease_engine& engine, connection_ptr where,
                                    const std::string& role, const rows& grantees) {
  BOOST_OUTCOME_CO_TRY(const oid owner, owner_among_grantees(role, grantees));
  if (owner == 0) co_return success();
  auto looked = co_await definer_objects_of(engine.store(), where, owner);
  BOOST_OUTCOME_CO_TRY(const auto objects, std::move(looked));
  if (objects.empty()) co_return success();
  co_return owns_definer_objects(role, objects);
}

}  // namespace

lease_task<checked_grants> check_grants(lease_engine& engine, connection_ptr where,
                                        const grant_queue::requests& calls) {
  auto asked = co_await ask_grant_facts(engine, where, calls);
  BOOST_OUTCOME_CO_TRY(const auto facts, std::move(asked));
  cohort_places places(engine.settings().cohort_size(), facts.executor.makes_roles);
  BOOST_OUTCOME_CO_TRY(places.read_open(facts.open_cohorts));
  BOOST_OUTCOME_CO_TRY(places.read_known(facts.known_cohorts));
  checked_grants checked;
  checked.executor = facts.executor;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const grant_call& call = calls[i]->work;
    auto judged = judge_grant(call, i, facts, engine.settings(), places);
    if (judged && !judged.assume_value().earlier && !call.ephemeral()) {
      auto clean = co_await check_what_it_owns(engine, where, call.grantee(), facts.grantees);
      if (!clean) judged = clean.error();
    }
    checked.each.push_back(std::move(judged));
  }
  checked.wishes = places.wishes();
  co_return checked;
}

}  // namespace pgrant::detail
