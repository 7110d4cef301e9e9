// A client and what its options say.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <shared_mutex>

#include "options.hpp"
#include "pgrant/client.hpp"
#include "pgrant/json/snapshot.hpp"
#include "runtime.hpp"
#include "secret_desk.hpp"

namespace pgrant::capi {

/// What the options of a client say.
struct client_settings {
  client_options options;
  std::shared_ptr<const secret> password;
  bool ask_secret = false;
};

client_settings read_client_options(const pgrant_options* from);
std::pair<inspect_options, snapshot_json_options> read_inspect_options(const pgrant_options* from);
planner_options read_plan_options(const pgrant_options* from, const std::string& ledger_database);
bootstrap_options read_bootstrap_options(const pgrant_options* from,
                                         const std::string& ledger_database);
apply_options read_apply_options(const pgrant_options* from);
grant_request read_grant_options(const pgrant_options* from);
extend_request read_extend_options(const pgrant_options* from);
lease_filter read_lease_options(const pgrant_options* from);
audit_filter read_audit_options(const pgrant_options* from);

/// What the options of a rotation say. No directory: the host is the store.
struct rotate_settings {
  rotation_options options;
  std::optional<std::filesystem::path> directory;
};
rotate_settings read_rotate_options(const pgrant_options* from);

/// Thread-safe. All work of a client runs on one strand, also its cancellations: an operation's
/// signal must not be given beside it.
class client_state final : public dependent {
 public:
  client_state(std::shared_ptr<engine> on, const connection_spec& spec, client_settings settings,
               std::shared_ptr<event_queue> questions, std::uint64_t tag);

  const std::shared_ptr<engine>& runs_on() const noexcept { return engine_; }
  const boost::asio::any_io_executor& strand() const noexcept { return strand_; }
  const std::string& ledger_database() const noexcept { return ledger_database_; }

  /// Calls `use(client)` while nobody can take it away. Refuses if it is gone.
  template <class Use>
  void with_client(Use&& use) {
    const std::shared_lock lock(mutex_);
    if (!client_) refuse_state("the client's runtime was shut down");
    std::forward<Use>(use)(*client_);
  }
  void set_secret(secret value);

  void stop() noexcept override;
  void let_go() noexcept override;

 private:
  const std::shared_ptr<engine> engine_;
  const std::string ledger_database_;
  std::shared_mutex mutex_;
  boost::asio::any_io_executor strand_;
  std::shared_ptr<secret_desk> desk_;  // none: the spec says where the password comes from
  bool password_was_given_ = false;
  std::optional<client> client_;
};

}  // namespace pgrant::capi

struct pgrant_client {
  pgrant::capi::mark<11> alive;
  std::shared_ptr<pgrant::capi::client_state> shared;
};
