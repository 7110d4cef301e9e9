// Calling asynchronous operations from code that has nothing else to do meanwhile.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "pgrant/result.hpp"

namespace pgrant {

namespace detail {

// One handler type per result, whatever the operation. The place is shared, because an operation
// may outlive a wait that an exception has left.
template <class Result>
struct result_keeper {
  std::shared_ptr<std::optional<Result>> place;
  void operator()(Result outcome) const { place->emplace(std::move(outcome)); }
};

template <class Signature>
struct result_of_signature;
template <class Result>
struct result_of_signature<void(Result)> {
  using type = Result;
};

}  // namespace detail

/// Runs `context` until `operation` has completed, and gives its result:
///
///     boost::asio::io_context context;
///     pgrant::client client(context.get_executor(), spec);
///     pgrant::result<pgrant::check_report> report = pgrant::wait(context, client.async_check());
///
/// `operation` is what an `async_…` function gives without a completion token. The calling thread
/// runs whatever else the context has to do. Not for a context that other threads run, and not from
/// inside one of its handlers.
template <class Operation>
auto wait(boost::asio::io_context& context, Operation&& operation) {
  using result_type = typename detail::result_of_signature<
      boost::asio::completion_signature_of_t<std::decay_t<Operation>>>::type;
  const auto place = std::make_shared<std::optional<result_type>>();
  std::forward<Operation>(operation)(detail::result_keeper<result_type>{place});
  context.restart();
  while (!*place && context.run_one() != 0) {
  }
  if (!*place) return result_type(error(errc::internal, "the operation was abandoned"));
  return std::move(**place);
}

}  // namespace pgrant
