#include "pgrant/error.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "pgrant/result.hpp"

namespace {

pgrant::result<int> half_of(int n) {
  if (n % 2 != 0)
    return pgrant::error(pgrant::errc::invalid_argument, "n is odd")
        .with_field("n")
        .with_hint("use an even number");
  return n / 2;
}

pgrant::result<int> quarter_of(int n) {
  BOOST_OUTCOME_TRY(const int half, half_of(n));
  return half_of(half);
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("an error keeps what its setters were given") {
    using pgrant::operator""_sqlstate;
    const pgrant::error plain(pgrant::errc::server, "the server refused");
    const pgrant::error full = plain.with_detail("d")
                                   .with_hint("h")
                                   .with_field("f")
                                   .with_object("table \"t\"")
                                   .with_state("40P01"_sqlstate);
    CHECK(full.code() == pgrant::errc::server);
    CHECK(full.message() == "the server refused");
    CHECK(full.detail() == "d");
    CHECK(full.hint() == "h");
    CHECK(full.field() == "f");
    CHECK(full.object() == "table \"t\"");
    CHECK(full.state() == "40P01"_sqlstate);
    CHECK(full.advice() == pgrant::retry::again);
    // The setters give copies: the first one is as it was.
    CHECK(plain.detail().empty());
    CHECK(plain.state().empty());
    CHECK(plain.advice() == pgrant::retry::never);
  }

  TEST_CASE("an error describes itself whole") {
    using pgrant::operator""_sqlstate;
    const std::string text = pgrant::error(pgrant::errc::denied, "permission denied")
                                 .within("grant sales-read")
                                 .with_state("42501"_sqlstate)
                                 .with_object("schema \"sales\"")
                                 .with_hint("run bootstrap")
                                 .describe();
    CHECK(text ==
          "grant sales-read: permission denied [SQLSTATE 42501]\n"
          "  object: schema \"sales\"\n"
          "  hint:   run bootstrap");
  }

  TEST_CASE("every kind of failure has a name of its own") {
    std::string seen;
    for (int i = 1; i <= 17; ++i) {
      const std::string name(to_string(static_cast<pgrant::errc>(i)));
      CHECK(seen.find("," + name + ",") == std::string::npos);
      seen += "," + name + ",";
    }
    CHECK(to_string(static_cast<pgrant::errc>(9999)) == "internal");
  }

  TEST_CASE("a result is a value or an error, and TRY hands the error on") {
    CHECK(quarter_of(12).value() == 3);
    const auto failed = quarter_of(6);
    REQUIRE(!failed);
    CHECK(failed.error().field() == "n");
    try {
      (void)failed.value();
      FAIL("value() of an error must throw");
    } catch (const pgrant::failure& thrown) {
      CHECK(thrown.why().hint() == "use an even number");
      CHECK(std::string(thrown.what()).find("n is odd") != std::string::npos);
    }
    const auto good = half_of(2);
    CHECK_THROWS_AS((void)good.error(), std::logic_error);
  }

  TEST_CASE("copies of an error may live on any thread") {
    const pgrant::error shared(pgrant::errc::timeout, "too late");
    std::thread reader([copy = shared] { CHECK(copy.message() == "too late"); });
    for (int i = 0; i < 1000; ++i) CHECK(shared.with_hint("x").message() == "too late");
    reader.join();
  }
}
