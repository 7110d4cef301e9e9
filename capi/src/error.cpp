// Error objects, status names, versions.
#include <algorithm>

#include "boundary.hpp"
#include "documents.hpp"
#include "text.hpp"

namespace capi = pgrant::capi;

namespace {

// A text of the error, or what stands in for one that was made without memory.
const char* error_text(const pgrant_error* error,
                       const std::string& (pgrant::error::*part)() const noexcept,
                       const char* without_memory = "") noexcept {
  if (!capi::is_handle(error)) return "";
  return error->why ? ((*error->why).*part)().c_str() : without_memory;
}

}  // namespace

pgrant_status pgrant_error_status(const pgrant_error* error) {
  return capi::is_handle(error) ? error->status : PGRANT_OK;
}

const char* pgrant_error_message(const pgrant_error* error) {
  return error_text(error, &pgrant::error::message, "out of memory");
}

const char* pgrant_error_detail(const pgrant_error* error) {
  return error_text(error, &pgrant::error::detail);
}

const char* pgrant_error_hint(const pgrant_error* error) {
  return error_text(error, &pgrant::error::hint);
}

const char* pgrant_error_field(const pgrant_error* error) {
  return error_text(error, &pgrant::error::field);
}

const char* pgrant_error_object(const pgrant_error* error) {
  return error_text(error, &pgrant::error::object);
}

const char* pgrant_error_sqlstate(const pgrant_error* error) {
  return capi::is_handle(error) ? error->state : "";
}

pgrant_retry pgrant_error_retry(const pgrant_error* error) {
  if (!capi::is_handle(error)) return PGRANT_RETRY_NEVER;
  if (!error->why) return PGRANT_RETRY_AGAIN;
  switch (error->why->advice()) {
    case pgrant::retry::again:
      return PGRANT_RETRY_AGAIN;
    case pgrant::retry::reconnect:
      return PGRANT_RETRY_RECONNECT;
    case pgrant::retry::never:
      break;
  }
  return PGRANT_RETRY_NEVER;
}

int32_t pgrant_error_is_retryable(const pgrant_error* error) {
  return pgrant_error_retry(error) != PGRANT_RETRY_NEVER;
}

pgrant_status pgrant_error_to_json(const pgrant_error* error, pgrant_text** text,
                                   pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& out = capi::checked_output(text, "text");
    const auto& from = capi::checked(error, "error");
    const pgrant::error without_memory(pgrant::errc::internal, "out of memory");
    out = capi::new_text(capi::error_document(from.status, from.why.value_or(without_memory)));
  });
}

const char* pgrant_status_name(pgrant_status status) {
  if (status == PGRANT_OK) return "ok";
  if (status == PGRANT_INVALID_STATE) return "invalid_state";
  if (status == PGRANT_NO_MEMORY) return "no_memory";
  // The texts are literals, and end with a NUL byte.
  return pgrant::to_string(static_cast<pgrant::errc>(status < 0 && status > -100 ? -status : 17))
      .data();
}

int32_t pgrant_abi_version() {
  return PGRANT_ABI_MAJOR * 1000 + PGRANT_ABI_MINOR;
}

const char* pgrant_version() {
  return PGRANT_VERSION;
}
