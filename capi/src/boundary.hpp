// The one place where C++ ends: what a body throws or returns becomes a status and an error object.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "handles.hpp"
#include "pgrant/error.hpp"
#include "pgrant/result.hpp"

/// An error object. Without `why` it is one that had to be made without memory.
struct pgrant_error {
  pgrant::capi::mark<1> alive;
  pgrant_status status = PGRANT_NO_MEMORY;
  std::optional<pgrant::error> why;
  char state[6] = "";

  pgrant_error() noexcept = default;
  pgrant_error(pgrant_status status, pgrant::error why);
};

namespace pgrant::capi {

/// A failure with its status, which pgrant's own kinds of errors do not always tell.
struct refusal {
  pgrant_status status;
  error why;
};

pgrant_status status_of(errc code) noexcept;

[[noreturn]] void refuse(const char* field, std::string message);
[[noreturn]] void refuse_state(std::string message);
[[noreturn]] void refuse(error why);

/// The value of a result, or a refusal.
template <class T>
T take(result<T> from) {
  if (!from) refuse(from.error());
  if constexpr (!std::is_void_v<T>) return std::move(from).assume_value();
}

/// Hands an error to the caller. Never fails: without memory the caller gets an error that says so.
pgrant_status give(pgrant_error** err, pgrant_status status, const error& why) noexcept;
/// The same for the exception that is being handled.
pgrant_status give_current_exception(pgrant_error** err) noexcept;
/// The exception that is being handled, for where it is reported later. May throw `bad_alloc`.
refusal current_refusal();

/// Runs a function's body. Nothing leaves it but a status.
template <class Body>
pgrant_status guard(pgrant_error** err, Body&& body) noexcept {
  if (err) *err = nullptr;
  try {
    std::forward<Body>(body)();
    return PGRANT_OK;
  } catch (...) {
    return give_current_exception(err);
  }
}

/// `handle`, if it is one. `what` is the parameter's name.
template <class Handle>
Handle& checked(Handle* handle, const char* what) {
  if (!handle) refuse(what, std::string(what) + " is NULL");
  if (!is_handle(handle)) refuse(what, std::string(what) + " is no such handle, or was destroyed");
  return *handle;
}

/// An output parameter, emptied.
template <class Out>
Out*& checked_output(Out** out, const char* what) {
  if (!out) refuse(what, std::string(what) + " is NULL");
  *out = nullptr;
  return *out;
}

}  // namespace pgrant::capi
