#include "fault/worker.hpp"

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <random>
#include <sstream>

#include "pgrant/client.hpp"
#include "pgrant/json/policy.hpp"
#include "pgrant/rotation.hpp"
#include "pgrant/wait.hpp"

namespace test {
namespace {

std::string fault_answer(const pgrant::error& why) {
  std::string text = why.describe();
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return "error\t" + std::string(pgrant::to_string(why.code())) + '\t' + why.state().str() + '\t' +
         text;
}

// Grants to one of many and ends that again, over and over, until the time is up.
class storm_caller : public std::enable_shared_from_this<storm_caller> {
 public:
  struct tally {
    int working = 0, leases = 0, errors = 0;
    std::string first_error;
  };

  storm_caller(pgrant::leases leases, std::vector<std::string> roles, std::uint64_t seed,
               std::chrono::steady_clock::time_point until, tally& counts)
      : leases_(std::move(leases)),
        roles_(std::move(roles)),
        random_(seed),
        until_(until),
        counts_(counts) {
    ++counts_.working;
  }
  storm_caller(const storm_caller&) = delete;
  storm_caller& operator=(const storm_caller&) = delete;
  ~storm_caller() { --counts_.working; }

  void next() {
    if (std::chrono::steady_clock::now() > until_) return;
    const auto draw = [this](std::size_t below) { return random_() % below; };
    const bool read = draw(2) == 0;
    pgrant::grant_request request(read ? "world-read" : "world-write");
    if (draw(3) == 0) request.also(read ? "world-write" : "world-read");
    request.lasting(std::chrono::minutes(10));
    if (draw(8) == 0) {
      request.to("stormy");
    } else {
      request.to_role(roles_[draw(roles_.size())]);
    }
    leases_.async_grant(std::move(request), [self = shared_from_this()](auto granted) {
      if (!granted) return self->failed(granted.error());
      self->end(granted.value().lease.id);
    });
  }

 private:
  void end(const std::string& id) {
    leases_.async_revoke(id, [self = shared_from_this()](auto ended) {
      if (!ended) return self->failed(ended.error());
      if (ended.value().lease.state != pgrant::lease_state::ended) {
        return self->failed(pgrant::error(pgrant::errc::internal, ended.value().lease.held_why));
      }
      ++self->counts_.leases;
      self->next();
    });
  }

  void failed(const pgrant::error& why) {
    if (counts_.errors++ == 0) counts_.first_error = fault_answer(why);
    next();
  }

  pgrant::leases leases_;
  std::vector<std::string> roles_;
  std::mt19937_64 random_;
  std::chrono::steady_clock::time_point until_;
  tally& counts_;
};

class fault_worker {
  template <class Operation>
  auto run(Operation&& operation) {
    return pgrant::wait(context_, std::forward<Operation>(operation));
  }

 public:
  explicit fault_worker(const std::vector<std::string>& arguments)
      : ledger_(arguments.at(3)), pooled_(arguments.at(4) == "pool") {
    spec_.host(arguments.at(0)).port(static_cast<std::uint16_t>(std::stoi(arguments.at(1))));
    spec_.user(arguments.at(2)).database("postgres").ssl_mode(pgrant::ssl_mode::disable);
    leases_ = std::make_unique<pgrant::leases>(connector(16), settings());
  }

  std::string obey(const std::vector<std::string>& order) {
    const std::string& verb = order.at(0);
    if (verb == "grant") return grant(order);
    if (verb == "revoke") {
      const auto end = run(leases_->async_revoke(order.at(1)));
      if (!end) return fault_answer(end.error());
      return "ended\t" + order.at(1) + '\t' +
             std::string(pgrant::to_string(end.value().lease.state));
    }
    if (verb == "revoke-grantee") return swept(run(leases_->async_revoke_grantee(order.at(1))));
    if (verb == "sweep") return swept(run(leases_->async_sweep()));
    if (verb == "extend") return extend(order);
    if (verb == "rotate") return rotate(order);
    if (verb == "apply") return apply(order.at(1));
    if (verb == "storm") return storm(order);
    return "error\tunsupported\t\tunknown order " + verb;
  }

 private:
  std::shared_ptr<pgrant::database_connector> connector(std::size_t size) {
    if (pooled_) {
      return std::make_shared<pgrant::pool>(context_.get_executor(), spec_,
                                            pgrant::pool_options().max_size(size));
    }
    return std::make_shared<pgrant::direct_connector>(context_.get_executor(), spec_,
                                                      pgrant::connect_options());
  }

  pgrant::lease_settings settings() const {
    // What the server's PBKDF2 costs proves nothing here.
    return pgrant::lease_settings().ledger_database(ledger_).endpoint(spec_).password_iterations(1);
  }

  std::string grant(const std::vector<std::string>& order) {
    const auto bundles = split_fields(order.at(1), ',');
    pgrant::grant_request request(bundles.front());
    for (std::size_t i = 1; i < bundles.size(); ++i) request.also(bundles[i]);
    if (!order.at(2).empty()) request.to(order[2]);
    if (!order.at(3).empty()) request.to_role(order[3]);
    request.lasting(std::chrono::seconds(std::stoi(order.at(4)))).because("a test");
    if (order.size() > 5 && !order[5].empty()) request.idempotency_key(order[5]);
    if (order.size() > 6) request.starting_in(std::chrono::seconds(std::stoi(order[6])));
    const auto granted = run(leases_->async_grant(std::move(request)));
    if (!granted) return fault_answer(granted.error());
    const auto& told = granted.value().credentials;
    return "granted\t" + granted.value().lease.id + '\t' + granted.value().lease.grantee + '\t' +
           (told ? told->user + '\t' + std::string(told->password.reveal()) : "\t");
  }

  std::string extend(const std::vector<std::string>& order) {
    pgrant::extend_request request(order.at(1), std::chrono::seconds(std::stoi(order.at(2))));
    request.idempotency_key(order.at(3));
    const auto extended = run(leases_->async_extend(std::move(request)));
    return extended ? "extended\t" + extended.value().id : fault_answer(extended.error());
  }

  // A password proves nothing where everybody is trusted: it is tried over TLS.
  std::string rotate(const std::vector<std::string>& order) {
    pgrant::connection_spec from_outside;
    from_outside.host(order.at(2)).port(static_cast<std::uint16_t>(std::stoi(order.at(3))));
    from_outside.database("postgres").root_certificate(order.at(4));
    from_outside.ssl_mode(pgrant::ssl_mode::verify_full);
    const auto rotated = run(pgrant::async_rotate(
        connector(1), from_outside, std::make_shared<pgrant::file_secret_store>(order.at(1)),
        pgrant::rotation_options().ledger_database(ledger_).password_iterations(1)));
    return rotated ? "rotated" : fault_answer(rotated.error());
  }

  static std::string swept(const pgrant::result<pgrant::sweep_report>& report) {
    if (!report) return fault_answer(report.error());
    std::string first;
    if (!report.value().failures.empty()) first = fault_answer(report.value().failures[0].why);
    return "swept\t" + std::to_string(report.value().ends.size()) + '\t' +
           std::to_string(report.value().failures.size()) + '\t' + first;
  }

  std::string apply(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const auto desired = pgrant::policy_from_json(text);
    if (!desired) return fault_answer(desired.error());
    pgrant::client client(context_.get_executor(), spec_,
                          pgrant::client_options().keep_connections(false).leases(settings()));
    auto plan = run(client.async_plan(desired.value()));
    if (!plan) return fault_answer(plan.error());
    const std::size_t steps = plan.value().steps.size();
    const auto report = run(client.async_apply(std::move(plan).value()));
    if (!report) return fault_answer(report.error());
    return "applied\t" + std::to_string(steps);
  }

  std::string storm(const std::vector<std::string>& order) {
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::seconds(std::stoi(order.at(1)));
    const std::uint64_t seed = std::stoull(order.at(3));
    storm_caller::tally counts;
    for (int i = 0; i < std::stoi(order.at(2)); ++i) {
      std::make_shared<storm_caller>(*leases_, split_fields(order.at(4), ','),
                                     seed + static_cast<std::uint64_t>(i), until, counts)
          ->next();
    }
    context_.restart();
    // A pool has timers of its own: the context does not run out of work with the last caller.
    const auto last = until + std::chrono::seconds(60);
    while (counts.working > 0 && std::chrono::steady_clock::now() < last) {
      context_.run_one_for(std::chrono::milliseconds(100));
    }
    if (counts.working > 0) return "error\ttimeout\t\tcallers are stuck";
    return "stormed\t" + std::to_string(counts.leases) + '\t' + std::to_string(counts.errors) +
           '\t' + counts.first_error;
  }

  pgrant::connection_spec spec_;
  std::string ledger_;
  bool pooled_;
  boost::asio::io_context context_;
  std::unique_ptr<pgrant::leases> leases_;
};

}  // namespace

std::vector<std::string> split_fields(const std::string& line, char separator) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == separator) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

int work(const std::vector<std::string>& arguments) {
  fault_worker worker(arguments);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << worker.obey(split_fields(line)) << std::endl;
  }
  return 0;
}

}  // namespace test
