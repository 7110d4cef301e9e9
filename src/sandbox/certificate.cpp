#include "sandbox/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace pgrant::detail {

namespace {

template <auto Free>
struct openssl_free {
  template <class T>
  void operator()(T* p) const noexcept {
    Free(p);
  }
};
using owned_key = std::unique_ptr<EVP_PKEY, openssl_free<EVP_PKEY_free>>;
using owned_certificate = std::unique_ptr<X509, openssl_free<X509_free>>;
using owned_extension = std::unique_ptr<X509_EXTENSION, openssl_free<X509_EXTENSION_free>>;
using owned_bio = std::unique_ptr<BIO, openssl_free<BIO_free>>;

constexpr long certificate_seconds = 365L * 24 * 3600;

pgrant::error certificate_failure() {
  char text[256] = "";
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  ERR_clear_error();
  return pgrant::error(errc::internal, "could not make a certificate").with_detail(text);
}

bool add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const owned_extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Subject, validity, serial number, key: what both certificates have.
owned_certificate unsigned_certificate(const char* common_name, EVP_PKEY* key) {
  owned_certificate certificate(X509_new());
  std::uint64_t serial = 0;
  if (!certificate || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1)
    return nullptr;
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const bool filled =
      X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
      // A serial number is positive.
      ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1) == 1 &&
      // An hour back: clocks of containers and their hosts differ.
      X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(certificate.get()), certificate_seconds) != nullptr &&
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name), -1, -1,
                                 0) == 1 &&
      X509_set_pubkey(certificate.get(), key) == 1;
  return filled ? std::move(certificate) : nullptr;
}

std::string pem_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::optional<std::string> certificate_pem(X509* certificate) {
  const owned_bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return std::nullopt;
  return pem_text(bio.get());
}

std::optional<secret> key_pem(EVP_PKEY* key) {
  const owned_bio bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return std::nullopt;
  return secret(pem_text(bio.get()));
}

}  // namespace

result<server_certificates> make_server_certificates() {
  const owned_key authority_key(EVP_EC_gen("P-256"));
  const owned_key server_key(EVP_EC_gen("P-256"));
  if (!authority_key || !server_key) return certificate_failure();

  const owned_certificate authority =
      unsigned_certificate("pgrant sandbox authority", authority_key.get());
  const owned_certificate server = unsigned_certificate("localhost", server_key.get());
  if (!authority || !server) return certificate_failure();

  const bool made =
      X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get())) == 1 &&
      add_extension(authority.get(), authority.get(), NID_basic_constraints,
                    "critical,CA:TRUE,pathlen:0") &&
      add_extension(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign") &&
      add_extension(authority.get(), authority.get(), NID_subject_key_identifier, "hash") &&
      X509_sign(authority.get(), authority_key.get(), EVP_sha256()) > 0 &&
      X509_set_issuer_name(server.get(), X509_get_subject_name(authority.get())) == 1 &&
      add_extension(server.get(), authority.get(), NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(server.get(), authority.get(), NID_key_usage, "critical,digitalSignature") &&
      add_extension(server.get(), authority.get(), NID_ext_key_usage, "serverAuth") &&
      add_extension(server.get(), authority.get(), NID_subject_alt_name,
                    "DNS:localhost,IP:127.0.0.1") &&
      add_extension(server.get(), authority.get(), NID_authority_key_identifier, "keyid") &&
      X509_sign(server.get(), authority_key.get(), EVP_sha256()) > 0;
  if (!made) return certificate_failure();

  std::optional<std::string> authority_text = certificate_pem(authority.get());
  std::optional<std::string> server_text = certificate_pem(server.get());
  std::optional<secret> key_text = key_pem(server_key.get());
  if (!authority_text || !server_text || !key_text) return certificate_failure();
  return server_certificates{std::move(*authority_text), std::move(*server_text),
                             std::move(*key_text)};
}

}  // namespace pgrant::detail
