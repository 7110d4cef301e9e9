// Numeric addresses, with the C library as oracle.
#include "core/host_syntax.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include "support/random_text.hpp"

namespace {

bool host_syntax_oracle(const std::string& text) {
  in6_addr address;
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

std::string host_syntax_ipv4(test::random_source& random) {
  std::string text;
  for (int i = 0; i < 4; ++i) text += (i ? "." : "") + std::to_string(random.below(300));
  return text;
}

std::string host_syntax_ipv6(test::random_source& random) {
  std::string text = random.one_in(4) ? "::" : "";
  for (std::size_t left = 1 + random.below(8); left > 0; --left) {
    text += random.text("0123456789abcdefABCDEF", 4);
    if (left > 1) text += random.one_in(6) ? "::" : ":";
  }
  if (random.one_in(5)) text += ':' + host_syntax_ipv4(random);
  return text;
}

}  // namespace

TEST_SUITE("property") {
  TEST_CASE("hosts: numeric addresses are those that the C library reads") {
    int valid = 0;
    test::for_random_cases(20'000, [&](test::random_source& random) {
      std::string text = random.one_in(3) ? host_syntax_ipv4(random) : host_syntax_ipv6(random);
      if (random.one_in(2)) random.mutate(text, "0123456789abcdefg:.");
      CAPTURE(text);
      const bool expected = host_syntax_oracle(text);
      valid += expected ? 1 : 0;
      CHECK(pgrant::is_numeric_address(text) == expected);
    });
    CHECK(valid > 2'000);
  }
}
