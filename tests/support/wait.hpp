// `pgrant::wait` with a time limit: `auto rows = test::wait(context, connection.async_…);`
#pragma once

#include <doctest/doctest.h>

#include <chrono>

#include "pgrant/wait.hpp"

namespace test {

namespace detail {
/// Runs one handler; false when none came within the limit or nothing is left to run.
bool run_one(boost::asio::io_context& context, std::chrono::steady_clock::time_point limit);
}  // namespace detail

/// Starts a deferred operation, runs the context until it completes, and gives its `result<T>`.
/// Fails the test if that takes longer than `limit`, or if the operation was forgotten.
template <class Operation>
auto wait(boost::asio::io_context& context, Operation&& operation,
          std::chrono::seconds limit = std::chrono::seconds(60)) {
  using result_type = typename pgrant::detail::result_of_signature<
      boost::asio::completion_signature_of_t<std::decay_t<Operation>>>::type;
  const auto place = std::make_shared<std::optional<result_type>>();
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::forward<Operation>(operation)(pgrant::detail::result_keeper<result_type>{place});
  while (!*place)
    if (!detail::run_one(context, deadline)) FAIL("the operation did not complete");
  return std::move(**place);
}

}  // namespace test
