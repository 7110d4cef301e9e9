// Asking a store of secrets that answers later.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "connection/task.hpp"
#include "lease/lease_task.hpp"

namespace pgrant::detail {

/// Who waits for one answer of a store: completed by the first of the answer, a
/// cancellation, and the loss of everybody who could answer. Thread-safe.
template <class T>
class store_wait {
 public:
  explicit store_wait(delivery<T> to) : to_(std::make_unique<delivery<T>>(std::move(to))) {}
  store_wait(const store_wait&) = delete;
  store_wait& operator=(const store_wait&) = delete;
  ~store_wait() {
    try {
      answer(error(errc::secret, "the store of secrets gave no answer"));
    } catch (...) {  // no memory: the handler is destroyed, and so ends the operation
    }
  }

  void answer(result<T> outcome) {
    std::unique_ptr<delivery<T>> to;
    {
      const std::lock_guard lock(mutex_);
      to.swap(to_);
    }
    if (to) to->deliver(std::move(outcome));
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<delivery<T>> to_;
};

/// Calls `ask` with the function that takes the answer, and waits for it.
template <class T, class Ask>
lease_task<T> ask_store(Ask ask) {
  const auto begin = [&ask](auto handler) {
    const boost::asio::any_io_executor executor = boost::asio::get_associated_executor(handler);
    delivery<T> to(completion<T>(std::move(handler)), executor);
    auto slot = to.slot();  // of the erased handler, which has taken the other one
    const auto wait = std::make_shared<store_wait<T>>(std::move(to));
    if (slot.is_connected())
      slot.assign([weak = std::weak_ptr(wait)](boost::asio::cancellation_type) {
        if (const auto still = weak.lock()) still->answer(error(errc::cancelled, "cancelled"));
      });
    try {
      ask([wait](result<T> outcome) { wait->answer(std::move(outcome)); });
    } catch (...) {
      wait->answer(error(errc::secret, "the store of secrets failed"));
    }
  };
  auto answered =
      co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(result<T>)>(
          begin, boost::asio::use_awaitable);
  co_return answered;
}

}  // namespace pgrant::detail
