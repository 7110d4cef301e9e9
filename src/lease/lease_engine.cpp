#include "lease/lease_engine.hpp"

#include <algorithm>

#include "lease/end_together.hpp"
#include "lease/grant_call.hpp"
#include "pgrant/sql.hpp"

namespace pgrant {
namespace detail {

lease_engine::lease_engine(std::shared_ptr<database_connector> connector,
                           std::shared_ptr<database_connector> ending, lease_settings settings)
    : store_(std::make_shared<ledger_store>(connector, settings.ledger_database())),
      ending_store_(ending ? std::make_shared<ledger_store>(ending, settings.ledger_database())
                           : store_),
      settings_(std::move(settings)),
      turns_(store_->executor(), std::max(settings_.ends_at_once(), 1)),
      grants_(std::make_shared<grant_queue>(store_->executor(), most_grants_together,
                                            may_grant_together)),
      cuts_(std::make_shared<cut_queue>(ending_store_->executor(), most_cuts_together,
                                        may_cut_together)),
      drops_(std::make_shared<drop_queue>(ending_store_->executor(), most_drops_together,
                                          may_drop_together)) {}

lease_engine::~lease_engine() = default;

void lease_engine::step(const std::string& lease, std::string_view what) const {
  if (settings_.on_step()) settings_.on_step()(lease_step{lease, what});
}

statement executor_query() {
  return statement(sql_text("SELECT r.rolname, r.rolsuper, NOT r.rolsuper AND ")
                       .raw(has_issuers_condition)
                       .raw(", r.rolsuper OR r.rolcreaterole"
                            " FROM pg_catalog.pg_roles r WHERE r.rolname = current_user"));
}

result<lease_executor> read_executor(const connection& where, const rows& answer) {
  lease_executor us;
  us.server_version = where.server_version();
  us.role = answer.at(0, 0).str();
  BOOST_OUTCOME_TRY(us.superuser, answer.at(0, 1).boolean());
  BOOST_OUTCOME_TRY(const bool issuers, answer.at(0, 2).boolean());
  BOOST_OUTCOME_TRY(us.makes_roles, answer.at(0, 3).boolean());
  us.authority = issuers ? issuer_authority(us.server_version, us.role)
                         : direct_authority(us.server_version, us.superuser, us.role);
  return us;
}

lease_task<lease_executor> lease_engine::who_are_we(connection_ptr where) {
  auto asked = co_await ask(where, executor_query());
  BOOST_OUTCOME_CO_TRY(const rows answer, std::move(asked));
  auto us = read_executor(*where, answer);
  co_return us;
}

}  // namespace detail

result<void> lease_settings::validate() const {
  const auto refuse = [](std::string message, std::string field) {
    return error(errc::invalid_argument, std::move(message)).with_field(std::move(field));
  };
  const auto named = check_name(ledger_database_, "database");
  if (!named) return named.error().with_field("ledger_database");
  const bool plain =
      login_prefix_.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  if (!plain || login_prefix_.empty() || login_prefix_.size() > 16 ||
      !(login_prefix_[0] >= 'a' && login_prefix_[0] <= 'z') || login_prefix_.starts_with("pg_")) {
    return refuse(
        "the prefix of logins is not 1 to 16 of [a-z0-9_], a letter first, other than pg_",
        "login_prefix");
  }
  if (connection_limit_ < 1) return refuse("the connection limit is below 1", "connection_limit");
  if (iterations_ < 1) return refuse("the iteration count is below 1", "password_iterations");
  if (maximum_ < std::chrono::seconds(1)) {
    return refuse("the longest lease is below 1 s", "maximum_duration");
  }
  if (total_ && *total_ < std::chrono::seconds(1)) {
    return refuse("the longest extended lease is below 1 s", "maximum_total");
  }
  if (end_timeout_ < std::chrono::seconds(1)) {
    return refuse("the time for an end is below 1 s", "end_timeout");
  }
  if (cohort_size_ < 0) return refuse("a cohort cannot have so few people", "cohort_size");
  if (ends_at_once_ < 1) return refuse("no end may run", "ends_at_once");
  return success();
}

leases::leases(std::shared_ptr<database_connector> connector, lease_settings settings,
               std::shared_ptr<database_connector> ending)
    : engine_(std::make_shared<detail::lease_engine>(std::move(connector), std::move(ending),
                                                     std::move(settings))) {}

const lease_settings& leases::settings() const noexcept {
  return engine_->settings();
}

}  // namespace pgrant
