#include "lease/end_together.hpp"

#include <optional>
#include <utility>

#include "lease/bundle_shape.hpp"
#include "lease/cron_jobs.hpp"

namespace pgrant::detail {
namespace {

struct end_opening {
  connection_ptr where;
  lease_executor us;
};

lease_task<end_opening> open_for_ends(lease_engine& engine) {
  auto opened = co_await engine.ending_store().open();
  BOOST_OUTCOME_CO_TRY(auto where, std::move(opened));
  auto known = co_await engine.who_are_we(where);
  BOOST_OUTCOME_CO_TRY(auto us, std::move(known));
  co_return end_opening{std::move(where), std::move(us)};
}

// A connection for those who still wait. None: nobody does, or all were told that there is none.
template <class Queue>
boost::asio::awaitable<std::optional<end_opening>> open_for_waiting(
    lease_engine& engine, Queue& queue, typename Queue::requests& batch) {
  auto opened = co_await open_for_ends(engine);
  batch = queue.wanted(batch);
  if (!opened) {
    for (const auto& each : batch) queue.answer(each, opened.error());
    co_return std::nullopt;
  }
  if (batch.empty()) co_return std::nullopt;
  co_return std::move(opened).assume_value();
}

// Of leases that have ended with it; the others are looked at when they have.
boost::asio::awaitable<void> look_at_bundles_of(lease_engine& engine, end_opening open,
                                                std::vector<cut_outcome>& outcomes) {
  std::vector<lease_end> ends;
  std::vector<cut_lease*> cuts;
  for (cut_outcome& done : outcomes) {
    if (!done || !done.assume_value()) continue;
    cut_lease& cut = *done.assume_value();
    if (cut.found.lease.state != lease_state::ended) continue;
    ends.emplace_back().lease = cut.found.lease;
    cuts.push_back(&cut);
  }
  co_await look_at_bundles(engine.ending_store(), open.where, open.us, ends);
  for (std::size_t i = 0; i < ends.size(); ++i)
    cuts[i]->bundle_findings = std::move(ends[i].bundle_findings);
}

boost::asio::awaitable<void> look_at_bundles_of(lease_engine& engine, end_opening open,
                                                std::map<std::string, lease_end>& dropped) {
  std::vector<lease_end> ends;
  for (auto& [id, end] : dropped)
    if (end.lease.state == lease_state::ended) ends.push_back(end);
  co_await look_at_bundles(engine.ending_store(), open.where, open.us, ends);
  for (lease_end& end : ends)
    dropped.at(end.lease.id).bundle_findings = std::move(end.bundle_findings);
}

}  // namespace

bool may_cut_together(const cut_call& a, const cut_call& b) {
  return a.id != b.id;
}

bool may_drop_together(const drop_call& a, const drop_call& b) {
  return a.found.lease.id != b.found.lease.id;
}

boost::asio::awaitable<void> cut_together(std::shared_ptr<lease_engine> engine,
                                          cut_queue::requests batch) {
  cut_queue& queue = engine->cuts();
  auto opened = co_await open_for_waiting(*engine, queue, batch);
  if (!opened) co_return;
  const end_opening& open = *opened;
  const cut_queue::watch watch(queue, open.where, batch);
  std::vector<std::string> ids;
  for (const auto& each : batch) ids.push_back(each->work.id);
  co_await unschedule_jobs(*engine, open.where, open.us, ids);
  // Nobody waits here for a lease that somebody else has in hand: his neighbours would, too.
  auto outcomes =
      co_await cut_all(*engine, open.where, open.us, std::move(ids), busy_lease::skip, "revoke");
  co_await look_at_bundles_of(*engine, open, outcomes);
  for (std::size_t i = 0; i < batch.size(); ++i) queue.answer(batch[i], std::move(outcomes[i]));
}

boost::asio::awaitable<void> drop_together(std::shared_ptr<lease_engine> engine,
                                           drop_queue::requests batch) {
  drop_queue& queue = engine->drops();
  auto opened = co_await open_for_waiting(*engine, queue, batch);
  if (!opened) co_return;
  const end_opening& open = *opened;
  const drop_queue::watch watch(queue, open.where, batch);
  std::vector<ledger_lease> leases;
  for (const auto& each : batch) leases.push_back(each->work.found);
  auto dropped = co_await drop_logins_together(*engine, open.where, open.us, leases);
  if (dropped) co_await look_at_bundles_of(*engine, open, dropped.assume_value());
  for (const auto& each : batch) {
    if (!dropped) {
      queue.answer(each, dropped.error());
    } else {
      queue.answer(each, dropped.assume_value().at(each->work.found.lease.id));
    }
  }
}

lease_task<std::map<std::string, lease_end>> drop_all(lease_engine& engine, connection_ptr where,
                                                      lease_executor us,
                                                      const std::vector<ledger_lease>& leases) {
  std::map<std::string, lease_end> over;
  for (std::size_t from = 0; from < leases.size(); from += most_drops_together) {
    const std::size_t to = std::min(leases.size(), from + most_drops_together);
    const std::vector<ledger_lease> part(leases.begin() + static_cast<std::ptrdiff_t>(from),
                                         leases.begin() + static_cast<std::ptrdiff_t>(to));
    auto dropped = co_await drop_logins_together(engine, where, us, part);
    BOOST_OUTCOME_CO_TRY(auto ends, std::move(dropped));
    over.merge(std::move(ends));
  }
  co_return over;
}

}  // namespace pgrant::detail
