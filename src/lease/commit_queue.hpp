// Requests that wait at the same time share a transaction (group commit).
#pragma once

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "connection/task.hpp"
#include "lease/lease_task.hpp"

namespace pgrant::detail {

/// One transaction at a time: whoever comes while one is under way goes with the next, in the order
/// of their coming. Nobody waits for company. Each request gets an answer of its own, once.
///
/// A caller who cancels is answered at once, and does not stop the others: a request that waits
/// leaves the queue, one that is under way goes on unwatched, and when nobody waits for a
/// transaction any more its connection is closed. Thread-safe.
template <class Work, class Answer>
class commit_queue : public std::enable_shared_from_this<commit_queue<Work, Answer>> {
 public:
  struct request {
    explicit request(Work what) : work(std::move(what)) {}
    Work work;  // Of the transaction alone, once it has begun.

   private:
    friend class commit_queue;
    std::unique_ptr<delivery<Answer>> caller;  // None: was answered. Guarded by the queue.
  };
  using request_ptr = std::shared_ptr<request>;
  using requests = std::vector<request_ptr>;

  /// Answers every request that it is given, in as many transactions as it needs. Keeps alive what
  /// it works with.
  using transaction = std::function<boost::asio::awaitable<void>(requests)>;
  /// Whether two requests may be in the same transaction.
  using companions = bool (*)(const Work&, const Work&);

  commit_queue(boost::asio::any_io_executor executor, std::size_t most, companions fit = nullptr)
      : executor_(std::move(executor)), most_(most), fit_(fit) {}

  /// Waits for the answer. `how` is used if no transaction is under way.
  lease_task<Answer> submit(Work work, transaction how) {
    using signature = void(result<Answer>);
    const auto ours = std::make_shared<request>(std::move(work));
    auto start = [this, &ours, &how](auto handler) {
      enter(ours, completion<Answer>(std::move(handler)), std::move(how));
    };
    auto answer =
        co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, signature>(
            start, boost::asio::use_awaitable);
    co_return answer;
  }

  /// Whether whoever came now would have to wait.
  bool busy() {
    const std::lock_guard guard(lock_);
    return running_;
  }

  void answer(const request_ptr& to, result<Answer> outcome) {
    std::unique_ptr<delivery<Answer>> caller;
    {
      const std::lock_guard guard(lock_);
      caller.swap(to->caller);
    }
    if (caller) caller->deliver(std::move(outcome));
  }

  /// Those whose callers still wait.
  requests wanted(const requests& all) {
    const std::lock_guard guard(lock_);
    requests left;
    for (const request_ptr& one : all)
      if (one->caller) left.push_back(one);
    return left;
  }

  /// From here on `where` works for these requests, until the result is destroyed.
  class watch {
   public:
    watch(commit_queue& queue, connection_ptr where, const requests& all) : queue_(queue) {
      const std::lock_guard guard(queue_.lock_);
      queue_.working_ = std::move(where);
      queue_.under_way_ = all;
    }
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;
    ~watch() {
      const std::lock_guard guard(queue_.lock_);
      queue_.working_.reset();
      queue_.under_way_.clear();
    }

   private:
    commit_queue& queue_;
  };

 private:
  void enter(const request_ptr& ours, completion<Answer> done, transaction how) {
    ours->caller = std::make_unique<delivery<Answer>>(std::move(done), executor_);
    auto slot = ours->caller->slot();
    if (slot.is_connected()) {
      slot.assign([queue = this->weak_from_this(),
                   one = std::weak_ptr<request>(ours)](boost::asio::cancellation_type type) {
        const auto self = queue.lock();
        const auto still = one.lock();
        const auto terminal = boost::asio::cancellation_type::terminal;
        if (self && still && (type & terminal) == terminal) self->abandon(still);
      });
    }
    {
      const std::lock_guard guard(lock_);
      waiting_.push_back(ours);
      if (running_) return;
      running_ = true;
    }
    boost::asio::co_spawn(boost::asio::make_strand(executor_),
                          serve(this->shared_from_this(), std::move(how)), boost::asio::detached);
  }

  void abandon(const request_ptr& one) {
    std::unique_ptr<delivery<Answer>> caller;
    connection_ptr unwanted;
    {
      const std::lock_guard guard(lock_);
      caller.swap(one->caller);
      std::erase(waiting_, one);
      const auto has_left = [](const request_ptr& each) { return !each->caller; };
      if (working_ && std::ranges::all_of(under_way_, has_left)) unwanted = working_;
    }
    if (unwanted) unwanted->close();
    if (caller) caller->deliver(error(errc::cancelled, "cancelled"));
  }

  requests next() {
    const std::lock_guard guard(lock_);
    requests batch;
    for (auto one = waiting_.begin(); one != waiting_.end() && batch.size() < most_;) {
      const bool joins =
          !fit_ || std::ranges::all_of(batch, [this, &one](const request_ptr& other) {
            return fit_(other->work, (*one)->work);
          });
      if (joins) {
        batch.push_back(std::move(*one));
        one = waiting_.erase(one);
      } else {
        ++one;
      }
    }
    running_ = !batch.empty();
    return batch;
  }

  static boost::asio::awaitable<void> serve(std::shared_ptr<commit_queue> self, transaction how) {
    for (;;) {
      const requests batch = self->next();
      if (batch.empty()) co_return;
      std::exception_ptr thrown;
      try {
        co_await how(batch);
      } catch (...) {
        thrown = std::current_exception();
      }
      // Nobody is left without an answer, whatever happened.
      for (const request_ptr& one : batch) self->answer(one, lease_task_failure(thrown));
    }
  }

  const boost::asio::any_io_executor executor_;
  const std::size_t most_;
  const companions fit_;
  std::mutex lock_;
  std::deque<request_ptr> waiting_;
  bool running_ = false;
  requests under_way_;
  connection_ptr working_;
};

}  // namespace pgrant::detail
