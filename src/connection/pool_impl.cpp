#include "connection/pool_impl.hpp"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <utility>

#include "connection/connect_fsm.hpp"
#include "connection/connection_impl.hpp"

namespace pgrant::detail {
namespace {

constexpr std::chrono::seconds reserve_check_interval{30};
constexpr std::chrono::hours longest_wait{24 * 365};  // more would overflow the clock
// For so long an idle connection on which nothing has arrived is taken for alive.
constexpr std::chrono::milliseconds trusted_time{500};

}  // namespace

pool_impl::pool_impl(boost::asio::any_io_executor executor, connection_spec where,
                     pool_options options)
    : executor_(std::move(executor)),
      strand_(boost::asio::make_strand(executor_)),
      timer_(strand_),
      where_(std::move(where)),
      options_(std::move(options)) {}

void pool_impl::acquire(std::string database, acquire_options options,
                        delivery<pooled_connection> to) {
  const std::uint64_t id = next_id_++;
  auto slot = to.slot();
  if (slot.is_connected()) {
    slot.assign([self = weak_from_this(), id](boost::asio::cancellation_type) {
      const auto alive = self.lock();
      if (alive) boost::asio::post(alive->strand_, [alive, id] { alive->cancel(id); });
    });
  }
  waiter next{
      id, database.empty() ? where_.database() : std::move(database), options.ending(),
      pool_clock::now() + std::min<std::chrono::milliseconds>(options.timeout(), longest_wait),
      std::make_shared<delivery<pooled_connection>>(std::move(to))};
  boost::asio::post(strand_, [self = shared_from_this(), next = std::move(next)]() mutable {
    if (self->closed_) {
      return next.to->deliver(pgrant::error(errc::closed, "the pool is closed"));
    }
    self->started_ = true;
    self->wait_in_line(std::move(next));
    self->pump();
  });
}

void pool_impl::wait_in_line(waiter next) {
  const auto behind = next.ending ? std::find_if(waiters_.begin(), waiters_.end(),
                                                 [](const waiter& w) { return !w.ending; })
                                  : waiters_.end();
  waiters_.insert(behind, std::move(next));
}

/// Brings waiters and connections together; to be called after every change.
void pool_impl::pump() {
  if (!closed_) {
    expire();
    serve_waiters();
    connect_for_waiters();
    keep_reserve();
    schedule();
  }
  publish();
}

void pool_impl::expire() {
  const auto now = pool_clock::now();
  std::erase_if(idle_, [&](const node_ptr& node) {
    return too_old(*node) || now - node->idle_since >= options_.idle_timeout();
  });
  for (auto who = waiters_.begin(); who != waiters_.end();) {
    if (who->deadline > now) {
      ++who;
      continue;
    }
    who->to->deliver(out_of_time(*who));
    who = waiters_.erase(who);
  }
}

void pool_impl::serve_waiters() {
  for (std::size_t i = 0; i < waiters_.size();) {
    node_ptr node = take_for(waiters_[i]);
    if (!node) {
      ++i;
      continue;
    }
    waiter who = std::move(waiters_[i]);
    waiters_.erase(waiters_.begin() + static_cast<std::ptrdiff_t>(i));
    check_out(std::move(who), std::move(node));
  }
}

pool_impl::node_ptr pool_impl::take_for(const waiter& who) {
  // The one that was used last: it is the least likely to have died meanwhile.
  const auto found = std::find_if(idle_.rbegin(), idle_.rend(), [&](const node_ptr& node) {
    return node->database == who.database;
  });
  if (found != idle_.rend()) {
    node_ptr node = std::move(*found);
    idle_.erase(std::next(found).base());
    ++in_use_;
    return node;
  }
  if (!who.ending || !reserve_ || reserve_->database != who.database) return nullptr;
  reserve_out_ = true;
  return std::move(reserve_);
}

void pool_impl::check_out(waiter who, node_ptr node) {
  pool_node& taken = *node;
  const bool clean = std::exchange(taken.clean, false);
  if (clean && pool_clock::now() - taken.idle_since < trusted_time &&
      taken.link.implementation()->silent()) {
    return who.to->deliver(pooled_connection(shared_from_this(), std::move(node)));
  }
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(who.deadline - pool_clock::now());
  const auto limit =
      std::clamp<std::chrono::milliseconds>(left, std::chrono::milliseconds(1), longest_reset);
  taken.link.async_execute_batch(
      reset_session(options_.connecting().session(), taken.link.server_version()),
      execute_options().timeout(limit),
      boost::asio::bind_executor(
          strand_, [self = shared_from_this(), who = std::move(who),
                    node = std::move(node)](result<batch_result> reset) mutable {
            if (reset && reset.assume_value().ok() && !self->closed_) {
              return who.to->deliver(pooled_connection(self, std::move(node)));
            }
            // It died while it was idle. Nobody is to blame: back to the head of the line.
            node->discarded = true;
            self->returned(std::move(node));
            if (self->closed_) {
              return who.to->deliver(pgrant::error(errc::closed, "the pool is closed"));
            }
            self->waiters_.push_front(std::move(who));
            self->pump();
          }));
}

void pool_impl::connect_for_waiters() {
  std::map<std::string, std::size_t> wanted;
  for (const waiter& who : waiters_) ++wanted[who.database];
  const auto now = pool_clock::now();
  for (const auto& [database, count] : wanted) {
    place& here = places_[database];
    while (here.connecting + here.renewing < count && connecting_ < options_.max_connecting() &&
           here.not_before <= now && make_room(database)) {
      connect(database, false);
    }
  }
}

bool pool_impl::make_room(const std::string& for_database) {
  if (idle_.size() + in_use_ + connecting_ < options_.max_size()) return true;
  const auto other = std::find_if(idle_.begin(), idle_.end(), [&](const node_ptr& node) {
    return node->database != for_database;
  });
  if (other == idle_.end()) return false;
  idle_.erase(other);
  return true;
}

void pool_impl::keep_reserve() {
  if (options_.reserve().empty() || !started_ || reserve_out_ || reserve_place_.connecting > 0) {
    return;
  }
  const auto now = pool_clock::now();
  // One that is too old stays in hand until its successor is there.
  if ((!reserve_ || too_old(*reserve_)) && reserve_place_.not_before <= now) {
    connect(options_.reserve(), true);
  } else if (reserve_ && now - reserve_->idle_since >= reserve_check_interval) {
    check_reserve();
  }
}

void pool_impl::check_reserve() {
  pool_node& taken = *reserve_;
  reserve_out_ = true;
  taken.link.async_execute_batch(
      reset_session(options_.connecting().session(), taken.link.server_version()),
      execute_options().timeout(longest_reset),
      boost::asio::bind_executor(strand_, [self = shared_from_this(), node = std::move(reserve_)](
                                              result<batch_result> reset) mutable {
        if (!reset || !reset.assume_value().ok()) node->discarded = true;
        self->returned(std::move(node));
        self->pump();
      }));
}

void pool_impl::connect(const std::string& database, bool reserve) {
  auto node = std::make_unique<pool_node>(executor_);
  node->database = database;
  node->reserve = reserve;
  if (!reserve) ++connecting_;
  ++(reserve ? reserve_place_ : places_[database]).connecting;
  if (!options_.password()) return connect_with(std::move(node), secret());
  // std::function wants to copy what it holds.
  const auto held = std::make_shared<node_ptr>(std::move(node));
  options_.password()([self = shared_from_this(), held](result<secret> password) {
    boost::asio::post(self->strand_, [self, held, password = std::move(password)]() mutable {
      if (*held) self->connect_with(std::move(*held), std::move(password));
    });
  });
}

void pool_impl::connect_with(node_ptr node, result<secret> password) {
  if (!password) return connected(std::move(node), password.error());
  connect_options options = options_.connecting();
  if (!password.assume_value().empty()) options.password(std::move(password.assume_value()));
  connection_spec where = where_;
  where.database(node->database);
  connection& link = node->link;
  link.async_connect(
      std::move(where), std::move(options),
      boost::asio::bind_executor(strand_, [self = shared_from_this(),
                                           node = std::move(node)](result<void> outcome) mutable {
        self->connected(std::move(node), std::move(outcome));
      }));
}

void pool_impl::connected(node_ptr node, result<void> outcome) {
  place& here = node->reserve ? reserve_place_ : places_[node->database];
  --here.connecting;
  if (!node->reserve) --connecting_;
  if (!outcome) {
    connect_failed(*node, outcome.error());
  } else if (!closed_) {
    here.pause = {};
    here.not_before = {};
    here.last_failure.reset();
    node->connected = node->idle_since = pool_clock::now();
    if (node->reserve) {
      reserve_ = std::move(node);
    } else {
      idle_.push_back(std::move(node));
    }
  }
  pump();
}

void pool_impl::connect_failed(const pool_node& node, const pgrant::error& why) {
  place& here = node.reserve ? reserve_place_ : places_[node.database];
  here.last_failure = why;
  here.pause = next_pause(here.pause);
  here.not_before = pool_clock::now() + here.pause;
  if (node.reserve || why.advice() != retry::never) return;
  // Trying again would not help, and a wrong password tried again may lock the login.
  here.not_before = {};
  fail_waiters(node.database, why);
}

}  // namespace pgrant::detail
