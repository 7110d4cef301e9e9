// Where a rotation's passwords are kept if the host keeps them: asked by events.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "pgrant/secret_store.hpp"
#include "question.hpp"
#include "runtime.hpp"

namespace pgrant::capi {

/// Of one rotation. Thread-safe.
class store_desk final : public async_secret_store, public dependent {
 public:
  /// `tag`: the operation's.
  store_desk(std::shared_ptr<event_queue> queue, std::uint64_t tag)
      : queue_(std::move(queue)), tag_(tag) {}

  void pending(std::string login, found answer) override;
  void put_pending(std::string login, secret fresh, stored answer) override;
  void promote(std::string login, stored answer) override;
  void retire(std::string login, stored answer) override;

  /// From now on what is asked, and was, is answered as cancelled.
  void stop() noexcept override;
  void let_go() noexcept override;

 private:
  void ask(pgrant_store_request what, std::string login, secret fresh, found answer);
  std::shared_ptr<store_question> close() noexcept;

  const std::shared_ptr<event_queue> queue_;
  const std::uint64_t tag_;
  std::mutex mutex_;
  bool closed_ = false;
  std::weak_ptr<store_question> asked_;  // a rotation asks one thing at a time
};

}  // namespace pgrant::capi
