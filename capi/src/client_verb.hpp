// What the files of verbs share: how the library's operation completes one of ours.
#pragma once

#include <memory>
#include <utility>

#include "client.hpp"
#include "operation.hpp"

namespace pgrant::capi {

using state_ptr = std::shared_ptr<operation_state>;

// Starts `call(client, handler)`; of what it gives, `make` makes the result.
template <class T, class Make, class Call>
std::weak_ptr<stop_line> begin_verb(client_state& of, const state_ptr& state, Make make,
                                    Call call) {
  const auto line = std::make_shared<stop_line>();
  of.with_client([&](client& with) {
    line->strand = of.strand();
    call(with, boost::asio::bind_executor(
                   line->strand, boost::asio::bind_cancellation_slot(
                                     line->signal.slot(),
                                     completing_handler<T, Make>(state, line, std::move(make)))));
  });
  return line;
}

// The common part of the verbs. `prepare(client_state)` reads the input and gives a function that
// starts the work for an operation.
template <class Prepare>
pgrant_status start_verb(pgrant_client* client, pgrant_queue* queue, std::uint64_t tag,
                         pgrant_operation** operation, pgrant_error** err,
                         Prepare prepare) noexcept {
  return guard(err, [&] {
    if (operation) *operation = nullptr;
    const auto of = checked(client, "client").shared;
    of->runs_on()->process().check();
    start_operation(of->runs_on(), queue, tag, operation, prepare(*of));
  });
}

template <class T>
auto as_result() {
  return [](T&& value) { return new_result(std::move(value)); };
}

}  // namespace pgrant::capi
