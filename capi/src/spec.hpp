// A connection spec, or an integration.
#pragma once

#include "boundary.hpp"
#include "pgrant/integration.hpp"

struct pgrant_spec {
  pgrant::capi::mark<9> alive;
  pgrant::connection_spec connection;
  /// Its connection is the one above. None: only a connection.
  std::optional<pgrant::integration> named;

  /// The integration with the connection as it is now.
  pgrant::integration whole() const;
};
