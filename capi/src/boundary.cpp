#include "boundary.hpp"

#include <cstring>
#include <exception>
#include <new>

pgrant_error::pgrant_error(pgrant_status code, pgrant::error reason)
    : status(code), why(std::move(reason)) {
  const std::string text = why->state().str();
  std::memcpy(state, text.c_str(), text.size() + 1);  // five characters or none
}

namespace pgrant::capi {

namespace {

// The error that needs no memory. It is never destroyed, by nobody.
pgrant_error* error_without_memory() noexcept {
  union never_destroyed {
    pgrant_error object;
    never_destroyed() noexcept : object() {}
    ~never_destroyed() {}
  };
  static never_destroyed only;
  return &only.object;
}

}  // namespace

pgrant_status status_of(errc code) noexcept {
  return -static_cast<pgrant_status>(code);
}

void refuse(const char* field, std::string message) {
  refuse(error(errc::invalid_argument, std::move(message)).with_field(field));
}

void refuse_state(std::string message) {
  throw refusal{PGRANT_INVALID_STATE, error(errc::invalid_argument, std::move(message))};
}

void refuse(error why) {
  const pgrant_status status = status_of(why.code());
  throw refusal{status, std::move(why)};
}

pgrant_status give(pgrant_error** err, pgrant_status status, const error& why) noexcept {
  if (!err) return status;
  try {
    *err = new pgrant_error(status, why);
    return status;
  } catch (...) {
    *err = error_without_memory();
    return PGRANT_NO_MEMORY;
  }
}

pgrant_status give_current_exception(pgrant_error** err) noexcept {
  try {
    try {
      throw;
    } catch (const refusal& known) {
      return give(err, known.status, known.why);
    } catch (const failure& thrown) {
      return give(err, status_of(thrown.why().code()), thrown.why());
    } catch (const std::bad_alloc&) {
      if (err) *err = error_without_memory();
      return PGRANT_NO_MEMORY;
    } catch (const std::exception& thrown) {
      return give(err, PGRANT_INTERNAL,
                  error(errc::internal, "an unexpected exception").with_detail(thrown.what()));
    } catch (...) {
      return give(err, PGRANT_INTERNAL, error(errc::internal, "an unexpected exception"));
    }
  } catch (...) {  // no memory to say what it was
    if (err) *err = error_without_memory();
    return PGRANT_NO_MEMORY;
  }
}

refusal current_refusal() {
  try {
    throw;
  } catch (const refusal& known) {
    return known;
  } catch (const failure& thrown) {
    return {status_of(thrown.why().code()), thrown.why()};
  } catch (const std::bad_alloc&) {
    return {PGRANT_NO_MEMORY, error(errc::internal, "out of memory")};
  } catch (const std::exception& thrown) {
    return {PGRANT_INTERNAL,
            error(errc::internal, "an unexpected exception").with_detail(thrown.what())};
  }
}

}  // namespace pgrant::capi

void pgrant_error_destroy(pgrant_error* error) {
  // The one without memory is not the caller's to free.
  if (pgrant::capi::is_handle(error) && error->why) delete error;
}
