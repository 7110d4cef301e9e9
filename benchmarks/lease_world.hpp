// A throwaway server with the disk's true speed, a connector as on Azure, a ledger and one bundle;
// and the SQL of a lease in raw libpq, to compare with.
#pragma once

#include <libpq-fe.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <pgrant/leases.hpp>
#include <pgrant/pool.hpp>
#include <pgrant/sandbox.hpp>
#include <pgrant/wait.hpp>
#include <string>
#include <vector>

namespace bench {

using clock = std::chrono::steady_clock;
inline double seconds_since(clock::time_point start) {
  return std::chrono::duration<double>(clock::now() - start).count();
}

/// Ends the program, with the error, if there is one.
template <class T>
T must(pgrant::result<T> outcome) {
  if (!outcome) {
    std::fprintf(stderr, "%s\n", outcome.error().describe().c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(outcome).assume_value();
}

class raw_connection {
 public:
  explicit raw_connection(const std::string& conninfo);
  raw_connection(raw_connection&& other) noexcept : link_(std::exchange(other.link_, nullptr)) {}
  ~raw_connection() { PQfinish(link_); }

  std::string value(const std::string& sql);
  /// All of them in one pipeline; ends the program at the first error.
  void pipeline(const std::vector<std::string>& statements);

 private:
  PGconn* link_;
};

class world {
 public:
  world(std::string directory, int major);
  ~world();

  int major() const { return major_; }
  std::string conninfo(const std::string& user, const std::string& database) const;
  raw_connection as_connector() const { return raw_connection(conninfo(connector, ledger)); }
  raw_connection as_superuser() const { return raw_connection(conninfo(superuser_, ledger)); }
  pgrant::leases leases(boost::asio::io_context& context, int iterations,
                        int cohort_size = 500) const;
  /// Roles `crowd_0` and on, so many.
  void make_crowd(int people) const;
  /// One of 2,000 roles that exist.
  static std::string person(int number) { return "person_" + std::to_string(number % 2000); }

  inline static const std::string connector = "bench_connector", ledger = "bench_ledger";

 private:
  int major_;
  std::string superuser_, socket_directory_;
  std::string port_;
  std::unique_ptr<pgrant::sandbox> box_;
};

/// One lease by hand: the same tables, locks, checks and audit trail, one transaction each for its
/// grant and its end.
class raw_lease {
 public:
  /// Without a verifier for an existing role.
  raw_lease(int major, std::string id, std::string grantee, int chain, std::string verifier = {})
      : major_(major),
        id_(std::move(id)),
        grantee_(std::move(grantee)),
        chain_(std::to_string(chain)),
        verifier_(std::move(verifier)) {}

  std::vector<std::string> grant() const;
  std::vector<std::string> end() const;

 private:
  int major_;
  std::string id_, grantee_, chain_, verifier_;
};

}  // namespace bench
