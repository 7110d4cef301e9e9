// What the C library costs: an operation that ends without a server (its secret is a file that does
// not exist), started and completed through C++ and through the C library with a queue, 64 under
// way at a time. Prints microseconds of processor time for one, all threads together: C++, C, and
// the difference.
#include <pgrant.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <semaphore>
#include <thread>
#include <vector>

#include "pgrant/client.hpp"

namespace {

constexpr const char* no_secret = "host=h user=u secret=file:/nonexistent/secret";
constexpr int at_once = 64, rounds = 200;

// What other processes do meanwhile does not count.
double processor_us() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

template <class Round>
double time_of_one(Round round) {
  const double start = processor_us();
  for (int i = 0; i < rounds; ++i) round();
  return (processor_us() - start) / (rounds * at_once);
}

void check(pgrant_status status) {
  if (status == PGRANT_OK) return;
  std::fprintf(stderr, "%s\n", pgrant_status_name(status));
  std::abort();
}

class through_cpp {
 public:
  through_cpp()
      : client_(context_.get_executor(), pgrant::connection_spec::parse(no_secret).value(),
                pgrant::client_options().keep_connections(false)),
        work_(context_.get_executor()),
        thread_([this] { context_.run(); }) {}
  ~through_cpp() {
    work_.reset();
    thread_.join();
  }

  double run() {
    return time_of_one([this] {
      for (int i = 0; i < at_once; ++i)
        client_.async_check([this](const pgrant::result<pgrant::check_report>& outcome) {
          if (outcome || outcome.error().code() != pgrant::errc::secret) std::abort();
          ready_.release();
        });
      for (int i = 0; i < at_once; ++i) ready_.acquire();
    });
  }

 private:
  boost::asio::io_context context_{1};
  pgrant::client client_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::counting_semaphore<> ready_{0};
  std::thread thread_;
};

class through_c {
 public:
  through_c() {
    pgrant_spec* spec = nullptr;
    pgrant_options* options = nullptr;
    check(pgrant_runtime_create(1, &runtime_, nullptr));
    check(pgrant_queue_create(&queue_, nullptr));
    check(pgrant_spec_parse(no_secret, PGRANT_NUL_TERMINATED, &spec, nullptr));
    check(pgrant_options_create(PGRANT_OPTIONS_CLIENT, &options, nullptr));
    check(pgrant_options_set_bool(options, "keep_connections", 0, nullptr));
    check(pgrant_client_open(runtime_, spec, options, nullptr, 0, &client_, nullptr));
    pgrant_options_destroy(options);
    pgrant_spec_destroy(spec);
  }
  ~through_c() {
    pgrant_client_destroy(client_);
    pgrant_runtime_destroy(runtime_);
    pgrant_queue_destroy(queue_);
  }

  double run() {
    return time_of_one([this] {
      for (int i = 0; i < at_once; ++i) {
        pgrant_operation* started = nullptr;
        check(pgrant_client_check_start(client_, queue_, 1, &started, nullptr));
      }
      for (int i = 0; i < at_once; ++i) {
        pgrant_event* event = nullptr;
        check(pgrant_queue_wait(queue_, -1, &event, nullptr));
        if (pgrant_event_status(event) != PGRANT_SECRET) std::abort();
        pgrant_operation_destroy(pgrant_event_operation(event));
        pgrant_event_destroy(event);
      }
    });
  }

 private:
  pgrant_runtime* runtime_ = nullptr;
  pgrant_queue* queue_ = nullptr;
  pgrant_client* client_ = nullptr;
};

}  // namespace

int main() {
  through_cpp cpp;
  through_c c;
  std::vector<double> ours, theirs;
  for (int i = 0; i < 11; ++i) {  // in turns, so that both see the same machine
    theirs.push_back(cpp.run());
    ours.push_back(c.run());
  }
  const auto median = [](std::vector<double>& of) {
    std::nth_element(of.begin(), of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2), of.end());
    return of[of.size() / 2];
  };
  const double with_c = median(ours), with_cpp = median(theirs);
  std::printf("%.2f %.2f %.2f\n", with_cpp, with_c, with_c - with_cpp);
}
