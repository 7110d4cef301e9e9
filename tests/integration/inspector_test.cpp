#include "pgrant/inspector.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <set>

#include "support/psql.hpp"
#include "support/snapshots.hpp"
#include "support/wait.hpp"

namespace {

using pgrant::errc;

// A connector that looks at what passes through it.
class inspector_test_connector : public pgrant::database_connector {
 public:
  inspector_test_connector(boost::asio::io_context& context, const test::server& where)
      : inner_(test::socket_connector(context.get_executor(), where, where.superuser())) {}

  void open(std::string database, opened done) override {
    ++asked;
    if (before_open) before_open(database);
    inner_->open(std::move(database),
                 [this, done = std::move(done)](
                     pgrant::result<std::shared_ptr<pgrant::connection>> got) mutable {
                   if (got) {
                     most = std::max(most, ++now);
                     const auto kept = got.assume_value();
                     got = std::shared_ptr<pgrant::connection>(
                         kept.get(), [this, kept](pgrant::connection*) { --now; });
                   }
                   std::move(done)(std::move(got));
                 });
  }
  boost::asio::any_io_executor get_executor() const override { return inner_->get_executor(); }

  std::function<void(const std::string&)> before_open;
  int asked = 0, now = 0, most = 0;

 private:
  std::shared_ptr<pgrant::database_connector> inner_;
};

const pgrant::object* inspector_test_find(const pgrant::database& in, std::string_view schema,
                                          std::string_view name) {
  const pgrant::schema* s = in.find_schema(schema);
  if (!s) return nullptr;
  for (const pgrant::object& o : in.objects_in(s->id))
    if (o.name == name) return &o;
  return nullptr;
}

}  // namespace

TEST_SUITE("integration inspector") {
  TEST_CASE("the administrator sees what the superuser sees") {
    test::for_each_server([](test::server& server) {
      const pgrant::snapshot all = test::take_snapshot(server);
      const pgrant::snapshot own = test::take_snapshot(server, server.admin());
      CHECK(own.find_role(own.current_role)->name == server.admin());
      CHECK(own.roles == all.roles);
      CHECK(own.memberships == all.memberships);
      CHECK(own.databases == all.databases);
      CHECK(own.server_version / 10000 == server.major());
      CHECK(own.system_identifier ==
            test::psql_value(server, "postgres",
                             "SELECT system_identifier FROM pg_control_system()"));
      CHECK(own.taken_at.size() == std::string("2026-11-24T09:00:00.000000Z").size());
      const bool azure = server.shape() == test::shape::azure;
      CHECK(own.platform == (azure ? pgrant::platform::azure : pgrant::platform::generic));
      for (const char* reserved : {"template0", "azure_sys", "azure_maintenance"}) {
        const pgrant::database* found = own.find_database(reserved);
        CHECK((found != nullptr) == (azure || reserved == std::string("template0")));
        if (found) CHECK(found->why_not_inspected == "is reserved");
      }
      CHECK(own.find_database("template1")->inspected);
    });
  }

  TEST_CASE("every relation, routine and column ACL of a database is there") {
    test::for_each_server([](test::server& server) {
      const pgrant::snapshot state = test::take_snapshot(server, server.admin());
      const pgrant::database& shop = *state.find_database("shop");
      CHECK(shop.inspected);
      const std::string scope =
          "(SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_'"
          " AND nspname <> 'information_schema')";
      std::multiset<std::string> ours, theirs;
      for (const pgrant::object& o : shop.objects)
        ours.insert(shop.find_schema(o.schema)->name + '.' + o.name);
      for (const auto& row :
           test::psql(server, "shop",
                      "SELECT n.nspname || '.' || c.relname FROM pg_class c, pg_namespace n"
                      " WHERE n.oid = relnamespace AND n.oid IN " +
                          scope +
                          " AND relkind IN ('r','p','v','m','f','S') UNION ALL"
                          " SELECT n.nspname || '.' || p.proname FROM pg_proc p, pg_namespace n"
                          " WHERE n.oid = pronamespace AND n.oid IN " +
                          scope))
        theirs.insert(row[0]);
      CHECK(ours == theirs);
      CHECK(ours.size() > 25);

      using pgrant::object_kind;
      const auto kind = [&](const char* name) {
        const pgrant::object* found = inspector_test_find(shop, "sales", name);
        REQUIRE_MESSAGE(found, name);
        return found->kind;
      };
      CHECK(kind("orders") == object_kind::partitioned_table);
      CHECK(kind("orders_2025") == object_kind::table);
      CHECK(kind("open_orders") == object_kind::view);
      CHECK(kind("revenue_by_month") == object_kind::materialized_view);
      CHECK(kind("order_number_seq") == object_kind::sequence);
      CHECK(kind("order_total") == object_kind::function);
      CHECK(kind("close_order") == object_kind::procedure);
      CHECK(kind("longest") == object_kind::aggregate);

      const pgrant::object& orders = *inspector_test_find(shop, "sales", "orders");
      REQUIRE(orders.columns.size() == 3);
      CHECK(orders.columns[0].column == "number");
      const pgrant::acl_item& item = orders.columns[0].acl.items().front();
      CHECK(item.grantee == state.find_role("analysts")->id);
      CHECK(item.grantor == orders.owner);
      CHECK(item.privileges == pgrant::privilege::select);
      CHECK(inspector_test_find(shop, "Odd.Schema", "say \"hi\""));
    });
  }

  TEST_CASE("databases that are closed to us are told, with the reason") {
    test::for_each_server(test::shape::azure, [](test::server& server) {
      const auto on_server = [&](const std::string& sql) { test::psql(server, "postgres", sql); };
      const std::string odd = "\"Odd \"\"db\"\".'1\"";
      for (const char* name : {"no_connect", "not_allowed", "limit_zero"})
        on_server(std::string("CREATE DATABASE ") + name);
      on_server("CREATE DATABASE " + odd);
      on_server("REVOKE CONNECT ON DATABASE no_connect FROM PUBLIC");
      on_server("ALTER DATABASE not_allowed ALLOW_CONNECTIONS false");
      on_server("ALTER DATABASE limit_zero CONNECTION LIMIT 0");

      const pgrant::snapshot state = test::take_snapshot(server, server.admin());
      const auto why = [&](const char* name) {
        const pgrant::database* found = state.find_database(name);
        REQUIRE_MESSAGE(found, name);
        CHECK(found->inspected == found->why_not_inspected.empty());
        CHECK(found->inspected == !found->schemas.empty());
        return found->why_not_inspected;
      };
      CHECK(why("no_connect").find("[42501]") != std::string::npos);
      CHECK(why("not_allowed") == "does not allow connections");
      CHECK(why("limit_zero") == "has a connection limit of 0");
      CHECK(why("Odd \"db\".'1").empty());

      const auto reserved = test::take_snapshot(
          server, server.admin(), pgrant::inspect_options().include_reserved_databases(true));
      CHECK(reserved.find_database("azure_maintenance")->why_not_inspected.find("[42501]") !=
            std::string::npos);
      CHECK(reserved.find_database("azure_sys")->inspected);
      CHECK(!reserved.find_database("template0")->inspected);

      for (const char* name : {"no_connect", "not_allowed", "limit_zero"})
        on_server(std::string("DROP DATABASE ") + name);
      on_server("DROP DATABASE " + odd);
    });
  }

  TEST_CASE("only what was asked for is read, over no more connections than allowed") {
    test::server& server = test::shared_server();
    boost::asio::io_context context;
    auto connector = std::make_shared<inspector_test_connector>(context, server);
    std::vector<std::string> seen;
    auto options = pgrant::inspect_options()
                       .databases({"shop", "postgres"})
                       .concurrency(1)
                       .on_progress([&](const pgrant::inspect_progress& p) {
                         seen.push_back(p.database + ' ' + std::to_string(p.done) + '/' +
                                        std::to_string(p.total));
                       });
    const auto taken = test::wait(context, pgrant::async_inspect(connector, options));
    REQUIRE(taken);
    CHECK(seen == std::vector<std::string>{"postgres 1/2", "shop 2/2"});
    CHECK(taken.assume_value().find_database("billing")->why_not_inspected == "was not asked for");
    CHECK(connector->most == 1);
    CHECK(connector->asked == 2);  // the first connection serves its own database too
    CHECK(connector->now == 0);

    options.concurrency(3).databases({"shop", "billing", "postgres", "template1"});
    CHECK(test::wait(context, pgrant::async_inspect(connector, options)));
    CHECK(connector->most <= 3);

    const auto missing = test::wait(
        context,
        pgrant::async_inspect(connector, pgrant::inspect_options().databases({"nowhere"})));
    REQUIRE(!missing);
    CHECK(missing.error().code() == errc::not_found);
    CHECK(missing.error().field() == "databases");
    const auto none = test::wait(
        context, pgrant::async_inspect(connector, pgrant::inspect_options().concurrency(0)));
    REQUIRE(!none);
    CHECK(none.error().code() == errc::invalid_argument);
    CHECK(connector->now == 0);
  }

  TEST_CASE("a role that appears meanwhile is read; roles that keep appearing are an error") {
    test::for_each_server(test::shape::superuser, [](test::server& server) {
      boost::asio::io_context context;
      auto connector = std::make_shared<inspector_test_connector>(context, server);
      int made = 0, most = 1;
      connector->before_open = [&](const std::string& database) {
        if (database != "shop" || made == most) return;
        const std::string name = "late_" + std::to_string(made++);
        test::psql(server, "shop",
                   "CREATE ROLE " + name + "; GRANT SELECT ON sales.orders TO " + name);
      };
      const auto options = pgrant::inspect_options().databases({"shop"});
      const auto taken = test::wait(context, pgrant::async_inspect(connector, options));
      REQUIRE(taken);
      const pgrant::snapshot& state = taken.assume_value();
      REQUIRE(state.find_role("late_0"));
      const auto items =
          inspector_test_find(*state.find_database("shop"), "sales", "orders")->acl.items();
      CHECK(std::any_of(items.begin(), items.end(), [&](const pgrant::acl_item& item) {
        return item.grantee == state.find_role("late_0")->id;
      }));

      most = 10;
      const auto never = test::wait(context, pgrant::async_inspect(connector, options));
      REQUIRE(!never);
      CHECK(never.error().code() == errc::stale);
      CHECK(never.error().advice() == pgrant::retry::again);
      for (int i = 0; i < made; ++i) {
        const std::string name = "late_" + std::to_string(i);
        test::psql(server, "shop",
                   "REVOKE ALL ON sales.orders FROM " + name + "; DROP ROLE " + name);
      }
    });
  }

  TEST_CASE("attributes of roles, in one form whatever the server's settings") {
    test::for_each_server(test::shape::superuser, [](test::server& server) {
      test::psql(
          server, "postgres",
          "CREATE ROLE until LOGIN NOINHERIT CREATEDB CONNECTION LIMIT 3"
          " VALID UNTIL '2031-02-03 04:05:06.7+02';"
          "CREATE ROLE for_ever VALID UNTIL 'infinity';"
          "CREATE ROLE never VALID UNTIL '-infinity';"
          "COMMENT ON ROLE until IS 'it''s \"odd\"\nand long';"
          "ALTER ROLE ALL SET datestyle = 'German'; ALTER ROLE ALL SET timezone = 'Asia/Tokyo'");
      const pgrant::snapshot state = test::take_snapshot(server);
      const pgrant::role& until = *state.find_role("until");
      CHECK(until.valid_until == "2031-02-03T02:05:06.700000Z");
      CHECK(until.comment == "it's \"odd\"\nand long");
      CHECK(until.connection_limit == 3);
      CHECK(until.login);
      CHECK(until.create_database);
      CHECK(!until.inherit);
      CHECK(!until.superuser);
      CHECK(state.find_role("for_ever")->valid_until.empty());
      CHECK(state.find_role("never")->valid_until == "-infinity");
      CHECK(state.find_role(server.superuser())->superuser);
      test::psql(server, "postgres", "DROP ROLE until, for_ever, never; ALTER ROLE ALL RESET ALL");
    });
  }

  TEST_CASE("system schemas are read only if asked for") {
    test::server& server = test::shared_server();
    const pgrant::snapshot plain = test::take_snapshot(server);
    CHECK(!plain.find_database("shop")->find_schema("pg_catalog"));
    CHECK(!plain.find_database("shop")->find_schema("information_schema"));
    const pgrant::snapshot all = test::take_snapshot(
        server, server.superuser(),
        pgrant::inspect_options().include_system_schemas(true).databases({"shop"}));
    const pgrant::database& shop = *all.find_database("shop");
    CHECK(inspector_test_find(shop, "pg_catalog", "pg_class"));
    CHECK(inspector_test_find(shop, "information_schema", "tables"));
    CHECK(shop.objects.size() > plain.find_database("shop")->objects.size() + 3000);
    for (const pgrant::schema& s : shop.schemas) CHECK(!s.name.starts_with("pg_toast"));
  }
}

TEST_SUITE("integration inspector") {
  TEST_CASE("an inspection that is cancelled ends at once and lets go of everything") {
    test::server& server = test::shared_server();
    for (int after = 0; after < 6; ++after) {
      boost::asio::io_context context;
      auto connector = std::make_shared<inspector_test_connector>(context, server);
      boost::asio::cancellation_signal signal;
      std::optional<pgrant::result<pgrant::snapshot>> answer;
      pgrant::async_inspect(connector, pgrant::inspect_options().concurrency(2),
                            boost::asio::bind_cancellation_slot(
                                signal.slot(), [&](pgrant::result<pgrant::snapshot> r) {
                                  answer.emplace(std::move(r));
                                }));
      for (int i = 0; i < after * 15; ++i) context.run_one();
      signal.emit(boost::asio::cancellation_type::total);
      context.run();
      REQUIRE(answer);
      if (*answer) continue;  // it was faster
      CHECK(answer->error().code() == errc::cancelled);
      CHECK(connector->now == 0);
    }
  }

  TEST_CASE("a server that is down is an error, and coroutines may wait for it") {
    const auto server = test::own_server(test::versions().back());
    server->stop();
    boost::asio::io_context context;
    auto connector = test::socket_connector(context.get_executor(), *server, server->admin());
    std::optional<errc> code;
    boost::asio::co_spawn(
        context,
        [&]() -> boost::asio::awaitable<void> {
          // g++ 12 does not compile an initializer list inside of a co_await expression.
          const std::vector<std::string> names = {"shop", "billing"};
          const pgrant::result<pgrant::snapshot> taken = co_await pgrant::async_inspect(
              connector, pgrant::inspect_options().databases(names), boost::asio::use_awaitable);
          if (!taken) code = taken.error().code();
        },
        [](std::exception_ptr thrown) { CHECK(!thrown); });
    context.run();
    CHECK(code == errc::connect);
  }
}
