// What a client is made of.
#pragma once

#include <functional>
#include <memory>

#include "lease/lease_task.hpp"
#include "pgrant/client.hpp"
#include "pgrant/pool.hpp"
#include "pgrant/secret_source.hpp"

namespace pgrant::detail {

/// Lends a pool's connections.
class pool_connector final : public database_connector {
 public:
  pool_connector(std::shared_ptr<pool> source, acquire_options options)
      : source_(std::move(source)), options_(options) {}

  void open(std::string database, opened done) override;
  boost::asio::any_io_executor get_executor() const override { return source_->get_executor(); }

 private:
  std::shared_ptr<pool> source_;
  acquire_options options_;
};

/// Refuses, for a spec that is not well-formed.
class refusing_connector final : public database_connector {
 public:
  refusing_connector(boost::asio::any_io_executor executor, error why)
      : executor_(std::move(executor)), why_(std::move(why)) {}

  void open(std::string database, opened done) override;
  boost::asio::any_io_executor get_executor() const override { return executor_; }

 private:
  boost::asio::any_io_executor executor_;
  error why_;
};

/// Makes a new connection each time, with credentials that it gets for each.
class asking_connector final : public database_connector {
 public:
  using credentials_source = std::function<void(std::function<void(result<resolved_secret>)> done)>;

  asking_connector(boost::asio::any_io_executor executor, connection_spec spec,
                   connect_options options, credentials_source source)
      : executor_(std::move(executor)),
        spec_(std::move(spec)),
        options_(std::move(options)),
        source_(std::move(source)) {}

  void open(std::string database, opened done) override;
  boost::asio::any_io_executor get_executor() const override { return executor_; }

 private:
  boost::asio::any_io_executor executor_;
  connection_spec spec_;
  connect_options options_;
  credentials_source source_;
};

class client_impl {
 public:
  client_impl(boost::asio::any_io_executor executor, connection_spec spec, client_options options);

  lease_task<check_report> check();
  lease_task<snapshot> inspect(inspect_options options);
  lease_task<plan> make_policy_plan(policy desired, planner_options options);
  lease_task<plan> make_bootstrap_plan(bootstrap_options options);
  lease_task<apply_report> apply(plan what, apply_options options);

  const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  const connection_spec& spec() const noexcept { return spec_; }
  const client_options& options() const noexcept { return options_; }
  const std::shared_ptr<database_connector>& connector() const noexcept { return connector_; }
  /// For ending access: goes before others, with a connection in reserve.
  const std::shared_ptr<database_connector>& ending() const noexcept { return ending_; }
  pgrant::ledger ledger() const;

 private:
  boost::asio::any_io_executor executor_;
  connection_spec spec_;
  client_options options_;
  std::shared_ptr<database_connector> connector_, ending_;
};

}  // namespace pgrant::detail
