#include "inspect/catalog_reader.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "inspect/catalog_queries.hpp"
#include "inspect/catalog_rows.hpp"

namespace pgrant::detail {

namespace {

std::optional<object_kind> kind_of_relkind(char relkind) noexcept {
  switch (relkind) {
    case 'r':
      return object_kind::table;
    case 'p':
      return object_kind::partitioned_table;
    case 'v':
      return object_kind::view;
    case 'm':
      return object_kind::materialized_view;
    case 'f':
      return object_kind::foreign_table;
    case 'S':
      return object_kind::sequence;
    default:
      return std::nullopt;
  }
}

std::optional<object_kind> kind_of_prokind(char prokind) noexcept {
  switch (prokind) {
    case 'f':
    case 'w':
      return object_kind::function;
    case 'a':
      return object_kind::aggregate;
    case 'p':
      return object_kind::procedure;
    default:
      return std::nullopt;
  }
}

std::optional<object_class> class_of_defaclobjtype(char type) noexcept {
  switch (type) {
    case 'r':
      return object_class::table;
    case 'S':
      return object_class::sequence;
    case 'f':
      return object_class::routine;
    case 'T':
      return object_class::type;
    case 'n':
      return object_class::schema;
    case 'L':
      return object_class::large_object;
    default:
      return std::nullopt;
  }
}

result<void> read_schemas(const rows& answer, acl_reader& acls, database& into) {
  catalog_rows from(answer);
  into.schemas.reserve(from.size());
  for (std::size_t r = 0; r < from.size(); ++r) {
    schema next;
    next.id = from.id(r, 0);
    next.owner = from.id(r, 1);
    next.name = from.text(r, 2);
    BOOST_OUTCOME_TRY(next.acl, acls.read(from.at(r, 3)));
    into.schemas.push_back(std::move(next));
  }
  return from.check();
}

result<void> read_relations(const rows& answer, acl_reader& acls, database& into) {
  catalog_rows from(answer);
  for (std::size_t r = 0; r < from.size(); ++r) {
    object next;
    next.id = from.id(r, 0);
    next.schema = from.id(r, 1);
    next.owner = from.id(r, 2);
    const std::optional<object_kind> kind = kind_of_relkind(from.letter(r, 3));
    if (!kind) from.wrong(3);
    next.kind = kind.value_or(object_kind::table);
    next.name = from.text(r, 4);
    BOOST_OUTCOME_TRY(next.acl, acls.read(from.at(r, 5)));
    into.objects.push_back(std::move(next));
  }
  return from.check();
}

// Columns come for every relation of the database, also for those that are not in the snapshot.
result<void> read_columns(const rows& answer, acl_reader& acls, database& into) {
  if (answer.empty()) return success();
  std::unordered_map<oid, object*> relations;
  relations.reserve(into.objects.size());
  for (object& o : into.objects) relations.emplace(o.id, &o);
  catalog_rows from(answer);
  for (std::size_t r = 0; r < from.size(); ++r) {
    const auto relation = relations.find(from.id(r, 0));
    if (relation == relations.end()) continue;
    column_acl next;
    next.column = from.text(r, 1);
    BOOST_OUTCOME_TRY(next.acl, acls.read(from.at(r, 2)));
    relation->second->columns.push_back(std::move(next));
  }
  for (object& o : into.objects)
    std::sort(o.columns.begin(), o.columns.end(),
              [](const column_acl& a, const column_acl& b) { return a.column < b.column; });
  return from.check();
}

// A list of types alone names a procedure by its input arguments or by all of its arguments: where
// one of several has OUT arguments, two may answer to one list. An argument mode makes it the
// former.
void name_procedures_by_input(std::vector<object>& routines, const std::vector<bool>& has_out) {
  if (std::find(has_out.begin(), has_out.end(), true) == has_out.end()) return;
  struct namesakes {
    int count = 0;
    bool any_out = false;
  };
  std::map<std::pair<oid, std::string>, namesakes> by_name;
  for (std::size_t i = 0; i < routines.size(); ++i) {
    if (routines[i].kind != object_kind::procedure) continue;
    namesakes& same = by_name[{routines[i].schema, routines[i].name}];
    ++same.count;
    same.any_out = same.any_out || has_out[i];
  }
  for (object& routine : routines) {
    if (routine.kind != object_kind::procedure || routine.arguments.empty()) continue;
    const namesakes& same = by_name[{routine.schema, routine.name}];
    if (same.count > 1 && same.any_out) routine.arguments.insert(0, "IN ");
  }
}

result<void> read_routines(const rows& answer, acl_reader& acls, database& into) {
  catalog_rows from(answer);
  std::vector<object> routines;
  std::vector<bool> has_out;
  routines.reserve(from.size());
  has_out.reserve(from.size());
  for (std::size_t r = 0; r < from.size(); ++r) {
    object next;
    next.id = from.id(r, 0);
    next.schema = from.id(r, 1);
    next.owner = from.id(r, 2);
    const std::optional<object_kind> kind = kind_of_prokind(from.letter(r, 3));
    if (!kind) from.wrong(3);
    next.kind = kind.value_or(object_kind::function);
    next.name = from.text(r, 4);
    next.arguments = from.text(r, 5);
    BOOST_OUTCOME_TRY(next.acl, acls.read(from.at(r, 6)));
    has_out.push_back(from.boolean(r, 7));
    next.security_definer = from.boolean(r, 8);
    routines.push_back(std::move(next));
  }
  name_procedures_by_input(routines, has_out);
  std::move(routines.begin(), routines.end(), std::back_inserter(into.objects));
  return from.check();
}

result<void> read_default_privileges(const rows& answer, acl_reader& acls, database& into) {
  catalog_rows from(answer);
  for (std::size_t r = 0; r < from.size(); ++r) {
    default_privileges next;
    next.creator = from.id(r, 0);
    next.schema = from.id(r, 1);
    const std::optional<object_class> on = class_of_defaclobjtype(from.letter(r, 2));
    if (!on) continue;  // a later version's
    next.on = *on;
    BOOST_OUTCOME_TRY(next.acl, acls.read(from.at(r, 3)));
    into.default_privileges.push_back(std::move(next));
  }
  return from.check();
}

// Sorted by policy: the rows of one stand together.
result<void> read_policies(const rows& answer, database& into) {
  catalog_rows from(answer);
  oid last = 0;
  for (std::size_t r = 0; r < from.size(); ++r) {
    const oid id = from.id(r, 0);
    if (into.policies.empty() || id != last) {
      row_policy& next = into.policies.emplace_back();
      next.table = from.text(r, 1);
      next.name = from.text(r, 2);
      next.permissive = from.boolean(r, 3);
    }
    into.policies.back().roles.push_back(from.id(r, 4));
    last = id;
  }
  return from.check();
}

result<void> read_contents(const batch_result& answers, acl_reader& acls, database& into) {
  namespace answer = database_answer;
  const auto of = [&](std::size_t i) -> const rows& { return answers[i].assume_value(); };
  into.objects.reserve(of(answer::relations).size() + of(answer::routines).size());
  BOOST_OUTCOME_TRY(read_schemas(of(answer::schemas), acls, into));
  BOOST_OUTCOME_TRY(read_relations(of(answer::relations), acls, into));
  BOOST_OUTCOME_TRY(read_columns(of(answer::columns), acls, into));
  BOOST_OUTCOME_TRY(read_routines(of(answer::routines), acls, into));
  BOOST_OUTCOME_TRY(read_default_privileges(of(answer::default_privileges), acls, into));
  return read_policies(of(answer::policies), into);
}

}  // namespace

result<database_outcome> read_database(const batch_result& answers, const snapshot& state,
                                       database& into) {
  if (const std::optional<error> failed = answers.first_error()) return *failed;
  acl_reader acls(state);
  database filled;
  const result<void> outcome = read_contents(answers, acls, filled);
  if (acls.met_unknown_role()) return database_outcome::unknown_role;
  if (!outcome) return outcome.error();
  into.schemas = std::move(filled.schemas);
  into.objects = std::move(filled.objects);
  into.default_privileges = std::move(filled.default_privileges);
  into.policies = std::move(filled.policies);
  into.index();
  into.inspected = true;
  into.why_not_inspected.clear();
  return database_outcome::read;
}

}  // namespace pgrant::detail
