#include "innocent.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "lease_crowd.hpp"

namespace bench {

namespace {

constexpr std::chrono::seconds a_while{4};

// User and system time of a process, in seconds.
double cpu_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// Seconds of the server's CPU for one query.
double cost_of_query(raw_connection& session, const std::string& pid) {
  const double before = cpu_of(pid);
  const auto stop = clock::now() + a_while;
  int queries = 0;
  for (; clock::now() < stop; ++queries) {
    session.value("SELECT price FROM shop.article WHERE id = " +
                  std::to_string(1 + queries % 1000));
  }
  return (cpu_of(pid) - before) / queries;
}

void make_innocent(const world& where) {
  raw_connection admin = where.as_superuser();
  admin.value("CREATE ROLE innocent LOGIN");
  admin.value(
      "DO $$ BEGIN FOR i IN 1..200 LOOP EXECUTE format('CREATE ROLE team_%s NOLOGIN', i); "
      "EXECUTE format('GRANT team_%s TO innocent', i); END LOOP; END $$");
  admin.value("GRANT CONNECT ON DATABASE " + world::ledger + " TO innocent");
  admin.value("CREATE SCHEMA shop");
  admin.value("GRANT USAGE ON SCHEMA shop TO innocent");
  admin.value("CREATE TABLE shop.article (id int PRIMARY KEY, price int)");
  admin.value("INSERT INTO shop.article SELECT i, i FROM generate_series(1, 1000) i");
  admin.value("GRANT SELECT ON shop.article TO team_200");
  admin.value("ANALYZE shop.article");
}

}  // namespace

void innocent(const world& where) {
  make_innocent(where);
  raw_connection session(where.conninfo("innocent", world::ledger));
  const std::string pid = session.value("SELECT pg_backend_pid()");
  crowd callers(where, 1, false, true);
  callers.run(64, std::chrono::milliseconds(500));
  cost_of_query(session, pid);
  std::vector<double> quiet, busy, ratios;
  for (int round = 0; round < 3; ++round) {
    quiet.push_back(cost_of_query(session, pid));
    std::thread others([&] { callers.run(64, a_while + std::chrono::seconds(1)); });
    busy.push_back(cost_of_query(session, pid));
    others.join();
    ratios.push_back(busy.back() / quiet.back());
  }
  std::ranges::sort(ratios);
  std::printf(
      "an innocent session in 200 roles: %.1f us of the server's CPU for a point query, %.1f us "
      "while 64 callers grant and end: %.2f times (%.2f to %.2f)\n",
      quiet[1] * 1e6, busy[1] * 1e6, ratios[1], ratios.front(), ratios.back());
}

}  // namespace bench
