#include <doctest/doctest.h>

#include <ostream>
#include <sstream>
#include <type_traits>

#include "pgrant/secret.hpp"

namespace {

template <class T>
concept secret_prints = requires(std::ostream& out, const T& value) { out << value; };

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("secret: holds bytes, moves, and is empty afterwards") {
    std::string text("pa\0ss", 5);
    pgrant::secret first(std::move(text));
    CHECK(first.reveal() == std::string_view("pa\0ss", 5));
    CHECK(first.reveal().data()[5] == '\0');
    const char* place = first.reveal().data();
    pgrant::secret second(std::move(first));
    CHECK(second.reveal().data() == place);
    CHECK(first.empty());  // NOLINT: what a moved-from secret is
    CHECK(first.reveal().data() != nullptr);
    first = std::move(second);
    CHECK(first.size() == 5);
    pgrant::secret& alias = first;
    first = std::move(alias);
    CHECK(first.size() == 5);
    CHECK(first.clone() == first);
    CHECK_FALSE(first == pgrant::secret("pa\0sx"));
    CHECK(pgrant::secret() == pgrant::secret(""));
    first.clear();
    CHECK(first.empty());
  }

  TEST_CASE("secret: the string that it was made from is wiped, short ones too") {
    std::string small = "tiny";
    const char* bytes = small.data();
    const pgrant::secret taken(std::move(small));
    CHECK(std::string_view(bytes, 4) == std::string_view("\0\0\0\0", 4));
    CHECK(taken.reveal() == "tiny");
  }

  TEST_CASE("secret: wipe overwrites") {
    char memory[] = "secret";
    pgrant::wipe(memory, 3);
    CHECK(std::string_view(memory, 6) == std::string_view("\0\0\0ret", 6));
    pgrant::wipe(nullptr, 0);
  }

  TEST_CASE("secret: cannot be printed, copied or converted") {
    static_assert(!secret_prints<pgrant::secret>);
    static_assert(!std::is_copy_constructible_v<pgrant::secret>);
    static_assert(!std::is_copy_assignable_v<pgrant::secret>);
    static_assert(!std::is_convertible_v<std::string, pgrant::secret>);
    static_assert(!std::is_convertible_v<pgrant::secret, std::string_view>);
    static_assert(!std::is_constructible_v<pgrant::secret, std::string&>);
    static_assert(std::is_nothrow_move_constructible_v<pgrant::secret>);
  }

  TEST_CASE("secret reference: text form and back") {
    using kind = pgrant::secret_ref::kind;
    const auto parsed = [](std::string_view text) {
      auto ref = pgrant::secret_ref::parse(text);
      REQUIRE(ref);
      return ref.value();
    };
    CHECK(parsed("").type() == kind::none);
    CHECK_FALSE(parsed(""));
    CHECK(parsed("prompt").type() == kind::prompt);
    CHECK(parsed("file:/run/x:y").type() == kind::file);
    CHECK(parsed("file:/run/x:y").target() == "/run/x:y");
    CHECK(parsed("file:relative").target() == "relative");
    CHECK(parsed("env:PGRANT_SECRET") == pgrant::secret_ref::env("PGRANT_SECRET"));
    for (const char* text : {"prompt", "file:/a b", "env:X"}) {
      CHECK(to_string(parsed(text)) == text);
    }
  }

  TEST_CASE("secret reference: what is no reference is refused and not repeated") {
    for (const std::string& text :
         {std::string("hunter2"), std::string("file:"), std::string("env:"),
          std::string("env:A=hunter2"), std::string("literal"), std::string("callback"),
          std::string("none"), std::string("Prompt"), std::string(" prompt"),
          std::string("https://hunter2"), std::string("file:/a\0hunter2", 15)}) {
      CAPTURE(text);
      const auto ref = pgrant::secret_ref::parse(text);
      REQUIRE_FALSE(ref);
      CHECK(ref.error().code() == pgrant::errc::invalid_argument);
      CHECK(ref.error().field() == "secret");
      CHECK(ref.error().describe().find("hunter2") == std::string::npos);
    }
  }

  TEST_CASE("secret reference: values given in the process are shared and never shown") {
    const auto literal = pgrant::secret_ref::literal(pgrant::secret("hunter2"));
    const auto copy = literal;
    CHECK(copy.value() == literal.value());
    CHECK(to_string(literal) == "literal");
    CHECK(literal == pgrant::secret_ref::literal(pgrant::secret("hunter2")));
    CHECK_FALSE(literal == pgrant::secret_ref::literal(pgrant::secret("hunter3")));
    const auto callback = pgrant::secret_ref::callback(
        []() -> pgrant::result<pgrant::secret> { return pgrant::secret("x"); });
    CHECK(to_string(callback) == "callback");
    CHECK(callback == pgrant::secret_ref(callback));
    CHECK_FALSE(callback == pgrant::secret_ref::callback(*callback.source()));
    CHECK((*callback.source())().value().reveal() == "x");
  }
}
