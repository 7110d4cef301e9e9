#include "support/wait.hpp"

namespace test::detail {

bool run_one(boost::asio::io_context& context, std::chrono::steady_clock::time_point limit) {
  context.restart();  // an earlier wait may have run it out of work
  return context.run_one_until(limit) > 0;
}

}  // namespace test::detail
