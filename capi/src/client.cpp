#include "client.hpp"

#include "client_strand.hpp"
#include "spec.hpp"
#include "text.hpp"

namespace pgrant::capi {

namespace {

std::string question_of(const connection_spec& spec) {
  const auto servers = spec.servers();
  const std::string host = servers.empty() ? std::string() : servers.front().host;
  return "password" + (spec.user().empty() ? "" : " of " + spec.user()) +
         (host.empty() ? "" : " at " + host);
}

}  // namespace

client_state::client_state(std::shared_ptr<engine> on, const connection_spec& spec,
                           client_settings settings, std::shared_ptr<event_queue> questions,
                           std::uint64_t tag)
    : engine_(std::move(on)),
      ledger_database_(settings.options.leases().ledger_database()),
      strand_(client_strand(engine_->context())),
      password_was_given_(settings.password != nullptr) {
  if (password_was_given_ || questions) {
    desk_ = std::make_shared<secret_desk>(std::move(questions), tag, question_of(spec));
    if (password_was_given_) desk_->set(settings.password->clone());
    settings.options.password(
        [desk = desk_](std::function<void(result<secret>)> done) { desk->ask(std::move(done)); });
  }
  client_.emplace(strand_, spec, std::move(settings.options));
}

void client_state::set_secret(secret value) {
  if (!password_was_given_) refuse_state("the client was opened without a password");
  desk_->set(std::move(value));
}

void client_state::stop() noexcept {
  if (!desk_) return;
  try {
    desk_->refuse(error(errc::cancelled, "the runtime was shut down"));
  } catch (...) {
    desk_->close();
  }
}

void client_state::let_go() noexcept {
  const std::unique_lock lock(mutex_);
  client_.reset();
  if (desk_) desk_->close();
  strand_ = {};
}

}  // namespace pgrant::capi

namespace capi = pgrant::capi;

pgrant_status pgrant_client_open(pgrant_runtime* runtime, const pgrant_spec* spec,
                                 const pgrant_options* options, pgrant_queue* queue, uint64_t tag,
                                 pgrant_client** client, pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& out = capi::checked_output(client, "client");
    const auto& on = capi::checked(runtime, "runtime").shared;
    on->check();
    const auto& where = capi::checked(spec, "spec").connection;
    capi::take(validate(where));
    auto settings = capi::read_client_options(options);
    const bool asks =
        !settings.password &&
        (settings.ask_secret || where.secret_source().type() == pgrant::secret_ref::kind::prompt);
    std::shared_ptr<capi::event_queue> questions;
    if (queue) {
      auto& to = capi::checked(queue, "queue").shared;
      to->process().check();
      if (asks) questions = to;
    } else if (asks) {
      capi::refuse("queue", "there is no queue in which the password could be asked for");
    }
    auto made = std::make_unique<pgrant_client>();
    made->shared = std::make_shared<capi::client_state>(on, where, std::move(settings),
                                                        std::move(questions), tag);
    on->add(made->shared);
    out = made.release();
  });
}

pgrant_status pgrant_client_set_secret(pgrant_client* client, const char* secret, size_t size,
                                       pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& of = *capi::checked(client, "client").shared;
    of.runs_on()->check();
    of.set_secret(pgrant::secret::copy_of(capi::secret_in(secret, size, "secret")));
  });
}

void pgrant_client_destroy(pgrant_client* client) {
  if (!capi::is_handle(client) || !client->shared->runs_on()->process().holds()) return;
  client->shared->let_go();
  delete client;
}
