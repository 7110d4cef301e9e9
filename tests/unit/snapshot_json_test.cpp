#include "pgrant/json/snapshot.hpp"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace {

pgrant::snapshot snapshot_json_test_state() {
  using pgrant::privilege;
  pgrant::snapshot state;
  state.server_version = 170004;
  state.system_identifier = "7341";
  state.current_role = 10;
  pgrant::role admin, odd;
  admin.id = 10, admin.name = "admin", admin.superuser = true;
  odd.id = 11, odd.name = "PUBLIC", odd.connection_limit = 0, odd.comment = "not \"everybody\"";
  state.roles = {odd, admin};
  state.memberships.resize(1);
  state.memberships[0].role = 11;
  state.memberships[0].member = 10;
  state.memberships[0].grantor = 16400;

  pgrant::database& db = state.databases.emplace_back();
  db.id = 1, db.owner = 10, db.name = "shop\xff", db.inspected = true;
  db.acl = pgrant::acl({{11, 10, privilege::connect | privilege::temporary, privilege::connect},
                        {pgrant::public_oid, 10, privilege::connect, {}}});
  pgrant::schema& s = db.schemas.emplace_back();
  s.id = 2, s.owner = 10, s.name = "sales.\"odd\"";
  s.acl = pgrant::acl(std::vector<pgrant::acl_item>());
  pgrant::object& f = db.objects.emplace_back();
  f.id = 4, f.schema = 2, f.owner = 10, f.kind = pgrant::object_kind::function;
  f.name = "total", f.arguments = "date, integer";
  pgrant::object& t = db.objects.emplace_back();
  t.id = 3, t.schema = 2, t.owner = 16400, t.name = "orders";
  t.columns = {{"id", pgrant::acl({{11, 10, privilege::select, {}}})}};
  db.default_privileges.resize(1);
  db.default_privileges[0].creator = 10;
  state.index();
  return state;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("snapshot as JSON: roles are named, PUBLIC is null, gone ones are numbers") {
    const std::string text = pgrant::to_json(snapshot_json_test_state());
    const boost::json::value read = boost::json::parse(text);
    const auto at = [&](const char* pointer) -> const boost::json::value& {
      return read.at_pointer(pointer);
    };
    CHECK(at("/format").as_string() == "pgrant.snapshot/1");
    CHECK(at("/platform").as_string() == "generic");
    CHECK(at("/current_role").as_string() == "admin");
    CHECK(at("/roles/0/name").as_string() == "PUBLIC");
    CHECK(at("/roles/0/connection_limit").as_int64() == 0);
    CHECK(at("/roles/0/comment").as_string() == "not \"everybody\"");
    CHECK(at("/roles/1/connection_limit").is_null());
    CHECK(at("/memberships/0/member").as_string() == "admin");
    CHECK(at("/memberships/0/grantor/oid").to_number<int>() == 16400);

    CHECK(at("/databases/0/name").as_string() == "shop\xef\xbf\xbd");
    CHECK(at("/databases/0/acl/0/grantee").is_null());
    CHECK(at("/databases/0/acl/1/grantee").as_string() == "PUBLIC");
    CHECK(at("/databases/0/acl/1/privileges/1").as_string() == "TEMPORARY");
    CHECK(at("/databases/0/acl/1/grant_options").as_array().size() == 1);
    CHECK(at("/databases/0/schemas/0/acl").as_array().empty());
    CHECK(at("/databases/0/objects/0/kind").as_string() == "table");
    CHECK(at("/databases/0/objects/0/acl").is_null());
    CHECK(!at("/databases/0/objects/0").as_object().contains("arguments"));
    CHECK(at("/databases/0/objects/0/columns/0/name").as_string() == "id");
    CHECK(at("/databases/0/objects/1/schema").as_string() == "sales.\"odd\"");
    CHECK(at("/databases/0/objects/1/arguments").as_string() == "date, integer");
    CHECK(at("/databases/0/default_privileges/0/schema").is_null());
    CHECK(at("/databases/0/default_privileges/0/on").as_string() == "table");
    CHECK(pgrant::to_json(snapshot_json_test_state()) == text);
  }

  TEST_CASE("snapshot as JSON: what is not wanted is left out") {
    const auto options = pgrant::snapshot_json_options().objects(false).privileges(false);
    const boost::json::value read =
        boost::json::parse(pgrant::to_json(snapshot_json_test_state(), options));
    CHECK(!read.as_object().contains("memberships"));
    const boost::json::object& db = read.at_pointer("/databases/0").as_object();
    CHECK(!db.contains("objects"));
    CHECK(!db.contains("acl"));
    CHECK(!db.contains("default_privileges"));
    CHECK(db.contains("schemas"));
  }
}
