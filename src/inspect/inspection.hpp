// One run of async_inspect.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pgrant/inspector.hpp"

namespace pgrant::detail {

/// Reads the cluster, then the databases in lanes, each of which takes the next database when it is
/// done with one. Everything runs on one strand. What runs owns the inspection; the handler's
/// cancellation slot only knows it.
class inspection : public std::enable_shared_from_this<inspection> {
 public:
  inspection(std::shared_ptr<database_connector> connector, inspect_options options,
             completion<snapshot> done);
  void start();

 private:
  /// Nothing, or why the whole inspection fails.
  using task = boost::asio::awaitable<std::optional<error>>;

  task read_cluster();
  task read_lane();
  task read_one(std::size_t place);
  boost::asio::awaitable<result<std::shared_ptr<connection>>> open(const std::string& database);

  void run(task what);
  void ended(std::optional<error> failed);
  void cancel();
  void finish();

  /// What `fresh` does not know yet and we already do.
  void carry_over(snapshot& fresh);
  result<void> choose_databases();
  void start_lanes();
  void report(const database& finished);

  std::shared_ptr<database_connector> connector_;
  inspect_options options_;
  completion<snapshot> done_;
  boost::asio::strand<boost::asio::any_io_executor> strand_;

  snapshot state_;
  std::shared_ptr<connection>
      first_;  // To the instance's own database; until the first lane takes it.
  std::vector<std::size_t> waiting_;  // Places in state_.databases; the next one is the last.
  std::size_t finished_ = 0, total_ = 0;
  bool met_unknown_role_ = false, second_reading_ = false;

  std::list<boost::asio::cancellation_signal> signals_;
  std::size_t running_ = 0;
  bool cancelled_ = false;
  std::optional<error> failed_;
};

}  // namespace pgrant::detail
