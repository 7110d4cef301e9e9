// What was negotiated when a connection is encrypted.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace pgrant {

/// The TLS session of a connection, for reports and checks. Names are as the peer's certificate
/// gives them: hostile text until the certificate was verified. Times are UTC.
struct tls_info {
  std::string protocol;  ///< "TLSv1.3"
  std::string cipher;    ///< "TLS_AES_256_GCM_SHA384"
  int bits = 0;          ///< Strength of the symmetric key.

  std::string subject;                     ///< RFC 2253 form: "CN=db.example.org".
  std::string issuer;                      ///< RFC 2253 form.
  std::chrono::sys_seconds not_before;     ///< Certificate not valid before.
  std::chrono::sys_seconds not_after;      ///< Certificate not valid after.
  std::vector<std::string> subject_names;  ///< SANs: DNS names and IP addresses, as text.

  bool chain_verified = false;  ///< The chain was checked against the trusted root (verify-ca).
  bool name_verified = false;   ///< The host name was checked too (verify-full).
};

}  // namespace pgrant
