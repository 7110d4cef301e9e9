#include "pgrant/scram.hpp"

#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <memory>

namespace pgrant {
namespace {

constexpr std::size_t scram_key_bytes = SHA256_DIGEST_LENGTH;
constexpr std::size_t scram_salt_bytes = 16;
constexpr std::string_view scram_prefix = "SCRAM-SHA-256$";

// Wiped when it goes: every key of the derivation is as good as the password.
struct scram_key : std::array<unsigned char, scram_key_bytes> {
  ~scram_key() { OPENSSL_cleanse(data(), size()); }
};

std::string scram_base64(const unsigned char* bytes, std::size_t size) {
  std::string text(4 * ((size + 2) / 3) + 1, '\0');
  const int written =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size));
  text.resize(static_cast<std::size_t>(written));
  return text;
}

bool scram_hmac(const scram_key& key, std::string_view message, scram_key& out) {
  unsigned int size = 0;
  return HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(message.data()), message.size(), out.data(),
              &size) != nullptr;
}

error scram_openssl_failure() {
  return error(errc::internal, "OpenSSL could not hash a password");
}

result<secret> scram_by_openssl(const secret& password, const scram_options& options) {
  std::string salt = options.salt();
  if (salt.empty()) {
    salt.resize(scram_salt_bytes);
    if (RAND_bytes(reinterpret_cast<unsigned char*>(salt.data()), scram_salt_bytes) != 1) {
      return error(errc::internal, "no random bytes for a salt");
    }
  }
  const auto* salt_bytes = reinterpret_cast<const unsigned char*>(salt.data());
  const std::string_view text = password.reveal();
  scram_key salted, client_key, stored_key, server_key;
  const bool derived =
      PKCS5_PBKDF2_HMAC(text.data(), static_cast<int>(text.size()), salt_bytes,
                        static_cast<int>(salt.size()), options.iterations(), EVP_sha256(),
                        static_cast<int>(salted.size()), salted.data()) == 1 &&
      scram_hmac(salted, "Client Key", client_key) && scram_hmac(salted, "Server Key", server_key);
  if (!derived) return scram_openssl_failure();
  if (SHA256(client_key.data(), client_key.size(), stored_key.data()) == nullptr) {
    return scram_openssl_failure();
  }
  std::string verifier(scram_prefix);
  verifier += std::to_string(options.iterations()) + ':' + scram_base64(salt_bytes, salt.size());
  verifier += '$' + scram_base64(stored_key.data(), stored_key.size());
  verifier += ':' + scram_base64(server_key.data(), server_key.size());
  return secret(std::move(verifier));
}

result<secret> scram_by_libpq(const secret& password) {
  // The function wants a connection but, as the algorithm is given, only to leave error texts in. A
  // connection string that does not parse gives one that has read and opened nothing.
  const std::unique_ptr<PGconn, decltype(&PQfinish)> unconnected(PQconnectStart("="), &PQfinish);
  const std::unique_ptr<char, decltype(&PQfreemem)> verifier(
      unconnected
          ? PQencryptPasswordConn(unconnected.get(), password.reveal().data(), "", "scram-sha-256")
          : nullptr,
      &PQfreemem);
  if (!verifier) return error(errc::internal, "libpq could not hash a password");
  secret copy = secret::copy_of(verifier.get());
  OPENSSL_cleanse(verifier.get(), copy.size());
  return copy;
}

bool scram_base64_byte(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

bool scram_is_base64(std::string_view text) noexcept {
  if (text.empty() || text.size() % 4 != 0) return false;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return std::ranges::all_of(text, scram_base64_byte);
}

bool scram_is_key(std::string_view text) noexcept {
  return text.size() == 44 && text.ends_with('=') && text[42] != '=' && scram_is_base64(text);
}

bool scram_is_count(std::string_view digits) noexcept {
  if (digits.empty() || digits.size() > 10 || digits.front() == '0') return false;
  std::uint64_t count = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return false;
    count = count * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return count <= 2'147'483'647;
}

// Splits at the first `separator`; false if there is none.
bool scram_take(std::string_view& rest, char separator, std::string_view& part) noexcept {
  const std::size_t end = rest.find(separator);
  if (end == std::string_view::npos) return false;
  part = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return true;
}

}  // namespace

bool needs_saslprep(const secret& password) noexcept {
  return std::ranges::any_of(password.reveal(),
                             [](char c) { return static_cast<unsigned char>(c) > 127; });
}

result<secret> scram_verifier(const secret& password, const scram_options& options) {
  const auto refuse = [](const char* message, const char* field) {
    return error(errc::invalid_argument, message).with_field(field);
  };
  if (password.empty()) return refuse("the password is empty", "password");
  if (password.reveal().find('\0') != std::string_view::npos) {
    return refuse("the password holds a NUL byte", "password");
  }
  if (options.iterations() < 1) return refuse("fewer than one iteration", "iterations");
  if (!needs_saslprep(password)) return scram_by_openssl(password, options);
  if (options.iterations() != scram_options().iterations() || !options.salt().empty()) {
    return error(errc::unsupported,
                 "a password that is not ASCII takes libpq's own iterations and salt")
        .with_field("iterations")
        .with_hint("use a generated password, or the default options");
  }
  return scram_by_libpq(password);
}

bool is_scram_verifier(std::string_view text) noexcept {
  if (!text.starts_with(scram_prefix)) return false;
  text.remove_prefix(scram_prefix.size());
  std::string_view count, salt, stored_key;
  return scram_take(text, ':', count) && scram_take(text, '$', salt) &&
         scram_take(text, ':', stored_key) && scram_is_count(count) && scram_is_base64(salt) &&
         scram_is_key(stored_key) && scram_is_key(text);
}

}  // namespace pgrant
