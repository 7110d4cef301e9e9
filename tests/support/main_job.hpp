// The main job with the facade, step by step: what integration tests of its verbs share.
#pragma once

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <utility>

#include "pgrant/client.hpp"
#include "pgrant/wait.hpp"
#include "support/psql.hpp"
#include "support/servers.hpp"

namespace test {

/// A value that has to be there: the error fails the test.
template <class T>
T value_of(pgrant::result<T> outcome) {
  if (!outcome) FAIL(outcome.error().describe());
  return std::move(outcome).assume_value();
}

/// An instance with an administrator and, after `bootstrap`, a connector.
class main_job {
 public:
  explicit main_job(server& where);

  server& where() const noexcept { return where_; }
  pgrant::client as(const std::string& login, const std::string& password,
                    const std::string& database = "postgres");
  pgrant::client& admin() noexcept { return admin_; }
  pgrant::client& connector() noexcept { return connector_; }
  const std::string& connector_name() const noexcept { return name_; }
  const std::string& connector_password() const noexcept { return password_; }

  template <class Operation>
  auto run(Operation&& operation) {
    return pgrant::wait(context_, std::forward<Operation>(operation));
  }

  pgrant::bootstrap_options bootstrap_options() const;
  pgrant::apply_options with_connector_password() const;
  /// Plans and applies the bootstrap as the administrator.
  void bootstrap();
  /// Plans and applies as the connector; the plan.
  pgrant::plan apply(const pgrant::policy& desired);

 private:
  server& where_;
  boost::asio::io_context context_;
  std::string name_ = "apono_connector", password_;
  pgrant::client admin_, connector_;
};

/// sales-read (SELECT in shop.sales) and orders-write (reads and writes shop.sales and
/// billing.invoices, future tables of app_owner included).
pgrant::policy shop_policy();

}  // namespace test
