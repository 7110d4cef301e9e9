#include "pgrant/ssl_mode.hpp"

namespace pgrant {
namespace {

constexpr ssl_guarantees ssl_mode_table[] = {
    {ssl_mode::disable, "disable", "Plain text",
     "Nothing is encrypted: whoever can listen reads statements and results, whoever stands "
     "between can change them.",
     false, false, false},
    {ssl_mode::allow, "allow", "Plain text first, encrypted only if the server insists",
     "Encrypts only where the server refuses plain text, and never checks whom it talks to.", false,
     false, false},
    {ssl_mode::prefer, "prefer", "Encrypted if the server offers it",
     "Encrypts where the server offers it; somebody who stands between can switch that off, and "
     "the "
     "server is not checked.",
     false, false, false},
    {ssl_mode::require, "require", "Encrypted, server not verified",
     "Always encrypts, so that listening gives nothing; the server is not checked, so that "
     "somebody "
     "who stands between can pose as it.",
     true, false, false},
    {ssl_mode::verify_ca, "verify-ca", "Encrypted, certificate verified, host name not",
     "Always encrypts and checks that the certificate leads to a trusted root, but not whose it "
     "is: "
     "safe only where that authority signs for nobody else.",
     true, true, false},
    {ssl_mode::verify_full, "verify-full", "Encrypted, certificate and host name verified",
     "Always encrypts and checks that the certificate leads to a trusted root and is for the host "
     "that was asked for: no listening and no posing as the server.",
     true, true, true},
};

}  // namespace

std::span<const ssl_guarantees> all_ssl_modes() noexcept {
  return ssl_mode_table;
}

const ssl_guarantees& guarantees(ssl_mode mode) noexcept {
  for (const ssl_guarantees& entry : ssl_mode_table) {
    if (entry.mode == mode) return entry;
  }
  return ssl_mode_table[5];
}

std::string_view to_string(ssl_mode mode) noexcept {
  return guarantees(mode).name;
}

std::optional<ssl_mode> parse_ssl_mode(std::string_view text) noexcept {
  for (const ssl_guarantees& entry : ssl_mode_table) {
    if (entry.name == text) return entry.mode;
  }
  return std::nullopt;
}

bool verifies_server(ssl_mode mode) noexcept {
  return guarantees(mode).certificate_checked;
}

}  // namespace pgrant
