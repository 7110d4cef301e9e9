#include "connection/libpq.hpp"

#include <openssl/x509_vfy.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "connection/connect_parameters.hpp"
#include "connection/connect_text.hpp"
#include "connection/inert_keywords.hpp"
#include "connection/server_error.hpp"
#include "connection/tls_reader.hpp"
#include "pgrant/connection.hpp"

namespace pgrant::detail {
namespace {

std::string result_field(const PGresult* from, int field) {
  const char* text = PQresultErrorField(from, field);
  return text ? text : "";
}

/// A secret's bytes are followed by a NUL byte.
const char* c_text(const secret& from) {
  const std::string_view text = from.reveal();
  return text.data();
}

server_report read_report(const PGresult* from) {
  server_report report;
  report.severity = result_field(from, PG_DIAG_SEVERITY_NONLOCALIZED);
  report.state = sqlstate::parse(result_field(from, PG_DIAG_SQLSTATE));
  report.message = result_field(from, PG_DIAG_MESSAGE_PRIMARY);
  report.detail = result_field(from, PG_DIAG_MESSAGE_DETAIL);
  report.hint = result_field(from, PG_DIAG_MESSAGE_HINT);
  return report;
}

}  // namespace

std::unique_ptr<pq> make_libpq() {
  return std::make_unique<libpq>();
}

void libpq::start(const connect_parameters& parameters) {
  abandon();
  seen_ = {};
  process_ = getpid();
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  const auto add = [&](const char* keyword, const char* value) {
    keywords.push_back(keyword);
    values.push_back(value);
  };
  // The first "dbname" is expanded: the only way to say that a keyword is empty, which keeps the
  // environment out. It holds no text of a caller. What follows overrides it, and later ones
  // named "dbname" are plain names.
  const std::string inert = inert_keywords();
  add("dbname", inert.c_str());
  for (const auto& [keyword, value] : parameters.keywords) add(keyword.c_str(), value.c_str());
  for (const auto& [keyword, value] : parameters.secrets) {
    add(keyword.c_str(), c_text(*value));
  }
  add(nullptr, nullptr);
  conn_ = PQconnectStartParams(keywords.data(), values.data(), 1);
  if (!conn_) return;
  // At once: libpq's own receiver writes to the host's stderr.
  PQsetNoticeReceiver(
      conn_, [](void* self, const PGresult* what) { receive_notice(self, what); }, this);
  // The only public way to the SQLSTATE of a login that was refused.
  PQsetErrorVerbosity(conn_, PQERRORS_VERBOSE);
}

/// Notes how far things are before libpq goes on: afterwards it no longer says.
void libpq::observe() {
  using phase = connect_failure::phase;
  switch (PQstatus(conn_)) {
    case CONNECTION_STARTED:
    case CONNECTION_NEEDED:
      seen_.where = phase::reach;
      return;
    case CONNECTION_SSL_STARTUP:
      observe_tls();
      break;
    case CONNECTION_MADE:
    case CONNECTION_AWAITING_RESPONSE:
    case CONNECTION_AUTH_OK:
    case CONNECTION_SETENV:
      seen_.where = phase::login;
      break;
    case CONNECTION_BAD:
      return;
    default:
      seen_.where = phase::check;
  }
  char next = 0;
  const ssize_t got = recv(PQsocket(conn_), &next, 1, MSG_PEEK | MSG_DONTWAIT);
  seen_.closed_by_peer = got == 0;
  if (got == 1 && seen_.where == phase::tls_request) seen_.tls_answer = next;
}

void libpq::observe_tls() {
  auto* session = static_cast<SSL*>(PQsslStruct(conn_, "OpenSSL"));
  seen_.where =
      session ? connect_failure::phase::tls_handshake : connect_failure::phase::tls_request;
  if (session && session != session_.get()) {
    SSL_up_ref(session);
    session_.reset(session);
  }
}

poll_state libpq::poll() {
  if (!conn_) return poll_state::failed;
  observe();
  switch (PQconnectPoll(conn_)) {
    case PGRES_POLLING_READING:
      return poll_state::reading;
    case PGRES_POLLING_WRITING:
      return poll_state::writing;
    case PGRES_POLLING_OK:
      session_.reset();
      PQsetErrorVerbosity(conn_, PQERRORS_DEFAULT);
      return PQsetnonblocking(conn_, 1) == 0 ? poll_state::connected : poll_state::failed;
    default:
      return poll_state::failed;
  }
}

connect_failure libpq::failure() {
  connect_failure why = seen_;
  if (!conn_) return why.text = "out of memory", why;
  why.text = PQerrorMessage(conn_);
  why.state = find_sqlstate(why.text);
  why.needs_password = PQconnectionNeedsPassword(conn_) != 0;
  // A server tells its parameters once the login has succeeded: what fails then is its kind.
  if (why.where == connect_failure::phase::login && PQparameterStatus(conn_, "server_version")) {
    why.where = connect_failure::phase::check;
  }
  if (session_) {
    why.tls_handshake_done = SSL_is_init_finished(session_.get()) != 0;
    why.verify_code = SSL_get_verify_result(session_.get());
    why.verify_text = X509_verify_cert_error_string(why.verify_code);
    why.closed_by_peer |= (SSL_get_shutdown(session_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }
  return why;
}

connect_facts libpq::facts() {
  connect_facts facts;
  facts.server_version = PQserverVersion(conn_);
  facts.backend_pid = PQbackendPID(conn_);
  facts.tls = read_tls(static_cast<SSL*>(PQsslStruct(conn_, "OpenSSL")));
  return facts;
}

void libpq::abandon() {
  session_.reset();
  if (!conn_) return;
  if (process_ == getpid()) {
    PQfinish(conn_);
  } else {
    // After a fork the session is the parent's: PQfinish would say goodbye in its name. What is
    // left of libpq's memory is let go of.
    ::close(PQsocket(conn_));
  }
  conn_ = nullptr;
}

namespace {

std::vector<const char*> values_of(const statement& what) {
  std::vector<const char*> values;
  values.reserve(what.parameters().size());
  for (const auto& parameter : what.parameters()) {
    values.push_back(parameter ? parameter->c_str() : nullptr);
  }
  return values;
}

}  // namespace

bool libpq::prepare(const std::string& name, const statement& what) {
  return PQsendPrepare(conn_, name.c_str(), what.text().c_str(), 0, nullptr) == 1;
}

bool libpq::send_prepared(const std::string& name, const statement& what) {
  const auto values = values_of(what);
  return PQsendQueryPrepared(conn_, name.c_str(), static_cast<int>(values.size()), values.data(),
                             nullptr, nullptr, 0) == 1;
}

bool libpq::send(const statement& what) {
  const auto values = values_of(what);
  return PQsendQueryParams(conn_, what.text().c_str(), static_cast<int>(values.size()), nullptr,
                           values.data(), nullptr, nullptr, 0) == 1;
}

flush_state libpq::flush() {
  const int left = PQflush(conn_);
  if (left == 0) return flush_state::done;
  return left > 0 ? flush_state::pending : flush_state::failed;
}

bool libpq::consume() {
  const bool ok = PQconsumeInput(conn_) == 1;
  while (PGnotify* unwanted = PQnotifies(conn_)) PQfreemem(unwanted);
  return ok;
}

std::optional<answer> libpq::next() {
  std::shared_ptr<PGresult> got(PQgetResult(conn_), PQclear);
  if (!got) return std::nullopt;
  answer next;
  switch (PQresultStatus(got.get())) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
      next.result = std::move(got);
      return next;
    case PGRES_PIPELINE_SYNC:
      next.what = answer::kind::sync;
      return next;
    case PGRES_PIPELINE_ABORTED:
      next.what = answer::kind::skipped;
      return next;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
      next.what = answer::kind::copy;
      return next;
    default:
      break;
  }
  next.what = answer::kind::failure;
  const server_report report = read_report(got.get());
  next.fatal = report.severity == "FATAL" || report.severity == "PANIC" || !alive() ||
               PQresultStatus(got.get()) == PGRES_BAD_RESPONSE;
  next.failure = report.state
                     ? server_error(report)
                     : pgrant::error(errc::closed, one_line(PQresultErrorMessage(got.get())));
  return next;
}

pgrant::error libpq::last_error() {
  return pgrant::error(errc::closed, conn_ ? one_line(PQerrorMessage(conn_)) : "not connected");
}

transaction_status libpq::transaction() {
  switch (conn_ ? PQtransactionStatus(conn_) : PQTRANS_UNKNOWN) {
    case PQTRANS_IDLE:
      return transaction_status::idle;
    case PQTRANS_ACTIVE:
      return transaction_status::active;
    case PQTRANS_INTRANS:
      return transaction_status::in_transaction;
    case PQTRANS_INERROR:
      return transaction_status::in_failed_transaction;
    default:
      return transaction_status::none;
  }
}

std::string libpq::parameter_status(const std::string& name) {
  const char* value = conn_ ? PQparameterStatus(conn_, name.c_str()) : nullptr;
  return value ? value : "";
}

result<secret> libpq::encrypt_password(const std::string& user, const secret& password) {
  char* verifier =
      conn_ ? PQencryptPasswordConn(conn_, c_text(password), user.c_str(), "scram-sha-256")
            : nullptr;
  if (!verifier) {
    return pgrant::error(errc::secret, "the password could not be made into a verifier")
        .with_detail(conn_ ? one_line(PQerrorMessage(conn_)) : "");
  }
  secret made = secret::copy_of(verifier);
  wipe(verifier, made.size());
  PQfreemem(verifier);
  return made;
}

void libpq::receive_notice(void* self, const PGresult* what) noexcept {
  // Called by libpq's C code: nothing may be thrown through it.
  try {
    server_report report = read_report(what);
    static_cast<libpq*>(self)->notices_.push_back(
        {std::move(report.severity), report.state, std::move(report.message),
         std::move(report.detail), std::move(report.hint)});
  } catch (...) {
    return;  // out of memory: one notice less
  }
}

}  // namespace pgrant::detail
