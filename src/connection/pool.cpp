#include "pgrant/pool.hpp"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <new>
#include <utility>

#include "connection/connect_fsm.hpp"
#include "connection/pool_impl.hpp"

namespace pgrant {
namespace detail {

batch reset_session(const session_settings& wanted, int server_version) {
  batch all;
  all.add(statement("RESET SESSION AUTHORIZATION"));  // and with it the role
  all.add(statement("RESET ALL"));
  all.add(statement("SELECT pg_catalog.pg_advisory_unlock_all()"));
  all.add(session_statement(wanted, server_version));
  return all;
}

void pool_impl::give_back(std::unique_ptr<pool_node> node) {
  boost::asio::post(strand_, [self = shared_from_this(), node = std::move(node)]() mutable {
    self->returned(std::move(node));
    self->pump();
  });
}

void pool_impl::returned(node_ptr node) {
  const bool usable = !closed_ && !node->discarded && node->link.is_open() &&
                      node->link.transaction() == transaction_status::idle;
  node->idle_since = pool_clock::now();
  if (node->reserve) {
    reserve_out_ = false;
    if (usable) reserve_ = std::move(node);
    return;
  }
  if (usable && !too_old(*node)) return renew(std::move(node));
  --in_use_;
}

/// Whoever comes next does not wait for the reset of what somebody else has left behind.
void pool_impl::renew(node_ptr node) {
  pool_node& given = *node;
  ++places_[given.database].renewing;
  given.link.async_execute_batch(
      reset_session(options_.connecting().session(), given.link.server_version()),
      execute_options().timeout(longest_reset),
      boost::asio::bind_executor(strand_, [self = shared_from_this(), node = std::move(node)](
                                              result<batch_result> reset) mutable {
        --self->places_[node->database].renewing;
        --self->in_use_;
        if (reset && reset.assume_value().ok() && !self->closed_) {
          node->clean = true;
          node->idle_since = pool_clock::now();
          self->idle_.push_back(std::move(node));
        }
        self->pump();
      }));
}

void pool_impl::cancel(std::uint64_t id) {
  const auto who = std::find_if(waiters_.begin(), waiters_.end(),
                                [&](const waiter& each) { return each.id == id; });
  if (who == waiters_.end()) return;
  who->to->deliver(pgrant::error(errc::cancelled, "waiting for a connection was cancelled"));
  waiters_.erase(who);
  pump();
}

void pool_impl::fail_waiters(const std::string& database, const pgrant::error& why) {
  std::erase_if(waiters_, [&](waiter& who) {
    if (who.database != database) return false;
    who.to->deliver(why);
    return true;
  });
}

pgrant::error pool_impl::out_of_time(const waiter& who) {
  pgrant::error late(errc::timeout, "no connection became free in time");
  late = late.with_object("database \"" + who.database + '"').with_advice(retry::again);
  const auto& failure = places_[who.database].last_failure;
  if (!failure) return late.with_hint("raise the pool's size, or the time to wait");
  return pgrant::error(errc::timeout, "no connection could be made in time: " + failure->message())
      .with_object(late.object())
      .with_state(failure->state())
      .with_detail(failure->describe())
      .with_hint(failure->hint())
      .with_advice(retry::reconnect);
}

std::chrono::milliseconds pool_impl::next_pause(std::chrono::milliseconds last) {
  const auto longest = std::clamp<std::chrono::milliseconds>(
      last * 2, options_.first_pause(), std::max(options_.first_pause(), options_.longest_pause()));
  const auto half = std::max<std::int64_t>(longest.count() / 2, 1);
  std::uniform_int_distribution<std::int64_t> jitter(half, std::max(half, longest.count()));
  return std::chrono::milliseconds(jitter(random_));
}

bool pool_impl::too_old(const pool_node& node) const {
  return pool_clock::now() - node.connected >= options_.max_lifetime();
}

/// Wakes up for what comes next: somebody's time is over, a pause ends, something is idle too long.
void pool_impl::schedule() {
  auto next = pool_clock::time_point::max();
  const auto consider = [&](pool_clock::time_point when) { next = std::min(next, when); };
  const auto now = pool_clock::now();
  for (const waiter& who : waiters_) {
    consider(who.deadline);
    const auto pause_ends = places_[who.database].not_before;
    if (pause_ends > now) consider(pause_ends);
  }
  for (const node_ptr& node : idle_) {
    consider(std::min(node->idle_since + options_.idle_timeout(),
                      node->connected + options_.max_lifetime()));
  }
  if (reserve_) consider(reserve_->idle_since + std::chrono::seconds(30));
  if (reserve_place_.not_before > now) consider(reserve_place_.not_before);
  if (next == pool_clock::time_point::max()) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(next);
  timer_.async_wait([self = weak_from_this()](boost::system::error_code why) {
    const auto alive = self.lock();
    if (alive && !why) alive->pump();
  });
}

void pool_impl::set_password(pool_options::password_source source) {
  boost::asio::post(strand_, [self = shared_from_this(), source = std::move(source)]() mutable {
    self->options_.password(std::move(source));
    // What failed with the old one may work with the new one.
    for (auto& [database, here] : self->places_) here.not_before = {};
    self->reserve_place_.not_before = {};
    self->pump();
  });
}

void pool_impl::publish() {
  const std::lock_guard lock(published_mutex_);
  published_ = {idle_.size(), in_use_, connecting_, waiters_.size(), reserve_ != nullptr};
}

pool_counts pool_impl::counts() const {
  const std::lock_guard lock(published_mutex_);
  return published_;
}

void pool_impl::close() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    self->closed_ = true;
    self->timer_.cancel();
    self->idle_.clear();
    self->reserve_.reset();
    for (waiter& who : self->waiters_) {
      who.to->deliver(pgrant::error(errc::closed, "the pool is closed"));
    }
    self->waiters_.clear();
    self->publish();
  });
}

/// Hands a connection on loan to a handler of a connector, with that handler's executor and slot.
struct lender {
  database_connector::opened done;

  using executor_type = boost::asio::associated_executor_t<database_connector::opened>;
  using cancellation_slot_type = boost::asio::cancellation_slot;
  executor_type get_executor() const noexcept { return boost::asio::get_associated_executor(done); }
  cancellation_slot_type get_cancellation_slot() const noexcept {
    return boost::asio::get_associated_cancellation_slot(done);
  }

  void operator()(result<pooled_connection> got) {
    if (!got) return std::move(done)(got.error());
    const auto loan = std::make_shared<pooled_connection>(std::move(got.assume_value()));
    std::move(done)(std::shared_ptr<connection>(loan, &**loan));
  }
};

void start_acquire(const std::shared_ptr<pool_impl>& impl, std::string database,
                   acquire_options options, completion<pooled_connection> handler) {
  impl->acquire(std::move(database), options,
                delivery<pooled_connection>(std::move(handler), impl->executor()));
}

}  // namespace detail

pooled_connection::pooled_connection(std::shared_ptr<detail::pool_impl> pool,
                                     std::unique_ptr<detail::pool_node> node) noexcept
    : pool_(std::move(pool)), node_(std::move(node)) {}

pooled_connection::pooled_connection(pooled_connection&&) noexcept = default;

pooled_connection& pooled_connection::operator=(pooled_connection&& other) noexcept {
  if (this == &other) return *this;
  if (node_) pool_->give_back(std::move(node_));
  pool_ = std::move(other.pool_);
  node_ = std::move(other.node_);
  return *this;
}

pooled_connection::~pooled_connection() {
  if (node_) pool_->give_back(std::move(node_));
}

connection& pooled_connection::operator*() const noexcept {
  return node_->link;
}
void pooled_connection::discard() {
  node_->discarded = true;
  node_->link.close();
}

pool::pool(boost::asio::any_io_executor executor, connection_spec where, pool_options options)
    : impl_(std::make_shared<detail::pool_impl>(std::move(executor), std::move(where),
                                                std::move(options))) {}

namespace {

// A destructor cannot fail: without memory to post, idle connections stay until their time is over.
void close_pool_quietly(const std::shared_ptr<detail::pool_impl>& impl) noexcept {
  try {
    if (impl) impl->close();
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace

pool::pool(pool&&) noexcept = default;

pool& pool::operator=(pool&& other) noexcept {
  if (this == &other) return *this;
  close_pool_quietly(impl_);
  impl_ = std::move(other.impl_);
  return *this;
}

pool::~pool() {
  close_pool_quietly(impl_);
}

boost::asio::any_io_executor pool::get_executor() const {
  return impl_->executor();
}
void pool::open(std::string database, opened done) {
  detail::start_acquire(impl_, std::move(database), acquire_options(),
                        detail::lender{std::move(done)});
}

pool_counts pool::counts() const {
  return impl_->counts();
}
void pool::close() {
  impl_->close();
}

void pool::set_password(pool_options::password_source source) {
  impl_->set_password(std::move(source));
}

}  // namespace pgrant
