#include "pgrant/rotation.hpp"

#include "lease/ledger_store.hpp"
#include "lease/store_wait.hpp"
#include "pgrant/password.hpp"
#include "pgrant/scram.hpp"
#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment rotated_role_query =
    R"(SELECT r.rolname, r.rolname = session_user, r.rolcanlogin,
  EXISTS (SELECT FROM pgrant.lease l WHERE l.grantee = r.rolname AND l.kind = 'ephemeral_login'
    AND l.grantee_oid = r.oid),
  EXISTS (SELECT FROM pgrant.lease l WHERE l.grantee = r.rolname AND l.grantee_oid = r.oid
    AND l.state IN ('active', 'ending'))
FROM pg_catalog.pg_roles r WHERE r.rolname = coalesce(nullif($1::text, ''), session_user::text))";

class rotation_run {
 public:
  rotation_run(std::shared_ptr<database_connector> connector, connection_spec prove_at,
               std::shared_ptr<async_secret_store> store, rotation_options options)
      : ledger_(std::move(connector), options.ledger_database()),
        prove_at_(std::move(prove_at)),
        store_(std::move(store)),
        options_(std::move(options)) {}

  boost::asio::any_io_executor executor() const { return ledger_.executor(); }

  lease_task<rotation_report> rotate() {
    if (!store_)
      co_return error(errc::invalid_argument, "a rotation needs a store of secrets")
          .with_field("store");
    auto opened = co_await ledger_.open();
    BOOST_OUTCOME_CO_TRY(where_, std::move(opened));
    auto looked = co_await look_up();
    if (!looked) co_return looked.error();
    auto asked = co_await pending();
    BOOST_OUTCOME_CO_TRY(auto earlier, std::move(asked));
    if (earlier) {
      fresh_ = std::move(*earlier);
      auto works = co_await logs_in();
      BOOST_OUTCOME_CO_TRY(report_.resumed, std::move(works));
    } else {
      BOOST_OUTCOME_CO_TRY(fresh_, generate_password());
      step("pending");
      auto put = co_await put_pending();
      if (!put) co_return put.error();
    }
    if (!report_.resumed) {
      auto altered = co_await alter();
      if (!altered) co_return altered.error();
      step("prove");
      auto works = co_await logs_in();
      BOOST_OUTCOME_CO_TRY(const bool proved, std::move(works));
      if (!proved) {
        co_return error(errc::conflict, "the new password was set and does not log in")
            .with_object("role " + quote_identifier(report_.login))
            .with_hint(
                "look at what else changes it; the password is kept as "
                "pending, and the next"
                " rotation goes on with it");
      }
    }
    step("promote");
    auto promoted = co_await tell(&async_secret_store::promote);
    if (!promoted) co_return promoted.error();
    step("retire");
    auto retired = co_await tell(&async_secret_store::retire);
    if (!retired) co_return retired.error();
    co_return std::move(report_);
  }

 private:
  void step(std::string_view what) const {
    if (options_.on_step()) options_.on_step()(what);
  }

  lease_task<std::optional<secret>> pending() {
    const auto question = [this](async_secret_store::found answer) {
      store_->pending(report_.login, std::move(answer));
    };
    auto answered = co_await ask_store<std::optional<secret>>(question);
    co_return answered;
  }

  lease_task<void> put_pending() {
    const auto question = [this](async_secret_store::stored answer) {
      store_->put_pending(report_.login, fresh_.clone(), std::move(answer));
    };
    auto answered = co_await ask_store<void>(question);
    co_return answered;
  }

  lease_task<void> tell(void (async_secret_store::*what)(std::string, async_secret_store::stored)) {
    const auto question = [this, what](async_secret_store::stored answer) {
      ((*store_).*what)(report_.login, std::move(answer));
    };
    auto answered = co_await ask_store<void>(question);
    co_return answered;
  }

  lease_task<void> look_up() {
    auto asked = co_await run(where_, statement(rotated_role_query).bind(options_.login()));
    BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
    const auto about = [this](errc code, std::string message) {
      return error(code, std::move(message))
          .with_field("login")
          .with_object("role " + quote_identifier(options_.login()));
    };
    if (answer.empty()) co_return about(errc::not_found, "the role does not exist");
    report_.login = answer.at(0, 0).str();
    if (answer.text(0, 2) != "t") co_return about(errc::invalid_argument, "the role cannot log in");
    if (answer.text(0, 3) == "t") {
      co_return about(errc::conflict, "the role is the login of a lease")
          .with_hint("its password ends with the lease; grant another one");
    }
    if (answer.text(0, 4) == "t" && !options_.during_leases()) {
      co_return about(errc::conflict, "the role has a lease")
          .with_hint("rotate when the lease has ended, or ask for it");
    }
    co_return success();
  }

  lease_task<void> alter() {
    step("alter");
    auto verifier =
        scram_verifier(fresh_, scram_options().iterations(options_.password_iterations()));
    BOOST_OUTCOME_CO_TRY(const secret made, std::move(verifier));
    if (!is_scram_verifier(made.reveal()))
      co_return error(errc::internal, "the password's verifier is malformed");
    audit_entry entry("rotate");
    entry.detail("login", report_.login);
    batch work;
    work.add(statement("BEGIN"));
    work.add(statement(
        sql_text("ALTER ROLE ").name(report_.login).raw(" PASSWORD ").literal(made.reveal())));
    work.add(ledger_.append_audit(entry)).add(statement("COMMIT"));
    auto done = co_await run_all(where_, std::move(work));
    if (!done) co_return done.error().within("cannot set the new password");
    co_return success();
  }

  // False: the server refuses the password.
  lease_task<bool> logs_in() {
    connection_spec as_login = prove_at_;
    BOOST_OUTCOME_CO_TRY(as_login.set("user", report_.login));
    const auto connector = std::make_shared<direct_connector>(
        executor(), std::move(as_login), connect_options().password(fresh_.clone()));
    auto opened = co_await open_connection(connector, {});
    if (opened) {
      opened.assume_value()->close();
      co_return true;
    }
    const sqlstate why = opened.error().state();
    if (why == "28P01"_sqlstate || why == "28000"_sqlstate) co_return false;
    // It is let in and then turned away: the password was right.
    if (why == "53300"_sqlstate || why == "42501"_sqlstate) co_return true;
    co_return opened.error().within("cannot try the password");
  }

  ledger_store ledger_;
  connection_spec prove_at_;
  std::shared_ptr<async_secret_store> store_;
  rotation_options options_;
  rotation_report report_;
  connection_ptr where_;
  secret fresh_;
};

lease_task<rotation_report> run_rotation(std::shared_ptr<rotation_run> what) {
  auto report = co_await what->rotate();
  co_return report;
}

}  // namespace

void start_rotate(std::shared_ptr<database_connector> connector, connection_spec prove_at,
                  std::shared_ptr<async_secret_store> store, rotation_options options,
                  completion<rotation_report> done) {
  auto what = std::make_shared<rotation_run>(std::move(connector), std::move(prove_at),
                                             std::move(store), std::move(options));
  const auto executor = what->executor();
  start_lease_task(executor, run_rotation(std::move(what)), std::move(done));
}

}  // namespace pgrant::detail
