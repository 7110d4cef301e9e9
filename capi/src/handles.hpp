// What all handles have in common: a mark by which a wrong or destroyed one is known.
#pragma once

#include <atomic>
#include <cstdint>

#include "pgrant.h"

namespace pgrant::capi {

/// The first member of every handle. `Kind` differs between the types; the destructor takes the
/// mark away in a way that the optimizer keeps.
template <std::uint64_t Kind>
class mark {
 public:
  mark() noexcept : value_(expected) {}
  mark(const mark&) = delete;
  mark& operator=(const mark&) = delete;
  ~mark() { value_.store(0, std::memory_order_relaxed); }

  bool intact() const noexcept { return value_.load(std::memory_order_relaxed) == expected; }

 private:
  static constexpr std::uint64_t expected = 0x70677261'6e740000ull + Kind;  // "pgrant"
  std::atomic<std::uint64_t> value_;
};

/// Whether `handle` points to a living object of its type, as far as that can be told.
template <class Handle>
bool is_handle(const Handle* handle) noexcept {
  return handle && reinterpret_cast<std::uintptr_t>(handle) % alignof(Handle) == 0 &&
         handle->alive.intact();
}

}  // namespace pgrant::capi
