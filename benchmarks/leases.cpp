// Leases with pgrant beside the same SQL in raw libpq, on one server with fsync on, as a connector
// like Azure's; ratios of runs that take turns.
//   bench_leases DIRECTORY MAJOR [LEASES [CASE]]     LEASES: for the cases "many" and "roles"
//   (10000)
// "flat" is "roles" without cohorts, for comparison, and runs only if it is named.
#include <openssl/evp.h>

#include <algorithm>
#include <cstdio>
#include <pgrant/password.hpp>
#include <pgrant/scram.hpp>
#include <thread>

#include "innocent.hpp"
#include "lease_crowd.hpp"
#include "lease_roles.hpp"

namespace bench {
namespace {

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::string verifier(int iterations) {
  const auto password = must(pgrant::generate_password());
  const auto made =
      must(pgrant::scram_verifier(password, pgrant::scram_options().iterations(iterations)));
  return std::string(made.reveal());
}

double raw_crowd(const world& where, bool login, int iterations, std::chrono::milliseconds time) {
  const std::string stored = login ? verifier(iterations) : "";
  std::atomic<int> done = 0;
  const auto start = clock::now(), stop = start + time;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      raw_connection link = where.as_connector();
      for (int n = 0; clock::now() < stop; ++n) {
        const raw_lease one(where.major(), next_name("raw"),
                            login ? next_name("raw_login_") : world::person(1000 + i + n % 50 * 16),
                            i, stored);
        link.pipeline(one.grant());
        link.pipeline(one.end());
        ++done;
      }
    });
  }
  for (std::thread& one : threads) one.join();
  return done / seconds_since(start);
}

void together(const world& where, const char* what, bool login, int iterations) {
  std::vector<double> ours, raw, ratios;
  crowd callers(where, iterations, login, true);
  callers.run(64, std::chrono::milliseconds(500));
  for (int round = 0; round < 3; ++round) {
    raw.push_back(raw_crowd(where, login, iterations, std::chrono::seconds(4)));
    ours.push_back(callers.run(64, std::chrono::seconds(4)));
    ratios.push_back(ours.back() / raw.back());
  }
  std::printf("64 callers, %s: %.0f leases/s; 16 raw connections %.0f: %.1f times (%.1f to %.1f)\n",
              what, median(ours), median(raw), median(ratios), *std::ranges::min_element(ratios),
              *std::ranges::max_element(ratios));
}

// What PBKDF2 in the server alone allows: nothing but CREATE ROLE, 64 in a transaction.
void beside_pbkdf2(const world& where) {
  std::vector<double> ours, bare, ratios;
  const std::string stored = verifier(4096);
  raw_connection link = where.as_connector();
  crowd callers(where, 4096, true, false);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::string> work = {"BEGIN"}, names;
    for (int i = 0; i < 64; ++i) names.push_back(next_name("bare_login_"));
    for (const std::string& name : names) {
      work.push_back("CREATE ROLE " + name + " LOGIN PASSWORD '" + stored + "'");
    }
    work.emplace_back("COMMIT");
    auto start = clock::now();
    link.pipeline(work);
    bare.push_back(64 / seconds_since(start));
    for (const std::string& name : names) link.value("DROP ROLE " + name);
    ours.push_back(callers.run(64, std::chrono::seconds(60), 512));
    ratios.push_back(ours.back() / bare.back());
    must(pgrant::wait(callers.context(), callers.leases().async_revoke_grantee("bench")));
  }
  std::printf(
      "64 callers, new logins at 4,096 iterations, grants alone: %.0f/s; bare CREATE ROLE "
      "on one connection %.0f/s: %.2f times\n",
      median(ours), median(bare), median(ratios));
}

void alone(const world& where) {
  std::vector<double> ours, raw;
  boost::asio::io_context context;
  pgrant::leases leases = where.leases(context, 4096);
  raw_connection link = where.as_connector();
  const std::string stored = verifier(4096);
  for (int round = 0; round < 60; ++round) {
    auto start = clock::now();
    const auto granted = must(pgrant::wait(context, leases.async_grant(lease_request(true, 0))));
    if (round >= 5) ours.push_back(seconds_since(start));
    must(pgrant::wait(context, leases.async_revoke(granted.lease.id)));
    const raw_lease one(where.major(), next_name("alone"), next_name("alone_login_"), 1, stored);
    start = clock::now();
    unsigned char key[32];
    PKCS5_PBKDF2_HMAC("a password of 26 letters..", 26, key, 16, 4096, EVP_sha256(), 32, key);
    link.pipeline(one.grant());
    if (round >= 5) raw.push_back(seconds_since(start));
    link.pipeline(one.end());
  }
  std::printf(
      "a lease alone, with its login: %.2f ms; one raw pipeline and PBKDF2 %.2f ms: %.2f "
      "times\n",
      median(ours) * 1e3, median(raw) * 1e3, median(ours) / median(raw));
}

void flat(const world& where, int leases) {
  crowd callers(where, 1, true, false);
  callers.run(64, std::chrono::seconds(30), 256);
  const double first = callers.run(64, std::chrono::seconds(60), 1000);
  callers.run(64, std::chrono::seconds(600), leases - 2000);
  const double last = callers.run(64, std::chrono::seconds(60), 1000);
  std::printf(
      "grants, 1 iteration: the first 1,000 %.0f/s, the last of %d %.0f/s: %.2f times the "
      "cost\n",
      first, leases, last, first / last);
}

void expiry(const world& where, int sessions) {
  raw_connection admin = where.as_superuser();
  const std::string all = admin.value("SELECT count(*) FROM pgrant.lease WHERE state = 'active'");
  std::vector<raw_connection> open;
  for (int i = 0; i < sessions; ++i) {
    const std::string login =
        admin.value("SELECT grantee FROM pgrant.lease WHERE state = 'active' ORDER BY id OFFSET " +
                    std::to_string(i) + " LIMIT 1");
    open.emplace_back(where.conninfo(login, "postgres"));
  }
  admin.value("ANALYZE");
  admin.value("UPDATE pgrant.lease SET expires_at = clock_timestamp() WHERE state = 'active'");
  const auto start = clock::now();
  std::atomic<bool> over = false;
  double cut = 0, dropped = 0;
  std::thread watcher([&] {
    raw_connection eye = where.as_superuser();
    while (dropped == 0 && !over) {
      if (cut == 0 &&
          eye.value("SELECT count(*) FROM pg_auth_members WHERE roleid = "
                    "'bench_bundle'::regrole AND member <> "
                    "(SELECT oid FROM pg_roles WHERE rolname = 'bench_connector')") == "0") {
        cut = seconds_since(start);
      }
      if (cut > 0 && eye.value("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'lease_%'") == "0")
        dropped = seconds_since(start);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  boost::asio::io_context context;
  pgrant::leases leases = where.leases(context, 1);
  std::size_t failures = 0;
  for (int round = 0; round < 60 && dropped == 0; ++round) {
    const auto report = must(pgrant::wait(context, leases.async_sweep()));
    failures += report.failures.size();
    if (report.ends.empty()) break;
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  over = true;
  watcher.join();
  std::printf(
      "%s leases that expire at once, %d with a session: nobody has access after %.2f s, "
      "logins dropped after %.2f s; %zu failures\n",
      all.c_str(), sessions, cut, dropped, failures);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: bench_leases DIRECTORY MAJOR [LEASES [CASE]]\n", stderr);
    return 2;
  }
  const int leases = argc > 3 ? std::atoi(argv[3]) : 10'000;
  const std::string_view only = argc > 4 ? argv[4] : "";
  const auto wanted = [only](std::string_view name) { return only.empty() || only == name; };
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const bench::world where(argv[1], std::atoi(argv[2]));
  if (wanted("alone")) bench::alone(where);
  if (wanted("existing")) bench::together(where, "existing roles", false, 1);
  if (wanted("cheap")) bench::together(where, "new logins, 1 iteration", true, 1);
  if (wanted("usual")) bench::together(where, "new logins, 4,096 iterations", true, 4096);
  if (wanted("pbkdf2")) bench::beside_pbkdf2(where);
  if (wanted("innocent")) bench::innocent(where);
  if (wanted("many")) bench::flat(where, leases);
  if (wanted("many")) bench::expiry(where, std::min(500, leases / 20));
  if (wanted("roles")) bench::many_roles(where, leases, 500);
  if (only == "flat") bench::many_roles(where, leases, 0);
}
