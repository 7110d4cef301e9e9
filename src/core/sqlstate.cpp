#include "pgrant/sqlstate.hpp"

namespace pgrant {

retry retry_advice(sqlstate state) noexcept {
  if (state.in_class("08")) return retry::reconnect;
  switch (state.packed()) {
    case "57P01"_sqlstate.packed():  // admin_shutdown, also a terminated backend
    case "57P02"_sqlstate.packed():  // crash_shutdown
    case "57P03"_sqlstate.packed():  // cannot_connect_now
    case "57P05"_sqlstate.packed():  // idle_session_timeout
    case "53300"_sqlstate.packed():  // too_many_connections
    case "25006"_sqlstate.packed():  // read-only: an old primary after fail-over
      return retry::reconnect;
    case "40001"_sqlstate.packed():  // serialization_failure
    case "40P01"_sqlstate.packed():  // deadlock_detected
    case "55P03"_sqlstate.packed():  // lock_not_available
    case "55006"_sqlstate.packed():  // object_in_use
    case "57014"_sqlstate.packed():  // query_canceled, our own statement_timeout
    case "53000"_sqlstate.packed():  // insufficient_resources
    case "53200"_sqlstate.packed():  // out_of_memory
    case "53400"_sqlstate.packed():  // configuration_limit_exceeded
    case "58000"_sqlstate.packed():  // system_error
    case "58030"_sqlstate.packed():  // io_error
    case "XX000"_sqlstate.packed():  // "tuple concurrently updated": catalog races
      return retry::again;
    default:
      return retry::never;
  }
}

}  // namespace pgrant
