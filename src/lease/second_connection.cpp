#include "lease/second_connection.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

namespace pgrant::detail {
namespace {

constexpr std::chrono::milliseconds soon_enough{500};

// A pool would wait for as long as the server is full.
lease_task<connection_ptr> open_soon(ledger_store& store) {
  using signature = void(result<connection_ptr>);
  const auto stop = std::make_shared<boost::asio::cancellation_signal>();
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor, soon_enough);
  timer.async_wait([stop](const boost::system::error_code& why) {
    if (!why) stop->emit(boost::asio::cancellation_type::terminal);
  });
  auto open = [&store, &stop](auto handler) {
    store.connector()->open(store.database(),
                            database_connector::opened(boost::asio::bind_cancellation_slot(
                                stop->slot(), std::move(handler))));
  };
  auto opened =
      co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, signature>(
          open, boost::asio::use_awaitable);
  timer.cancel();
  co_return opened;
}

}  // namespace

lease_task<connection_ptr> open_second(lease_engine& engine, connection_ptr first,
                                       lease_executor us, const ledger_lease& found) {
  auto soon = co_await open_soon(engine.ending_store());
  if (soon) co_return soon;
  const bool sessions_end = found.lease.kind == grantee_kind::ephemeral_login ||
                            !us.has_membership_options() ||
                            engine.settings().end_sessions_of_existing_roles();
  if (sessions_end) {
    login_end crowd(engine, first, us, found.lease.id, found.lease.grantee, found.grantee_oid);
    auto room = co_await crowd.make_room(found.lease.kind);
    if (!room) co_return room.error();
  }
  auto opened = co_await engine.ending_store().open();
  co_return opened;
}

}  // namespace pgrant::detail
