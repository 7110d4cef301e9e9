// Ends that wait at the same time share transactions: those of the cuts, and those of the drops.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lease/commit_queue.hpp"
#include "lease/cut.hpp"
#include "lease/login_drop.hpp"

namespace pgrant::detail {

/// A lease that is to be revoked, by its id. No answer but success without a lease: another process
/// has it in hand, or there is none; who wants to know waits by itself.
struct cut_call {
  std::string id;
};
using cut_queue = commit_queue<cut_call, std::optional<cut_lease>>;

/// A lease that is ending. Unless it has ended in the answer, it needs the long way.
struct drop_call {
  ledger_lease found;
};
using drop_queue = commit_queue<drop_call, lease_end>;

bool may_cut_together(const cut_call& a, const cut_call& b);
bool may_drop_together(const drop_call& a, const drop_call& b);

boost::asio::awaitable<void> cut_together(std::shared_ptr<lease_engine> engine,
                                          cut_queue::requests batch);
boost::asio::awaitable<void> drop_together(std::shared_ptr<lease_engine> engine,
                                           drop_queue::requests batch);

/// The short end of any number of leases, outside of the queue: see `drop_logins_together`.
lease_task<std::map<std::string, lease_end>> drop_all(lease_engine& engine, connection_ptr where,
                                                      lease_executor us,
                                                      const std::vector<ledger_lease>& leases);

}  // namespace pgrant::detail
