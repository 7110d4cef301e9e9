#include "inspect/inspection.hpp"

#include <algorithm>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "inspect/catalog_queries.hpp"
#include "inspect/catalog_reader.hpp"

namespace pgrant::detail {

namespace {

namespace asio = boost::asio;

std::string database_label(const std::string& name) {
  return "database \"" + name + "\"";
}

// The server was there and said no, or a pool gave up asking, as it does while the owner of a
// database keeps its last connection taken. Otherwise nobody said anything, or (class 57) the
// server shuts down, which says nothing about the database.
bool is_refusal(const error& why) noexcept {
  if (why.code() == errc::timeout) return true;
  return !why.state().empty() && !why.state().in_class("57");
}

std::string refusal_text(const error& why) {
  if (why.state().empty()) return why.message();
  return why.message() + " [" + why.state().str() + "]";
}

// What the catalog says before anybody has knocked; empty if the door may be open.
std::string why_closed(const database& db, const snapshot& state) {
  if (!db.allow_connections) return "does not allow connections";
  if (db.connection_limit == -2) return "is invalid: DROP DATABASE was interrupted";
  const role* self = state.find_role(state.current_role);
  if (db.connection_limit == 0 && !(self && self->superuser)) return "has a connection limit of 0";
  return {};
}

// An open transaction or a broken protocol must not go back to a pool.
void release_connection(std::shared_ptr<connection> used) {
  if (used && used->transaction() != transaction_status::idle) used->close();
}

error inspection_cancelled() {
  return error(errc::cancelled, "the inspection was cancelled");
}

}  // namespace

inspection::inspection(std::shared_ptr<database_connector> connector, inspect_options options,
                       completion<snapshot> done)
    : connector_(std::move(connector)),
      options_(std::move(options)),
      done_(std::move(done)),
      strand_(asio::make_strand(connector_->get_executor())) {}

void inspection::start() {
  if (auto slot = asio::get_associated_cancellation_slot(done_); slot.is_connected()) {
    slot.assign([weak = weak_from_this()](asio::cancellation_type) {
      if (const auto self = weak.lock()) asio::dispatch(self->strand_, [self] { self->cancel(); });
    });
  }
  asio::post(strand_, [self = shared_from_this()] {
    if (self->options_.concurrency() < 1)
      self->failed_ =
          error(errc::invalid_argument, "concurrency must be 1 or more").with_field("concurrency");
    if (self->failed_) return self->finish();
    self->run(self->read_cluster());
  });
}

void inspection::run(task what) {
  ++running_;
  auto on_end = [self = shared_from_this()](std::exception_ptr thrown,
                                            std::optional<error> failed) {
    // Asio throws when a coroutine that was cancelled awaits something; nothing else does, short
    // of a callback of the host.
    if (thrown && self->cancelled_)
      failed = inspection_cancelled();
    else if (thrown)
      failed = error(errc::internal, "an exception ended the inspection");
    self->ended(std::move(failed));
  };
  asio::co_spawn(strand_, std::move(what),
                 asio::bind_cancellation_slot(signals_.emplace_back().slot(), std::move(on_end)));
}

void inspection::ended(std::optional<error> failed) {
  if (failed && !failed_) {
    failed_ = std::move(failed);
    for (auto& signal : signals_) signal.emit(asio::cancellation_type::terminal);
  }
  if (--running_ != 0) return;
  signals_.clear();
  if (failed_) return finish();
  if (!waiting_.empty()) return start_lanes();
  if (!met_unknown_role_) return finish();
  met_unknown_role_ = false;
  second_reading_ = true;
  run(read_cluster());
}

void inspection::cancel() {
  if (cancelled_ || !done_) return;
  cancelled_ = true;
  if (!failed_) failed_ = inspection_cancelled();
  for (auto& signal : signals_) signal.emit(asio::cancellation_type::terminal);
}

void inspection::finish() {
  asio::get_associated_cancellation_slot(done_).clear();
  release_connection(std::move(first_));
  result<snapshot> answer = snapshot();
  if (failed_)
    answer = *failed_;
  else
    answer = std::move(state_);
  asio::post(strand_.get_inner_executor(), asio::append(std::move(done_), std::move(answer)));
}

asio::awaitable<result<std::shared_ptr<connection>>> inspection::open(const std::string& database) {
  return asio::async_initiate<const asio::use_awaitable_t<>,
                              void(result<std::shared_ptr<connection>>)>(
      [connector = connector_](auto handler, std::string name) {
        connector->open(std::move(name), std::move(handler));
      },
      asio::use_awaitable, database);
}

inspection::task inspection::read_cluster() {
  const std::string own_database;
  if (!first_) {
    const result<std::shared_ptr<connection>> opened = co_await open(own_database);
    if (!opened) co_return opened.error();
    first_ = opened.assume_value();
  }
  for (;;) {
    batch queries = cluster_queries(first_->server_version());
    const result<batch_result> answers =
        co_await first_->async_execute_batch(std::move(queries), asio::use_awaitable);
    if (!answers) co_return answers.error();
    snapshot fresh;
    fresh.server_version = first_->server_version();
    const result<void> read = detail::read_cluster(answers.assume_value(), fresh);
    if (read) {
      carry_over(fresh);
      break;
    }
    if (read.error().code() != errc::stale || second_reading_) co_return read.error();
    second_reading_ = true;
  }
  const result<void> chosen = choose_databases();
  if (!chosen) co_return chosen.error();
  co_return std::nullopt;
}

void inspection::carry_over(snapshot& fresh) {
  for (database& known : state_.databases) {
    if (!known.inspected && known.why_not_inspected.empty()) continue;
    for (database& same : fresh.databases) {
      if (same.id != known.id) continue;
      same.inspected = known.inspected;
      same.why_not_inspected = std::move(known.why_not_inspected);
      same.schemas = std::move(known.schemas);
      same.objects = std::move(known.objects);
      same.default_privileges = std::move(known.default_privileges);
      same.policies = std::move(known.policies);
      same.index();
    }
  }
  state_ = std::move(fresh);
}

namespace {

std::string known_databases_hint(const snapshot& state) {
  constexpr std::size_t most = 10;
  std::string names;
  for (std::size_t i = 0; i < state.databases.size() && i < most; ++i)
    names += (names.empty() ? "" : ", ") + state.databases[i].name;
  return "the server has " + names + (state.databases.size() > most ? ", …" : "");
}

}  // namespace

result<void> inspection::choose_databases() {
  for (const std::string& name : options_.databases())
    if (!state_.find_database(name))
      return error(errc::not_found, database_label(name) + " does not exist")
          .with_field("databases")
          .with_object(database_label(name))
          .with_hint(known_databases_hint(state_));

  const auto asked_for = [&](const database& db) {
    const auto& names = options_.databases();
    return std::find(names.begin(), names.end(), db.name) != names.end();
  };
  for (std::size_t i = 0; i < state_.databases.size(); ++i) {
    database& db = state_.databases[i];
    if (db.inspected || !db.why_not_inspected.empty()) continue;
    if (!options_.all_databases() && !asked_for(db)) {
      db.why_not_inspected = "was not asked for";
    } else if (options_.all_databases() && !options_.include_reserved_databases() &&
               is_reserved_database(state_.platform, db.name)) {
      db.why_not_inspected = "is reserved";
    } else {
      db.why_not_inspected = why_closed(db, state_);
    }
    if (db.why_not_inspected.empty()) waiting_.push_back(i);
  }
  total_ = finished_ + waiting_.size();
  // The one that we have a connection to comes first, then the others by name. There are never more
  // connections than lanes: a pool may not have more.
  std::reverse(waiting_.begin(), waiting_.end());
  const auto own = std::find_if(waiting_.begin(), waiting_.end(), [&](std::size_t i) {
    return state_.databases[i].name == first_->database();
  });
  if (own != waiting_.end())
    std::rotate(own, own + 1, waiting_.end());
  else
    release_connection(std::move(first_));
  return success();
}

void inspection::start_lanes() {
  const auto lanes =
      std::min<std::size_t>(waiting_.size(), static_cast<std::size_t>(options_.concurrency()));
  for (std::size_t i = 0; i < lanes; ++i) run(read_lane());
}

inspection::task inspection::read_lane() {
  while (!waiting_.empty()) {
    const std::size_t place = waiting_.back();
    waiting_.pop_back();
    std::optional<error> failed = co_await read_one(place);
    if (failed) co_return failed->with_object(database_label(state_.databases[place].name));
  }
  co_return std::nullopt;
}

inspection::task inspection::read_one(std::size_t place) {
  database& into = state_.databases[place];
  std::shared_ptr<connection> used = std::move(first_);
  if (!used) {
    const result<std::shared_ptr<connection>> opened = co_await open(into.name);
    if (!opened && !is_refusal(opened.error())) co_return opened.error();
    if (!opened) {
      into.why_not_inspected = refusal_text(opened.error());
      report(into);
      co_return std::nullopt;
    }
    used = opened.assume_value();
  }
  batch queries = database_queries(options_.include_system_schemas());
  const result<batch_result> answers =
      co_await used->async_execute_batch(std::move(queries), asio::use_awaitable);
  release_connection(std::move(used));
  if (!answers) co_return answers.error();
  const result<database_outcome> outcome = read_database(answers.assume_value(), state_, into);
  if (!outcome) co_return outcome.error();
  if (outcome.assume_value() == database_outcome::read) {
    report(into);
  } else if (second_reading_) {
    co_return error(errc::stale, "roles keep changing while they are read")
        .with_advice(retry::again);
  } else {
    met_unknown_role_ = true;
  }
  co_return std::nullopt;
}

void inspection::report(const database& finished) {
  ++finished_;
  if (!options_.on_progress()) return;
  inspect_progress progress;
  progress.database = finished.name;
  progress.done = finished_;
  progress.total = total_;
  options_.on_progress()(progress);
}

void start_inspect(std::shared_ptr<database_connector> connector, inspect_options options,
                   completion<snapshot> done) {
  std::make_shared<inspection>(std::move(connector), std::move(options), std::move(done))->start();
}

}  // namespace pgrant::detail
