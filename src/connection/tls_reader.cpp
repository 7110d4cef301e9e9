#include "connection/tls_reader.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>

namespace pgrant::detail {
namespace {

std::string certificate_name(const X509_NAME* name) {
  const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), BIO_free);
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
    return {};
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

std::chrono::sys_seconds certificate_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  using namespace std::chrono;
  const sys_days day = year(parts.tm_year + 1900) / month(static_cast<unsigned>(parts.tm_mon + 1)) /
                       std::chrono::day(static_cast<unsigned>(parts.tm_mday));
  return day + hours(parts.tm_hour) + minutes(parts.tm_min) + seconds(parts.tm_sec);
}

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int size = ASN1_STRING_length(bytes);
  if (size == 4) inet_ntop(AF_INET, ASN1_STRING_get0_data(bytes), text, sizeof text);
  if (size == 16) inet_ntop(AF_INET6, ASN1_STRING_get0_data(bytes), text, sizeof text);
  return text;
}

std::vector<std::string> alternative_names(const X509* certificate) {
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> all(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type == GEN_DNS) {
      const ASN1_IA5STRING* text = name->d.dNSName;
      names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                         static_cast<std::size_t>(ASN1_STRING_length(text)));
    } else if (name->type == GEN_IPADD) {
      names.push_back(address_text(name->d.iPAddress));
    }
  }
  return names;
}

}  // namespace

std::optional<tls_info> read_tls(SSL* session) {
  if (!session) return std::nullopt;
  tls_info info;
  info.protocol = SSL_get_version(session);
  const SSL_CIPHER* cipher = SSL_get_current_cipher(session);
  info.cipher = SSL_CIPHER_get_name(cipher);
  info.bits = SSL_CIPHER_get_bits(cipher, nullptr);
  // libpq asks for verification where it has a root certificate, whatever the mode's name.
  info.chain_verified = (SSL_get_verify_mode(session) & SSL_VERIFY_PEER) != 0 &&
                        SSL_get_verify_result(session) == X509_V_OK;
  if (const X509* certificate = SSL_get0_peer_certificate(session)) {
    info.subject = certificate_name(X509_get_subject_name(certificate));
    info.issuer = certificate_name(X509_get_issuer_name(certificate));
    info.not_before = certificate_time(X509_get0_notBefore(certificate));
    info.not_after = certificate_time(X509_get0_notAfter(certificate));
    info.subject_names = alternative_names(certificate);
  }
  return info;
}

}  // namespace pgrant::detail
