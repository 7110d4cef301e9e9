// How the reports of servers and the losses of links become errors.
#pragma once

#include <string>
#include <string_view>

#include "pgrant/error.hpp"

namespace pgrant::detail {

/// The fields of an ErrorResponse that pgrant keeps. Source: PostgreSQL manual, "Error and Notice
/// Message Fields". CONTEXT and the statement are left out: they may hold values.
struct server_report {
  std::string severity;  // not localised
  sqlstate state;
  std::string message;
  std::string detail;
  std::string hint;
};

/// The kind of a failure by its SQLSTATE.
errc error_kind(sqlstate state) noexcept;
error server_error(const server_report& report);

/// The link is gone and what was sent has an unknown outcome. `why` is what the server or libpq
/// said about it; its SQLSTATE is kept.
error lost_error(const error& why);
/// Not run, because an earlier statement of the same group failed.
error skipped_error(const error& first);
error copy_error();
error protocol_error();
error not_connected_error();
error busy_error();

/// `text` as one line without libpq's trailing newlines.
std::string one_line(std::string_view text);

}  // namespace pgrant::detail
