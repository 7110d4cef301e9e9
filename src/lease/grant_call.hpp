// One call of grant, and what it is answered.
#pragma once

#include <string>

#include "lease/commit_queue.hpp"
#include "lease/lease_engine.hpp"

namespace pgrant::detail {

/// What stays the same while its transaction is repeated.
struct grant_call {
  grant_request request;
  std::string id, attempt;
  std::string login;
  std::string database;  ///< Where the credentials lead to: the first one of the first bundle.
  secret password;
  secret verifier;

  bool ephemeral() const noexcept { return request.role().empty(); }
  grantee_kind kind() const noexcept {
    return ephemeral() ? grantee_kind::ephemeral_login : grantee_kind::existing_role;
  }
  const std::string& grantee() const noexcept { return ephemeral() ? login : request.role(); }
  const std::string& person() const noexcept {
    return ephemeral() ? request.person() : request.role();
  }
  const std::string& requester() const noexcept {
    return request.requester().empty() ? person() : request.requester();
  }
};

/// Larger transactions gain little more, and hold the bundles' locks longer.
inline constexpr std::size_t most_grants_together = 256;

using grant_queue = commit_queue<grant_call, granted_lease>;

/// Checks the request and makes what it needs that no server has to be asked for: ids, a name and
/// a password, without its verifier.
result<grant_call> begin_grant(grant_request request, const lease_settings& settings);

/// The password's verifier, unless there is one or no password. It takes a millisecond: for
/// the time in which somebody else works for this call.
result<void> make_verifier(grant_call& call, const lease_settings& settings);

/// A new name for the login, if there is one.
result<void> name_login(grant_call& call, const lease_settings& settings);

credentials credentials_of(const grant_call& call, const lease_settings& settings);

/// The ledger's answer to somebody who asked before: the same call whose answer was lost, or
/// another one with the same key.
result<granted_lease> answer_from_ledger(grant_call& call, const lease_settings& settings,
                                         const ledger_lease& found);

/// Two with one idempotency key are for two transactions: the second one finds the first one's
/// lease.
bool may_grant_together(const grant_call& a, const grant_call& b);

/// Grants as many as it can in one transaction, and answers each.
boost::asio::awaitable<void> grant_together(std::shared_ptr<lease_engine> engine,
                                            grant_queue::requests batch);

}  // namespace pgrant::detail
