// The tests, and with "--work" the process that they kill.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <string_view>

#include "fault/worker.hpp"

int main(int count, char** arguments) {
  if (count > 1 && std::string_view(arguments[1]) == "--work") {
    return test::work({arguments + 2, arguments + count});
  }
  doctest::Context context(count, arguments);
  return context.run();
}
