// Where the ledger's rows are read and written.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lease/lease_task.hpp"
#include "pgrant/ledger.hpp"
#include "pgrant/statement.hpp"

namespace pgrant::detail {

class ledger_store {
 public:
  ledger_store(std::shared_ptr<database_connector> connector, std::string database);

  const std::shared_ptr<database_connector>& connector() const noexcept { return connector_; }
  const std::string& database() const noexcept { return database_; }
  boost::asio::any_io_executor executor() const { return connector_->get_executor(); }

  /// A connection to the ledger, whose tables are there and current.
  lease_task<connection_ptr> open();
  /// Makes or migrates what is not there yet.
  lease_task<int> prepare(connection_ptr where);

  /// The statement that appends to this store's chain of the audit trail. It locks the chain, so
  /// it goes last in a transaction.
  statement append_audit(const audit_entry& entry) const;
  statement append_audit(const std::vector<audit_entry>& entries) const;

 private:
  lease_task<int> migrate(connection_ptr where);

  std::shared_ptr<database_connector> connector_;
  std::string database_;
  int chain_;                   // of the audit trail
  std::atomic<int> ready_ = 0;  // the ledger's version, once it was looked at
};

}  // namespace pgrant::detail
