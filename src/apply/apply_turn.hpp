// Two applies of one database take turns.
#pragma once

#include <chrono>
#include <string>

#include "lease/lease_task.hpp"

namespace pgrant::detail {

/// Takes the turn for the connection's database (`database` empty: for what is cluster-wide), or
/// fails with `conflict` after `limit`, naming the session that has it. A session-level advisory
/// lock: it lasts over the repetitions of a transaction and ends with the session at the latest.
/// Anybody who may connect could hold it, which delays and never harms.
lease_task<void> take_turn(connection_ptr where, std::string database,
                           std::chrono::milliseconds limit);
boost::asio::awaitable<void> give_turn(connection_ptr where);

}  // namespace pgrant::detail
