#include "apply/step_effect.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "core/policy_words.hpp"

namespace pgrant::detail {

namespace {

using entries = std::vector<acl_item>;

std::optional<oid> grantee_oid(const catalog_state& state, const std::string& name) {
  if (name == "public") return public_oid;
  const role* found = state.roles.find_role(name);
  if (found == nullptr) return std::nullopt;
  return found->id;
}

// How many grantors have given `p` to the grantee; with `grantable` only those WITH GRANT OPTION.
long count_grants(const entries& list, oid grantee, privilege_set p, bool grantable) {
  return std::ranges::count_if(list, [&](const acl_item& item) {
    return item.grantee == grantee && (grantable ? item.grantable : item.privileges).contains(p);
  });
}

// Each revoked privilege is held from one grantor less; each granted one from somebody.
bool list_shows(const step& s, bool gives, oid grantee, const entries& before,
                const entries& after) {
  bool shown = true;
  s.privileges.for_each([&](privilege p) {
    const long now = count_grants(after, grantee, p, s.grant_option);
    shown = shown && (gives ? now > 0 : now < count_grants(before, grantee, p, s.grant_option));
  });
  return shown;
}

entries entries_of(const catalog_state& state, const acl_place& place, object_kind kind,
                   int server_version) {
  const auto found = state.acls.find(place);
  if (found == state.acls.end()) return {};
  if (!place.column.empty()) {
    const auto items = found->second.list.items();
    return {items.begin(), items.end()};
  }
  return effective_items(found->second.list, kind, found->second.owner, server_version);
}

// Without a row the built-in defaults hold, but only where a row would replace them: in all
// schemas.
entries default_entries(const step& s, const catalog_state& state, int server_version) {
  const role* creator = state.roles.find_role(s.of_role);
  if (creator == nullptr) return {};
  default_place place{creator->id, 0, s.on};
  if (!s.in_schema.empty()) {
    const auto schema_id = state.schemas.find(s.in_schema);
    if (schema_id == state.schemas.end()) return {};
    place.schema = schema_id->second;
  }
  const auto found = state.defaults.find(place);
  if (found != state.defaults.end()) {
    const auto items = found->second.items();
    return {items.begin(), items.end()};
  }
  if (place.schema != 0) return {};
  return default_acl(kind_of(s.on), creator->id, server_version);
}

long count_memberships(const catalog_state& state, const step& s, const std::string& member) {
  const role* group = state.roles.find_role(s.of_role);
  const role* who = state.roles.find_role(member);
  if (group == nullptr || who == nullptr) return 0;
  return std::ranges::count_if(state.roles.memberships, [&](const membership& m) {
    return m.role == group->id && m.member == who->id && (m.admin || !s.grant_option);
  });
}

std::vector<std::string> objects_without_effect(const step& s, bool gives,
                                                const catalog_state& before,
                                                const catalog_state& after, int server_version) {
  std::vector<std::string> missing;
  for (const step_target& target : s.targets) {
    if (target.id == 0) continue;  // Of a database that this plan creates: nothing is known of it.
    const acl_place place = place_of(s, target);
    const entries old_list = entries_of(before, place, target.kind, server_version);
    const entries new_list = entries_of(after, place, target.kind, server_version);
    for (const std::string& name : s.roles) {
      const auto grantee = grantee_oid(after, name);
      if (grantee && list_shows(s, gives, *grantee, old_list, new_list)) continue;
      missing.push_back(std::string(to_string(target.kind)) + " " + target.name);
      break;
    }
  }
  return missing;
}

}  // namespace

std::string in_database_of(const step& s, std::string object) {
  if (s.database.empty()) return object;
  const std::string database = "database " + quote_identifier(s.database);
  return object.empty() ? database : object + " in " + database;
}

result<void> check_unchanged(std::span<const step> steps, const catalog_state& before) {
  std::set<acl_place> seen;
  for (const step& s : steps) {
    for (const step_target& target : s.targets) {
      acl_place place = place_of(s, target);
      if (target.id == 0 || seen.contains(place)) continue;
      const auto found = before.acls.find(place);
      // A column without privileges has no row here.
      const bool known = found != before.acls.end() || !place.column.empty();
      const acl list = found == before.acls.end() ? acl() : found->second.list;
      if (!known || acl_hash(list) != target.acl_before) {
        return error(errc::stale, known ? "privileges have changed since the plan was made"
                                        : "an object of the plan is gone")
            .with_object(in_database_of(s, std::string(to_string(target.kind)) + " " + target.name))
            .with_hint("plan again, review, and apply the new plan");
      }
      seen.insert(std::move(place));
    }
  }
  return success();
}

std::vector<std::string> missing_effects(const step& s, const catalog_state& before,
                                         const catalog_state& after, int server_version) {
  std::vector<std::string> missing;
  const auto require_for_roles = [&](auto&& holds) {
    for (const std::string& name : s.roles)
      if (!holds(name)) missing.push_back("role " + name);
  };
  switch (s.action) {
    case step_action::grant:
    case step_action::revoke:
      return objects_without_effect(s, s.action == step_action::grant, before, after,
                                    server_version);
    case step_action::grant_default:
    case step_action::revoke_default: {
      const bool gives = s.action == step_action::grant_default;
      const entries old_list = default_entries(s, before, server_version);
      const entries new_list = default_entries(s, after, server_version);
      require_for_roles([&](const std::string& name) {
        const auto grantee = grantee_oid(after, name);
        return grantee && list_shows(s, gives, *grantee, old_list, new_list);
      });
      break;
    }
    case step_action::grant_membership:
      require_for_roles(
          [&](const std::string& name) { return count_memberships(after, s, name) > 0; });
      break;
    case step_action::revoke_membership:
      require_for_roles([&](const std::string& name) {
        return count_memberships(after, s, name) < count_memberships(before, s, name);
      });
      break;
    case step_action::create_role:
    case step_action::alter_role:
      require_for_roles(
          [&](const std::string& name) { return after.roles.find_role(name) != nullptr; });
      break;
    case step_action::drop_role:
      require_for_roles(
          [&](const std::string& name) { return after.roles.find_role(name) == nullptr; });
      break;
    case step_action::define:
      for (const step_target& target : s.targets)
        if (!after.defined.contains(target.name))
          missing.push_back(std::string(to_string(target.kind)) + " " + target.name);
      break;
    case step_action::create_database:
    case step_action::comment_on_role:
      break;
  }
  return missing;
}

const notice* contradiction(const step& s, const rows& answer) noexcept {
  using namespace literals;
  for (const notice& n : answer.notices()) {
    const bool deprecated = n.state == "01P01"_sqlstate;
    const bool already_member =
        s.action == step_action::grant_membership && n.state == "42710"_sqlstate;
    if ((n.state.in_class("01") && !deprecated) || already_member) return &n;
  }
  return nullptr;
}

}  // namespace pgrant::detail
