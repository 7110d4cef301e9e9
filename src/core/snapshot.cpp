#include "pgrant/snapshot.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace pgrant {

namespace {

// Servers are asked for their rows in some order already; most of the time nothing is to be done.
template <class T, class Key>
void sort_by(std::vector<T>& values, Key key) {
  const auto less = [&](const T& a, const T& b) { return key(a) < key(b); };
  if (!std::is_sorted(values.begin(), values.end(), less))
    std::sort(values.begin(), values.end(), less);
}

constexpr auto name_key = [](const auto& named) -> const std::string& { return named.name; };

template <class T>
const T* find_by_name(const std::vector<T>& sorted, std::string_view name) noexcept {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), name,
                                   [](const T& a, std::string_view b) { return a.name < b; });
  return at != sorted.end() && at->name == name ? &*at : nullptr;
}

}  // namespace

void database::index() {
  sort_by(schemas, name_key);
  sort_by(objects, [](const object& o) { return std::tie(o.schema, o.kind, o.name, o.arguments); });
  sort_by(default_privileges,
          [](const pgrant::default_privileges& d) { return std::tie(d.creator, d.schema, d.on); });
  schemas_by_id.resize(schemas.size());
  std::iota(schemas_by_id.begin(), schemas_by_id.end(), 0u);
  sort_by(schemas_by_id, [&](std::uint32_t i) { return schemas[i].id; });
}

const schema* database::find_schema(std::string_view schema_name) const noexcept {
  return find_by_name(schemas, schema_name);
}

const schema* database::find_schema(oid schema_id) const noexcept {
  const auto at =
      std::lower_bound(schemas_by_id.begin(), schemas_by_id.end(), schema_id,
                       [&](std::uint32_t i, oid sought) { return schemas[i].id < sought; });
  return at != schemas_by_id.end() && schemas[*at].id == schema_id ? &schemas[*at] : nullptr;
}

std::span<const object> database::objects_in(oid schema_id) const noexcept {
  struct by_schema {
    bool operator()(const object& o, oid sought) const noexcept { return o.schema < sought; }
    bool operator()(oid sought, const object& o) const noexcept { return sought < o.schema; }
  };
  const auto [first, last] =
      std::equal_range(objects.begin(), objects.end(), schema_id, by_schema());
  return {first, last};
}

void snapshot::index() {
  sort_by(roles, name_key);
  sort_by(memberships, [](const membership& m) { return std::tie(m.role, m.member, m.grantor); });
  sort_by(databases, name_key);
  for (database& db : databases) db.index();
  roles_by_id_.clear();
  roles_by_id_.reserve(roles.size());
  for (std::uint32_t i = 0; i < roles.size(); ++i) roles_by_id_.emplace(roles[i].id, i);
}

const role* snapshot::find_role(std::string_view name) const noexcept {
  return find_by_name(roles, name);
}

const role* snapshot::find_role(oid id) const noexcept {
  const auto at = roles_by_id_.find(id);
  return at == roles_by_id_.end() ? nullptr : &roles[at->second];
}

const database* snapshot::find_database(std::string_view name) const noexcept {
  return find_by_name(databases, name);
}

std::string snapshot::role_name(oid id) const {
  if (id == public_oid) return "PUBLIC";
  const role* found = find_role(id);
  return found ? found->name : std::to_string(id);
}

}  // namespace pgrant
