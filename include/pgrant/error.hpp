// The one error type of pgrant.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "pgrant/sqlstate.hpp"

namespace pgrant {

/// The kind of a failure. The numbers are frozen: the C ABI and the bindings carry them.
enum class errc {
  invalid_argument = 1,  ///< Bad input, refused before anything was sent; see `error::field()`.
  not_found = 2,         ///< The role, database, bundle or lease that was named does not exist.
  conflict = 3,          ///< Something of that name, or another run, is in the way.
  denied = 4,            ///< The login lacks the authority (SQLSTATE 42501, 01007, …).
  stale = 5,             ///< The server has moved on since the plan was made.
  connect = 6,           ///< No connection: name resolution, refused, unreachable, server's "no".
  tls = 7,               ///< TLS refused, certificate not trusted, host name does not match.
  authentication = 8,    ///< The server refused the login (SQLSTATE class 28).
  server = 9,            ///< The server reported any other error; see `error::state()`.
  timeout = 10,          ///< A deadline of ours passed.
  cancelled = 11,        ///< The caller cancelled.
  closed = 12,           ///< The connection was lost; sent work has an unknown outcome.
  not_granted = 13,      ///< A GRANT or REVOKE did not have the effect that its plan promised.
  secret = 14,           ///< A secret could not be read, or has not the needed form.
  io = 15,               ///< A file or a child process failed.
  unsupported = 16,      ///< The server's version or the build cannot do this.
  internal = 17,         ///< A defect of pgrant.
};

/// The name of a kind as it stands in JSON: "invalid_argument", …; "internal" for unknown numbers.
std::string_view to_string(errc code) noexcept;

/// A failure: what was tried, on what, why it failed, and what to do. Immutable and cheap to copy
/// (one shared pointer), safe to hand between threads. Texts never hold a password or a token.
///
/// An error is made with a kind and a message and refined by chained setters:
///
///     return pgrant::error(errc::invalid_argument, "port is out of range")
///         .with_field("port").with_hint("use 1 to 65535");
class error {
 public:
  error(errc code, std::string message);

  errc code() const noexcept;
  /// One line, lower case, without a trailing dot: what failed and why.
  const std::string& message() const noexcept;
  /// More of the why, for instance the server's DETAIL or libpq's text; may hold several lines.
  const std::string& detail() const noexcept;
  /// What to do about it.
  const std::string& hint() const noexcept;
  /// The input field at fault: "port", "bundles.sales-read.grants[0].privileges"; or empty.
  const std::string& field() const noexcept;
  /// What it happened on: "database \"shop\"", "table \"sales\".\"orders\" in database \"shop\"".
  const std::string& object() const noexcept;
  /// The server's SQLSTATE, or empty.
  sqlstate state() const noexcept;
  /// Whether trying again can help.
  retry advice() const noexcept;

  error with_detail(std::string detail) const;
  error with_hint(std::string hint) const;
  error with_field(std::string field) const;
  error with_object(std::string object) const;
  /// Also sets `advice()` to `retry_advice(state)`.
  error with_state(sqlstate state) const;
  error with_advice(retry advice) const;
  /// Puts "context: " before the message; for callers that know what was being tried.
  error within(std::string_view context) const;

  /// All of it in one readable text of several lines: message, [SQLSTATE], object, detail, hint.
  std::string describe() const;

 private:
  struct data;
  explicit error(std::shared_ptr<const data> data) noexcept;
  template <class Edit>
  error edited(Edit edit) const;

  std::shared_ptr<const data> data_;
};

}  // namespace pgrant
