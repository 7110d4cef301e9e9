#include "connection/server_error.hpp"

#include <utility>

namespace pgrant::detail {

errc error_kind(sqlstate state) noexcept {
  if (state == "42501"_sqlstate) return errc::denied;
  if (state.in_class("28")) return errc::authentication;
  if (state.in_class("08") || state == "57P01"_sqlstate || state == "57P02"_sqlstate) {
    return errc::closed;
  }
  // Undefined database, schema, object, function, table, column.
  for (const sqlstate missing : {"3D000"_sqlstate, "3F000"_sqlstate, "42704"_sqlstate,
                                 "42883"_sqlstate, "42P01"_sqlstate, "42703"_sqlstate}) {
    if (state == missing) return errc::not_found;
  }
  // Duplicate database, schema, object, function, table; what others still need or use.
  for (const sqlstate taken :
       {"42P04"_sqlstate, "42P06"_sqlstate, "42710"_sqlstate, "42723"_sqlstate, "42P07"_sqlstate,
        "2BP01"_sqlstate, "55006"_sqlstate, "23505"_sqlstate}) {
    if (state == taken) return errc::conflict;
  }
  return errc::server;
}

error server_error(const server_report& report) {
  return error(error_kind(report.state), one_line(report.message))
      .with_state(report.state)
      .with_detail(report.detail)
      .with_hint(report.hint);
}

error lost_error(const error& why) {
  error lost(errc::closed, "the connection to the server was lost");
  if (why.state()) lost = lost.with_state(why.state());
  std::string detail = why.message();
  if (!why.detail().empty()) detail += '\n' + why.detail();
  return lost.with_detail(std::move(detail))
      .with_hint("what was sent may or may not have been done: look before you repeat it")
      .with_advice(retry::reconnect);
}

error skipped_error(const error& first) {
  return error(errc::server, "not run, because an earlier statement of its transaction failed")
      .with_state("25P02"_sqlstate)
      .with_detail(first.message())
      .with_advice(first.advice());
}

error copy_error() {
  return error(errc::unsupported, "a statement started a COPY to or from the client")
      .with_hint("use COPY with a file of the server, or psql");
}

error protocol_error() {
  return error(errc::internal, "the server's answer does not fit the protocol")
      .with_advice(retry::reconnect);
}

error not_connected_error() {
  return error(errc::closed, "the connection is not open")
      .with_hint("connect first")
      .with_advice(retry::reconnect);
}

error busy_error() {
  return error(errc::conflict, "another operation is under way on this connection")
      .with_hint("await it first, or use a connection for each");
}

std::string one_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::string line(text);
  for (char& c : line) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  return line;
}

}  // namespace pgrant::detail
