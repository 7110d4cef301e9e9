// Where a connection goes and how it is secured: everything that libpq needs, as a value.
//
// Source: PostgreSQL manual, libpq, sections "Connection Strings" and "Parameter Key Words".
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgrant/platform.hpp"
#include "pgrant/result.hpp"
#include "pgrant/secret.hpp"
#include "pgrant/ssl_mode.hpp"

namespace pgrant {

inline constexpr std::uint16_t default_port = 5432;
/// What stands for "the roots that the operating system trusts" in `root_certificate()`.
inline constexpr std::string_view system_roots = "system";

/// One server of a spec.
struct server_address {
  std::string host;  ///< A name, an address, or a directory of Unix-domain sockets; may be empty.
  std::string address;  ///< libpq's hostaddr: connect here, verify `host`. Usually empty.
  std::uint16_t port = default_port;

  /// True for a directory of Unix-domain sockets, where libpq uses no TLS.
  bool is_socket_directory() const noexcept {
    return address.empty() && (host.starts_with('/') || host.starts_with('@'));
  }
  friend bool operator==(const server_address&, const server_address&) = default;
};

/// A connection spec: libpq's keywords with their values, of which the common ones have accessors,
/// and a reference to the secret. A regular value: copies are independent, except that they share
/// secrets. It never reads the environment, a service file or a password file.
///
/// Every keyword of libpq 15 to 18 is kept, others are refused. A value that is set is checked by
/// itself; what belongs together (`validate`) when all of it is there. An empty value is no value,
/// as in libpq.
///
/// Defaults differ from libpq's where those are unsafe or depend on the process: ssl mode
/// `verify-full` for every host, trusted roots of the operating system (libpq: prefer, a file in
/// the home directory), database "postgres" (libpq: named like the user).
///
/// Keywords that hold secrets (password, sslpassword, oauth_client_secret, scram_client_key,
/// scram_server_key) are kept apart and print nowhere.
class connection_spec {
 public:
  using settings_map = std::map<std::string, std::string, std::less<>>;
  using secrets_map = std::map<std::string, std::shared_ptr<const secret>, std::less<>>;

  connection_spec() = default;

  /// Takes what libpq takes: a URI (`postgresql://` or `postgres://`) or key/value pairs. A
  /// password in it becomes a `literal` secret. Three things are said differently:
  ///  - the keyword `secret` is accepted too: `secret=env:NAME` (`secret_ref::parse`);
  ///  - values are checked (`set`), where libpq does so only when it connects;
  ///  - an "@" in a host, or bare in the path of a URI, is refused: it comes from a password that
  ///    was not percent-encoded, half of which would be printed as a host or database.
  /// Fails with `invalid_argument`; the field is the keyword if it is a known one, and no other
  /// word of the text is repeated, because any may belong to a password. The caller wipes its own
  /// copy of the text.
  static result<connection_spec> parse(std::string_view text);

  /// Sets one keyword of libpq, or `secret`; an empty value takes it away. Fails with
  /// `invalid_argument` on an unknown keyword, a NUL byte, a port outside of 1 to 65535, text where
  /// a number or a boolean is due, or a word that is no choice of the keyword.
  result<void> set(std::string_view keyword, std::string_view value);
  /// The value of a keyword as it was set, or empty. Empty for those that hold secrets.
  std::string_view get(std::string_view keyword) const noexcept;

  // The common ones, unchecked until `validate`; empty texts take them away. Lists with commas work
  // as in libpq.

  connection_spec& host(std::string host);
  connection_spec& port(std::uint16_t port);
  connection_spec& database(std::string name);
  connection_spec& user(std::string name);
  connection_spec& ssl_mode(pgrant::ssl_mode mode);
  connection_spec& root_certificate(std::string path);
  /// Replaces also a password that was set.
  connection_spec& secret_source(secret_ref ref);

  /// The servers to try, in order. Empty if the lists of host, hostaddr and port do not have the
  /// same length (`validate` says so); otherwise at least one.
  std::vector<server_address> servers() const;
  /// "postgres" unless set.
  std::string database() const;
  /// Empty unless set; a user name may also come with the secret.
  std::string user() const;
  /// `verify_full` unless set.
  pgrant::ssl_mode ssl_mode() const noexcept;
  /// A file with trusted roots, or `system_roots`, which is also the default. libpq knows the word
  /// from version 16 on; with 15, pgrant gives it the operating system's file.
  std::string root_certificate() const;
  const secret_ref& secret_source() const noexcept { return secret_; }
  /// Azure if any server's host is one of Azure's.
  pgrant::platform platform() const;

  /// Every keyword that was set and holds no secret, by libpq's name, sorted.
  const settings_map& settings() const noexcept { return settings_; }
  /// sslpassword and the like. The password itself is `secret_source()`.
  const secrets_map& secret_settings() const noexcept { return secret_settings_; }

  friend bool operator==(const connection_spec& a, const connection_spec& b);

 private:
  void assign(const char* keyword, std::string value);

  settings_map settings_;
  secrets_map secret_settings_;
  secret_ref secret_;
};

/// All that is wrong with a spec, each an `invalid_argument` with its field: a host is missing or
/// not well-formed, lists differ in length, a mode that verifies lacks what it needs (`verify-ca`
/// a root certificate of its own, because any public authority would do otherwise), `system` with a
/// mode weaker than `verify-full`, a certificate without key, a service (files of the process are
/// not read), names that PostgreSQL would cut. Whether files exist is seen when connecting.
std::vector<error> find_problems(const connection_spec& spec);
/// The first of `find_problems`, or success.
result<void> validate(const connection_spec& spec);

/// Something that works and is not safe, or not wise.
struct spec_warning {
  enum class kind {
    may_be_plain_text,    ///< The mode can end up, or always ends up, without encryption.
    server_not_verified,  ///< Encrypted, with whom is not checked.
    host_not_verified,    ///< verify-ca: any certificate of that authority will do.
    pooler_port,          ///< Azure's PgBouncer: session state is shared.
    password_in_spec,     ///< The password itself stands in the spec, not a reference to it.
  };
  kind what;
  std::string field;    ///< "sslmode", "port", "password".
  std::string message;  ///< One line: what the risk is.
  std::string hint;     ///< One line: what to do.
};

/// Warnings in the order of the enumeration; none for a good spec. Unix-domain sockets need no TLS.
std::vector<spec_warning> find_warnings(const connection_spec& spec);

/// Key/value pairs for libpq, sorted by keyword, without any secret and without `secret`. Parsing
/// it gives the same spec without its secrets.
std::string to_conninfo(const connection_spec& spec);
/// The same with the password, if it is a literal, and the other secrets.
secret to_conninfo_with_secrets(const connection_spec& spec);
/// The same as `to_conninfo` in the form of a URI.
std::string to_uri(const connection_spec& spec);

/// For people: key/value pairs with `secret=env:NAME`; what is hidden shows as `literal`,
/// `callback` or `<hidden>`. Where no secret is held in the process, parsing it gives the same
/// spec.
std::string to_string(const connection_spec& spec);
std::ostream& operator<<(std::ostream& out, const connection_spec& spec);

}  // namespace pgrant
