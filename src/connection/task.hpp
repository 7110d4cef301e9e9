// One operation under way: a state machine and the handler that waits for it.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "connection/connect_fsm.hpp"
#include "connection/execute_fsm.hpp"
#include "connection/pipeline_fsm.hpp"
#include "pgrant/detail/connection_operations.hpp"

namespace pgrant::detail {

/// Calls a handler where it wants to be called: on its own executor, outside of our strand. The
/// cancellation slot is cleared there too, because that is where it may be used.
template <class T>
class delivery {
 public:
  using executor_type = boost::asio::any_completion_executor;

  delivery(completion<T> handler, const boost::asio::any_io_executor& fallback)
      : handler_(std::move(handler)),
        executor_(boost::asio::get_associated_executor(handler_, fallback)),
        work_(fallback, executor_) {}

  executor_type get_executor() const noexcept { return executor_; }
  boost::asio::cancellation_slot slot() const noexcept {
    return boost::asio::get_associated_cancellation_slot(handler_);
  }

  /// Completes with `outcome`, never from within this call.
  void deliver(result<T> outcome) {
    const auto via = work_.fallback.get_executor();
    boost::asio::post(via, parcel{std::move(*this), std::move(outcome)});
  }

 private:
  struct parcel;
  struct work {
    work(const boost::asio::any_io_executor& fallback_executor, const executor_type& own_executor)
        : fallback(fallback_executor), own(own_executor) {}
    boost::asio::executor_work_guard<boost::asio::any_io_executor> fallback;
    boost::asio::executor_work_guard<executor_type> own;
  };

  completion<T> handler_;
  executor_type executor_;
  work work_;
};

template <class T>
struct delivery<T>::parcel {
  using executor_type = typename delivery<T>::executor_type;
  delivery<T> to;
  result<T> outcome;

  executor_type get_executor() const noexcept { return to.executor_; }
  void operator()() {
    auto slot = to.slot();
    if (slot.is_connected()) slot.clear();
    auto handler = std::move(to.handler_);
    std::move(handler)(std::move(outcome));
  }
};

/// What the driver runs.
class task {
 public:
  using action = connect_fsm::action;

  explicit task(std::chrono::milliseconds limit) noexcept : limit_(limit) {}
  virtual ~task() = default;

  std::chrono::milliseconds limit() const noexcept { return limit_; }
  virtual bool connects() const noexcept { return false; }
  virtual bool started() const noexcept = 0;
  virtual action begin() = 0;
  virtual action ready(readiness what) = 0;
  /// Whether the connection may be used after it.
  virtual bool reusable() const = 0;
  /// Fixes the outcome, while the link is still as the machine left it. `why` is set when the
  /// driver ended it: a time limit, a cancellation, the end of the connection.
  virtual void settle(std::optional<pgrant::error> why) = 0;
  /// Hands the outcome over. Last of all: the handler may run at once, on another thread.
  virtual void deliver() = 0;

 private:
  std::chrono::milliseconds limit_;
};

class connect_task final : public task {
 public:
  connect_task(pq& link, connect_target target, const connect_options& options, delivery<void> to)
      : task(options.timeout()),
        fsm_(link, std::move(target)),
        attempt_limit_(options.attempt_timeout()),
        to_(std::move(to)) {}

  bool connects() const noexcept override { return true; }
  bool started() const noexcept override { return false; }
  action begin() override { return fsm_.begin(); }
  action ready(readiness what) override { return fsm_.ready(what); }
  bool reusable() const override { return fsm_.take().has_value(); }
  void settle(std::optional<pgrant::error> why) override;
  void deliver() override { to_.deliver(std::move(*outcome_)); }

  connect_fsm& fsm() noexcept { return fsm_; }
  std::chrono::milliseconds attempt_limit() const noexcept { return attempt_limit_; }

 private:
  connect_fsm fsm_;
  std::chrono::milliseconds attempt_limit_;
  delivery<void> to_;
  std::optional<result<void>> outcome_;
};

template <class Machine, class T>
class machine_task final : public task {
 public:
  machine_task(Machine machine, std::chrono::milliseconds limit, delivery<T> to)
      : task(limit), machine_(std::move(machine)), to_(std::move(to)) {}

  bool started() const noexcept override { return machine_.started(); }
  action begin() override { return ready({}); }
  action ready(readiness what) override {
    const wait_for next = machine_.resume(what);
    if (next == wait_for::nothing) return {};
    return {action::kind::wait, next};
  }
  bool reusable() const override { return machine_.reusable(); }
  void settle(std::optional<pgrant::error> why) override {
    outcome_.emplace(machine_.take(std::move(why)));
  }
  void deliver() override { to_.deliver(std::move(*outcome_)); }

 private:
  Machine machine_;
  delivery<T> to_;
  std::optional<result<T>> outcome_;
};

using execute_task = machine_task<execute_fsm, rows>;
using batch_task = machine_task<pipeline_fsm, batch_result>;

}  // namespace pgrant::detail
