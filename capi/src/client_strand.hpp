// An executor whose work runs one piece after the other, and that survives want of memory.
//
// Asio's own strand of Boost 1.81 marks itself as running before it asks its executor to run it: if
// that call finds no memory, nothing that is given to the strand ever runs again.
#pragma once

#include <atomic>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

namespace pgrant::capi {

/// A model of Asio's executors, for `any_io_executor`. Copies are the same strand. Thread-safe.
/// `execute` runs the work inside of the call if that comes from the strand's own work and may
/// block, so that a cancellation reaches what it is meant for before anything else happens. What
/// it throws has changed nothing.
class client_strand {
  struct work {
    virtual ~work() = default;
    virtual void run() = 0;
    std::unique_ptr<work> next;
  };

  template <class Function>
  struct function_work final : work {
    explicit function_work(Function f) : function(std::move(f)) {}
    void run() override { std::move(function)(); }
    Function function;
  };

  struct shared {
    explicit shared(boost::asio::io_context& on) : context(on) {}
    ~shared() {
      while (first) first = std::move(first->next);  // one by one: the chain may be long
    }

    void append(std::unique_ptr<work> one, const std::shared_ptr<shared>& self) {
      const std::lock_guard lock(mutex);
      // The first to come lets it run; if that fails, nothing was appended.
      if (!running) boost::asio::post(context, [self] { self->run_all(); });
      running = true;
      work* const appended = one.get();
      (last ? last->next : first) = std::move(one);
      last = appended;
    }

    std::unique_ptr<work> take() {
      const std::lock_guard lock(mutex);
      auto taken = std::move(first);
      if (taken) first = std::move(taken->next);
      if (!first) last = nullptr;
      if (taken) return taken;
      runner = std::thread::id();
      running = false;
      return nullptr;
    }

    void run_all() noexcept {
      runner = std::this_thread::get_id();
      while (const auto one = take()) try {
          one->run();
        } catch (...) {
          // No memory inside of a handler: whose it was completes when the handler is destroyed.
        }
    }

    boost::asio::io_context& context;
    std::atomic<std::thread::id> runner;
    std::mutex mutex;
    bool running = false;
    std::unique_ptr<work> first;
    work* last = nullptr;
  };

 public:
  explicit client_strand(boost::asio::io_context& on) : shared_(std::make_shared<shared>(on)) {}

  template <class Function>
  void execute(Function&& function) const {
    if (!never_blocks_ && shared_->runner == std::this_thread::get_id()) {
      return std::decay_t<Function>(std::forward<Function>(function))();
    }
    using kept = function_work<std::decay_t<Function>>;
    shared_->append(std::make_unique<kept>(std::forward<Function>(function)), shared_);
  }

  boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept {
    return shared_->context;
  }
  boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) const noexcept {
    if (never_blocks_) return boost::asio::execution::blocking.never;
    return boost::asio::execution::blocking.possibly;
  }
  client_strand require(boost::asio::execution::blocking_t::never_t) const {
    return client_strand(shared_, true);
  }
  client_strand require(boost::asio::execution::blocking_t::possibly_t) const {
    return client_strand(shared_, false);
  }

  friend bool operator==(const client_strand& a, const client_strand& b) noexcept {
    return a.shared_ == b.shared_ && a.never_blocks_ == b.never_blocks_;
  }
  friend bool operator!=(const client_strand& a, const client_strand& b) noexcept {
    return !(a == b);
  }

 private:
  client_strand(std::shared_ptr<shared> of, bool never_blocks)
      : shared_(std::move(of)), never_blocks_(never_blocks) {}

  std::shared_ptr<shared> shared_;
  bool never_blocks_ = false;
};

}  // namespace pgrant::capi
