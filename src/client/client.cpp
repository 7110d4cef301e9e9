#include "pgrant/client.hpp"

#include "client/check_queries.hpp"
#include "client/client_impl.hpp"

namespace pgrant {

namespace detail {

namespace {

using client_ptr = std::shared_ptr<client_impl>;

// The coroutine owns the client: it may be destroyed while an operation is under way.
template <class T, class... Args>
lease_task<T> run_client(client_ptr self, lease_task<T> (client_impl::*what)(Args...),
                         Args... args) {
  auto outcome = co_await ((*self).*what)(std::move(args)...);
  co_return outcome;
}

asking_connector::credentials_source reference_source(secret_ref ref) {
  return [ref = std::move(ref)](const auto& done) { done(resolve(ref)); };
}

asking_connector::credentials_source credentials_of(pool_options::password_source source) {
  return [source = std::move(source)](std::function<void(result<resolved_secret>)> done) {
    source([done = std::move(done)](result<secret> found) {
      if (!found) return done(found.error());
      done(resolved_secret{{}, std::move(found).assume_value()});
    });
  };
}

pool_options::password_source passwords_of(asking_connector::credentials_source source) {
  return [source = std::move(source)](std::function<void(result<secret>)> done) {
    source([done = std::move(done)](result<resolved_secret> found) {
      if (!found) return done(found.error());
      done(std::move(found.assume_value().password));
    });
  };
}

}  // namespace

client_impl::client_impl(boost::asio::any_io_executor executor, connection_spec spec,
                         client_options options)
    : executor_(std::move(executor)), spec_(std::move(spec)), options_(std::move(options)) {
  if (const auto valid = validate(spec_); !valid) {
    connector_ = ending_ = std::make_shared<refusing_connector>(executor_, valid.error());
    return;
  }
  const connect_options& connecting = options_.connecting();
  asking_connector::credentials_source source;
  if (options_.password())
    source = credentials_of(options_.password());
  else if (!connecting.password() && spec_.secret_source())
    source = reference_source(spec_.secret_source());

  if (!options_.keep_connections()) {
    if (source)
      connector_ = std::make_shared<asking_connector>(executor_, spec_, connecting, source);
    else
      connector_ = std::make_shared<direct_connector>(executor_, spec_, connecting);
    ending_ = connector_;
    return;
  }
  pool_options pooling;
  pooling.connecting(connecting).reserve(options_.leases().ledger_database());
  if (source) pooling.password(passwords_of(std::move(source)));
  auto shared = std::make_shared<pool>(executor_, spec_, std::move(pooling));
  connector_ = std::make_shared<pool_connector>(shared, acquire_options());
  ending_ = std::make_shared<pool_connector>(std::move(shared), acquire_options().ending(true));
}

pgrant::ledger client_impl::ledger() const {
  return pgrant::ledger(connector_, options_.leases().ledger_database());
}

lease_task<check_report> client_impl::check() {
  using clock = std::chrono::steady_clock;
  const auto since = [](clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - start);
  };
  const auto start = clock::now();
  auto opened = co_await open_connection(connector_, {});
  BOOST_OUTCOME_CO_TRY(auto where, std::move(opened));
  check_report report;
  report.connect_time = since(start);
  report.host = where->host();
  report.address = where->address();
  report.database = where->database();
  report.ssl_mode = spec_.ssl_mode();
  report.tls = where->tls();
  report.server_version = where->server_version();
  report.platform = spec_.platform();
  report.ledger_database = options_.leases().ledger_database();

  const auto asked = clock::now();
  auto sent = co_await where->async_execute_batch(check_questions(), boost::asio::use_awaitable);
  BOOST_OUTCOME_CO_TRY(const batch_result answers, std::move(sent));
  report.round_trip = since(asked);
  BOOST_OUTCOME_CO_TRY(const check_facts facts, read_check(answers, report));
  where.reset();  // a login may have one connection only
  if (report.ledger_reachable) {
    auto looked = co_await ledger().async_examine(options_.leases().login_prefix(),
                                                  boost::asio::use_awaitable);
    // An administrator may enter the ledger's database, and not see its tables.
    if (looked) report.ledger = std::move(looked).assume_value();
  }
  report.findings = find_findings(report, facts, spec_);
  co_return report;
}

lease_task<snapshot> client_impl::inspect(inspect_options options) {
  auto state = co_await async_inspect(connector_, std::move(options), boost::asio::use_awaitable);
  co_return state;
}

lease_task<plan> client_impl::make_policy_plan(policy desired, planner_options options) {
  // What needs no server is said without one.
  if (const auto problems = validate(desired); !problems.empty()) co_return problems.front();
  auto inspected = co_await inspect(inspect_options());
  BOOST_OUTCOME_CO_TRY(const snapshot state, std::move(inspected));
  co_return make_plan(state, desired, options);
}

lease_task<plan> client_impl::make_bootstrap_plan(bootstrap_options options) {
  auto inspected = co_await inspect(inspect_options());
  BOOST_OUTCOME_CO_TRY(const snapshot state, std::move(inspected));
  BOOST_OUTCOME_CO_TRY(const policy desired, bootstrap_policy(state, options));
  co_return make_plan(state, desired);
}

lease_task<apply_report> client_impl::apply(plan what, apply_options options) {
  std::vector<std::string> warnings;
  const bool has_bundles = !what.bundles.empty() || !what.dropped_bundles.empty();
  if (has_bundles && !options.book()) {
    BOOST_OUTCOME_CO_TRY(check_applicable(what, options));
    pgrant::ledger book = ledger();
    auto version = co_await book.async_prepare(boost::asio::use_awaitable);
    if (version) {
      options.through(book);
    } else if (version.error().code() == errc::not_found ||
               version.error().state() == "42501"_sqlstate ||
               version.error().code() == errc::denied) {
      warnings.push_back(
          "the bundles are not in the ledger, so that they cannot be granted for a "
          "time: " +
          version.error().message());
    } else {
      co_return version.error();
    }
  }
  auto applied = co_await async_apply(connector_, std::move(what), std::move(options),
                                      boost::asio::use_awaitable);
  if (applied)
    applied.assume_value().warnings.insert(applied.assume_value().warnings.end(), warnings.begin(),
                                           warnings.end());
  co_return applied;
}

void start_check(client_ptr self, completion<check_report> done) {
  start_lease_task(self->executor(), run_client(self, &client_impl::check), std::move(done));
}

void start_client_inspect(client_ptr self, inspect_options options, completion<snapshot> done) {
  start_lease_task(self->executor(), run_client(self, &client_impl::inspect, std::move(options)),
                   std::move(done));
}

void start_plan(client_ptr self, policy desired, planner_options options, completion<plan> done) {
  start_lease_task(
      self->executor(),
      run_client(self, &client_impl::make_policy_plan, std::move(desired), std::move(options)),
      std::move(done));
}

void start_plan_bootstrap(client_ptr self, bootstrap_options options, completion<plan> done) {
  start_lease_task(self->executor(),
                   run_client(self, &client_impl::make_bootstrap_plan, std::move(options)),
                   std::move(done));
}

void start_client_apply(client_ptr self, plan what, apply_options options,
                        completion<apply_report> done) {
  start_lease_task(self->executor(),
                   run_client(self, &client_impl::apply, std::move(what), std::move(options)),
                   std::move(done));
}

void start_client_rotate(client_ptr self, std::shared_ptr<async_secret_store> store,
                         rotation_options options, completion<rotation_report> done) {
  options.ledger_database(self->options().leases().ledger_database());
  start_rotate(self->connector(), self->spec(), std::move(store), std::move(options),
               std::move(done));
}

}  // namespace detail

namespace {

lease_settings settings_for(const detail::client_impl& impl) {
  lease_settings settings = impl.options().leases();
  if (settings.endpoint() == connection_spec()) settings.endpoint(impl.spec());
  return settings;
}

}  // namespace

client::client(boost::asio::any_io_executor executor, connection_spec spec, client_options options)
    : impl_(std::make_shared<detail::client_impl>(std::move(executor), std::move(spec),
                                                  std::move(options))),
      leases_(std::make_shared<pgrant::leases>(impl_->connector(), settings_for(*impl_),
                                               impl_->ending())) {}

const connection_spec& client::spec() const noexcept {
  return impl_->spec();
}

pgrant::ledger client::ledger() const {
  return impl_->ledger();
}

std::shared_ptr<database_connector> client::connector() const noexcept {
  return impl_->connector();
}

}  // namespace pgrant
