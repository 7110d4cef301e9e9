#include "lease/lease_task.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>

#include "lease/migrations.hpp"

namespace pgrant::detail {

error lease_task_failure(std::exception_ptr why) {
  try {
    if (why) std::rethrow_exception(why);
  } catch (const boost::system::system_error& thrown) {
    if (thrown.code() == boost::asio::error::operation_aborted) {
      return error(errc::cancelled, "cancelled");
    }
    return error(errc::internal, "an operation on leases failed").with_detail(thrown.what());
  } catch (const std::exception& thrown) {
    return error(errc::internal, "an operation on leases failed").with_detail(thrown.what());
  } catch (...) {
  }
  return error(errc::internal, "an operation on leases failed");
}

lease_task<connection_ptr> open_connection(std::shared_ptr<database_connector> connector,
                                           std::string database) {
  using signature = void(result<connection_ptr>);
  auto open = [&connector, &database](auto handler) {
    connector->open(std::move(database), database_connector::opened(std::move(handler)));
  };
  auto opened =
      co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, signature>(
          open, boost::asio::use_awaitable);
  co_return opened;
}

lease_task<rows> run(connection_ptr where, statement what) {
  auto answer = co_await where->async_execute(std::move(what), boost::asio::use_awaitable);
  co_return answer;
}

namespace {

lease_task<std::vector<rows>> answers_of(connection_ptr where, result<batch_result> sent) {
  if (!sent) co_return sent.error();
  std::optional<error> failed = sent.assume_value().first_error();
  if (failed) {
    co_await roll_back(where);
    co_return *failed;
  }
  std::vector<rows> answers;
  answers.reserve(sent.assume_value().size());
  for (const result<rows>& answer : sent.assume_value()) answers.push_back(answer.assume_value());
  co_return answers;
}

}  // namespace

lease_task<std::vector<rows>> run_all(connection_ptr where, batch what) {
  auto sent = co_await where->async_execute_batch(std::move(what), boost::asio::use_awaitable);
  auto answers = co_await answers_of(where, std::move(sent));
  co_return answers;
}

lease_task<std::vector<rows>> run_kept(connection_ptr where, batch what,
                                       std::function<void()> meanwhile) {
  using signature = void(result<batch_result>);
  const auto ours = co_await boost::asio::this_coro::executor;
  std::exception_ptr thrown;
  // On our strand before the answer, and behind the connection's own turn to send.
  const auto beside = [&] {
    try {
      meanwhile();
    } catch (...) {
      thrown = std::current_exception();
    }
  };
  auto start = [&](auto handler) {
    where->async_execute_batch(std::move(what), execute_options().keep_prepared(true),
                               std::move(handler));
    if (meanwhile) boost::asio::post(ours, beside);
  };
  auto sent = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, signature>(
      start, boost::asio::use_awaitable);
  if (thrown) std::rethrow_exception(thrown);
  auto answers = co_await answers_of(where, std::move(sent));
  co_return answers;
}

lease_task<rows> ask(connection_ptr where, statement what) {
  batch question;
  question.add(plan_for_few_rows()).add(std::move(what));
  auto asked = co_await run_kept(where, std::move(question));
  if (!asked) co_return asked.error();
  co_return std::move(asked.assume_value()[1]);
}

statement plan_for_few_rows() {
  return statement(
      "SELECT pg_catalog.set_config('enable_hashjoin', 'off', true), "
      "pg_catalog.set_config('enable_mergejoin', 'off', true), "
      "pg_catalog.set_config('enable_seqscan', 'off', true), "
      "pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true)");
}

void add_all(batch& to, std::vector<statement> all) {
  for (statement& each : all) to.add(std::move(each));
}

boost::asio::awaitable<void> roll_back(connection_ptr where) {
  if (!where->is_open() || where->transaction() == transaction_status::idle) co_return;
  auto ended = co_await run(where, statement("ROLLBACK"));
  if (!ended) where->close();
}

boost::asio::awaitable<void> pause(std::chrono::milliseconds time) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

bool is_conflict(const error& why) noexcept {
  const sqlstate state = why.state();
  return state == "23505"_sqlstate || state == "XX000"_sqlstate || state == "40P01"_sqlstate ||
         state == "40001"_sqlstate || state == sqlstate::parse(guard_bundle_changed) ||
         state == sqlstate::parse(guard_membership_changed) ||
         state == sqlstate::parse(guard_cohort_changed);
}

bool may_blame_one(const error& why) noexcept {
  if (is_lost(why)) return false;
  if (is_conflict(why)) return true;
  for (const std::string_view blamed : {"22", "23", "2B", "42", "0L", "0P", "P0", "PG"}) {
    if (why.state().in_class(blamed)) return true;
  }
  return false;
}

bool is_lost(const error& why) noexcept {
  return why.code() == errc::closed || why.code() == errc::timeout ||
         why.advice() == retry::reconnect;
}

std::chrono::milliseconds conflict_pause(int tries) {
  std::random_device random;
  const int longest = 20 << tries;
  return std::chrono::milliseconds(5 + static_cast<int>(random() % static_cast<unsigned>(longest)));
}

}  // namespace pgrant::detail
