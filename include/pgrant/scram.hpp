// SCRAM-SHA-256 verifiers: what a server stores instead of a password.
//
// Sources: RFC 5802 and RFC 7677; PostgreSQL manual, "pg_authid", for the text form
// `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "pgrant/result.hpp"
#include "pgrant/secret.hpp"

namespace pgrant {

/// How a verifier is made.
class scram_options {
 public:
  scram_options() = default;

  /// Rounds of PBKDF2, 1 and up. PostgreSQL's default is 4,096; more make guessing from a stolen
  /// verifier dearer, and every login and every storing of a verifier too.
  scram_options& iterations(int count) { return iterations_ = count, *this; }
  /// Raw bytes; empty (the default) draws 16 random ones. A salt must never be used twice.
  scram_options& salt(std::string bytes) { return salt_ = std::move(bytes), *this; }

  int iterations() const noexcept { return iterations_; }
  const std::string& salt() const noexcept { return salt_; }

 private:
  int iterations_ = 4'096;
  std::string salt_;
};

/// The verifier of a password. Who has it can guess at the password at leisure, so it is a secret
/// too. Takes about a millisecond at 4,096 iterations; thread-safe.
///
/// Passwords that are not ASCII are prepared (SASLprep) as client and server do; libpq does that,
/// and it fixes iterations and salt itself: other options than the defaults are `unsupported` then.
/// Fails with `invalid_argument` on an empty password (no server lets one log in), a NUL byte, or
/// an iteration count below 1.
result<secret> scram_verifier(const secret& password, const scram_options& options = {});

/// True if the password is not all ASCII, so that it has to be prepared before it is hashed.
bool needs_saslprep(const secret& password) noexcept;

/// Whether a server would take this text for a verifier. To be asked before any statement with
/// PASSWORD is sent: what a server does not take for a verifier it silently hashes as the password.
/// Stricter than a server in spelling alone (no signs, no leading zeros, padded base64).
bool is_scram_verifier(std::string_view text) noexcept;

}  // namespace pgrant
