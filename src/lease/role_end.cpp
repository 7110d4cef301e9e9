// Ending the leases of roles that were there before and stay.
#include "lease/borrowed_role.hpp"
#include "lease/end_work.hpp"
#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

// Sessions of the role may have kept a bundle: before 16 any session with SET ROLE.
bool role_sessions_end(const end_work& work) {
  return !work.us.has_membership_options() ||
         work.engine.settings().end_sessions_of_existing_roles();
}

// Everybody who could have the bundle open without the catalog telling it.
lease_task<void> end_role_sessions(end_work& work, login_end& end, bool borrowed) {
  auto ended = co_await end.end_sessions();
  if (!ended) co_return ended.error();
  if (borrowed) {
    auto hidden = co_await end.end_hidden_backends();
    if (!hidden) co_return hidden.error();
  } else {
    auto hidden = co_await end.insist_no_hidden_backends();
    if (!hidden) co_return hidden.error();
  }
  // One that was asleep may have woken up meanwhile.
  auto again = co_await end.end_sessions();
  if (!again) co_return again.error();
  if (work.us.has_membership_options()) co_return success();
  auto borrowers = co_await end.end_borrowers();
  co_return borrowers;
}

std::string prepared_left(const std::string& role,
                          const std::vector<prepared_transaction>& prepared, const error& why) {
  std::string text;
  for (const prepared_transaction& p : prepared) {
    text += "database " + quote_identifier(p.database) + ": prepared transaction " +
            quote_literal(p.name) + " of role " + quote_identifier(role) +
            ", which writes without being asked when it is committed\n";
  }
  text += why.describe() + "\nremedy: in that database, as " + quote_identifier(role) +
          " or as a superuser, outside of a transaction: ROLLBACK PREPARED";
  for (const prepared_transaction& p : prepared) text += ' ' + quote_literal(p.name);
  return text;
}

struct role_end_outcome {
  std::optional<error> in_the_way;
  lease_state_change change;
};

lease_task<role_end_outcome> end_with_role(end_work& work, login_end& end) {
  role_end_outcome outcome;
  borrowed_role role(work.worker, work.us, work.found.lease.grantee, work.found.grantee_oid);
  auto asked = co_await end.prepared_transactions();
  BOOST_OUTCOME_CO_TRY(const auto prepared, std::move(asked));
  const bool sessions = role_sessions_end(work);
  bool can_act = work.us.superuser;
  if (!can_act && (sessions || !prepared.empty())) {
    work.engine.step(work.found.lease.id, "lend");
    auto borrowed = co_await role.borrow();
    BOOST_OUTCOME_CO_TRY(can_act, std::move(borrowed));
  }
  if (sessions) {
    auto ended = co_await end_role_sessions(work, end, can_act);
    if (!ended) outcome.in_the_way = ended.error();
  }
  if (!outcome.in_the_way) {
    auto cleared = co_await end.end_prepared_transactions();
    auto left = co_await end.prepared_transactions();
    if (!cleared && is_lost(cleared.error())) co_return cleared.error();
    BOOST_OUTCOME_CO_TRY(const auto remaining, std::move(left));
    if (!cleared && !remaining.empty()) {
      outcome.change.to = lease_state::held;
      outcome.change.why = prepared_left(work.found.lease.grantee, remaining, cleared.error());
    }
  }
  if (!work.us.superuser) {
    auto returned = co_await role.give_back();
    if (!returned) {
      if (is_lost(returned.error())) co_return returned.error();
      if (!outcome.in_the_way) outcome.in_the_way = returned.error();
    }
  }
  co_return outcome;
}

}  // namespace

lease_task<lease_end> end_existing_role(end_work& work) {
  login_end end(work.engine, work.worker, work.us, work.found.lease.id, work.found.lease.grantee,
                work.found.grantee_oid);
  end.only_prepared_since(work.found.lease.granted_at);
  auto known = co_await end.still_has_its_name();
  BOOST_OUTCOME_CO_TRY(const bool there, std::move(known));
  role_end_outcome outcome;
  if (there) {
    auto ended = co_await end_with_role(work, end);
    BOOST_OUTCOME_CO_TRY(outcome, std::move(ended));
  } else {
    // Dropped or renamed: what it has open goes by its OID.
    auto ended = co_await end.end_sessions();
    if (!ended && role_sessions_end(work)) outcome.in_the_way = ended.error();
  }
  work.done.sessions_ended += end.sessions_ended();
  if (outcome.in_the_way) {
    auto later = co_await leave_for_later(work, end, *outcome.in_the_way);
    co_return later;
  }
  auto closed =
      co_await close_lease(work.engine, work.holder, work.found, std::move(outcome.change));
  BOOST_OUTCOME_CO_TRY(work.found, std::move(closed));
  work.done.lease = work.found.lease;
  co_return work.done;
}

}  // namespace pgrant::detail
