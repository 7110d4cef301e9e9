#include "pgrant/password.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

namespace pgrant {
namespace {

// Bytes at or above this multiple would make the first characters of the alphabet likelier.
constexpr unsigned password_fair_bytes = 256 - 256 % password_alphabet.size();

class password_bytes {
 public:
  ~password_bytes() { wipe(bytes_.data(), bytes_.size()); }

  // Nothing if there is no randomness.
  bool next(unsigned char& byte) {
    if (at_ == bytes_.size()) {
      if (RAND_bytes(bytes_.data(), static_cast<int>(bytes_.size())) != 1) return false;
      at_ = 0;
    }
    byte = bytes_[at_++];
    return true;
  }

 private:
  std::array<unsigned char, 64> bytes_{};
  std::size_t at_ = bytes_.size();
};

bool password_draw(password_bytes& source, std::string& text) {
  for (char& c : text) {
    unsigned char byte = 0;
    do {
      if (!source.next(byte)) return false;
    } while (byte >= password_fair_bytes);
    c = password_alphabet[byte % password_alphabet.size()];
  }
  return true;
}

bool password_mixed(std::string_view text) {
  const auto holds = [&](char first, char last) {
    return std::ranges::any_of(text, [=](char c) { return c >= first && c <= last; });
  };
  return holds('A', 'Z') && holds('a', 'z') && holds('0', '9');
}

}  // namespace

result<secret> generate_password(std::size_t length) {
  if (length < min_password_length || length > max_password_length) {
    return error(errc::invalid_argument, "a password of this length is not made")
        .with_field("length")
        .with_hint("use 23 to 128 characters");
  }
  password_bytes source;
  std::string text(length, '\0');
  // Whole passwords are drawn again, so that all that qualify stay equally likely.
  do {
    if (!password_draw(source, text)) {
      return error(errc::internal, "no random bytes for a password");
    }
  } while (!password_mixed(text));
  return secret(std::move(text));
}

}  // namespace pgrant
