// Which statements the server keeps prepared on a connection.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "pgrant/statement.hpp"

namespace pgrant::detail {

/// Not thread-safe.
class prepared_statements {
 public:
  /// How a statement is to be sent. Without a name: as it is.
  struct use {
    const std::string* name = nullptr;
    bool prepare_first = false;  // and then say how that ended
  };

  use next(const statement& what);
  void prepared(const statement& what);
  /// The server did not come to it.
  void skipped(const statement& what);
  /// It will not be tried again.
  void failed(const statement& what);

 private:
  enum class state { seen, asked, there, unfit };
  struct entry {
    state is = state::seen;
    std::string name;
  };

  std::unordered_map<std::string, entry> known_;
};

}  // namespace pgrant::detail
