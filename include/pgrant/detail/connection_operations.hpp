// How a completion token becomes a call of the compiled library: handlers are erased here, so that
// neither libpq nor Asio's sockets and timers are paid for by those who include connection.hpp.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/version.hpp>
#include <memory>
#include <utility>

#include "pgrant/connect_options.hpp"
#include "pgrant/connection_spec.hpp"
#include "pgrant/result.hpp"
#include "pgrant/rows.hpp"
#include "pgrant/statement.hpp"

#define PGRANT_DETAIL_JOIN_(a, b) a##b
#define PGRANT_DETAIL_JOIN(a, b) PGRANT_DETAIL_JOIN_(a, b)

namespace pgrant::detail {

// Asio's types stand in the interface and have no versioned namespace: a program that was compiled
// with another Boost than the library would link and then crash. This symbol's name holds
// BOOST_VERSION, so that it does not link: "undefined reference to
// pgrant::detail::pgrant_was_built_with_boost_…".
#define PGRANT_DETAIL_BOOST_GUARD PGRANT_DETAIL_JOIN(pgrant_was_built_with_boost_, BOOST_VERSION)
void PGRANT_DETAIL_BOOST_GUARD() noexcept;

class connection_impl;

template <class T>
using completion = boost::asio::any_completion_handler<void(result<T>)>;

template <class Token, class T>
concept token_for = boost::asio::completion_token_for<Token, void(result<T>)>;

void start_connect(const std::shared_ptr<connection_impl>&, connection_spec, connect_options,
                   completion<void>);
void start_execute(const std::shared_ptr<connection_impl>&, statement, execute_options,
                   completion<rows>);
void start_batch(const std::shared_ptr<connection_impl>&, batch, execute_options,
                 completion<batch_result>);
void start_cancel(const std::shared_ptr<connection_impl>&, completion<void>);
void start_close(const std::shared_ptr<connection_impl>&, completion<void>);

// One type per operation, so that every token shares it.
template <class T, auto Start>
struct initiation {
  template <class Handler, class Impl, class... Args>
  void operator()(Handler&& handler, const Impl& impl, Args... args) const {
    Start(impl, std::move(args)..., completion<T>(std::forward<Handler>(handler)));
  }
};

template <class Token>
auto initiate_connect(std::shared_ptr<connection_impl> impl, connection_spec spec,
                      connect_options options, Token&& token) {
  PGRANT_DETAIL_BOOST_GUARD();
  return boost::asio::async_initiate<Token, void(result<void>)>(
      initiation<void, start_connect>(), token, std::move(impl), std::move(spec),
      std::move(options));
}

template <class Token>
auto initiate_execute(std::shared_ptr<connection_impl> impl, statement what,
                      execute_options options, Token&& token) {
  return boost::asio::async_initiate<Token, void(result<rows>)>(
      initiation<rows, start_execute>(), token, std::move(impl), std::move(what), options);
}

template <class Token>
auto initiate_batch(std::shared_ptr<connection_impl> impl, batch what, execute_options options,
                    Token&& token) {
  return boost::asio::async_initiate<Token, void(result<batch_result>)>(
      initiation<batch_result, start_batch>(), token, std::move(impl), std::move(what), options);
}

template <class Token>
auto initiate_cancel(std::shared_ptr<connection_impl> impl, Token&& token) {
  return boost::asio::async_initiate<Token, void(result<void>)>(initiation<void, start_cancel>(),
                                                                token, std::move(impl));
}

template <class Token>
auto initiate_close(std::shared_ptr<connection_impl> impl, Token&& token) {
  return boost::asio::async_initiate<Token, void(result<void>)>(initiation<void, start_close>(),
                                                                token, std::move(impl));
}

}  // namespace pgrant::detail
