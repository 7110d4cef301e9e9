// Runs an asynchronous operation to its end: `auto rows = test::wait(context, connection.async_…);`
#pragma once

#include <doctest/doctest.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "pgrant/result.hpp"

namespace test {

namespace detail {
/// One handler type per result, whatever the operation. The slot is shared, because the handler may
/// still be queued when a test has failed and gone on.
template <class Result>
struct receiver {
  std::shared_ptr<std::optional<Result>> slot;
  void operator()(Result outcome) { slot->emplace(std::move(outcome)); }
};

template <class Signature>
struct completes_with;
template <class Result>
struct completes_with<void(Result)> {
  using type = Result;
};

/// Runs one handler; false when none came within the limit or nothing is left to run.
bool run_one(boost::asio::io_context& context, std::chrono::steady_clock::time_point limit);
}  // namespace detail

/// Starts a deferred operation, runs the context until it completes, and gives its `result<T>`.
/// Fails the test if that takes longer than `limit`, or if the operation was forgotten.
template <class Operation>
auto wait(boost::asio::io_context& context, Operation&& operation,
          std::chrono::seconds limit = std::chrono::seconds(60)) {
  using result_type = typename detail::completes_with<
      boost::asio::completion_signature_of_t<std::decay_t<Operation>>>::type;
  const auto slot = std::make_shared<std::optional<result_type>>();
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::forward<Operation>(operation)(detail::receiver<result_type>{slot});
  while (!*slot)
    if (!detail::run_one(context, deadline)) FAIL("the operation did not complete");
  return std::move(**slot);
}

}  // namespace test
