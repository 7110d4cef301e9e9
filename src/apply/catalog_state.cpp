#include "apply/catalog_state.hpp"

#include <array>
#include <set>

#include "inspect/catalog_reader.hpp"

namespace pgrant::detail {

namespace {

// One query per catalog that holds ACLs of objects that plans grant on.
constexpr std::array acl_classes = {object_class::database, object_class::schema,
                                    object_class::table, object_class::routine};
constexpr sql_fragment acl_queries[] = {
    "SELECT d.oid, '', d.datdba, d.datacl FROM pg_catalog.pg_database d"
    " WHERE d.oid = ANY ($1::pg_catalog.oid[])",
    "SELECT n.oid, '', n.nspowner, n.nspacl FROM pg_catalog.pg_namespace n"
    " WHERE n.oid = ANY ($1::pg_catalog.oid[])",
    "SELECT c.oid, '', c.relowner, c.relacl FROM pg_catalog.pg_class c"
    " WHERE c.oid = ANY ($1::pg_catalog.oid[])",
    "SELECT p.oid, '', p.proowner, p.proacl FROM pg_catalog.pg_proc p"
    " WHERE p.oid = ANY ($1::pg_catalog.oid[])"};
constexpr sql_fragment column_query =
    "SELECT a.attrelid, a.attname, c.relowner, a.attacl FROM pg_catalog.pg_attribute a"
    " JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
    " WHERE a.attrelid = ANY ($1::pg_catalog.oid[]) AND a.attacl IS NOT NULL"
    " AND NOT a.attisdropped";

// Sequences are rows of pg_class, too.
object_class catalog_of(object_class on) noexcept {
  return on == object_class::sequence ? object_class::table : on;
}

object_class class_of_default(std::string_view letter) noexcept {
  if (letter == "S") return object_class::sequence;
  if (letter == "f") return object_class::routine;
  if (letter == "T") return object_class::type;
  if (letter == "n") return object_class::schema;
  if (letter == "L") return object_class::large_object;
  return object_class::table;
}

std::vector<std::string> texts_of(const std::set<oid>& ids) {
  std::vector<std::string> texts;
  texts.reserve(ids.size());
  for (oid id : ids) texts.push_back(std::to_string(id));
  return texts;
}

result<void> read_acl_rows(const rows& answer, object_class on, acl_reader& reader,
                           catalog_state& state) {
  for (const row r : answer) {
    BOOST_OUTCOME_TRY(const oid id, r[0].oid());
    BOOST_OUTCOME_TRY(const oid owner, r[2].oid());
    BOOST_OUTCOME_TRY(auto list, reader.read(r[3]));
    state.acls[{on, id, r[1].str()}] = {owner, std::move(list)};
  }
  return success();
}

result<void> read_roles(const rows& roles, const rows& memberships, snapshot& into) {
  for (const row r : roles) {
    role one;
    BOOST_OUTCOME_TRY(one.id, r[0].oid());
    one.name = r[1].str();
    into.roles.push_back(std::move(one));
  }
  for (const row r : memberships) {
    membership one;
    BOOST_OUTCOME_TRY(one.role, r[0].oid());
    BOOST_OUTCOME_TRY(one.member, r[1].oid());
    BOOST_OUTCOME_TRY(one.grantor, r[2].oid());
    BOOST_OUTCOME_TRY(one.admin, r[3].boolean());
    into.memberships.push_back(one);
  }
  into.index();
  return success();
}

}  // namespace

acl_place place_of(const step& s, const step_target& target) {
  return {catalog_of(s.on), target.id, s.column};
}

batch catalog_questions(std::span<const step> steps) {
  std::map<object_class, std::set<oid>> wanted;
  std::set<oid> with_columns;
  std::set<std::string> member_of;
  std::vector<std::string> defined_routines, defined_relations, defined_schemas;
  for (const step& s : steps) {
    for (const step_target& target : s.targets) {
      if (s.column.empty())
        wanted[catalog_of(s.on)].insert(target.id);
      else
        with_columns.insert(target.id);
    }
    if (s.action == step_action::define) {
      for (const step_target& target : s.targets) {
        if (target.kind == object_kind::function) {
          defined_routines.push_back(target.name);
        } else if (target.kind == object_kind::schema) {
          defined_schemas.push_back(target.name);
        } else {
          defined_relations.push_back(target.name);
        }
      }
    }
    if (s.action == step_action::grant_membership || s.action == step_action::revoke_membership)
      member_of.insert(s.of_role);
  }

  batch questions;
  questions.add(statement("SELECT r.oid, r.rolname FROM pg_catalog.pg_roles r"));
  const std::vector<std::string> groups(member_of.begin(), member_of.end());
  questions.add(
      statement("SELECT m.roleid, m.member, m.grantor, m.admin_option"
                " FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid"
                " WHERE r.rolname = ANY ($1::pg_catalog.name[])")
          .bind_array(groups));
  for (std::size_t i = 0; i < acl_classes.size(); ++i)
    questions.add(statement(acl_queries[i]).bind_array(texts_of(wanted[acl_classes[i]])));
  questions.add(statement(column_query).bind_array(texts_of(with_columns)));
  questions.add(
      statement("SELECT d.defaclrole, d.defaclnamespace, d.defaclobjtype, d.defaclacl"
                " FROM pg_catalog.pg_default_acl d"));
  questions.add(
      statement("SELECT 's', n.oid, n.nspname FROM pg_catalog.pg_namespace n"
                " UNION ALL SELECT 'd', d.oid, d.datname FROM pg_catalog.pg_database d"));
  questions.add(statement("SELECT f.name FROM pg_catalog.unnest($1::text[]) f (name)"
                          " WHERE pg_catalog.to_regprocedure(f.name) IS NOT NULL"
                          " UNION ALL SELECT r.name FROM pg_catalog.unnest($2::text[]) r (name)"
                          " WHERE pg_catalog.to_regclass(r.name) IS NOT NULL"
                          " UNION ALL SELECT s.name FROM pg_catalog.unnest($3::text[]) s (name)"
                          " WHERE pg_catalog.to_regnamespace(s.name) IS NOT NULL")
                    .bind_array(defined_routines)
                    .bind_array(defined_relations)
                    .bind_array(defined_schemas));
  return questions;
}

result<catalog_state> read_catalog(std::span<const rows> answers) {
  catalog_state state;
  BOOST_OUTCOME_TRY(read_roles(answers[0], answers[1], state.roles));
  acl_reader reader(state.roles);
  for (std::size_t i = 0; i < acl_classes.size(); ++i) {
    BOOST_OUTCOME_TRY(read_acl_rows(answers[2 + i], acl_classes[i], reader, state));
  }
  BOOST_OUTCOME_TRY(read_acl_rows(answers[6], object_class::table, reader, state));
  for (const row r : answers[7]) {
    default_place place;
    BOOST_OUTCOME_TRY(place.creator, r[0].oid());
    BOOST_OUTCOME_TRY(place.schema, r[1].oid());
    place.on = class_of_default(r[2].text());
    BOOST_OUTCOME_TRY(state.defaults[place], reader.read(r[3]));
  }
  for (const row r : answers[8]) {
    auto& names = r[0].text() == "s" ? state.schemas : state.databases;
    BOOST_OUTCOME_TRY(names[r[2].str()], r[1].oid());
  }
  for (const row r : answers[9]) state.defined.insert(r[0].str());
  return state;
}

}  // namespace pgrant::detail
