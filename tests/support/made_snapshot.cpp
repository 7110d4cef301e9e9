#include "support/made_snapshot.hpp"

#include <doctest/doctest.h>

namespace test {

made_snapshot::made_snapshot(int server_version) {
  state_.server_version = server_version;
  state_.system_identifier = "7341000000000000001";
  state_.taken_at = "2026-11-24T09:00:00.000000Z";
  pgrant::role superuser;
  superuser.id = 10;
  superuser.name = "postgres";
  superuser.superuser = superuser.create_role = superuser.create_database = superuser.login = true;
  state_.roles.push_back(superuser);
  state_.current_role = 10;
}

pgrant::role& made_snapshot::role(std::string name) {
  pgrant::role& made = state_.roles.emplace_back();
  made.id = next_++;
  made.name = std::move(name);
  return made;
}

pgrant::oid made_snapshot::id(std::string_view role) const {
  for (const pgrant::role& r : state_.roles)
    if (r.name == role) return r.id;
  FAIL("no role " << std::string(role));
  return 0;
}

void made_snapshot::member(std::string_view group, std::string_view member, bool admin) {
  pgrant::membership edge;
  edge.role = id(group);
  edge.member = id(member);
  edge.grantor = 10;
  edge.admin = admin;
  state_.memberships.push_back(edge);
}

pgrant::database& made_snapshot::database(std::string name, std::string_view owner) {
  state_.databases.reserve(64);  // references stay good
  pgrant::database& made = state_.databases.emplace_back();
  made.id = next_++;
  made.name = std::move(name);
  made.owner = id(owner);
  made.inspected = true;
  return made;
}

pgrant::oid made_snapshot::schema(pgrant::database& db, std::string name, std::string_view owner) {
  pgrant::schema& made = db.schemas.emplace_back();
  made.id = next_++;
  made.name = std::move(name);
  made.owner = id(owner);
  return made.id;
}

pgrant::object& made_snapshot::object(pgrant::database& db, pgrant::oid schema,
                                      pgrant::object_kind kind, std::string name,
                                      std::string_view owner) {
  pgrant::object& made = db.objects.emplace_back();
  made.id = next_++;
  made.schema = schema;
  made.kind = kind;
  made.name = std::move(name);
  made.owner = id(owner);
  return made;
}

std::string acl_text(const pgrant::snapshot& state, const pgrant::acl& list) {
  if (list.is_null()) return "NULL";
  std::string text;
  for (const pgrant::acl_item& item : list.items()) {
    if (!text.empty()) text += ", ";
    if (item.grantee != pgrant::public_oid) text += state.role_name(item.grantee);
    text += '=';
    item.privileges.for_each([&](pgrant::privilege p) {
      text += pgrant::acl_letter(p);
      if (item.grantable.contains(p)) text += '*';
    });
    text += "/" + state.role_name(item.grantor);
  }
  return text;
}

}  // namespace test
