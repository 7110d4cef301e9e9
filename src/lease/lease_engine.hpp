// What all operations on leases share.
#pragma once

#include <atomic>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lease/ledger_rows.hpp"
#include "lease/ledger_store.hpp"
#include "lease/role_authority.hpp"
#include "pgrant/leases.hpp"

namespace pgrant::detail {

/// Who we are on the server.
struct lease_executor {
  int server_version = 0;
  bool superuser = false;
  bool makes_roles = false;  ///< CREATEROLE, or a superuser.
  std::string role;
  std::shared_ptr<const role_authority> authority;

  /// PostgreSQL 16: memberships have options, and one entry per grantor.
  bool has_membership_options() const noexcept { return server_version >= 160000; }
};

/// Asks who we are.
statement executor_query();
result<lease_executor> read_executor(const connection& where, const rows& answer);

/// A lease whose memberships were taken back.
struct cut_lease {
  ledger_lease found;             ///< After the cut: ending, ended, or what it was before.
  std::vector<std::string> kept;  ///< Bundles that the grantee still has.
  int sessions_ended = 0;         ///< Since the cut.
  std::vector<std::string> bundle_findings;  ///< As in `lease_end`, if the lease has ended.
};

struct grant_call;
struct cut_call;
struct drop_call;
template <class Work, class Answer>
class commit_queue;

/// Lets a few ends run at a time. Each holds one connection while it waits for another: any number
/// at once would take the whole of a pool and wait for ever.
class end_turns {
 public:
  end_turns(const boost::asio::any_io_executor& executor, int at_once)
      : taken_(executor, static_cast<std::size_t>(at_once)) {}

  class turn {
   public:
    explicit turn(end_turns& from) noexcept : from_(&from) {}
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    ~turn() {
      from_->taken_.try_receive([](const boost::system::error_code&) {});
    }

   private:
    end_turns* from_;
  };

  /// To be awaited before a `turn` is made.
  auto wait() { return taken_.async_send({}, boost::asio::use_awaitable); }

 private:
  boost::asio::experimental::concurrent_channel<void(boost::system::error_code)> taken_;
};

class lease_engine : public std::enable_shared_from_this<lease_engine> {
 public:
  lease_engine(std::shared_ptr<database_connector> connector,
               std::shared_ptr<database_connector> ending, lease_settings settings);
  ~lease_engine();

  const lease_settings& settings() const noexcept { return settings_; }
  boost::asio::any_io_executor executor() const { return store_->executor(); }
  /// The ledger through the connections for granting, and through those for ending.
  ledger_store& store() noexcept { return *store_; }
  ledger_store& ending_store() noexcept { return *ending_store_; }
  end_turns& turns() noexcept { return turns_; }
  /// What callers wait for: one transaction at a time of each kind.
  commit_queue<grant_call, granted_lease>& grants() noexcept { return *grants_; }
  commit_queue<cut_call, std::optional<cut_lease>>& cuts() noexcept { return *cuts_; }
  commit_queue<drop_call, lease_end>& drops() noexcept { return *drops_; }
  void step(const std::string& lease, std::string_view what) const;

  lease_task<lease_executor> who_are_we(connection_ptr where);

  // The verbs, as the public functions promise them.
  lease_task<granted_lease> grant_as_asked(grant_request request);
  lease_task<lease> extend_as_asked(extend_request request);
  lease_task<lease_end> revoke_as_asked(std::string id);
  lease_task<sweep_report> revoke_bundle(std::string name);
  lease_task<sweep_report> revoke_all();
  lease_task<sweep_report> sweep_round();
  lease_task<adopt_report> adopt(adopt_mode mode);

  // Their parts. `grant` is for bundles, at once; `revoke_those` ends the leases that a query
  // finds, and `sweep` those that are due.
  lease_task<granted_lease> grant(grant_request request);
  lease_task<lease> extend(extend_request request);
  /// By the server's clock. `schedule` is for bundles, later; `start_due` for those whose time has
  /// come: it fills in what started and what could not.
  lease_task<bool> starts_later(grant_request request);
  lease_task<granted_lease> schedule(grant_request request);
  lease_task<sweep_report> start_due(connection_ptr where);
  /// The request with a bundle in the place of its ad-hoc privileges; and what goes with them when
  /// no lease needs them any more.
  lease_task<grant_request> make_ad_hoc(grant_request request);
  lease_task<std::vector<std::string>> drop_unneeded_ad_hoc();
  /// Of a bundle, or (empty) of all: first what cuts many at once, then their leases.
  lease_task<sweep_report> break_glass(connection_ptr where, std::string bundle);
  lease_task<sweep_report> revoke_those(connection_ptr where, statement which);
  lease_task<std::vector<lease>> list(lease_filter filter);
  lease_task<lease_end> revoke(std::string id);
  lease_task<sweep_report> revoke_grantee(std::string grantee);
  lease_task<sweep_report> sweep();

 private:
  /// Refuses to go on with a restored ledger; the second only if nobody has looked yet.
  lease_task<void> trust(std::shared_ptr<ledger_store> store);
  lease_task<void> trust_once();
  /// The error for a lease that does not exist, with a hint which one may be meant.
  boost::asio::awaitable<error> explain_unknown_lease(error why, std::string id);

  std::shared_ptr<ledger_store> store_, ending_store_;
  lease_settings settings_;
  end_turns turns_;
  std::shared_ptr<commit_queue<grant_call, granted_lease>> grants_;
  std::shared_ptr<commit_queue<cut_call, std::optional<cut_lease>>> cuts_;
  std::shared_ptr<commit_queue<drop_call, lease_end>> drops_;
  std::atomic<bool> ledger_trusted_ = false;
};

}  // namespace pgrant::detail
