// libpq as the state machines see it: the calls that they make, and nothing that blocks.
//
// The real one is `make_libpq` (libpq.cpp, the only file that talks to a server through libpq);
// unit tests drive the machines with a scripted one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/error.hpp"
#include "pgrant/rows.hpp"
#include "pgrant/secret.hpp"
#include "pgrant/statement.hpp"
#include "pgrant/tls_info.hpp"

namespace pgrant {
enum class transaction_status;
}

namespace pgrant::detail {

struct connect_parameters;

/// What a state machine waits for before it is to be resumed.
enum class wait_for { nothing, read, write, read_write };  // nothing: the machine is done

/// What has happened when it is resumed.
struct readiness {
  bool readable = false;
  bool writable = false;
};

enum class poll_state { reading, writing, connected, failed };
enum class flush_state { done, pending, failed };

/// One PGresult, classified.
struct answer {
  enum class kind { rows, failure, skipped, sync, copy };
  kind what = kind::rows;
  std::shared_ptr<const pg_result> result;  // kind::rows
  std::optional<pgrant::error> failure;     // kind::failure
  bool fatal = false;                       // the server ended the session, or the link broke
};

/// How far an attempt to connect had come when it failed.
struct connect_failure {
  enum class phase { setup, reach, tls_request, tls_handshake, login, check };
  phase where = phase::setup;
  bool closed_by_peer = false;
  char tls_answer = 0;              // 'S', 'N', 'E', or 0 if the server was not asked
  bool tls_handshake_done = false;  // so it was the host name, which libpq checks afterwards
  long verify_code = 0;             // X509_V_OK, or why the chain is not trusted
  std::string verify_text;          // OpenSSL's words for it
  bool needs_password = false;
  sqlstate state;
  std::string text;  // libpq's own, perhaps translated: detail, never a decision
};

/// What is known once a connection stands.
struct connect_facts {
  int server_version = 0;
  int backend_pid = 0;
  bool pooler = false;  // somebody stands between us and the server
  std::optional<tls_info> tls;
};

class pq {
 public:
  virtual ~pq() = default;

  // Connecting.
  virtual void start(const connect_parameters& parameters) = 0;
  virtual poll_state poll() = 0;
  virtual connect_failure failure() = 0;
  virtual connect_facts facts() = 0;
  virtual void abandon() = 0;  // drops an attempt, so that another can start
  /// libpq's own descriptor, or -1. It may be another one after each `poll`, under the same number.
  virtual int socket() = 0;

  // Talking. `send` and the pipeline calls only buffer; `flush` sends.
  virtual bool send(const statement& what) = 0;
  virtual bool prepare(const std::string& name, const statement& what) = 0;
  virtual bool send_prepared(const std::string& name, const statement& what) = 0;
  virtual bool enter_pipeline() = 0;
  virtual bool exit_pipeline() = 0;
  virtual bool sync() = 0;
  virtual bool request_flush() = 0;  // asks the server to send what it has, without a sync
  virtual flush_state flush() = 0;
  virtual bool consume() = 0;
  virtual bool busy() = 0;
  /// To be called only when not `busy`: it would block. nullopt ends the answers to a statement.
  virtual std::optional<answer> next() = 0;
  virtual std::vector<notice> take_notices() = 0;
  virtual bool alive() = 0;
  virtual pgrant::error last_error() = 0;

  // Answers from memory.
  virtual transaction_status transaction() = 0;
  virtual std::string parameter_status(const std::string& name) = 0;
  virtual result<secret> encrypt_password(const std::string& user, const secret& password) = 0;
};

std::unique_ptr<pq> make_libpq();

}  // namespace pgrant::detail
