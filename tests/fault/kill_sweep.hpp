// One lease operation, struck at each of its messages, and what has to be true afterwards.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fault/agreement.hpp"
#include "fault/message_proxy.hpp"
#include "fault/process.hpp"
#include "integration/issuer_world.hpp"

namespace test {

enum class struck_operation {
  grant_to_person,  ///< Two bundles for a new login.
  grant_to_role,  ///< Two bundles for a role that has one of them already, without INHERIT on 16+.
  revoke_of_person,  ///< A lease of a login with an open session.
  revoke_of_role,
  expiry,     ///< A sweep that finds one lease of each kind past its time.
  start,      ///< A sweep that finds one of each kind whose start has come.
  extension,  ///< Of a login's lease, with a key.
  rotation,   ///< Of the connector's own password.
};

enum class blow {
  kill,          ///< SIGKILL for the process that works.
  lost_line,     ///< Its connection breaks; the process lives on, and may try again.
  server_crash,  ///< `immediate` stop of the server, recovery.
};

std::string_view to_string(struck_operation o) noexcept;
std::string_view to_string(blow b) noexcept;

/// A world, a proxy, and an heir: the process that comes after the one that was struck.
class kill_sweep {
 public:
  explicit kill_sweep(server& where);
  /// With issuers and granters at work.
  explicit kill_sweep(issuer_world& set_up);

  /// The messages of an undisturbed run, which is checked like the others.
  std::vector<std::string> messages_of(struck_operation what);
  /// Runs the operation with the blow at message `at`, recovers, and checks everything.
  void run(struck_operation what, blow with, int at, bool answered);
  /// What all of that has left broken in the audit trail.
  std::string broken_trail();

 private:
  struct scene;

  void begin(const std::string& giver);
  scene prepare(struck_operation what);
  std::vector<std::string> ask_heir(const std::vector<std::string>& order);
  void play(struck_operation what, blow with, strike hit);
  void recover(struck_operation what, scene& now, observer& seen);
  void check_granted(struck_operation what, scene& now, observer& seen);
  void check_ended(scene& now, observer& seen);
  void check_started(scene& now, observer& seen);
  void check_extended(scene& now, observer& seen);
  void check_rotated(scene& now);
  std::string secrets() const;
  bool connector_has_password();
  void end(scene& now);

  server& where_;
  lease_world world_;
  message_proxy proxy_;
  std::unique_ptr<worker_process> heir_;
  std::string role_;
  std::string at_rest_;
  memberships memberships_at_rest_;
  int count_ = 0;
};

}  // namespace test
