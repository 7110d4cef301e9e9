// The cluster of a sandbox: its configuration and its server process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "pgrant/result.hpp"
#include "sandbox/process.hpp"
#include "sandbox/state.hpp"

namespace pgrant::detail {

/// A port of the loopback address that nothing listens on, for `wanted` = 0; else `wanted`, or
/// `conflict` if something does.
result<std::uint16_t> choose_port(std::uint16_t wanted);

/// Runs initdb.
result<void> create_cluster(const sandbox_layout& layout, const sandbox_state& state,
                            const std::optional<server_user>& user);

/// Writes the configuration files anew, for the present place, port and settings.
result<void> configure_cluster(const sandbox_layout& layout, const sandbox_state& state,
                               const std::optional<server_user>& user);

/// Starts the server and returns when it accepts connections.
result<void> start_cluster(const sandbox_layout& layout, const sandbox_state& state,
                           const std::optional<server_user>& user);

/// Sends the server a signal (SIGINT: fast, SIGQUIT: immediate shutdown) and waits for its end;
/// one that takes more than half a minute is killed. Nothing happens if it does not run.
result<void> stop_cluster(const sandbox_layout& layout, int signal);

/// The server's process, or 0 if none runs on this data directory.
pid_t cluster_process(const sandbox_layout& layout);

}  // namespace pgrant::detail
