// The six SSL modes of libpq and what each guarantees.
//
// Source: PostgreSQL manual, libpq, section "SSL Support", table "SSL Mode Descriptions".
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace pgrant {

enum class ssl_mode { disable, allow, prefer, require, verify_ca, verify_full };

/// What holds for every connection that is made in a mode, whatever the server or somebody between
/// does. libpq is stricter than `require` says where a root certificate file is given: it then
/// checks the certificate as `verify_ca` does. pgrant promises that to nobody.
struct ssl_guarantees {
  ssl_mode mode;
  /// libpq's spelling: "verify-full".
  std::string_view name;
  /// A few words for a form: "Encrypted, server and host name verified".
  std::string_view title;
  /// One sentence: what is guaranteed, and what is not.
  std::string_view summary;
  /// Never falls back to plain text; a passive listener reads nothing.
  bool always_encrypted;
  /// The server's certificate must lead to a trusted root.
  bool certificate_checked;
  /// The certificate must be for the host that was asked for; a man in the middle with another
  /// valid certificate is refused.
  bool host_checked;
};

/// All modes, weakest first. Static lifetime.
std::span<const ssl_guarantees> all_ssl_modes() noexcept;
/// What a mode guarantees; `verify_full`'s entry for numbers that are no mode.
const ssl_guarantees& guarantees(ssl_mode mode) noexcept;
/// libpq's spelling.
std::string_view to_string(ssl_mode mode) noexcept;
/// Takes libpq's spelling exactly, as libpq does: lower case, "verify-ca".
std::optional<ssl_mode> parse_ssl_mode(std::string_view text) noexcept;

/// True for `verify_ca` and `verify_full`.
bool verifies_server(ssl_mode mode) noexcept;

}  // namespace pgrant
