#include "connection/connect_text.hpp"

#include <openssl/x509_vfy.h>

#include <utility>

#include "connection/server_error.hpp"

namespace pgrant::detail {
namespace {

/// Errors' classes begin with a digit or are one of these. A word like "ERROR" is none.
bool is_error_class(std::string_view code) noexcept {
  if (code[0] >= '0' && code[0] <= '9') return true;
  for (const std::string_view letters : {"F0", "HV", "P0", "XX"}) {
    if (code.starts_with(letters)) return true;
  }
  return false;
}

sqlstate sqlstate_of_line(std::string_view line) noexcept {
  constexpr std::string_view before = ":  ";  // between the severity, which is translated, and it
  for (auto at = line.find(before); at != line.npos; at = line.find(before, at + 1)) {
    const auto code = line.substr(at + before.size(), 5);
    const sqlstate state = sqlstate::parse(code);
    if (state && is_error_class(code) && line.substr(at + before.size() + 5).starts_with(": ")) {
      return state;
    }
  }
  return {};
}

/// What the person in front of a refused login can do about it.
std::string_view login_hint(sqlstate state) noexcept {
  switch (state.packed()) {
    case "28P01"_sqlstate.packed():
      return "check the user name and the password, or get a new token";
    case "28000"_sqlstate.packed():
      return "the server's pg_hba.conf or firewall rules do not let this user in from here, or not "
             "without TLS; check user, database, client address and SSL mode";
    case "3D000"_sqlstate.packed():
      return "check the database's name; upper and lower case differ";
    case "42501"_sqlstate.packed():
      return "grant CONNECT on the database to the login";
    case "53300"_sqlstate.packed():
      return "all connection slots are taken: end idle sessions, or raise max_connections or the "
             "role's CONNECTION LIMIT";
    case "57P03"_sqlstate.packed():
      return "the server is starting up, shutting down or recovering: try again in a moment";
    default:
      return "";
  }
}

error login_error(const connect_failure& failure, const connect_target& target) {
  const sqlstate state = failure.state;
  errc code = error_kind(state);
  std::string message = "the server refused the connection";
  if (state == "28P01"_sqlstate) message = "password authentication failed";
  if (state == "28000"_sqlstate) message = "the server does not let this login in";
  if (state == "3D000"_sqlstate) message = "the database does not exist";
  if (state == "42501"_sqlstate) message = "the login may not connect to the database";
  if (state == "53300"_sqlstate) {
    message = "the server has too many connections";
    code = errc::connect;
  }
  if (state == "57P03"_sqlstate || code == errc::closed) {
    message = "the server does not accept connections now";
    code = errc::connect;
  }
  return error(code, std::move(message))
      .with_state(state)
      .with_field(code == errc::not_found ? "database" : "")
      .with_hint(std::string(login_hint(state)))
      .with_object(quoted_login(target));
}

error handshake_error(const connect_failure& failure) {
  if (failure.tls_handshake_done) {
    return error(errc::tls, "the server's certificate is not for this host name")
        .with_field("host")
        .with_hint(
            "connect by a name that stands in the certificate; verify-ca does not check it, "
            "and lets any server of that authority pass");
  }
  switch (failure.verify_code) {
    case X509_V_OK:
      return error(errc::tls, "the TLS handshake failed")
          .with_hint("check the protocol versions that both sides allow");
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return error(errc::tls, "the server's certificate is out of date: " + failure.verify_text)
          .with_field("sslrootcert")
          .with_hint("renew the certificate; check both clocks");
    default:
      return error(errc::tls, "the server's certificate is not trusted: " + failure.verify_text)
          .with_field("sslrootcert")
          .with_hint(
              "give the certificate of the authority that signed the server's; if it is the "
              "right one, somebody stands between");
  }
}

error request_error(const connect_failure& failure) {
  if (failure.tls_answer == 'N') {
    return error(errc::tls, "the server refuses TLS")
        .with_field("sslmode")
        .with_hint("switch TLS on in the server; a weaker sslmode would send everything in clear");
  }
  if (failure.tls_answer == 'S') {
    return error(errc::tls, "TLS could not be started")
        .with_field("sslrootcert")
        .with_hint("check the files of sslrootcert, sslcert, sslkey and sslcrl; see the detail");
  }
  return error(errc::connect, "the server closed the connection instead of starting TLS")
      .with_hint("check that the port is PostgreSQL's and that no proxy stands between")
      .with_advice(retry::reconnect);
}

error unfinished_login_error(const connect_failure& failure) {
  if (failure.needs_password) {
    return error(errc::authentication, "the server asks for a password and none was given")
        .with_field("password")
        .with_hint("give a secret for this login");
  }
  if (failure.closed_by_peer) {
    return error(errc::connect, "the server closed the connection during the login")
        .with_hint("see the server's log")
        .with_advice(retry::reconnect);
  }
  return error(errc::authentication, "the login could not be completed")
      .with_hint("client and server do not agree on how to authenticate; see the detail");
}

error failed_error(const connect_failure& failure, const connect_target& target) {
  using phase = connect_failure::phase;
  if (failure.state) return login_error(failure, target);
  switch (failure.where) {
    case phase::setup:
      return error(errc::connect, "libpq did not start to connect")
          .with_hint("see the detail; a PGSERVICE in the environment must name a known service");
    case phase::reach:
      return error(errc::connect, "the server cannot be reached")
          .with_hint("check that it runs, its address and port, and firewalls between")
          .with_advice(retry::reconnect);
    case phase::tls_request:
      return request_error(failure);
    case phase::tls_handshake:
      return handshake_error(failure);
    case phase::login:
      return unfinished_login_error(failure);
    case phase::check:
      break;
  }
  return error(errc::connect, "the server is not of the kind that target_session_attrs asks for")
      .with_field("target_session_attrs")
      .with_hint("give a server of that kind, or another value of target_session_attrs")
      .with_advice(retry::reconnect);
}

}  // namespace

std::string quoted_login(const connect_target& target) {
  return "login \"" + target.user + "\", database \"" + target.database + '"';
}

sqlstate find_sqlstate(std::string_view text) noexcept {
  sqlstate found;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const sqlstate state = sqlstate_of_line(text.substr(0, end));
    if (state) found = state;
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return found;
}

error connect_error(const connect_failure& failure, const connect_target& target,
                    const server_address& server, const std::string& address) {
  const error why = failed_error(failure, target);
  std::string object = describe(server, address);
  if (!why.object().empty()) object = why.object() + " on " + object;
  std::string detail = failure.text;
  while (detail.ends_with('\n')) detail.pop_back();
  return why.with_object(std::move(object)).with_detail(std::move(detail));
}

error resolve_error(const server_address& server, const std::string& why) {
  return error(errc::connect, "the host was not found")
      .with_field("host")
      .with_object("host \"" + server.host + '"')
      .with_detail(why)
      .with_hint(
          "check the name and the network's name servers; a private server's name is known "
          "in its own network alone")
      .with_advice(retry::reconnect);
}

error attempt_timeout_error(const connect_failure& failure, const server_address& server,
                            const std::string& address) {
  const bool reached = failure.where > connect_failure::phase::reach;
  return error(errc::timeout, reached ? "the server did not finish the login in time"
                                      : "the server did not answer in time")
      .with_object(describe(server, address))
      .with_hint(reached ? "the server may be overloaded, or the port is not PostgreSQL's"
                         : "a firewall may drop the packets: check its rules, the address and port")
      .with_advice(retry::reconnect);
}

bool worth_another(const connect_failure& failure) noexcept {
  using phase = connect_failure::phase;
  if (failure.state) return failure.state == "57P03"_sqlstate;
  return failure.where == phase::reach || failure.where == phase::check || failure.closed_by_peer;
}

}  // namespace pgrant::detail
