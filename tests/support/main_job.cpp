#include "support/main_job.hpp"

#include "pgrant/password.hpp"

namespace test {

namespace {

std::string random_connector_password() {
  return std::string(value_of(pgrant::generate_password()).reveal());
}

pgrant::grant_rule shop_rule(const std::string& database, const std::string& schema,
                             pgrant::object_class on, pgrant::privilege_set privileges) {
  pgrant::grant_rule rule;
  rule.objects.database = database;
  rule.objects.schema = schema;
  rule.objects.on = on;
  rule.privileges = privileges;
  return rule;
}

}  // namespace

main_job::main_job(server& where)
    : where_(where),
      password_(random_connector_password()),
      admin_(as(where.admin(), where.admin_password())),
      connector_(as(name_, password_)) {}

pgrant::client main_job::as(const std::string& login, const std::string& password,
                            const std::string& database) {
  auto spec = value_of(pgrant::connection_spec::parse(where_.conninfo(database, login)));
  pgrant::client_options options;
  options.keep_connections(false).connecting(
      pgrant::connect_options().password(pgrant::secret::copy_of(password)));
  return {context_.get_executor(), std::move(spec), std::move(options)};
}

pgrant::bootstrap_options main_job::bootstrap_options() const {
  return pgrant::bootstrap_options(name_).creators({"app_owner"});
}

pgrant::apply_options main_job::with_connector_password() const {
  return pgrant::apply_options().secret_value(std::string(pgrant::connector_secret),
                                              pgrant::secret::copy_of(password_));
}

void main_job::bootstrap() {
  const auto plan = value_of(run(admin_.async_plan_bootstrap(bootstrap_options())));
  value_of(run(admin_.async_apply(plan, with_connector_password())));
}

pgrant::plan main_job::apply(const pgrant::policy& desired) {
  auto plan = value_of(run(connector_.async_plan(desired)));
  value_of(run(connector_.async_apply(plan)));
  return plan;
}

pgrant::policy shop_policy() {
  using pgrant::object_class;
  using pgrant::privilege;
  pgrant::bundle read;
  read.name = "sales-read";
  read.description = "Read the sales schema";
  read.grants = {shop_rule("shop", "sales", object_class::table, privilege::select)};
  read.maximum_duration = std::chrono::hours(8);

  pgrant::bundle write;
  write.name = "orders-write";
  write.description = "Read and write orders and invoices";
  // On 14 PUBLIC may create in the schema public, and an existing role is to have this bundle.
  write.accept = {"default-privileges", "public-create", "grade-d"};
  const auto all_rows =
      privilege::select | privilege::insert | privilege::update | privilege::delete_;
  for (const auto& [database, schema] :
       {std::pair("shop", "sales"), std::pair("billing", "invoices")}) {
    auto tables = shop_rule(database, schema, object_class::table, all_rows);
    tables.future = true;
    tables.creators = {"app_owner"};
    auto sequences = shop_rule(database, schema, object_class::sequence, privilege::usage);
    sequences.future = true;
    sequences.creators = {"app_owner"};
    write.grants.push_back(std::move(tables));
    write.grants.push_back(std::move(sequences));
  }
  pgrant::policy desired;
  desired.bundles = {std::move(read), std::move(write)};
  return desired;
}

}  // namespace test
