// The questions that an inspection asks: catalogs of pg_catalog, never information_schema, whose
// views leave out what the login has no privilege on.
#pragma once

#include "pgrant/statement.hpp"

namespace pgrant::detail {

/// Where the answers stand in the results of `cluster_queries`.
namespace cluster_answer {
enum : std::size_t {
  system_identifier,
  begin,
  search_path,
  now,
  roles,
  memberships,
  databases,
  max_prepared_transactions
};
}

/// What is the same in every database. The system identifier is a group of its own: a server may
/// refuse it without spoiling the rest.
batch cluster_queries(int server_version);

/// Where the answers stand in the results of `database_queries`.
namespace database_answer {
enum : std::size_t {
  begin,
  search_path,
  schemas,
  relations,
  columns,
  routines,
  default_privileges,
  policies
};
}

/// What lies in the database of the connection. Temporary and TOAST schemas are always left out.
batch database_queries(bool with_system_schemas);

}  // namespace pgrant::detail
