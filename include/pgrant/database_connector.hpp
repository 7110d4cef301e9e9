// Where the parts of pgrant that work on many databases of an instance get their connections.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "pgrant/connection.hpp"

namespace pgrant {

/// Opens connections to the databases of one instance, all as the same role. The inspector and the
/// applier work through it; a pool is one, `direct_connector` another, and a host may write its
/// own.
class database_connector {
 public:
  /// Gets an open connection, or why there is none. Whoever holds the pointer has the connection
  /// for itself; the deleter takes it back (a pool) or closes it. A transaction must not be left
  /// open in it: close a connection in an unknown state first.
  using opened = boost::asio::any_completion_handler<void(result<std::shared_ptr<connection>>)>;

  virtual ~database_connector() = default;

  /// Opens a connection to `database`; the empty name stands for the instance's own database, the
  /// one that its connection spec names. `done` is called once, on its associated executor, never
  /// inside this call. Honours the handler's cancellation slot (terminal). Thread-safe.
  virtual void open(std::string database, opened done) = 0;

  /// Where work without an executor of its own runs. Thread-safe.
  virtual boost::asio::any_io_executor get_executor() const = 0;
};

/// Makes a new connection each time. Immutable, thread-safe; the executor's context must outlive
/// it.
class direct_connector : public database_connector {
 public:
  direct_connector(boost::asio::any_io_executor executor, connection_spec spec,
                   connect_options options);

  void open(std::string database, opened done) override;
  boost::asio::any_io_executor get_executor() const override { return executor_; }

 private:
  boost::asio::any_io_executor executor_;
  connection_spec spec_;
  connect_options options_;
};

}  // namespace pgrant
