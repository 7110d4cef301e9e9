// The binding to libpq: one PGconn behind the calls of pq.hpp.
#pragma once

#include <libpq-fe.h>
#include <openssl/ssl.h>
#include <sys/types.h>

#include "connection/pq.hpp"

namespace pgrant::detail {

class libpq final : public pq {
 public:
  libpq() = default;
  libpq(const libpq&) = delete;
  libpq& operator=(const libpq&) = delete;
  ~libpq() override { abandon(); }

  void start(const connect_parameters& parameters) override;
  poll_state poll() override;
  connect_failure failure() override;
  connect_facts facts() override;
  void abandon() override;
  int socket() override { return conn_ ? PQsocket(conn_) : -1; }

  bool send(const statement& what) override;
  bool prepare(const std::string& name, const statement& what) override;
  bool send_prepared(const std::string& name, const statement& what) override;
  bool enter_pipeline() override { return PQenterPipelineMode(conn_) == 1; }
  bool exit_pipeline() override { return PQexitPipelineMode(conn_) == 1; }
  bool sync() override { return PQpipelineSync(conn_) == 1; }
  bool request_flush() override { return PQsendFlushRequest(conn_) == 1; }
  flush_state flush() override;
  bool consume() override;
  bool busy() override { return PQisBusy(conn_) != 0; }
  std::optional<answer> next() override;
  std::vector<notice> take_notices() override { return std::exchange(notices_, {}); }
  bool alive() override { return conn_ && PQstatus(conn_) == CONNECTION_OK; }
  pgrant::error last_error() override;

  transaction_status transaction() override;
  std::string parameter_status(const std::string& name) override;
  result<secret> encrypt_password(const std::string& user, const secret& password) override;

 private:
  static void receive_notice(void* self, const PGresult* what) noexcept;
  void observe();
  void observe_tls();

  struct ssl_free {
    void operator()(SSL* session) const noexcept { SSL_free(session); }
  };

  PGconn* conn_ = nullptr;
  pid_t process_ = 0;
  std::vector<notice> notices_;
  connect_failure seen_;
  // Kept beside libpq, which frees its own before anybody can ask why the handshake failed.
  std::unique_ptr<SSL, ssl_free> session_;
};

}  // namespace pgrant::detail
