// The queue alone, without a server: who shares a transaction with whom, and who gets which answer.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

#include "lease/commit_queue.hpp"

namespace test {
namespace {

namespace asio = boost::asio;
using pgrant::errc;
using pgrant::result;
using number_queue = pgrant::detail::commit_queue<int, int>;

struct queue_bench {
  explicit queue_bench(std::size_t most, number_queue::companions fit = nullptr)
      : queue(std::make_shared<number_queue>(context.get_executor(), most, fit)) {
    // Answers twice the number; 13 gets none, 666 throws.
    how = [this](number_queue::requests batch) -> asio::awaitable<void> {
      {
        const std::lock_guard guard(lock);
        batches.emplace_back();
        for (const auto& one : batch) batches.back().push_back(one->work);
      }
      co_await pgrant::detail::pause(std::chrono::milliseconds(5));
      for (const auto& one : batch) {
        if (one->work == 666) throw std::runtime_error("no luck");
        if (one->work != 13) queue->answer(one, one->work * 2);
        queue->answer(one, one->work * 3);  // An answer is an answer.
      }
    };
  }

  template <class Handler>
  void submit(int number, Handler handler) {
    pgrant::detail::start_lease_task<int>(context.get_executor(), queue->submit(number, how),
                                          pgrant::detail::completion<int>(std::move(handler)));
  }

  asio::io_context context;
  std::shared_ptr<number_queue> queue;
  number_queue::transaction how;
  std::mutex lock;
  std::vector<std::vector<int>> batches;
};

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("the first goes at once, the others together, in their order and no more than fit") {
    queue_bench bench(4);
    std::vector<int> answers(10);
    for (int i = 0; i < 10; ++i) {
      bench.submit(i, [&answers, i](result<int> answer) { answers[i] = answer.value(); });
      while (i == 0 && bench.batches.empty()) bench.context.run_one();
    }
    bench.context.run();
    for (int i = 0; i < 10; ++i) CHECK(answers[static_cast<std::size_t>(i)] == 2 * i);
    using order = std::vector<std::vector<int>>;
    CHECK(bench.batches == order{{0}, {1, 2, 3, 4}, {5, 6, 7, 8}, {9}});
  }

  TEST_CASE("who may not go together takes turns, and does not hold up the others") {
    queue_bench bench(10, [](const int& a, const int& b) { return a % 10 != b % 10; });
    int answered = 0;
    for (const int number : {1, 11, 2, 21, 3}) {
      bench.submit(number, [&answered](result<int> answer) { answered += answer ? 1 : 0; });
    }
    bench.context.run();
    CHECK(answered == 5);
    for (const auto& batch : bench.batches) {
      CHECK(std::ranges::count_if(batch, [](int n) { return n % 10 == 1; }) <= 1);
    }
    CHECK(bench.batches.size() == 3);
  }

  TEST_CASE("nobody stays without an answer when a transaction throws or forgets one") {
    queue_bench bench(10);
    std::vector<std::optional<result<int>>> answers(4);
    const int numbers[] = {1, 13, 666, 5};
    for (std::size_t i = 0; i < 4; ++i) {
      bench.submit(numbers[i],
                   [&answers, i](result<int> got) { answers[i].emplace(std::move(got)); });
    }
    bench.context.run();
    for (const auto& answer : answers) REQUIRE(answer);
    CHECK(answers[0]->value() == 2);
    CHECK(answers[1]->value() == 39);
    CHECK(answers[2]->error().code() == errc::internal);
    CHECK(answers[3]->error().code() == errc::internal);
    std::optional<result<int>> later;
    bench.submit(4, [&later](result<int> got) { later.emplace(std::move(got)); });
    bench.context.restart();
    bench.context.run();
    CHECK(later->value() == 8);
  }

  TEST_CASE("many threads submit and give up, and each caller is called once") {
    queue_bench bench(7);
    constexpr std::size_t callers = 300;
    std::vector<std::atomic<int>> calls(callers);
    std::vector<asio::cancellation_signal> signals(callers);
    std::atomic<int> cancelled = 0, wrong = 0;
    auto busy = asio::make_work_guard(bench.context);
    std::vector<std::thread> crew;
    for (int i = 0; i < 4; ++i) crew.emplace_back([&bench] { bench.context.run(); });
    for (std::size_t i = 0; i < callers; ++i) {
      bench.submit(static_cast<int>(i) * 2 + 1000,
                   asio::bind_cancellation_slot(signals[i].slot(), [&, i](result<int> answer) {
                     ++calls[i];
                     if (!answer && answer.error().code() == errc::cancelled) ++cancelled;
                     if (answer && answer.value() != (static_cast<int>(i) * 2 + 1000) * 2) ++wrong;
                   }));
      if (i % 3 == 0) signals[i].emit(asio::cancellation_type::terminal);
    }
    busy.reset();
    for (std::thread& one : crew) one.join();
    for (std::size_t i = 0; i < callers; ++i) CHECK(calls[i] == 1);
    CHECK(wrong == 0);
    CHECK(cancelled > 0);
  }
}

}  // namespace test
