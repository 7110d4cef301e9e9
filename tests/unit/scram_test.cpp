#include <doctest/doctest.h>

#include <set>

#include "pgrant/password.hpp"
#include "pgrant/scram.hpp"

namespace {

std::string scram_of(std::string password, const pgrant::scram_options& options = {}) {
  auto verifier = pgrant::scram_verifier(pgrant::secret(std::move(password)), options);
  REQUIRE(verifier);
  return std::string(verifier.value().reveal());
}

// RFC 7677, section 3: user "user", password "pencil".
constexpr std::string_view scram_rfc_verifier =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
constexpr std::string_view scram_rfc_salt =
    "\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81";

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("scram: the verifier of RFC 7677's example") {
    const auto options = pgrant::scram_options().salt(std::string(scram_rfc_salt));
    CHECK(scram_of("pencil", options) == scram_rfc_verifier);
    CHECK(scram_of("pencil ", options) != scram_rfc_verifier);
  }

  TEST_CASE("scram: salts are random, options are kept, every verifier has the right shape") {
    CHECK(scram_of("pencil") != scram_of("pencil"));
    for (int iterations : {1, 4'096, 10'000}) {
      const std::string verifier = scram_of("x", pgrant::scram_options().iterations(iterations));
      CHECK(verifier.starts_with("SCRAM-SHA-256$" + std::to_string(iterations) + ':'));
      CHECK(pgrant::is_scram_verifier(verifier));
    }
    CHECK(pgrant::is_scram_verifier(scram_of("x", pgrant::scram_options().salt("s"))));
  }

  TEST_CASE("scram: passwords that are not ASCII go through libpq") {
    CHECK_FALSE(pgrant::needs_saslprep(pgrant::secret("a~\x7f\t")));
    CHECK(pgrant::needs_saslprep(pgrant::secret("pässword")));
    const std::string verifier = scram_of("p\xc3\xa4ssword");
    CHECK(pgrant::is_scram_verifier(verifier));
    CHECK(verifier.starts_with("SCRAM-SHA-256$4096:"));
    CHECK(pgrant::is_scram_verifier(scram_of("\xff\xfe")));
    const auto unsupported =
        pgrant::scram_verifier(pgrant::secret("é"), pgrant::scram_options().iterations(10));
    REQUIRE_FALSE(unsupported);
    CHECK(unsupported.error().code() == pgrant::errc::unsupported);
  }

  TEST_CASE("scram: what cannot be a password is refused") {
    const auto field_of = [](pgrant::secret password, pgrant::scram_options options = {}) {
      const auto verifier = pgrant::scram_verifier(password, options);
      REQUIRE_FALSE(verifier);
      CHECK(verifier.error().code() == pgrant::errc::invalid_argument);
      return verifier.error().field();
    };
    CHECK(field_of(pgrant::secret()) == "password");
    CHECK(field_of(pgrant::secret(std::string("a\0b", 3))) == "password");
    CHECK(field_of(pgrant::secret("x"), pgrant::scram_options().iterations(0)) == "iterations");
    CHECK(field_of(pgrant::secret("x"), pgrant::scram_options().iterations(-5)) == "iterations");
  }

  TEST_CASE("scram: only verifiers look like verifiers") {
    CHECK(pgrant::is_scram_verifier(scram_rfc_verifier));
    // A verifier with any one byte taken out, or with one byte more, is none.
    for (std::size_t i = 0; i < scram_rfc_verifier.size(); ++i) {
      std::string shorter(scram_rfc_verifier);
      shorter.erase(i, 1);
      CAPTURE(shorter);
      // An iteration count with a digit less is still a count.
      const bool in_count = i >= 14 && i < 18;
      const bool leading_zero = in_count && shorter[14] == '0';
      CHECK(pgrant::is_scram_verifier(shorter) == (in_count && !leading_zero));
    }
    for (const char* text : {"", "pencil", "md5a6343a68d964ca596d9752250d54bb8a", "SCRAM-SHA-256$",
                             "SCRAM-SHA-256$4096:", "SCRAM-SHA-256$4096:AAAA$B:C"}) {
      CHECK_FALSE(pgrant::is_scram_verifier(text));
    }
    const auto with = [](std::string_view from, std::string_view to) {
      std::string text(scram_rfc_verifier);
      return text.replace(text.find(from), from.size(), to);
    };
    CHECK_FALSE(pgrant::is_scram_verifier(with("4096", "04096")));
    CHECK_FALSE(pgrant::is_scram_verifier(with("4096", "-4096")));
    CHECK_FALSE(pgrant::is_scram_verifier(with("4096", "2147483648")));
    CHECK(pgrant::is_scram_verifier(with("4096", "2147483647")));
    CHECK_FALSE(pgrant::is_scram_verifier(with("4096", "")));
    CHECK_FALSE(pgrant::is_scram_verifier(with("W22Z", "W2*Z")));
    CHECK_FALSE(pgrant::is_scram_verifier(with("W22ZaJ0SNY7soEsUEjb6gQ==", "")));
    CHECK_FALSE(pgrant::is_scram_verifier(with("qY=:", "qY:=")));
    // A key of 31 bytes.
    CHECK_FALSE(pgrant::is_scram_verifier(with("4qY=:", "4q==:")));
    CHECK_FALSE(pgrant::is_scram_verifier(with("SHA-256", "SHA-1")));
    CHECK_FALSE(pgrant::is_scram_verifier(std::string(scram_rfc_verifier) + " "));
  }

  TEST_CASE("password: characters of the alphabet, of every kind, never the same") {
    std::set<std::string> seen;
    std::size_t counts[256] = {};
    for (int i = 0; i < 2'000; ++i) {
      const auto password = pgrant::generate_password();
      REQUIRE(password);
      const std::string_view text = password.value().reveal();
      REQUIRE(text.size() == 24);
      CHECK(text.find_first_not_of(pgrant::password_alphabet) == std::string_view::npos);
      CHECK(text.find_first_of("ABCDEFGHJKLMNPQRSTUVWXYZ") != std::string_view::npos);
      CHECK(text.find_first_of("abcdefghijkmnpqrstuvwxyz") != std::string_view::npos);
      CHECK(text.find_first_of("23456789") != std::string_view::npos);
      for (char c : text) ++counts[static_cast<unsigned char>(c)];
      seen.insert(std::string(text));
    }
    CHECK(seen.size() == 2'000);
    // 48,000 characters over 56: 857 each, with a standard deviation of 29.
    std::size_t first = 0;
    for (std::size_t i = 0; i < pgrant::password_alphabet.size(); ++i) {
      const std::size_t count = counts[static_cast<unsigned char>(pgrant::password_alphabet[i])];
      CHECK(count > 857 - 190);
      CHECK(count < 857 + 190);
      if (i < 256 % 56) first += count;
    }
    // A byte modulo 56 would hit the first 32 characters 30,000 times; fair is 27,400 +- 110.
    CHECK(first > 26'700);
    CHECK(first < 28'100);
  }

  TEST_CASE("password: length within bounds") {
    CHECK(pgrant::generate_password(23).value().size() == 23);
    CHECK(pgrant::generate_password(128).value().size() == 128);
    CHECK(pgrant::generate_password(22).error().code() == pgrant::errc::invalid_argument);
    CHECK(pgrant::generate_password(129).error().field() == "length");
    std::set<char> distinct(pgrant::password_alphabet.begin(), pgrant::password_alphabet.end());
    CHECK(distinct.size() == 56);
    for (char c : std::string_view("0Oo1lI")) CHECK_FALSE(distinct.contains(c));
  }
}
